/** The tab "Denoise" with text of twice the size, and magnified: nothing is cut off or lies over other things. */
import { mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Page } from "playwright";
import { beforeAll, expect, it } from "vitest";
import { normal } from "../support/networks.ts";
import { denoised, openPage, pngFile } from "../support/open-page.ts";
import { cutOffOptions, hiddenTexts, sticksOut } from "../support/page-layout.ts";
import { describePage } from "../support/page-suite.ts";

const screenshots = fileURLToPath(new URL("../.output/screenshots/", import.meta.url));
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
  await expect.poll(() => letters(page)).toBeGreaterThanOrEqual(pixels);
}

/** The size of the page's first sentence. */
const letters = (page: Page) =>
  page.locator("#denoise .lead").evaluate((lead) => Number.parseFloat(getComputedStyle(lead).fontSize));

describePage("text in the page", (at) => {
  beforeAll(() => {
    mkdirSync(screenshots, { recursive: true });
  });

  it.each([
    ["text twice as large as usual", 1280, 800, 32],
    // What a window of 1280 pixels is for its page when that is magnified twice.
    ["the page magnified twice", 640, 400, 16],
    ["the narrowest window", 320, 640, 16],
  ])(
    "is all there: %s",
    async (_, width, height, size) => {
      await using opened = await openPage(at.browser, at.url, "denoise", {
        viewport: { width, height },
        reducedMotion: "reduce",
      });
      const { page } = opened;
      await setTextSize(page, size);
      const found: string[] = [];
      const look = async (state: string) => {
        const path = `${screenshots}text-${state}-${width}-${size}.png`;
        await page.screenshot({ path });
        // Some pictures of a page are taken of one that is laid out anew.
        expect(await letters(page)).toBeGreaterThanOrEqual(size);
        const faults = [
          ...(await sticksOut(page)),
          ...(await hiddenTexts(page)),
          ...(await cutOffOptions(page)),
        ];
        found.push(...faults.map((fault) => `${state}: ${fault}`));
      };
      await denoised(page);
      await look("sample");
      await page.selectOption("#noise-kind", "white");
      await denoised(page, 2);
      // Not before: the button is off while the page works.
      await page.click("#difference");
      await page.waitForFunction(
        () => document.getElementById("after-tag")!.textContent === "taken away, × 4",
      );
      await look("difference");
      await page.click("#difference");
      await page.setInputFiles("#picture-file", [noisy(`${"a-long-name-".repeat(6)}.png`), noisy("b.png")]);
      await denoised(page, 3);
      await page.click("#calibrate");
      await denoised(page, 4);
      await look("calibrated");
      expect(found).toEqual([]);
    },
    240_000,
  );
});
