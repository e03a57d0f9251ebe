/** The tab's memory, JavaScript's and WebAssembly's, of the page and its workers, as the browser measures it. */
import type { Page } from "playwright";
import { expect, it } from "vitest";
import {
  denoised,
  epochsShown,
  idxFiles,
  measuringMemory,
  memory,
  openPage,
  restingCheckpoint,
} from "../support/open-page.ts";
import { describePage } from "../support/page-suite.ts";

describePage(
  "the page's memory",
  (at) => {
    // One thread: others wait in a way that keeps the browser from measuring them while a training is paused.
    it("is flat over 200 epochs", async () => {
      await using opened = await openPage(at.browser, at.url, "train");
      const { page } = opened;
      await page.selectOption("#recipe", "fashion-autoencoder");
      await page.selectOption("#data", "idx");
      await page.setInputFiles("#idx-files", idxFiles(200, 100));
      await page.fill("#epochs", "10000");
      await page.fill("#threads", "1");
      await page.click("#start");
      await epochsShown(page, 20);
      const before = await pausedMemory(page);
      await page.click("#pause");
      await epochsShown(page, 220);
      // A row of pictures kept for each epoch would be 1.6 MB, a model 336 MB.
      expect((await pausedMemory(page)) - before).toBeLessThan(1e6);
    });

    it("is flat over 100 denoised pictures", async () => {
      await using opened = await openPage(at.browser, at.url, "denoise");
      const { page } = opened;
      await denoised(page);
      await denoiseAnew(page, 10);
      const before = await memory(page);
      await denoiseAnew(page, 100);
      // One of a picture's arrays kept each time would be 1.6 MB.
      expect((await memory(page)) - before).toBeLessThan(1e6);
    });
  },
  measuringMemory,
);

/** Has pictures of 64×64 with noise denoised, one after the other, so many times. */
function denoiseAnew(page: Page, times: number): Promise<void> {
  return page.evaluate(async (times) => {
    const canvas = new OffscreenCanvas(64, 64);
    canvas.getContext("2d")!.fillRect(16, 16, 32, 32);
    const file = new File([await canvas.convertToBlob()], "square.png", { type: "image/png" });
    const field = document.querySelector<HTMLInputElement>("#picture-file")!;
    for (let i = 0; i < times; i++) {
      const done = new Promise<void>((resolve) => {
        const observer = new PerformanceObserver((list) => {
          if (list.getEntriesByName("denoised").length === 0) return;
          observer.disconnect();
          resolve();
        });
        observer.observe({ type: "mark" });
      });
      const chosen = new DataTransfer();
      chosen.items.add(file);
      field.files = chosen.files;
      field.dispatchEvent(new Event("change"));
      await done;
    }
  }, times);
}

/** Pauses a training, and measures while its workers wait. */
async function pausedMemory(page: Page): Promise<number> {
  await page.click("#pause");
  await restingCheckpoint(page);
  return memory(page);
}
