/** Training on photographs in the page: going on with a model of the package, and using what comes of it. */
import { expect, it } from "vitest";
import {
  denoised,
  ended,
  epochsShown,
  idxFiles,
  openPage,
  pngFile,
  saved,
  text,
} from "../support/open-page.ts";
import { describePage } from "../support/page-suite.ts";

/** Pictures of black and white, of which photographs have taught the network little. */
const drawings = [3, 4, 5, 6].map((step) =>
  pngFile(`drawing-${step}.png`, [240, 240], (x, y) => ((x * step + y * (9 - step)) >> 5) % 2 === 0),
);

describePage("the page's fine-tuning", (at) => {
  it("goes on with photo-tiny on pictures of another kind, gains by it, names a broken one, and denoises by the new model", async () => {
    await using opened = await openPage(at.browser, at.url, "train");
    const { page, faults } = opened;
    // An epoch may take long where much else runs.
    page.setDefaultTimeout(240_000);
    await page.selectOption("#recipe", "photo-tiny");
    const broken = { name: "broken.jpg", mimeType: "image/jpeg", buffer: Buffer.from("none") };
    await page.setInputFiles("#training-pictures", [...drawings, broken]);
    expect(await text(page, "pictures-chosen")).toBe("5 pictures chosen.");
    await page.selectOption("#train-noise", "white");
    await page.fill("#noise-sigma", "50");
    await page.selectOption("#mode", "fast");
    await page.fill("#epochs", "1");
    await page.click("#start");
    await ended(page);
    expect(await text(page, "pictures-chosen")).toMatch(/^Left out: broken\.jpg is no picture/);
    const figures = (await text(page, "verdict")).match(
      /noisy (\S+) dB, before this training (\S+), denoised (\S+) dB/,
    );
    const [noisy, before, after] = figures!.slice(1).map(Number) as [number, number, number];
    expect(before).toBeGreaterThan(noisy);
    // By 2.2 dB in one epoch, as measured.
    expect(after).toBeGreaterThan(before + 1);
    const rows = await page
      .locator("#picture-rows canvas")
      .evaluateAll((all) => all.map(({ ariaLabel }) => ariaLabel));
    expect(rows.map((label) => label!.split(":")[0])).toEqual(["original", "noisy", "before", "denoised"]);
    await page.click("#use-model");
    await denoised(page, 1);
    await page.waitForFunction(() => /^\d/.test(document.getElementById("denoised-psnr")!.textContent!));
    expect(await page.inputValue("#model")).toBe("own");
    expect(await page.locator("#denoise").isVisible()).toBe(true);
    expect(faults).toEqual([]);
  }, 300_000);

  it("warns before a training is left, and gives its curve as a table", async () => {
    await using opened = await openPage(at.browser, at.url, "train");
    const { page } = opened;
    await page.selectOption("#recipe", "fashion-autoencoder");
    await page.selectOption("#data", "idx");
    await page.setInputFiles("#idx-files", idxFiles(200, 100));
    await page.fill("#epochs", "10000");
    await page.click("#start");
    await epochsShown(page, 2);
    const warned = page.waitForEvent("dialog");
    const closing = page.close({ runBeforeUnload: true });
    const dialog = await warned;
    expect(dialog.type()).toBe("beforeunload");
    await dialog.dismiss();
    await closing;
    await page.click("#stop");
    await ended(page, "stopped");
    const { name, bytes } = await saved(page, "save-curve");
    expect(name).toBe("fashion-autoencoder-curve.csv");
    const lines = bytes.toString().trim().split("\n");
    expect(lines[0]).toBe("run,epoch,training loss,training PSNR in dB,test PSNR in dB");
    expect(lines[1]).toMatch(/^"fashion-autoencoder, learning rate 0.1, seed 1",1,[\d.]+,-?[\d.]+,-?[\d.]+$/);
  });
});
