/** The built page in a real Chromium: what a person does there, with and without cross-origin isolation. */
import { mkdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { crc32, deflateSync } from "node:zlib";
import { type Browser, type BrowserContext, chromium as launcher, type Page } from "playwright";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type Checkpoint, decodeCheckpoint, encodeCheckpoint } from "../src/checkpoint.ts";
import { loadFashionMnistFrom } from "../src/data/fashion-mnist.node.ts";
import { encodeModel } from "../src/model-file.ts";
import { recipes } from "../src/recipes.ts";
import { type Epoch, resume, train } from "../src/trainer.ts";
import { networkFor, TrainingState } from "../src/training-state.ts";
import { buildPage, transferSizes } from "../web/build.js";
import { serve } from "../web/server.js";
import { chromium, chromiumArguments } from "./chromium.js";

const output = fileURLToPath(new URL(".output/", import.meta.url));
const title = chromium
  ? "the page"
  : "the page, and kernels and training in a browser (skipped: no Chromium found; set CHROMIUM to its path)";

interface Opened {
  readonly page: Page;
  /** Errors on the console or thrown, answers that are no success, requests to another host. */
  readonly faults: readonly string[];
}

describe.skipIf(!chromium)(title, () => {
  let browser: Browser;
  let context: BrowserContext;

  beforeAll(async () => {
    mkdirSync(`${output}screenshots`, { recursive: true });
    await buildPage();
    browser = await launch();
  });
  afterEach(() => context?.close());
  afterAll(() => browser?.close());

  async function open(url: string, part: string, options = {}, on = browser): Promise<Opened> {
    context = await on.newContext({ viewport: { width: 1280, height: 800 }, ...options });
    const page = await context.newPage();
    const faults: string[] = [];
    page.on("console", (message) => {
      if (["error", "warning"].includes(message.type())) faults.push(message.text());
    });
    page.on("pageerror", ({ message }) => faults.push(message));
    page.on("request", (request) => {
      if (!request.url().startsWith(url) && !request.url().startsWith("blob:")) faults.push(request.url());
    });
    page.on("response", (response) => {
      if (!response.ok() && response.status() !== 304) faults.push(`${response.status()} ${response.url()}`);
    });
    await page.addInitScript(() => {
      const seen = { shift: 0 };
      Object.assign(globalThis, { seen });
      new PerformanceObserver((list) => {
        for (const entry of list.getEntries() as (PerformanceEntry & { value: number })[])
          seen.shift += entry.value;
      }).observe({ type: "layout-shift", buffered: true });
    });
    await page.goto(`${url}#${part}`);
    return { page, faults };
  }

  const text = (page: Page, id: string) => page.locator(`#${id}`).innerText();
  const seen = (page: Page) =>
    page.evaluate(() => (globalThis as unknown as { seen: { shift: number } }).seen);
  const finished = (page: Page, what = "done") =>
    page.waitForFunction((what) => document.getElementById("status-left")!.textContent === what, what);
  const denoised = (page: Page, times = 1) =>
    page.waitForFunction((times) => performance.getEntriesByName("denoised").length >= times, times);
  const message = async (page: Page, part: string) => {
    const element = page.locator(`#${part}-message`);
    await element.waitFor();
    return element.innerText();
  };

  async function saved(page: Page, id: string): Promise<{ name: string; bytes: Buffer }> {
    const [download] = await Promise.all([page.waitForEvent("download"), page.click(`#${id}`)]);
    return { name: download.suggestedFilename(), bytes: readFileSync(await download.path()) };
  }

  describe.each([
    ["cross-origin isolated", true],
    ["not isolated", false],
  ] as const)("%s", (_, isolated) => {
    let server: Awaited<ReturnType<typeof serve>>;
    beforeAll(async () => {
      server = await serve({ port: 0, isolated });
    });
    afterAll(() => server.close());

    it("denoises a picture as it opens, and one that is chosen", async () => {
      const { page, faults } = await open(server.url, "denoise");
      await denoised(page);
      expect(await page.evaluate(() => crossOriginIsolated)).toBe(isolated);
      expect(await text(page, "noisy-psnr")).toMatch(/^2\d\.\d\d dB$/);
      expect(await text(page, "denoised-psnr")).toMatch(/^\d+\.\d\d dB$/);
      await page.locator("#added").fill("0");
      await denoised(page, 2);
      const side = 40;
      await page.setInputFiles("#picture-file", {
        name: "squares.png",
        mimeType: "image/png",
        buffer: png(side, side, (x, y) => ((x >> 3) + (y >> 3)) % 2 === 0),
      });
      await denoised(page, 3);
      expect(await text(page, "picture-facts")).toBe("squares.png, 40 × 40");
      expect(await text(page, "noisy-psnr")).toBe("–");
      const { name, bytes } = await saved(page, "download");
      expect(name).toBe("squares-denoised.png");
      expect(bytes.readUInt32BE(16)).toBe(side);
      expect(faults).toEqual([]);
    });

    it("trains ten epochs to Node's losses and bytes, which can be saved and loaded", async () => {
      const data = await loadFashionMnistFrom(fileURLToPath(new URL("../data", import.meta.url)));
      const training = train({ ...recipes["fashion-autoencoder"], epochs: 10 }, data, {
        seed: 1,
        threads: 1,
      });
      const epochs: Epoch[] = [];
      for await (const epoch of training) epochs.push(epoch);
      const expected = Buffer.from(encodeModel(await training.model()));

      const { page, faults } = await open(server.url, "train");
      await page.fill("#epochs", "10");
      await page.fill("#threads", "2");
      await page.click("#start");
      await finished(page);
      expect(await text(page, "status-build")).toBe(isolated ? "simd, 2 threads" : "simd, 1 thread");
      expect(await text(page, "status-loss")).toBe(epochs.at(-1)!.loss.toFixed(1));
      expect(await text(page, "verdict")).toContain("compresses more than it denoises");
      const figure = await saved(page, "save-figure");
      expect(figure.name).toBe("test-pictures.png");
      expect(figure.bytes.readUInt32BE(16)).toBeGreaterThan(1000);
      const { name, bytes } = await saved(page, "save-model");
      expect(name).toBe("fashion-autoencoder-seed-1-epoch-10.safetensors");
      expect(bytes.equals(expected)).toBe(true);

      await page.reload();
      expect(await page.isDisabled("#save-model")).toBe(true);
      await page.setInputFiles("#load-model", { name, mimeType: "", buffer: bytes });
      await page.waitForFunction(() => !document.querySelector<HTMLButtonElement>("#save-model")!.disabled);
      expect((await saved(page, "save-model")).bytes.equals(expected)).toBe(true);
      await page.click("#tab-inside");
      expect(await page.locator("#code-sliders input").count()).toBe(32);
      const before = await page.locator("#decoded").evaluate(pixelsOf);
      await page.locator("#code-garments button").first().click();
      expect(await page.locator("#decoded").evaluate(pixelsOf)).not.toBe(before);
      expect(faults).toEqual([]);
    });
  });

  describe("served as npm run web does", () => {
    let server: Awaited<ReturnType<typeof serve>>;
    beforeAll(async () => {
      server = await serve({ port: 0 });
    });
    afterAll(() => server.close());

    it("travels in less than 150 KB and opens without a shift", async () => {
      const sizes = transferSizes();
      expect(sizes.map(({ name }) => name)).toContain("picture-worker.js");
      expect(sizes.reduce((sum, { bytes }) => sum + bytes, 0)).toBeLessThan(150_000);
      const { page } = await open(server.url, "denoise");
      await denoised(page);
      expect((await seen(page)).shift).toBeLessThan(0.01);
    });

    it("pauses, goes on and stops, and stays free meanwhile", async () => {
      const { page, faults } = await open(server.url, "train");
      await page.waitForTimeout(300);
      await browser.startTracing(page, {
        categories: ["__metadata", "disabled-by-default-devtools.timeline"],
      });
      await page.fill("#epochs", "1000");
      await page.click("#start");
      await page.waitForFunction(() =>
        document.getElementById("status-epoch")!.textContent!.startsWith("4 "),
      );
      await page.click("#pause");
      expect(await text(page, "pause")).toBe("Go on");
      await page.waitForTimeout(200);
      const paused = await text(page, "status-epoch");
      await page.waitForTimeout(700);
      expect(await text(page, "status-epoch")).toBe(paused);
      await page.click("#pause");
      await page.waitForFunction(
        (was) => document.getElementById("status-epoch")!.textContent !== was,
        paused,
      );
      await page.click("#stop");
      await finished(page, "stopped");
      expect(await page.isEnabled("#start")).toBe(true);
      const tasks = mainThreadTasks(await browser.stopTracing());
      expect(tasks.length).toBeGreaterThan(100);
      expect(Math.max(...tasks)).toBeLessThan(50);
      expect(faults).toEqual([]);
    });

    it("saves a checkpoint, Node's bytes, and goes on from it after a reload to the uninterrupted model", async () => {
      const recipe = { ...recipes["fashion-autoencoder"], epochs: 6 };
      const folder = fileURLToPath(new URL("../data", import.meta.url));
      const data = await loadFashionMnistFrom(folder, { source: "embedded sample" });
      const whole = train(recipe, data, { seed: 3, threads: 1 });
      await whole.next();
      const early = whole.checkpoint();
      const expected = Buffer.from(encodeModel(await whole.model()));

      const { page, faults } = await open(server.url, "train");
      expect(await page.isDisabled("#save-checkpoint")).toBe(true);
      await page.fill("#epochs", "6");
      await page.fill("#seed", "3");
      await page.fill("#threads", "2");
      await page.click("#start");
      expect(await page.isDisabled("#load-checkpoint")).toBe(true);
      await page.waitForFunction(() =>
        document.getElementById("status-epoch")!.textContent!.startsWith("3 "),
      );
      let file: { name: string; bytes: Buffer };
      let checkpoint: Checkpoint;
      do {
        // Until a pause begins within an epoch, and not after its end.
        await page.click("#pause");
        await page.waitForTimeout(200);
        file = await saved(page, "save-checkpoint");
        checkpoint = decodeCheckpoint(file.bytes, file.name);
        if (checkpoint.position.batches === 0) await page.click("#pause");
      } while (checkpoint.position.batches === 0);
      const { position, epochs } = checkpoint;
      expect(file.name).toBe("fashion-autoencoder-seed-3-checkpoint.safetensors");
      await page.click("#stop");
      await finished(page, "stopped");
      const stopped = await saved(page, "save-checkpoint");
      const { tensors } = decodeCheckpoint(stopped.bytes, stopped.name);
      expect(tensors).toEqual(checkpoint.tensors);

      // Node at the same place: all but the times is the same.
      const network = await networkFor(recipe, data.train.count, 3, { threads: 1 });
      const state = new TrainingState(network, recipe, data.train, 3);
      while (state.epoch < position.epoch) {
        state.step();
        if (state.atEndOfEpoch) state.endEpoch();
      }
      while (state.batches < position.batches) state.step();
      const { epoch, batches, lossSum } = state;
      const here = encodeCheckpoint({
        ...early,
        position: { epoch, batches, lossSum, seconds: position.seconds },
        epochs: epochs.map(({ number, seconds }) => ({
          number,
          loss: whole.epochs[number - 1]!.loss,
          seconds,
        })),
        tensors: state.tensors(),
      });
      expect(file.bytes.equals(here)).toBe(true);

      await page.reload();
      expect(await page.isDisabled("#save-checkpoint")).toBe(true);
      await page.setInputFiles("#load-checkpoint", { name: file.name, mimeType: "", buffer: file.bytes });
      await finished(page);
      expect(await text(page, "status-epoch")).toBe("6 of 6");
      expect([await page.inputValue("#epochs"), await page.inputValue("#seed")]).toEqual(["6", "3"]);
      expect(await text(page, "status-loss")).toBe(whole.epochs.at(-1)!.loss.toFixed(1));
      expect((await saved(page, "save-model")).bytes.equals(expected)).toBe(true);
      const rest = resume(checkpoint, data, { threads: 2 });
      expect(expected.equals(encodeModel(await rest.model()))).toBe(true);

      // A complete training leaves nothing to go on with; the page goes on from Node's.
      expect(await page.isDisabled("#save-checkpoint")).toBe(true);
      const load = (buffer: Uint8Array) =>
        page.setInputFiles("#load-checkpoint", {
          name: "run.safetensors",
          mimeType: "",
          buffer: Buffer.from(buffer),
        });
      await load(encodeCheckpoint(early));
      await page.waitForFunction(() => document.getElementById("status-left")!.textContent !== "done");
      await finished(page);
      expect((await saved(page, "save-model")).bytes.equals(expected)).toBe(true);
      expect(faults).toEqual([]);

      await load(encodeModel(whole.snapshot()));
      expect(await message(page, "train")).toMatch(/^run\.safetensors is .* not a checkpoint/);
      await load(encodeCheckpoint({ ...early, data: { ...early.data, sha256: "0".repeat(64) } }));
      await finished(page, "failed");
      expect(await message(page, "train")).toMatch(
        /^This training began on Fashion-MNIST .*Give it the data/,
      );
      expect(await page.isEnabled("#start")).toBe(true);
    });

    it("says what is wrong, and goes on working", async () => {
      const { page } = await open(server.url, "denoise");
      await denoised(page);
      const choose = (name: string, buffer: Buffer) =>
        page.setInputFiles("#picture-file", { name, mimeType: "image/png", buffer });
      await choose("notes.png", Buffer.from("no picture"));
      expect(await message(page, "denoise")).toMatch(/notes\.png is not a picture/);
      await choose(
        "huge.png",
        png(10_000, 6_000, () => false),
      );
      await page.waitForFunction(() =>
        document.getElementById("denoise-message")!.textContent!.includes("10000"),
      );
      expect(await message(page, "denoise")).toMatch(/10000 × 6000 pixels, more than 50 million/);
      await page.click("#camera");
      await page.waitForFunction(() =>
        document.getElementById("denoise-message")!.textContent!.includes("camera"),
      );
      expect(await message(page, "denoise")).toMatch(/cannot be used .*Allow it/);
      await page.click("[data-sample=drawing]");
      await denoised(page, 2);
      expect(await page.locator("#denoise-message").isHidden()).toBe(true);

      await page.click("#tab-train");
      const broken = { name: "broken.safetensors", mimeType: "", buffer: Buffer.alloc(50, 1) };
      await page.setInputFiles("#load-model", broken);
      expect(await message(page, "train")).toMatch(/broken\.safetensors/);
      await page.fill("#learning-rate", "-1");
      await page.click("#start");
      expect(await message(page, "train")).toMatch(/learningRate has to be above 0/);
      await page.fill("#learning-rate", "0.1");
      await page.fill("#epochs", "1");
      await page.click("#start");
      await finished(page);
      expect(await page.locator("#train-message").isHidden()).toBe(true);
    });

    it("says so where there is no SIMD", async () => {
      const old = await launch(["--js-flags=--no-enable-ssse3"]);
      try {
        const { page } = await open(server.url, "denoise", {}, old);
        expect(await page.evaluate(() => document.readyState)).toBe("complete");
        expect(await message(page, "page")).toMatch(/no WebAssembly SIMD.*Chrome 91/);
        await page.click("#tab-train");
        expect(await page.locator("#train").isVisible()).toBe(true);
      } finally {
        await old.close();
      }
    });

    it("can be used by keyboard, and every control has a name", async () => {
      const { page } = await open(server.url, "denoise");
      await page.focus("#tab-denoise");
      await page.keyboard.press("ArrowRight");
      expect(await page.locator("#train").isVisible()).toBe(true);
      await page.keyboard.press("End");
      await page.locator("#inside").waitFor();
      expect(await page.locator("#inside").isVisible()).toBe(true);
      expect(await page.evaluate(() => document.activeElement!.id)).toBe("tab-inside");
      await page.keyboard.press("Home");
      await page.focus("#split");
      await page.keyboard.press("End");
      expect(
        await page.locator("#compare").evaluate((element) => element.style.getPropertyValue("--split")),
      ).toBe("100%");
      const nameless = await page.evaluate(() =>
        [...document.querySelectorAll<HTMLElement>("button, input, select, canvas, progress, [role=tab]")]
          .filter((element) => {
            const labels = (element as HTMLInputElement).labels;
            const name =
              element.getAttribute("aria-label") ??
              (labels?.length
                ? [...labels].map(({ textContent }) => textContent).join("")
                : element.textContent);
            return !name?.trim();
          })
          .map(({ id, outerHTML }) => id || outerHTML),
      );
      expect(nameless).toEqual([]);
    });

    it.each([
      [1280, 800, "light"],
      [1280, 800, "dark"],
      [390, 844, "light"],
      [390, 844, "dark"],
    ] as const)("fits %i×%i, %s", async (width, height, colorScheme) => {
      const { page, faults } = await open(server.url, "denoise", {
        viewport: { width, height },
        colorScheme,
        isMobile: width < 500,
        hasTouch: width < 500,
      });
      const shoot = (part: string) =>
        page.screenshot({
          path: `${output}screenshots/${part}-${width}-${colorScheme}.png`,
          fullPage: width < 500,
        });
      const overflow = () =>
        page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      await denoised(page);
      await shoot("denoise");
      expect(await overflow()).toBeLessThanOrEqual(0);
      await page.click("#tab-train");
      await page.fill("#epochs", "5");
      await page.click("#start");
      await finished(page);
      await shoot("train");
      expect(await overflow()).toBeLessThanOrEqual(0);
      await page.click("#tab-inside");
      await page.locator("#code-garments button").nth(1).click();
      await shoot("inside");
      expect(await overflow()).toBeLessThanOrEqual(0);
      expect(faults).toEqual([]);
    });
  });
});

