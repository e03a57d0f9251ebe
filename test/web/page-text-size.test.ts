/** The tab "Denoise" with text of twice the size, and magnified: nothing is cut off, lies over other things, or is out of sight. */
import type { Browser, Page } from "playwright";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { serve } from "../../web/server.js";
import { chromium } from "../support/chromium.js";
import { normal } from "../support/networks.ts";
import { denoised, launch, openPage, pngFile } from "../support/open-page.ts";
import { cutOffOptions, hiddenTexts, sticksOut } from "../support/page-layout.ts";

const side = 48;
const noise = normal(side * side, 5);
const noisy = (name: string) =>
  pngFile(name, [side, side], undefined, (x, y) =>
    Math.round(90 + x + Math.max(-80, 15 * noise[y * side + x]!)),
  );

/** As a browser's setting does it: the size that pages' own units are multiples of. */
async function setTextSize(page: Page, pixels: number): Promise<void> {
  const session = await page.context().newCDPSession(page);
  await session.send("Page.setFontSizes", { fontSizes: { standard: pixels, fixed: pixels } });
  const size = () =>
    page.evaluate(() => Number.parseFloat(getComputedStyle(document.documentElement).fontSize));
  await expect.poll(size).toBe(pixels);
}

describe.skipIf(!chromium)(chromium ? "text in the page" : "text in the page (skipped: no Chromium)", () => {
  let browser: Browser;
  let server: Awaited<ReturnType<typeof serve>>;
  beforeAll(async () => {
    [browser, server] = await Promise.all([launch(), serve({ port: 0 })]);
  });
  afterAll(() => Promise.all([browser?.close(), server?.close()]));

  it.each([
    ["text twice as large as usual", 1280, 800, 32],
    // What a window of 1280 pixels is for its page when that is magnified twice.
    ["the page magnified twice", 640, 400, 16],
    ["the narrowest window", 320, 640, 16],
  ])("is all there: %s", async (_, width, height, size) => {
    await using opened = await openPage(browser, server.url, "denoise", {
      viewport: { width, height },
      reducedMotion: "reduce",
    });
    const { page } = opened;
    await setTextSize(page, size);
    const look = async () => [
      ...(await sticksOut(page)),
      ...(await hiddenTexts(page)),
      ...(await cutOffOptions(page)),
    ];
    await denoised(page);
    // The text has grown indeed.
    const letters = await page
      .locator(".lead")
      .evaluate((lead) => Number.parseFloat(getComputedStyle(lead).fontSize));
    expect(letters).toBeGreaterThanOrEqual(size);
    expect(await look()).toEqual([]);
    await page.selectOption("#noise-kind", "white");
    await page.click("#difference");
    await denoised(page, 2);
    await page.waitForFunction(() => document.getElementById("after-tag")!.textContent === "taken away, × 4");
    expect(await look()).toEqual([]);
    await page.click("#difference");
    await page.setInputFiles("#picture-file", [noisy(`${"a-long-name-".repeat(6)}.png`), noisy("b.png")]);
    await denoised(page, 3);
    await page.click("#calibrate");
    await denoised(page, 4);
    expect(await look()).toEqual([]);
  });
});
