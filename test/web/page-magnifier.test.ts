/** The magnifier over the picture: held by a finger, moved by a mouse, at the divider by the keyboard. */
import type { Page } from "playwright";
import { expect, it } from "vitest";
import { denoised, openPage, pngFile } from "../support/open-page.ts";
import { describePage } from "../support/page-suite.ts";

const side = 64;
/** Greys at random, of which the denoiser takes much away. */
const noisy = pngFile(
  "noise.png",
  [side, side],
  undefined,
  (x, y) => Math.imul(Math.imul(x, 7919) ^ (y + 1), 0x9e3779b1) >>> 24,
);

type Point = { readonly x: number; readonly y: number };

/** The middle of the glass in the window. */
async function middleOfGlass(page: Page): Promise<Point> {
  const { x, y, width, height } = (await page.locator("#glass").boundingBox())!;
  return { x: x + width / 2, y: y + height / 2 };
}

/**
 * How far values in the glass are from those of the picture: on the left from the one before, on the right from the one after,
 * where the middle of the glass shows a place of the picture.
 */
function faultsOfGlass(page: Page, place: Point): Promise<{ left: number; right: number; checked: number }> {
  return page.evaluate(({ x, y }) => {
    const pixels = (selector: string) => {
      const canvas = document.querySelector<HTMLCanvasElement>(selector)!;
      const { width, height } = canvas;
      const copy = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true })!;
      copy.drawImage(canvas, 0, 0);
      return { width, height, data: copy.getImageData(0, 0, width, height).data };
    };
    const [glass, before, after] = ["#glass", "#before canvas", "#after canvas"].map(pixels);
    const { left, right } = document.getElementById("before")!.getBoundingClientRect();
    const onStage = ((right - left) / before!.width) * devicePixelRatio;
    const scale = Math.max(3, 2 * onStage);
    const middle = glass!.width / 2;
    const worst = { left: 0, right: 0, checked: 0 };
    for (let row = 0; row < before!.height; row++) {
      for (let column = 0; column < before!.width; column++) {
        // The middle of a pixel of the picture.
        const at = [column + 0.5 - x, row + 0.5 - y].map((d) => Math.floor(middle + scale * d));
        const [gx, gy] = at as [number, number];
        if (Math.min(gx, gy) < 0 || Math.max(gx, gy) >= glass!.width || Math.abs(gx - middle) < scale)
          continue;
        const half = gx < middle ? "left" : "right";
        const expected = (half === "left" ? before : after)!.data[4 * (row * before!.width + column)]!;
        worst[half] = Math.max(worst[half], Math.abs(glass!.data[4 * (gy * glass!.width + gx)]! - expected));
        worst.checked++;
      }
    }
    return worst;
  }, place);
}

describePage("the magnifier", (at) => {
  /** The place of the picture at a point of the window. */
  const placeAt = (page: Page, point: Point) =>
    page.evaluate(
      ({ x, y, side }) => {
        const { left, top, width } = document.getElementById("before")!.getBoundingClientRect();
        return { x: ((x - left) * side) / width, y: ((y - top) * side) / width };
      },
      { ...point, side },
    );

  it("is held above a finger that rests, and leaves with it", async () => {
    await using opened = await openPage(at.browser, at.url, "denoise", {
      viewport: { width: 390, height: 844 },
      isMobile: true,
      hasTouch: true,
      reducedMotion: "reduce",
    });
    const { page, faults } = opened;
    await denoised(page);
    await page.setInputFiles("#picture-file", noisy);
    await denoised(page, 2);
    const box = (await page.locator("#before").boundingBox())!;
    const session = await page.context().newCDPSession(page);
    const touch = (type: "touchStart" | "touchMove" | "touchEnd", point?: Point) =>
      session.send("Input.dispatchTouchEvent", { type, touchPoints: point ? [point] : [] });
    const first = { x: Math.round(box.x + 0.4 * box.width), y: Math.round(box.y + 0.6 * box.height) };
    // A finger that moves at once moves the divider.
    await touch("touchStart", first);
    await touch("touchMove", { ...first, x: first.x + 40 });
    await touch("touchEnd");
    expect(await page.isHidden("#glass")).toBe(true);
    await touch("touchStart", first);
    await page.locator("#glass").waitFor();
    await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(resolve)));
    const middle = await middleOfGlass(page);
    expect(middle.x).toBeCloseTo(first.x, 0);
    const { height } = (await page.locator("#glass").boundingBox())!;
    expect(middle.y + height / 2).toBeLessThan(first.y);
    const found = await faultsOfGlass(page, await placeAt(page, first));
    expect(found.checked).toBeGreaterThan(100);
    expect([found.left, found.right]).toEqual([0, 0]);
    // It goes with the finger, and the page does not scroll.
    const scrolled = await page.evaluate(() => scrollY);
    const next = { x: first.x + 30, y: first.y - 50 };
    await touch("touchMove", { x: first.x + 15, y: first.y - 25 });
    await touch("touchMove", next);
    await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(resolve)));
    expect((await middleOfGlass(page)).x).toBeCloseTo(next.x, 0);
    expect(await page.evaluate(() => scrollY)).toBe(scrolled);
    const after = await faultsOfGlass(page, await placeAt(page, next));
    expect([after.left, after.right]).toEqual([0, 0]);
    await touch("touchEnd");
    expect(await page.isHidden("#glass")).toBe(true);
    expect(faults).toEqual([]);
  });

  it("is at the divider by the keyboard, and goes with the mouse", async () => {
    await using opened = await openPage(at.browser, at.url, "denoise");
    const { page, faults } = opened;
    await denoised(page);
    await page.setInputFiles("#picture-file", noisy);
    await denoised(page, 2);
    await page.focus("#split");
    await page.keyboard.press("m");
    expect(await page.getAttribute("#magnifier", "aria-pressed")).toBe("true");
    const divider = async () => {
      const { x, width } = (await page.locator("#divider").boundingBox())!;
      return x + width / 2;
    };
    const atDivider = () =>
      expect.poll(async () => Math.abs((await middleOfGlass(page)).x - (await divider()))).toBeLessThan(2);
    await atDivider();
    const before = await divider();
    for (let i = 0; i < 5; i++) await page.keyboard.press("ArrowRight");
    expect(await divider()).toBeGreaterThan(before + 10);
    await atDivider();
    const box = (await page.locator("#before").boundingBox())!;
    const point = { x: Math.round(box.x + 0.3 * box.width), y: Math.round(box.y + 0.4 * box.height) };
    await page.mouse.move(point.x, point.y);
    await expect.poll(async () => Math.round((await middleOfGlass(page)).x)).toBe(point.x);
    const found = await faultsOfGlass(page, await placeAt(page, point));
    expect([found.left, found.right]).toEqual([0, 0]);
    await page.click("#magnifier");
    expect(await page.isHidden("#glass")).toBe(true);
    expect(faults).toEqual([]);
  });
});
