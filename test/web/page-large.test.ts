/** A photograph of twelve megapixels in the page: shown band by band, with the page free, and cancelled at once. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "playwright";
import { afterAll, beforeAll, expect, it } from "vitest";
import { encodeJpeg } from "../../src/pictures/jpeg-encode.ts";
import { mainThreadTasks } from "../support/main-thread.ts";
import { denoised, measuringMemory, memory, openPage, text } from "../support/open-page.ts";
import { describePage } from "../support/page-suite.ts";

const [width, height] = [4000, 3000];

/** The file of a picture of soft forms with noise. The browser reads it itself: what a test sends would take the page's time. */
function photograph(folder: string): string {
  const data = new Uint8Array(3 * width * height);
  for (let y = 0, i = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      for (let c = 0; c < 3; c++, i++)
        data[i] = 90 + ((x >> 5) % 40) + ((y >> 6) % 30) + (Math.imul(i + 1, 0x9e3779b1) >>> 27);
  const bytes = encodeJpeg({ data, width, height, channels: 3 }, { quality: 92 });
  const file = join(folder, "large.jpg");
  writeFileSync(file, bytes);
  return file;
}

/** Milliseconds from when a file was chosen to a mark of a name: its first since then. */
const since = (page: Page, name: string) =>
  page.evaluate((name) => {
    const begin = performance.getEntriesByName("chosen")[0]!.startTime;
    return performance.getEntriesByName(name).find(({ startTime }) => startTime > begin)!.startTime - begin;
  }, name);

describePage(
  "the page and a large photograph",
  (at) => {
    const folder = mkdtempSync(join(tmpdir(), "page-"));
    let large: string;
    beforeAll(() => {
      large = photograph(folder);
    }, 300_000);
    afterAll(() => rmSync(folder, { recursive: true }));

    const open = async () => {
      const opened = await openPage(at.browser, at.url, "denoise");
      opened.page.setDefaultTimeout(240_000);
      await denoised(opened.page);
      await opened.page.evaluate(() =>
        document
          .getElementById("picture-file")!
          .addEventListener("change", () => performance.mark("chosen"), { capture: true }),
      );
      return opened;
    };

    it("shows it band by band, stays free, and gives its memory back", async () => {
      await using opened = await open();
      const { page, faults } = opened;
      const before = await memory(page);
      await at.browser.startTracing(page, {
        categories: ["__metadata", "disabled-by-default-devtools.timeline"],
      });
      await page.setInputFiles("#picture-file", large);
      await denoised(page, 2);
      const tasks = mainThreadTasks(await at.browser.stopTracing());
      const [first, all] = [await since(page, "rows"), await since(page, "denoised")];
      console.log(`12 megapixels: first rows after ${first.toFixed(0)} ms, all after ${all.toFixed(0)} ms`);
      expect(await text(page, "picture-facts")).toBe("large.jpg, 4,000 × 3,000");
      // Where nothing else runs, 0.7 s and 6 s: docs/browser.md.
      expect(first).toBeLessThan(all / 2);
      expect(tasks.length).toBeGreaterThan(20);
      expect(Math.max(...tasks)).toBeLessThan(50);
      await page.click("[data-sample=window]");
      await denoised(page, 3);
      const grown = (await memory(page)) - before;
      console.log(`12 megapixels: memory afterwards ${(grown / 1e6).toFixed(1)} MB more than before`);
      // The picture, as bytes of four, has 48 MB.
      expect(grown).toBeLessThan(24e6);
      expect(faults).toEqual([]);
    }, 300_000);

    it("cancels at once, and is ready for the next one", async () => {
      await using opened = await open();
      const { page, faults } = opened;
      await page.setInputFiles("#picture-file", large);
      await page.waitForFunction(() => performance.getEntriesByName("rows").length > 0);
      const waited = await page.evaluate(async () => {
        const begin = performance.now();
        document.getElementById("work-cancel")!.click();
        while (document.getElementById("stage")!.ariaBusy === "true")
          await new Promise((resolve) => setTimeout(resolve));
        return performance.now() - begin;
      });
      expect(waited).toBeLessThan(200);
      expect(await text(page, "denoise-time")).toMatch(/^Cancelled/);
      // The threads work on it no more: a small picture takes less than what was left of the large one.
      const begin = performance.now();
      await page.click("[data-sample=window]");
      await denoised(page, 2);
      console.log(`ready after ${(performance.now() - begin).toFixed(0)} ms`);
      expect(faults).toEqual([]);
    }, 300_000);
  },
  measuringMemory,
);
