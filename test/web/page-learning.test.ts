/** The page learns from the picture that is shown, its noise or a network for it, and denoises by what it learned. */
import axe from "axe-core";
import type { Page } from "playwright";
import { expect, it } from "vitest";
import { normal } from "../support/networks.ts";
import { denoised, message, openPage, pixelsOf, pngFile, text } from "../support/open-page.ts";
import { describePage } from "../support/page-suite.ts";

const side = 128;
const noise = normal(side * side, 9000);
const cleanAt = (x: number, y: number) =>
  30 + 1.5 * x + (Math.hypot((x % 40) - 20, (y % 40) - 20) < 9 ? 25 : 0);
/** Noise that grows with brightness. */
const picture = pngFile("cells.png", [side, side], undefined, (x, y) => {
  const clean = cleanAt(x, y);
  return Math.min(255, Math.max(0, Math.round(clean + (2 + 0.09 * clean) * noise[y * side + x]!)));
});

/** Noise that is equally strong everywhere, in a picture so small that a network soon has learned from it. */
const small = pngFile("few-pixels.png", [32, 32], undefined, (x, y) =>
  Math.min(250, Math.max(5, Math.round(60 + 3 * x + y + 12 * noise[y * side + x]!))),
);

const count = (page: Page) => page.evaluate(() => performance.getEntriesByName("denoised").length);

