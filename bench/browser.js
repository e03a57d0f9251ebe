// npm run bench:browser: training in Chromium beside Node, in turns while the machine is quiet, on the same build and
// threads; the time to the first denoised picture; the tab's memory over 200 epochs and 100 pictures. --rounds N;
// --only PART, one of these three, several times: the others' results stay as they were.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { cpus, loadavg } from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { chromium as launcher } from "playwright";
import { loadFashionMnistFrom } from "../build/esm/node.js";
import { recipes, train } from "../build/esm/train.js";
import { chromium, chromiumArguments } from "../test/support/chromium.js";
import { buildPage, transferSizes } from "../web/build.js";
import { serve } from "../web/server.js";
import "./build.js";

const { quietMachine } = await import("../build/bench/quiet.js");

const { values: options } = parseArgs({
  options: {
    rounds: { type: "string", default: "7" },
    only: { type: "string", multiple: true, default: ["training", "picture", "memory"] },
  },
});
const EPOCHS = 10;
const LONG = 200;
const PICTURES = 100;

if (!chromium) throw new Error("No Chromium was found; set CHROMIUM to its path.");
await buildPage();
const server = await serve({ port: 0 });
const browser = await launcher.launch({
  executablePath: chromium,
  args: [...chromiumArguments, "--enable-blink-features=ForceEagerMeasureMemory"],
});
/** Milliseconds of each task of the page's own thread that the browser calls long: over 50 ms. */
const longTasks = [];
const data = await loadFashionMnistFrom(fileURLToPath(new URL("../data", import.meta.url)));
const file = "bench/results/browser.json";
const asked = (part) => options.only.includes(part);
const results = {
  ...(existsSync(file) && JSON.parse(readFileSync(file, "utf8"))),
  date: new Date().toISOString(),
  cpu: cpus()[0].model,
  node: process.version,
  chromium: browser.version(),
  loadAverage: loadavg()[0],
  ...(asked("training") && { training: await compareTraining(), longTasks }),
  ...(asked("picture") && { firstPicture: await firstPictures() }),
  ...(asked("memory") && { memory: await memory() }),
  transfer: transferSizes().reduce((sum, { bytes }) => sum + bytes, 0),
};
await browser.close();
await server.close();
console.log(
  `${results.cpu}; Node ${results.node}, Chromium ${results.chromium}; load ${results.loadAverage.toFixed(1)}`,
);
console.table(results.training);
console.log("tasks of the page's own thread over 50 ms while training, ms:", results.longTasks);
console.log("first denoised picture after load, ms:", results.firstPicture);
console.table(results.memory);
console.log(`transfer, gzipped, without the data sample: ${results.transfer} bytes`);
mkdirSync("bench/results", { recursive: true });
writeFileSync(file, `${JSON.stringify(results, null, 2)}\n`);

/** Images per second, median over the epochs of all rounds but each round's first. */
async function compareTraining() {
  const machine = await quietMachine();
  const table = [];
  for (const mode of ["reproducible", "fast"]) {
    for (const threads of [1, 2]) {
      const rates = { node: [], chromium: [] };
      const builds = {};
      for (let round = 0; round < Number(options.rounds); round++) {
        rates.node.push(...(await machine.during(() => inNode(threads, mode, builds))));
        rates.chromium.push(...(await machine.during(() => inChromium(threads, mode, builds))));
      }
      const [node, page] = [median(rates.node), median(rates.chromium)];
      table.push({
        mode,
        threads,
        builds: `${builds.node} | ${builds.chromium}`,
        node: Math.round(node),
        chromium: Math.round(page),
        ratio: +(page / node).toFixed(3),
      });
    }
  }
  machine.dispose();
  return table;
}

async function inNode(threads, mode, builds) {
  const rates = [];
  const recipe = { ...recipes["fashion-autoencoder"], epochs: EPOCHS };
  const training = train(recipe, data, { threads, mode });
  for await (const { imagesPerSecond } of training) rates.push(imagesPerSecond);
  builds.node = `${training.variant}, ${training.threads}`;
  return rates.slice(1);
}

async function inChromium(threads, mode, builds) {
  const page = await browser.newPage();
  await page.goto(`${server.url}#train`);
  await page.evaluate(() => {
    globalThis.longTasks = [];
    new PerformanceObserver((list) => {
      globalThis.longTasks.push(...list.getEntries().map(({ duration }) => duration));
    }).observe({ type: "longtask" });
  });
  await trainIn(page, EPOCHS, threads, mode);
  longTasks.push(...(await page.evaluate(() => globalThis.longTasks)));
  builds.chromium = await page.locator("#status-build").innerText();
  const rates = await page.evaluate(() =>
    performance.getEntriesByName("epoch").map(({ detail }) => detail.imagesPerSecond),
  );
  await page.close();
  return rates.slice(1);
}

async function trainIn(page, epochs, threads, mode) {
  await page.fill("#epochs", String(epochs));
  await page.fill("#threads", String(threads));
  await page.selectOption("#mode", mode);
  await page.click("#start");
  // Told by the page, not looked up again and again, which would take a core from the training for that time.
  await page.evaluate(
    () =>
      new Promise((resolve) => {
        const left = document.getElementById("status-left");
        const look = () => left.textContent === "done" && resolve();
        new MutationObserver(look).observe(left, { childList: true });
        look();
      }),
  );
}

async function firstPictures() {
  const times = [];
  for (let i = 0; i < 5; i++) {
    const page = await browser.newPage();
    await page.goto(server.url);
    await page.waitForFunction(() => performance.getEntriesByName("denoised").length > 0);
    times.push(Math.round(await page.evaluate(() => performance.getEntriesByName("denoised")[0].startTime)));
    await page.close();
  }
  return times;
}

/** JavaScript and wasm memory of the tab and its workers, in MB, as the browser measures it. */
async function memory() {
  const page = await browser.newPage();
  await page.goto(`${server.url}#train`);
  const measured = async () => {
    const bytes = await page.evaluate(async () => (await performance.measureUserAgentSpecificMemory()).bytes);
    return +(bytes / 1e6).toFixed(1);
  };
  const rows = [];
  await trainIn(page, 5, 2, "reproducible");
  await page.waitForTimeout(2000);
  rows.push({ after: "5 epochs", megabytes: await measured() });
  await trainIn(page, LONG, 2, "reproducible");
  await page.waitForTimeout(2000);
  rows.push({ after: `${LONG} epochs more`, megabytes: await measured() });
  await page.click("#tab-denoise");
  for (const count of [5, PICTURES]) {
    for (let i = 0; i < count; i++) {
      const before = await page.evaluate(() => performance.getEntriesByName("denoised").length);
      await page.click(`[data-sample=${i % 2 ? "garments" : "drawing"}]`);
      await page.waitForFunction((n) => performance.getEntriesByName("denoised").length > n, before);
    }
    rows.push({ after: `${count} pictures`, megabytes: await measured() });
  }
  await page.close();
  return rows;
}

function median(values) {
  return values.sort((a, b) => a - b)[values.length >> 1];
}
