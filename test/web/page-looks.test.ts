/** How the page looks and can be used: each part at two sizes, light and dark. Pictures are kept in test/.output. */
import { mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Page } from "playwright";
import { beforeAll, expect, it } from "vitest";
import {
  denoised,
  ended,
  epochsShown,
  forgetShifts,
  goTo,
  message,
  noticed,
  openPage,
  wayShown,
} from "../support/open-page.ts";
import { accessibilityFaults, cutOffOptions, sticksOut } from "../support/page-layout.ts";
import { describePage } from "../support/page-suite.ts";

const screenshots = fileURLToPath(new URL("../.output/screenshots/", import.meta.url));

describePage("the page's looks", (at) => {
  beforeAll(() => {
    mkdirSync(screenshots, { recursive: true });
  });

  it("can be used by keyboard", async () => {
    await using opened = await openPage(at.browser, at.url, "denoise");
    const { page } = opened;
    await page.focus("#tab-denoise");
    await page.keyboard.press("ArrowRight");
    await page.locator("#train").waitFor();
    await page.keyboard.press("End");
    await page.locator("#inside").waitFor();
    expect(await page.evaluate(() => document.activeElement!.id)).toBe("tab-inside");
    await page.keyboard.press("Home");
    // It comes with the first picture.
    await page.locator("#split").waitFor();
    await page.focus("#split");
    await page.keyboard.press("End");
    expect(
      await page.locator("#compare").evaluate((element) => element.style.getPropertyValue("--split")),
    ).toBe("100%");
  });

  it.each([
    [1280, 800, "light"],
    [1280, 800, "dark"],
    [390, 844, "light"],
    [390, 844, "dark"],
    [1280, 800, "forced"],
  ] as const)("fits %i×%i, %s", async (width, height, colors) => {
    const phone = width < 500;
    await using opened = await openPage(at.browser, at.url, "denoise", {
      viewport: { width, height },
      colorScheme: colors === "forced" ? "light" : colors,
      forcedColors: colors === "forced" ? "active" : "none",
      reducedMotion: "reduce",
      isMobile: phone,
      hasTouch: phone,
    });
    const { page, faults } = opened;
    const look = async (name: string) => {
      expect((await noticed(page)).shifts).toEqual([]);
      await page.screenshot({
        path: `${screenshots}${name}-${width}-${colors}.png`,
        fullPage: phone,
      });
      expect(await sticksOut(page)).toEqual([]);
      expect(await accessibilityFaults(page)).toEqual([]);
      // A picture of the whole page makes it as high as its content for a moment.
      if (phone) await forgetShifts(page);
    };
    await denoised(page);
    expect(await page.evaluate(() => scrollY)).toBe(0);
    await look("denoise");
    const broken = { name: "broken.jpg", mimeType: "image/jpeg", buffer: Buffer.from("none") };
    await page.setInputFiles("#picture-file", broken);
    await message(page, "denoise");
    expect(await accessibilityFaults(page)).toEqual([]);
    await page.click("[data-sample=window]");
    await denoised(page, 2);
    await goTo(page, "inside");
    await wayShown(page);
    await look("inside");
    await goTo(page, "train");
    await look("train-empty");
    expect(await cutOffOptions(page)).toEqual([]);
    expect(await contrasts(page)).toEqual([]);
    await page.click("#start");
    await message(page, "train");
    expect(await accessibilityFaults(page)).toEqual([]);
    // As a person does it: only what somebody has asked for may move.
    await page.focus("#recipe");
    await page.keyboard.type("fashion-a");
    expect(await page.inputValue("#recipe")).toBe("fashion-autoencoder");
    await page.fill("#epochs", "8");
    await page.selectOption("#mode", "fast");
    await page.click("#start");
    await epochsShown(page, 1);
    expect(await accessibilityFaults(page)).toEqual([]);
    await ended(page);
    await look("train");
    expect(await contrasts(page)).toEqual([]);
    await page.fill("#epochs", "1000");
    await page.selectOption("#curve-smoothing", "some");
    await page.click("#start");
    await epochsShown(page, 10);
    await page.click("#pause");
    expect(await accessibilityFaults(page)).toEqual([]);
    expect((await noticed(page)).shifts).toEqual([]);
    await page.click("#stop");
    await page.locator("#kept").waitFor();
    expect(await sticksOut(page)).toEqual([]);
    expect(await accessibilityFaults(page)).toEqual([]);
    await page.screenshot({ path: `${screenshots}train-kept-${width}-${colors}.png`, fullPage: true });
    // What is kept is listed in answer to "Stop", on a busy machine later than the browser takes for an answer.
    await forgetShifts(page);
    await goTo(page, "inside");
    await page.locator("#code-garments button").nth(1).click();
    await look("inside-code");
    expect(faults).toEqual([]);
  });
});

/** Contrasts that axe does not compute, where too low: text in the chart (4.5), its lines and fields' edges (3). */
function contrasts(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const checks: [selector: string, property: "fill" | "stroke" | "borderTopColor", least: number][] = [
      [".chart text", "fill", 4.5],
      [".chart path.training", "stroke", 3],
      [".chart path.test", "stroke", 3],
      ["select:enabled", "borderTopColor", 3],
      ["#train input[type=number]:enabled", "borderTopColor", 3],
      ["#train button:not(.primary, .quiet, .close):enabled", "borderTopColor", 3],
    ];
    const luminance = (color: string) => {
      const [red, green, blue] = color
        .match(/[\d.]+/g)!
        .slice(0, 3)
        .map((value) => {
          const part = Number(value) / 255;
          return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
        }) as [number, number, number];
      return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
    };
    return checks.flatMap(([selector, property, least]) =>
      [...document.querySelectorAll(selector)].flatMap((element) => {
        const front = luminance(getComputedStyle(element)[property]);
        const back = luminance(getComputedStyle(element.closest(".card") ?? document.body).backgroundColor);
        const contrast = (Math.max(front, back) + 0.05) / (Math.min(front, back) + 0.05);
        return contrast < least ? [`${selector}: ${contrast.toFixed(2)}, not ${least}`] : [];
      }),
    );
  });
}