describePage("learning in the page", (at) => {
  it("learns the noise, shows it, denoises by it, and forgets it", async () => {
    await using opened = await openPage(at.browser, at.url, "denoise");
    const { page, faults } = opened;
    await denoised(page);
    await page.setInputFiles("#picture-file", picture);
    await denoised(page, 2);
    const plain = await pixelsOf(page, "#after canvas");
    await page.click("#calibrate");
    await page.locator("#learned").waitFor();
    expect(await text(page, "after-tag")).toBe("learning…");
    await denoised(page, 3);
    const [dark, , light] = (await text(page, "learned-words")).match(/\d+\.\d/g)!.map(Number);
    expect(light).toBeGreaterThan(1.5 * dark!);
    expect(await text(page, "sigma-value")).toBe("learned");
    expect(await page.isDisabled("#auto")).toBe(true);
    expect(await pixelsOf(page, "#after canvas")).not.toBe(plain);
    await page.evaluate(axe.source);
    const violations = await page.evaluate(
      async () => (await (globalThis as unknown as { axe: typeof axe }).axe.run()).violations,
    );
    expect(violations).toEqual([]);

    await page.click("#forget");
    await denoised(page, 4);
    expect(await pixelsOf(page, "#after canvas")).toBe(plain);
    expect(await text(page, "sigma-value")).toMatch(/^found: /);
    expect(await page.evaluate(() => document.activeElement?.id)).toBe("calibrate");
    expect(faults).toEqual([]);
  });

  it("can be cancelled, and says why it cannot learn", async () => {
    await using opened = await openPage(at.browser, at.url, "denoise");
    const { page, faults } = opened;
    await denoised(page);
    const before = await count(page);
    const shown = await pixelsOf(page, "#after canvas");
    await page.focus("#calibrate");
    await page.keyboard.press("Enter");
    await page.locator("#learned").waitFor();
    expect(await page.evaluate(() => document.activeElement?.id)).toBe("work-cancel");
    expect(await page.isEnabled("#download")).toBe(false);
    await page.keyboard.press("Enter");
    expect(await page.isHidden("#learned")).toBe(true);
    expect(await page.evaluate(() => document.activeElement?.id)).toBe("split");
    // What was there before is there again, without another run.
    expect(await page.isEnabled("#download")).toBe(true);
    expect(await pixelsOf(page, "#after canvas")).toBe(shown);
    expect(await count(page)).toBe(before);
    await page.setInputFiles("#picture-file", pngFile("even.png", [40, 40]));
    await denoised(page, before + 1);
    await page.click("#calibrate");
    expect(await message(page, "denoise", /grey levels/)).toMatch(
      /All values of the pictures are 0 grey levels/,
    );
    expect(faults).toEqual([]);
  });

  it("learns a network from the picture alone, and shows it meanwhile", async () => {
    await using opened = await openPage(at.browser, at.url, "denoise");
    const { page, faults } = opened;
    await denoised(page);
    // A whole training, which may take long where much else runs.
    page.setDefaultTimeout(240_000);
    await page.setInputFiles("#picture-file", small);
    await denoised(page, 2);
    const [given, plain] = [await pixelsOf(page, "#before canvas"), await pixelsOf(page, "#after canvas")];
    await page.click("#learn");
    await looked(page, 1);
    const early = await pixelsOf(page, "#after canvas");
    expect([given, plain]).not.toContain(early);
    expect(await page.isEnabled("#download")).toBe(false);
    await looked(page, 3);
    expect(await pixelsOf(page, "#after canvas")).not.toBe(early);
    expect(await text(page, "work-left")).toMatch(/^\d+:\d\d left$/);
    const points = await page.locator("#learned-chart path").getAttribute("d");
    expect(points!.match(/L/g)!.length).toBeGreaterThan(2);
    // Another picture ends it.
    await page.setInputFiles("#picture-file", { ...small, name: "again.png" });
    await denoised(page, 3);
    expect(await page.isHidden("#learned")).toBe(true);
    expect(await pixelsOf(page, "#after canvas")).toBe(plain);
    await page.click("#learn");
    await denoised(page, 4);
    expect(await text(page, "learned-words")).toMatch(/fell from \d+\.\d to \d+\.\d grey levels/);
    expect(await pixelsOf(page, "#after canvas")).not.toBe(plain);
    // The noise has 12 grey levels.
    expect(await deviation(page)).toBeLessThan(7);
    expect(await text(page, "sigma-value")).toBe("learned");
    expect(await page.isDisabled("#model")).toBe(true);
    expect(await text(page, "denoiser-facts")).toMatch(/^The network that learned from a picture is used/);
    await page.click("#forget");
    await denoised(page, 5);
    expect(await pixelsOf(page, "#after canvas")).toBe(plain);
    expect(await page.isEnabled("#model")).toBe(true);
    expect(faults).toEqual([]);
  }, 300_000);

  it("says in the page’s words why it cannot learn from a picture", async () => {
    await using opened = await openPage(at.browser, at.url, "denoise");
    const { page, faults } = opened;
    await denoised(page);
    // The sample has the noise of a camera, which smoothing and JPEG have spread.
    await page.click("#learn");
    expect(await message(page, "denoise", /learn/)).toMatch(
      /goes together .* set the noise level by hand to learn all the same\.$/,
    );
    expect(await page.isHidden("#learned")).toBe(true);
    expect(await page.isEnabled("#download")).toBe(true);
    await page.setInputFiles("#picture-file", pngFile("even.png", [40, 40]));
    await denoised(page, 2);
    await page.click("#learn");
    expect(await message(page, "denoise", /found/)).toMatch(
      /^No noise is found in the picture\. Set the noise level by hand if there is some\.$/,
    );
    await page.setInputFiles("#picture-file", pngFile("narrow.png", [12, 40]));
    await denoised(page, 3);
    await page.uncheck("#auto");
    await denoised(page, 4);
    await page.click("#learn");
    expect(await message(page, "denoise", /16/)).toMatch(
      /^The picture is 12×40; one to learn from has at least 16/,
    );
    expect(faults).toEqual([]);
  });
});

/** How far the picture after is from the one without noise: the root of the mean square. */
function deviation(page: Page): Promise<number> {
  return page.locator("#after canvas").evaluate((canvas) => {
    const { data } = (canvas as HTMLCanvasElement).getContext("2d")!.getImageData(0, 0, 32, 32);
    let sum = 0;
    for (let y = 0; y < 32; y++)
      for (let x = 0; x < 32; x++) sum += (data[4 * (32 * y + x)]! - (60 + 3 * x + y)) ** 2;
    return Math.sqrt(sum / 1024);
  });
}

/** Until so many results of networks in training were shown. */
async function looked(page: Page, count: number): Promise<void> {
  await page.waitForFunction((count) => performance.getEntriesByName("looked").length >= count, count);
}