function launch(more: string[] = []): Promise<Browser> {
  return launcher.launch({ executablePath: chromium!, args: [...chromiumArguments, ...more] });
}

/** Processor time of each task of the page's own thread, in ms: what it takes where no other process is in the way. */
function mainThreadTasks(trace: Buffer): number[] {
  interface TraceEvent {
    readonly name: string;
    readonly pid: number;
    readonly tid: number;
    readonly tdur?: number;
    readonly args: { readonly name?: string };
  }
  const events: TraceEvent[] = JSON.parse(trace.toString()).traceEvents;
  const main = new Set(
    events
      .filter(({ name, args }) => name === "thread_name" && args.name === "CrRendererMain")
      .map(({ pid, tid }) => `${pid} ${tid}`),
  );
  return events
    .filter(({ name, pid, tid }) => name === "RunTask" && main.has(`${pid} ${tid}`))
    .map(({ tdur = 0 }) => tdur / 1000);
}

function pixelsOf(canvas: HTMLElement | SVGElement): string {
  return (canvas as HTMLCanvasElement).toDataURL();
}

/** A PNG file of black and white pixels. */
function png(width: number, height: number, isWhite: (x: number, y: number) => boolean): Buffer {
  const stride = 1 + Math.ceil(width / 8);
  const rows = Buffer.alloc(height * stride);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) if (isWhite(x, y)) rows[y * stride + 1 + (x >> 3)]! |= 128 >> (x & 7);
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header[8] = 1;
  const chunk = (type: string, data: Buffer) => {
    const body = Buffer.concat([Buffer.from(type), data]);
    const ends = Buffer.alloc(8);
    ends.writeUInt32BE(data.length, 0);
    ends.writeUInt32BE(crc32(body), 4);
    return Buffer.concat([ends.subarray(0, 4), body, ends.subarray(4)]);
  };
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return Buffer.concat([
    signature,
    chunk("IHDR", header),
    chunk("IDAT", deflateSync(rows)),
    chunk("IEND", Buffer.alloc(0)),
  ]);
}
