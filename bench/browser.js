// npm run bench:browser: training in Chromium beside Node, in turns while the machine is quiet, on the same build and
// threads; tasks of the page's own thread meanwhile; the time to the first denoised picture. --rounds N.
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { chromium as launcher } from "playwright";
import { loadFashionMnistFrom } from "../build/esm/node.js";
import { recipes, train } from "../build/esm/train.js";
import { chromium, chromiumArguments } from "../test/support/chromium.js";
import { buildPage } from "../web/build.js";
import { serve } from "../web/server.js";
import "./build.js";

const { quietMachine } = await import("../build/bench/quiet.js");
const { addTable, provenance, writeResults } = await import("../build/bench/report.js");
const { summary, timesCells } = await import("../build/bench/turns.js");
const { values: options } = parseArgs({ options: { rounds: { type: "string", default: "7" } } });
const EPOCHS = 10;

if (!chromium) throw new Error("No Chromium was found; set CHROMIUM to its path.");
await buildPage();
const server = await serve({ port: 0 });
const browser = await launcher.launch({ executablePath: chromium, args: chromiumArguments });
const data = await loadFashionMnistFrom(fileURLToPath(new URL("../data", import.meta.url)));
/** Milliseconds of each task of the page's own thread that the browser calls long: over 50 ms. */
const longTasks = [];
const run = { ...provenance(), chromium: browser.version(), longTasks };
await compareTraining();
await timeFirstPictures();
await browser.close();
await server.close();
console.log({ longTasks });
writeResults("browser", run);

/** Images per second, median over the epochs of all rounds but each round's first. */
async function compareTraining() {
  const machine = await quietMachine();
  const rows = [];
  for (const mode of ["reproducible", "fast"]) {
    for (const threads of [1, 2]) {
      const all = [[], []];
      const builds = [];
      for (let round = 0; round < Number(options.rounds); round++) {
        for (const [where, training] of [inNode, inChromium].entries()) {
          const { rates, build } = await machine.during(() => training(threads, mode));
          all[where].push(...rates.slice(1));
          builds[where] = build;
        }
      }
      const [node, page] = all.map((rates) => summary(rates).median);
      rows.push({ name: builds.join(" | "), "Node, images/s": node, Chromium: page, ratio: page / node });
    }
  }
  machine.dispose();
  addTable(`Training of ${recipes["fashion-autoencoder"].name}`, rows);
}

async function inNode(threads, mode) {
  const rates = [];
  const training = train({ ...recipes["fashion-autoencoder"], epochs: EPOCHS }, data, { threads, mode });
  for await (const { imagesPerSecond } of training) rates.push(imagesPerSecond);
  return { rates, build: `${training.variant}, ${training.threads}` };
}

async function inChromium(threads, mode) {
  const page = await browser.newPage();
  await page.goto(`${server.url}#train`);
  await page.selectOption("#recipe", "fashion-autoencoder");
  await page.fill("#epochs", String(EPOCHS));
  await page.fill("#threads", String(threads));
  await page.selectOption("#mode", mode);
  // Told by the page, not looked up again and again, which would take a core from the training for that time.
  const { rates, long } = await page.evaluate(async () => {
    const long = [];
    new PerformanceObserver((list) => {
      long.push(...list.getEntries().map(({ duration }) => duration));
    }).observe({ type: "longtask" });
    document.getElementById("start").click();
    await new Promise((resolve) => {
      const left = document.getElementById("status-left");
      const look = () => left.textContent === "done" && resolve();
      new MutationObserver(look).observe(left, { childList: true });
    });
    const epochs = performance.getEntriesByName("epoch");
    return { rates: epochs.map(({ detail }) => detail.imagesPerSecond), long };
  });
  longTasks.push(...long);
  const build = await page.locator("#status-build").innerText();
  await page.close();
  return { rates, build };
}

async function timeFirstPictures() {
  const times = [];
  for (let i = 0; i < 5; i++) {
    const page = await browser.newPage();
    await page.goto(server.url);
    await page.waitForFunction(() => performance.getEntriesByName("denoised").length > 0);
    times.push(await page.evaluate(() => performance.getEntriesByName("denoised")[0].startTime));
    await page.close();
  }
  addTable(`Load to first picture, ${times.length} loads`, [{ name: "Chromium", ...timesCells(times) }]);
}
