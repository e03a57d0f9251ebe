/** The curves of trainings in the page: what is shown of them, read out, compared and saved; and a training batch by batch. */
import type { Page } from "playwright";
import { describe, expect, it } from "vitest";
import { lineOf, smoothed, verdict } from "../../web/training-curve.ts";
import { ended, epochsShown, idxFiles, openPage, saved, text } from "../support/open-page.ts";
import { describePage } from "../support/page-suite.ts";

async function train(page: Page, epochs: number, seed: number, batch = 100): Promise<void> {
  await page.selectOption("#recipe", "fashion-autoencoder");
  await page.selectOption("#data", "idx");
  await page.setInputFiles("#idx-files", idxFiles(200, 100));
  await page.fill("#epochs", `${epochs}`);
  await page.fill("#seed", `${seed}`);
  await page.fill("#batch", `${batch}`);
  await page.click("#start");
}

const shown = (page: Page, selector: string) => page.locator(`#psnr-chart ${selector}`).count();

describe("a smoothed curve", () => {
  it("is the mean over the neighbours that were measured, fewer at the ends", () => {
    const { NaN: none } = Number;
    expect(smoothed([1, 2, 6, none, 4], 1)).toEqual([1.5, 3, 4, none, 4]);
    expect(smoothed([3, 1, 2], 0)).toEqual([3, 1, 2]);
  });

  it("has no value where none was measured", () => {
    const points = [
      { loss: 9, psnr: undefined },
      { loss: 8, psnr: { training: 20, test: 19 } },
    ];
    expect(lineOf({ points }, "test")).toEqual([Number.NaN, 19]);
    expect(lineOf({ points }, "loss")).toEqual([9, 8]);
  });
});

describe("a verdict", () => {
  const said = (noisy: number, test: number, isDense = false) =>
    verdict({ points: [{ loss: 1, psnr: { training: 30, test } }], noisy }, isDense);

  it("says what came of the training", () => {
    expect(said(20, 30)).toBe("PSNR of the test pictures: noisy 20.00 dB, denoised 30.00 dB.");
    expect(said(20, 15, true)).toMatch(/ It compresses more than it denoises: /);
    expect(said(20, 15)).toMatch(/ denoised 15\.00 dB\. It does not denoise yet: /);
  });

  it("says that a training has diverged, or that there was no noise", () => {
    expect(said(20, -50, true)).toMatch(/ denoised -50\.00 dB\. The training has diverged: /);
    expect(said(20, Number.NaN)).toMatch(/ The training has diverged: /);
    expect(said(Number.POSITIVE_INFINITY, 7, true)).toBe(
      "PSNR of the test pictures: denoised 7.00 dB. With a noise σ of 0 there is nothing to take away.",
    );
  });
});

describePage("the page's curves", (at) => {
  it("reads out, smooths, compares and saves curves", async () => {
    await using opened = await openPage(at.browser, at.url, "train");
    const { page, faults } = opened;
    await train(page, 6, 1);
    await ended(page);
    const slider = page.locator("#chart-epoch");
    await slider.focus();
    await page.keyboard.press("Home");
    const first = await slider.getAttribute("aria-valuetext");
    expect(first).toMatch(/^epoch 1: -?[\d.]+ · test -?[\d.]+$/);
    expect(await page.locator("#psnr-chart text.cursor").textContent()).toBe(first);
    await page.keyboard.press("ArrowRight");
    expect(await slider.getAttribute("aria-valuetext")).toMatch(/^epoch 2: /);

    expect(await text(page, "smoothing-words")).toBe("");
    const exact = await page.locator("#psnr-chart path.test").getAttribute("d");
    await page.selectOption("#curve-smoothing", "some");
    expect(await text(page, "smoothing-words")).toBe("mean of 5 epochs; thin: as measured");
    expect(await page.locator("#psnr-chart path.raw.test").getAttribute("d")).toBe(exact);
    const smooth = await page.locator("#psnr-chart path.test:not(.raw)").getAttribute("d");
    expect(smooth!.length).toBeGreaterThan(20);
    expect(smooth).not.toBe(exact);
    await page.selectOption("#curve-smoothing", "none");

    await page.selectOption("#curve-what", "log-loss");
    expect(await text(page, "chart-title")).toBe("Training loss, logarithmic");
    expect(await page.locator("#key-test").isVisible()).toBe(false);
    const logarithmic = await page.locator("#psnr-chart path.training").getAttribute("d");
    await page.selectOption("#curve-what", "loss");
    expect(await page.locator("#psnr-chart path.training").getAttribute("d")).not.toBe(logarithmic);
    await page.selectOption("#curve-what", "psnr");

    expect(await page.locator("#runs").isVisible()).toBe(false);
    await train(page, 3, 2);
    await ended(page);
    expect(await text(page, "runs")).toBe("1: fashion-autoencoder, learning rate 0.1, seed 1");
    expect(await shown(page, "path.earlier")).toBe(1);
    await page.hover("#psnr-chart", { position: { x: 60, y: 100 } });
    expect(await text(page, "runs")).toMatch(/seed 1: -?\d+\.\d\d$/);
    const { bytes } = await saved(page, "save-curve");
    const rows = bytes.toString().trim().split("\n");
    expect(rows[0]).toMatch(/^run,epoch,/);
    expect(rows.slice(1).map((row) => /seed (\d)",(\d),/.exec(row)!.slice(1).join())).toEqual([
      "1,1",
      "1,2",
      "1,3",
      "1,4",
      "1,5",
      "1,6",
      "2,1",
      "2,2",
      "2,3",
    ]);
    await page.click("#runs button");
    expect(await page.locator("#runs").isVisible()).toBe(false);
    expect(await shown(page, "path.earlier")).toBe(0);
    expect(await page.evaluate(() => document.activeElement!.id)).toBe("curve-what");
    expect(faults).toEqual([]);
  }, 120_000);

  it("trains on one batch, and pauses again", async () => {
    await using opened = await openPage(at.browser, at.url, "train");
    const { page, faults } = opened;
    await train(page, 10_000, 1, 20);
    await epochsShown(page, 1);
    expect(await page.isDisabled("#step")).toBe(true);
    await page.click("#pause");
    await page.click("#step");
    const batch = async () => {
      const [, now, all] = /^Batch (\d+) of (\d+)$/.exec(await text(page, "batch-now"))!;
      return { now: Number(now), all: Number(all) };
    };
    await page
      .locator("#train-said")
      .filter({ hasText: /^Batch \d+ of \d+: loss/ })
      .waitFor();
    for (let step = 0; step < 4; step++) {
      const before = await batch();
      await page.click("#step");
      await page.waitForFunction(
        (said) => document.getElementById("batch-now")!.textContent !== said,
        `Batch ${before.now} of ${before.all}`,
      );
      expect((await batch()).now).toBe((before.now % before.all) + 1);
    }
    expect(await text(page, "pause")).toBe("Go on");
    await page.click("#stop");
    await ended(page, "stopped");
    expect(faults).toEqual([]);
  }, 120_000);
});
