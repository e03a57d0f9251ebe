/** The page learns the noise of the picture that is shown, and denoises by what it learned. */
import axe from "axe-core";
import type { Browser, Page } from "playwright";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { serve } from "../../web/server.js";
import { chromium } from "../support/chromium.js";
import { normal } from "../support/networks.ts";
import { denoised, launch, message, openPage, pixelsOf, pngFile, text } from "../support/open-page.ts";

const side = 128;
const noise = normal(side * side, 9000);
const cleanAt = (x: number, y: number) =>
  30 + 1.5 * x + (Math.hypot((x % 40) - 20, (y % 40) - 20) < 9 ? 25 : 0);
/** Noise that grows with brightness. */
const picture = pngFile("cells.png", [side, side], undefined, (x, y) => {
  const clean = cleanAt(x, y);
  return Math.min(255, Math.max(0, Math.round(clean + (2 + 0.09 * clean) * noise[y * side + x]!)));
});

const count = (page: Page) => page.evaluate(() => performance.getEntriesByName("denoised").length);

describe.skipIf(!chromium)(
  chromium ? "calibration in the page" : "calibration in the page (skipped: no Chromium)",
  () => {
    let browser: Browser;
    let server: Awaited<ReturnType<typeof serve>>;
    beforeAll(async () => {
      [browser, server] = await Promise.all([launch(), serve({ port: 0 })]);
    });
    afterAll(() => Promise.all([browser?.close(), server?.close()]));

    it("learns the noise, shows it, denoises by it, and forgets it", async () => {
      await using opened = await openPage(browser, server.url, "denoise");
      const { page, faults } = opened;
      await denoised(page);
      await page.setInputFiles("#picture-file", picture);
      await denoised(page, 2);
      const plain = await pixelsOf(page, "#after canvas");
      await page.click("#calibrate");
      await page.locator("#calibrating").waitFor();
      await page.locator("#calibration").waitFor();
      await denoised(page, 3);
      const [dark, , light] = (await text(page, "calibration-words")).match(/\d+\.\d/g)!.map(Number);
      expect(light).toBeGreaterThan(1.5 * dark!);
      expect(await text(page, "sigma-value")).toBe("learned");
      expect(await page.isDisabled("#auto")).toBe(true);
      expect(await pixelsOf(page, "#after canvas")).not.toBe(plain);
      await page.evaluate(axe.source);
      const violations = await page.evaluate(
        async () => (await (globalThis as unknown as { axe: typeof axe }).axe.run()).violations,
      );
      expect(violations).toEqual([]);

      await page.click("#calibrate-forget");
      await denoised(page, 4);
      expect(await pixelsOf(page, "#after canvas")).toBe(plain);
      expect(await text(page, "sigma-value")).toMatch(/^found: /);
      expect(await page.evaluate(() => document.activeElement?.id)).toBe("calibrate");
      expect(faults).toEqual([]);
    });

    it("can be cancelled, and says why it cannot learn", async () => {
      await using opened = await openPage(browser, server.url, "denoise");
      const { page, faults } = opened;
      await denoised(page);
      const before = await count(page);
      await page.click("#calibrate");
      await page.click("#calibrate-cancel");
      expect(await page.isHidden("#calibrating")).toBe(true);
      expect(await page.evaluate(() => document.activeElement?.id)).toBe("calibrate");
      expect(await page.isHidden("#calibration")).toBe(true);
      expect(await count(page)).toBe(before);
      await page.setInputFiles("#picture-file", pngFile("even.png", [40, 40]));
      await denoised(page, before + 1);
      await page.click("#calibrate");
      expect(await message(page, "denoise", /grey levels/)).toMatch(
        /All values of the pictures are 0 grey levels/,
      );
      expect(faults).toEqual([]);
    });
  },
);
