// npm run bench:page: a photograph of twelve megapixels in the page, on a machine that has nothing else to do. How long it takes
// to denoise it, to calibrate to it and to cancel; the tasks of the page's own thread that took more than 50 ms, by wall time;
// the tab's memory before and after; and how many frames of a camera are denoised in a second. --learn also learns from it to the end.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { chromium as launcher } from "playwright";
import { encodeJpeg } from "../build/esm/jpeg.js";
import { chromium, chromiumArguments } from "../test/support/chromium.js";
import { buildPage } from "../web/build.js";
import { serve } from "../web/server.js";
import "./build.js";

const { addTable, provenance, writeResults } = await import("../build/bench/report.js");
const { values: options } = parseArgs({ options: { learn: { type: "boolean", default: false } } });
const [width, height] = [4000, 3000];

if (!chromium) throw new Error("No Chromium was found; set CHROMIUM to its path.");
await buildPage();
const server = await serve({ port: 0 });
const camera = ["--use-fake-device-for-media-stream=fps=60", "--use-fake-ui-for-media-stream"];
const args = [...chromiumArguments, ...camera, "--enable-blink-features=ForceEagerMeasureMemory"];
const browser = await launcher.launch({ executablePath: chromium, args });
const folder = mkdtempSync(join(tmpdir(), "bench-page-"));
const file = join(folder, "large.jpg");
writeFileSync(file, photograph());

const page = await browser.newPage();
page.setDefaultTimeout(600_000);
await page.addInitScript(() => {
  const long = [];
  Object.assign(globalThis, { long });
  new PerformanceObserver((list) => {
    long.push(...list.getEntries().map(({ duration }) => duration));
  }).observe({ type: "longtask" });
});
await page.goto(server.url);
await marked("denoised", 1);

const before = await memory();
const rows = [
  await timed("denoise", () => page.setInputFiles("#picture-file", file), "denoised", 2),
  await timed("calibrate, and denoise by it", () => page.click("#calibrate"), "denoised", 3),
];
await page.click("#forget");
await marked("denoised", 4);
if (options.learn) {
  rows.push(await timed("learn from it, and denoise by it", () => page.click("#learn"), "denoised", 5));
  await page.click("#forget");
  await marked("denoised", 6);
} else {
  rows.push(await timed("learn from it, until the third look", () => page.click("#learn"), "looked", 3));
  await page.click("#work-cancel");
}
rows.push(await cancelled());
const denoisedBefore = await page.evaluate(() => performance.getEntriesByName("denoised").length);
await page.click("[data-sample=parrots]");
await marked("denoised", denoisedBefore + 1);
const after = await memory();
addTable("A photograph of 12 megapixels in the page", rows);
addTable("Frames a second of a camera, 640 × 480, by photo-tiny", [await framesPerSecond()]);
addTable("Memory of the tab, MB", [{ name: "with a sample", before: before / 1e6, after: after / 1e6 }]);
await browser.close();
await server.close();
rmSync(folder, { recursive: true });
writeResults("page", { ...provenance(), chromium: browser.version() });

/** Soft forms with noise, as a JPEG file. */
function photograph() {
  const data = new Uint8Array(3 * width * height);
  for (let y = 0, i = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      for (let c = 0; c < 3; c++, i++)
        data[i] = 90 + ((x >> 5) % 40) + ((y >> 6) % 30) + (Math.imul(i + 1, 0x9e3779b1) >>> 27);
  return encodeJpeg({ data, width, height, channels: 3 }, { quality: 92 });
}

/** Until the page has set a mark so many times. */
function marked(name, count) {
  return page.waitForFunction(
    ([name, count]) => performance.getEntriesByName(name).length >= count,
    [name, count],
  );
}

/** Seconds from an action to a mark, and the long tasks of the page's thread meanwhile. */
async function timed(name, act, mark, count) {
  await page.evaluate(() => {
    globalThis.long.length = 0;
    performance.clearMarks("rows");
    performance.mark("begun");
  });
  await act();
  await marked(mark, count);
  const { first, end, long } = await page.evaluate((mark) => {
    const begin = performance.getEntriesByName("begun").at(-1).startTime;
    const since = (entry) => entry && (entry.startTime - begin) / 1000;
    const first = since(performance.getEntriesByName("rows")[0]);
    return { first, end: since(performance.getEntriesByName(mark).at(-1)), long: [...globalThis.long] };
  }, mark);
  return {
    name,
    "first rows, s": first,
    "all, s": end,
    "tasks over 50 ms": long.length,
    "longest, ms": Math.max(0, ...long),
  };
}

/** How long it takes until a denoising that was cancelled has ended. */
async function cancelled() {
  await page.setInputFiles("#picture-file", file);
  await page.waitForFunction(() => document.querySelector("#work-progress").value > 0.1);
  const milliseconds = await page.evaluate(async () => {
    const begin = performance.now();
    document.getElementById("work-cancel").click();
    while (document.getElementById("stage").ariaBusy === "true")
      await new Promise((resolve) => setTimeout(resolve));
    return performance.now() - begin;
  });
  return { name: "cancel", "all, s": milliseconds / 1000 };
}

/** The frames that are denoised in each of nine seconds; the first second does not count. The noise has a level, since a drawing has none. */
async function framesPerSecond() {
  await page.uncheck("#auto");
  await page.fill("#sigma", "20");
  await page.click("#camera");
  const rates = [];
  for (let second = 0; second < 10; second++) {
    const rate = await page.evaluate(
      () =>
        new Promise((resolve) => {
          const shown = document.getElementById("camera-rate");
          const observer = new MutationObserver(() => {
            const rate = /(\d+) frames/.exec(shown.textContent)?.[1];
            if (rate === undefined) return;
            observer.disconnect();
            resolve(Number(rate));
          });
          observer.observe(shown, { childList: true, characterData: true, subtree: true });
        }),
    );
    if (second > 0) rates.push(rate);
  }
  await page.click("#camera-close");
  rates.sort((a, b) => a - b);
  return { name: "camera", least: rates[0], median: rates[4], most: rates.at(-1) };
}

/** Bytes of the tab, its workers and WebAssembly included, after everything that can be collected was. */
function memory() {
  return page.evaluate(async () => (await performance.measureUserAgentSpecificMemory()).bytes);
}
