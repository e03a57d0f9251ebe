/** The tab "Inside": a photograph's way through the network, layer by layer. */
import { readFileSync } from "node:fs";
import type { Page } from "playwright";
import { describe, expect, it } from "vitest";
import { decodeModel } from "../../src/model/model-file.ts";
import { layerShapes } from "../../src/network/spec.ts";
import { recipes } from "../../src/training/recipes.ts";
import { wayOf } from "../../web/way.ts";
import { wayRows } from "../../web/way-words.ts";
import {
  denoised,
  goTo,
  message,
  openPage,
  pixelsOf,
  pngFile,
  text,
  wayShown,
} from "../support/open-page.ts";
import { describePage } from "../support/page-suite.ts";

/** How often the way was shown. */
const shownTimes = (page: Page) => page.evaluate(() => performance.getEntriesByName("way").length);

/** Does something, and waits until the way is shown anew. */
async function andShown(page: Page, action: () => Promise<unknown>): Promise<void> {
  const before = await shownTimes(page);
  await action();
  await wayShown(page, before + 1);
}

const valuesOf = (page: Page, id: string) =>
  page.locator(`#${id}`).evaluate((element) => {
    const { width, height } = element as HTMLCanvasElement;
    const { data } = (element as HTMLCanvasElement).getContext("2d")!.getImageData(0, 0, width, height);
    return { width, height, data: [...data] };
  });

describe("rows of layers", () => {
  it("hold every layer once, in order, with a new row where the size changes", () => {
    const rows = wayRows(recipes.photo.spec);
    expect(rows.map(({ title }) => title)).toEqual([
      "Full size",
      "Half size, on the way down",
      "A quarter, on the way down",
      "An eighth: the smallest",
      "A quarter, on the way up",
      "Half size, on the way up",
      "Full size again",
    ]);
    const numbers = rows.flatMap(({ layers }) => layers.map(({ number }) => number));
    expect(numbers).toEqual(recipes.photo.spec.layers.map((_, index) => index + 1));
    expect(rows.every(({ words, formulas }) => words.length > 0 && formulas.length > 0)).toBe(true);
    expect(wayRows(recipes["fashion-conv"].spec).length).toBe(1);
  });
});

describePage("the page's inside", (at) => {
  it("shows what each layer makes of a part of the picture, to Node's bytes", async () => {
    await using opened = await openPage(at.browser, at.url, "inside");
    const { page, faults } = opened;
    await denoised(page);
    await wayShown(page, 2);
    await page.waitForFunction(() =>
      /^σ [1-9]/.test(document.getElementById("inside-level-value")!.textContent!),
    );
    expect(await page.locator("#way-rows canvas").count()).toBe(30);
    const file = new URL("../../build/models/photo.safetensors", import.meta.url);
    const model = decodeModel(new Uint8Array(readFileSync(file)), "photo");
    const { width, height, data } = await valuesOf(page, "way-noisy");
    expect([width, height]).toEqual([96, 96]);
    const part = { width, height, data: Uint8ClampedArray.from(data) } as ImageData;
    const way = await wayOf(
      model,
      part,
      await page.locator("#inside-level").evaluate((slider) => (slider as HTMLInputElement).valueAsNumber),
    );
    const shown = await valuesOf(page, "way-denoised");
    const expected = Uint8ClampedArray.from(way.denoised);
    expect(shown.data.filter((_, index) => index % 4 < 3)).toEqual([...expected]);
    expect(layerShapes(model.spec).length).toBe(way.layers.length);
    expect(faults).toEqual([]);
  });

  it("follows the part, the level and the model that are chosen", async () => {
    await using opened = await openPage(at.browser, at.url, "inside");
    const { page, faults } = opened;
    await denoised(page);
    await wayShown(page, 2);
    const firstLayer = "#way-rows canvas >> nth=0";
    const before = [await pixelsOf(page, "#way-noisy"), await pixelsOf(page, firstLayer)];
    await page.focus("#part-x");
    await andShown(page, () => page.keyboard.press("Home"));
    const moved = [await pixelsOf(page, "#way-noisy"), await pixelsOf(page, firstLayer)];
    expect(moved[0]).not.toBe(before[0]);
    expect(moved[1]).not.toBe(before[1]);
    await andShown(page, () => page.locator("#part-place").click({ position: { x: 200, y: 100 } }));
    expect(await pixelsOf(page, "#way-noisy")).not.toBe(moved[0]);

    const told = await pixelsOf(page, "#way-denoised");
    await andShown(page, () => page.locator("#inside-level").fill("70"));
    expect(await pixelsOf(page, "#way-denoised")).not.toBe(told);
    expect(await text(page, "inside-level-value")).toBe("σ 70.0");

    await andShown(page, () => page.selectOption("#inside-choice", "photo-tiny"));
    expect(await page.locator("#way-rows canvas").first().getAttribute("aria-label")).toMatch(
      /: 8 channels$/,
    );
    expect(await text(page, "weights-facts")).toMatch(/^8 of the first layer’s 8 filters/);

    // A grey picture goes through the network for grey ones.
    await goTo(page, "denoise");
    const grey = pngFile(
      "grey.png",
      [120, 104],
      undefined,
      (x, y) => Math.imul(x * 7919 + y, 0x9e3779b1) >>> 24,
    );
    await page.setInputFiles("#picture-file", grey);
    await denoised(page, 2);
    await andShown(page, () => goTo(page, "inside"));
    await page.waitForFunction(() => document.querySelector("#inside-model")!.textContent!.includes("grey"));
    expect(await page.locator("#way-rows canvas").last().getAttribute("aria-label")).toMatch(
      /: 1 channels?$/,
    );
    await goTo(page, "denoise");
    await page.setInputFiles("#picture-file", pngFile("dot.png", [5, 5]));
    await denoised(page, 3);
    await goTo(page, "inside");
    expect(await message(page, "inside")).toMatch(/too small/);
    expect(faults).toEqual([]);
  });
});
