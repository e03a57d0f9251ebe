/** The built page in a real Chromium: what a person does there, with and without cross-origin isolation. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Browser } from "playwright";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadFashionMnistFrom } from "../../src/data/fashion-mnist.node.ts";
import { encodeModel } from "../../src/model/model-file.ts";
import { recipes } from "../../src/training/recipes.ts";
import { train } from "../../src/training/trainer.ts";
import { folder, transferSizes } from "../../web/build.js";
import { serve } from "../../web/server.js";
import { chromium } from "../support/chromium.js";
import { mainThreadTasks } from "../support/main-thread.ts";
import {
  denoised,
  ended,
  epochsShown,
  goTo,
  launch,
  message,
  openPage,
  pixelsOf,
  pngFile,
  restingCheckpoint,
  saved,
  text,
  wayShown,
} from "../support/open-page.ts";
import { servePlainly } from "../support/plain-server.ts";

const title = chromium
  ? "the page"
  : "the page, and kernels and training in a browser (skipped: no Chromium found; set CHROMIUM to its path)";

describe.skipIf(!chromium)(title, () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await launch();
  });
  afterAll(() => browser?.close());

  describe.each([
    ["as npm run web serves it", true, () => serve({ port: 0 })],
    ["in a folder of a plain web server, not cross-origin isolated", false, () => servePlainly()],
  ] as const)("%s", (_, isolated, start) => {
    let server: { readonly url: string; close(): Promise<void> };
    beforeAll(async () => {
      server = await start();
    });
    afterAll(() => server.close());

    it("denoises a picture as it opens, and one that is chosen", async () => {
      await using opened = await openPage(browser, server.url, "denoise");
      const { page, faults } = opened;
      await denoised(page);
      // Less than one on a machine that has nothing else to do: npm run bench:browser.
      const first = await page.evaluate(() => performance.getEntriesByName("denoised")[0]!.startTime);
      expect(first).toBeLessThan(15_000);
      expect(await page.evaluate(() => crossOriginIsolated)).toBe(isolated);
      await page.waitForFunction(() => document.getElementById("denoised-psnr")!.textContent !== "–");
      const psnr = async (name: string) => Number.parseFloat(await text(page, `${name}-psnr`));
      expect(await psnr("denoised")).toBeGreaterThan((await psnr("noisy")) + 5);
      expect(await text(page, "denoise-time")).toMatch(/^Denoised in .+ \(0\.27 megapixels\)\.$/);
      const side = 40;
      const squares = pngFile("squares.png", [side, side], (x, y) => ((x >> 3) + (y >> 3)) % 2 === 0);
      await page.setInputFiles("#picture-file", squares);
      await denoised(page, 2);
      expect(await text(page, "picture-facts")).toBe("squares.png, 40 × 40");
      const { name, bytes } = await saved(page, "download");
      // Of a drawing nothing is taken away: it is given back as it came.
      expect(name).toBe("squares.png");
      expect(bytes.equals(squares.buffer)).toBe(true);
      expect(faults).toEqual([]);
    });

    it("trains ten epochs to Node's losses and bytes, which can be saved and loaded", async () => {
      const expected = await tenEpochsInNode();
      await using opened = await openPage(browser, server.url, "train");
      const { page, faults } = opened;
      await page.selectOption("#recipe", "fashion-autoencoder");
      await page.fill("#epochs", "10");
      for (const threads of isolated ? [1, 2] : [2]) {
        await page.evaluate(() => performance.clearMarks("epoch"));
        await page.fill("#threads", String(threads));
        await page.click("#start");
        await epochsShown(page, 1);
        const rows = "#picture-rows canvas";
        const afterOne = await pixelsOf(page, `${rows}[aria-label^=denoised]`);
        await ended(page);
        expect(await text(page, "status-build")).toBe(
          isolated && threads === 2 ? "simd, 2 threads" : "simd, 1 thread",
        );
        const losses = await page.evaluate(() =>
          performance.getEntriesByName("epoch").map((mark) => (mark as PerformanceMark).detail.loss),
        );
        expect(losses).toEqual(expected.losses);
        expect(await text(page, "status-loss")).toBe(losses.at(-1).toFixed(1));
        const chart = page.locator("#psnr-chart svg");
        expect(await chart.getAttribute("aria-label")).toMatch(
          /: training PSNR [\d,.]+ after epoch 10, test PSNR/,
        );
        await page.hover("#psnr-chart", { position: { x: 60, y: 100 } });
        expect(await chart.textContent()).toMatch(/epoch 1: [\d,.]+ · test [\d,.]+/);
        expect(await text(page, "verdict")).toContain("compresses more than it denoises");
        const labels = await page.locator(rows).evaluateAll((all) => all.map(({ ariaLabel }) => ariaLabel));
        expect(labels.map((label) => label!.split(":")[0])).toEqual([
          ...["original", "noisy", "denoised", "fashion-conv"],
        ]);
        const shown = await Promise.all([0, 1, 2, 3].map((row) => pixelsOf(page, `${rows} >> nth=${row}`)));
        expect(new Set([afterOne, ...shown]).size).toBe(5);
        const { name, bytes } = await saved(page, "save-model");
        expect(name).toBe("fashion-autoencoder-seed-1-epoch-10.safetensors");
        expect(bytes.equals(expected.bytes)).toBe(true);
      }
      const figure = await saved(page, "save-figure");
      expect(figure.name).toBe("test-pictures.png");
      expect(figure.bytes.readUInt32BE(16)).toBeGreaterThan(1000);

      await page.reload();
      expect(await page.isDisabled("#save-model")).toBe(true);
      const file = { name: "trained.safetensors", mimeType: "", buffer: expected.bytes };
      await page.setInputFiles("#train-load", file);
      await page.waitForFunction(() => !document.querySelector<HTMLButtonElement>("#save-model")!.disabled);
      expect((await saved(page, "save-model")).bytes.equals(expected.bytes)).toBe(true);
      await goTo(page, "inside");
      await page.waitForFunction(() => document.querySelector("#code-sliders input"));
      expect(await page.locator("#code-sliders input").count()).toBe(32);
      const before = await pixelsOf(page, "#decoded");
      await page.locator("#code-garments button").first().click();
      const garment = await pixelsOf(page, "#decoded");
      expect(garment).not.toBe(before);
      const slider = page.locator("#code-sliders input").first();
      await slider.fill((await slider.inputValue()) > "0.5" ? "0" : "1");
      expect(await pixelsOf(page, "#decoded")).not.toBe(garment);
      expect(faults).toEqual([]);
    });
  });

  describe("what else it does", () => {
    let server: Awaited<ReturnType<typeof serve>>;
    beforeAll(async () => {
      server = await serve({ port: 0 });
    });
    afterAll(() => server.close());

    it("travels in less than 440 KB, the first view in less than 260, and photo-large only when it is chosen", async () => {
      const later = "models/photo-large.safetensors";
      expect(await (await fetch(`${server.url}service-worker.js`)).text()).toContain(`later = ["${later}"]`);
      const sizes = transferSizes().filter(({ name }) => name !== later);
      expect(sizes.map(({ name }) => name)).toContain("denoiser-worker.js");
      expect(sizes.reduce((sum, { bytes }) => sum + bytes, 0)).toBeLessThan(440_000);
      await using opened = await openPage(browser, server.url, "denoise");
      const { page } = opened;
      await denoised(page);
      const loaded = await page.evaluate(() =>
        performance.getEntriesByType("resource").map(({ name }) => new URL(name).pathname.slice(1)),
      );
      const first = sizes.filter(({ name }) => name === "index.html" || loaded.includes(name));
      expect(first.map(({ name }) => name)).toContain("models/photo.safetensors");
      expect(loaded).not.toContain(later);
      expect(first.reduce((sum, { bytes }) => sum + bytes, 0)).toBeLessThan(260_000);
    });

    it("shows another strength at once, without another run of the network", async () => {
      await using opened = await openPage(browser, server.url, "denoise");
      const { page, faults } = opened;
      await denoised(page);
      const isMeasured = (figure: string) =>
        page.waitForFunction(
          (figure) => document.getElementById("denoised-psnr")!.textContent === figure,
          figure,
        );
      await page.waitForFunction(() => document.getElementById("denoised-psnr")!.textContent !== "–");
      const quality = await text(page, "denoised-psnr");
      // As soon as the slider has moved, with no time for anything else.
      const opacity = await page.locator("#strength").evaluate((slider) => {
        (slider as HTMLInputElement).value = "0";
        slider.dispatchEvent(new Event("input"));
        return getComputedStyle(document.getElementById("after")!).opacity;
      });
      expect(opacity).toBe("0");
      await isMeasured(await text(page, "noisy-psnr"));
      await page.locator("#strength").fill("100");
      await isMeasured(quality);
      expect(await page.evaluate(() => performance.getEntriesByName("denoised").length)).toBe(1);
      expect(faults).toEqual([]);
    });

    it("pauses, goes on and stops, and stays free meanwhile", async () => {
      await using opened = await openPage(browser, server.url, "train");
      const { page, faults } = opened;
      await page.evaluate(() => new Promise((resolve) => requestIdleCallback(resolve)));
      await browser.startTracing(page, {
        categories: ["__metadata", "disabled-by-default-devtools.timeline"],
      });
      await page.selectOption("#recipe", "fashion-autoencoder");
      await page.fill("#epochs", "1000");
      await page.click("#start");
      await page.waitForFunction(
        () => Number.parseInt(document.getElementById("status-epoch")!.textContent!, 10) >= 4,
      );
      await page.click("#pause");
      expect(await text(page, "pause")).toBe("Go on");
      const { bytes } = await restingCheckpoint(page);
      const paused = await text(page, "status-epoch");
      expect((await saved(page, "save-checkpoint")).bytes.equals(bytes)).toBe(true);
      expect(await text(page, "status-epoch")).toBe(paused);
      await page.click("#pause");
      await page.waitForFunction(
        (was) => document.getElementById("status-epoch")!.textContent !== was,
        paused,
      );
      await page.click("#stop");
      await ended(page, "stopped");
      expect(await page.isEnabled("#start")).toBe(true);
      const tasks = mainThreadTasks(await browser.stopTracing());
      expect(tasks.length).toBeGreaterThan(100);
      expect(Math.max(...tasks)).toBeLessThan(50);
      expect(faults).toEqual([]);
    });

    it("cancels a large picture", async () => {
      await using opened = await openPage(browser, server.url, "denoise");
      const { page, faults } = opened;
      await denoised(page);
      await page.setInputFiles(
        "#picture-file",
        // Greys at random: what looks like noise.
        pngFile(
          "large.png",
          [6000, 3000],
          undefined,
          (x, y) => Math.imul(Math.imul(x, 7919) ^ (y + 1), 0x9e3779b1) >>> 24,
        ),
      );
      await page.waitForFunction(
        () => document.querySelector<HTMLProgressElement>("#work-progress")!.value % 1 > 0,
      );
      await page.click("#work-cancel");
      await page.waitForFunction(() =>
        document.getElementById("denoise-time")!.textContent!.startsWith("Cancelled"),
      );
      expect(await page.isDisabled("#work-cancel")).toBe(true);
      const before = await page.evaluate(() => performance.getEntriesByName("denoised").length);
      await page.click("[data-sample=window]");
      await denoised(page, before + 1);
      expect(faults).toEqual([]);
    });

    it("trains on a folder of pictures", async () => {
      await using opened = await openPage(browser, server.url, "train");
      const { page, faults } = opened;
      const pictures = mkdtempSync(join(tmpdir(), "pictures-"));
      try {
        for (let i = 0; i < 20; i++) {
          const { buffer } = pngFile("", [40, 30], (x, y) => (x * (i + 1) + y * 7) % 11 < 5);
          writeFileSync(join(pictures, `${String(i).padStart(2, "0")}.png`), buffer);
        }
        await page.selectOption("#recipe", "fashion-conv");
        await page.selectOption("#data", "pictures");
        await page.setInputFiles("#folder-files", pictures);
        await page.fill("#epochs", "2");
        await page.fill("#batch", "9");
        await page.click("#start");
        await ended(page);
      } finally {
        rmSync(pictures, { recursive: true });
      }
      expect(await text(page, "verdict")).toMatch(/^PSNR of the test pictures: noisy \d/);
      const labels = await page
        .locator("#picture-rows canvas")
        .evaluateAll((all) => all.map(({ ariaLabel }) => ariaLabel));
      expect(labels).toEqual(["original", "noisy", "denoised"].map((row) => `${row}: picture 1, picture 2`));
      await goTo(page, "inside");
      // The way of the photograph that Denoise shows, and no sliders for a code.
      await wayShown(page);
      expect(await text(page, "weights-facts")).toContain("16 filters");
      expect(await page.locator("#way-rows canvas").count()).toBe(recipes["fashion-conv"].spec.layers.length);
      expect(await page.locator("#code").isVisible()).toBe(false);
      expect(faults).toEqual([]);
    });

    it("takes a picture with the camera", async () => {
      const withCamera = await launch(
        "--use-fake-device-for-media-stream=fps=30",
        "--use-fake-ui-for-media-stream",
      );
      try {
        await using opened = await openPage(withCamera, server.url, "denoise");
        const { page, faults } = opened;
        await denoised(page);
        // The fake camera's drawing has no noise; a level by hand has it denoised all the same.
        await page.uncheck("#auto");
        await denoised(page, 2);
        await page.click("#camera");
        const rate = page.locator("#camera-rate").filter({ hasText: "frames a second" });
        await rate.waitFor();
        expect(await rate.innerText()).toMatch(/^Denoised live: [1-9]\d* frames a second\.$/);
        await page.click("#camera-take");
        await denoised(page, 3);
        expect(await text(page, "picture-facts")).toMatch(/^camera, \d+ × \d+$/);
        expect(faults).toEqual([]);
      } finally {
        await withCamera.close();
      }
    });

    it("says what is wrong, and goes on working", async () => {
      await using opened = await openPage(browser, server.url, "denoise");
      const { page } = opened;
      await denoised(page);
      const noPicture = { name: "notes.png", mimeType: "image/png", buffer: Buffer.from("no picture") };
      await page.setInputFiles("#picture-file", noPicture);
      expect(await message(page, "denoise")).toMatch(/notes\.png is not a picture/);
      await page.setInputFiles("#picture-file", pngFile("huge.png", [10_000, 6_000]));
      expect(await message(page, "denoise", /10000/)).toMatch(/10000 × 6000 pixels, more than 50 million/);
      await page.click("#camera");
      expect(await message(page, "denoise", /camera/)).toMatch(/cannot be used .*Allow it/);
      await page.click("[data-sample=window]");
      await denoised(page, 2);
      expect(await page.locator("#denoise-message").isHidden()).toBe(true);

      const broken = { name: "broken.safetensors", mimeType: "", buffer: Buffer.alloc(50, 1) };
      for (const part of ["inside", "train"]) {
        await goTo(page, part);
        await page.setInputFiles(`#${part}-load`, broken);
        expect(await message(page, part)).toMatch(/broken\.safetensors/);
      }
      await page.setInputFiles("#load-checkpoint", { ...broken, name: "torn.safetensors" });
      expect(await message(page, "train", /torn/)).toMatch(/torn\.safetensors/);
      await page.selectOption("#recipe", "fashion-autoencoder");
      await page.selectOption("#data", "idx");
      await page.click("#start");
      expect(await message(page, "train", /IDX|idx3/)).toMatch(
        /train-images-idx3-ubyte is not among the files/,
      );
      await page.selectOption("#data", "sample");
      await page.fill("#learning-rate", "-1");
      await page.click("#start");
      expect(await message(page, "train", /rate/)).toMatch(/^Learning rate has to be a number above 0/);
      await page.fill("#learning-rate", "0.1");
      await page.fill("#epochs", "1");
      await page.click("#start");
      await ended(page);
      expect(await page.locator("#train-message").isHidden()).toBe(true);
    });

    it("says so where there is no SIMD", async () => {
      const old = await launch("--js-flags=--no-enable-ssse3");
      try {
        await using opened = await openPage(old, server.url, "denoise");
        const { page } = opened;
        expect(await page.evaluate(() => document.readyState)).toBe("complete");
        expect(await message(page, "page")).toMatch(/no WebAssembly SIMD.*Chrome 91/);
        await goTo(page, "train");
      } finally {
        await old.close();
      }
    });

    it("says so where it was opened as a file", async () => {
      await using opened = await openPage(browser, `file://${folder}index.html`, "denoise");
      expect(await message(opened.page, "page")).toMatch(/opened as a file .*npm run web/);
    });
  });
});

/** Losses and model file of the classic recipe after ten epochs on the embedded sample. */
let inNode: Promise<{ losses: number[]; bytes: Buffer }> | undefined;
function tenEpochsInNode() {
  inNode ??= (async () => {
    const data = await loadFashionMnistFrom(fileURLToPath(new URL("../../data", import.meta.url)));
    const recipe = { ...recipes["fashion-autoencoder"], epochs: 10 };
    const training = train(recipe, data, { seed: 1, threads: 1 });
    const losses: number[] = [];
    for await (const { loss } of training) losses.push(loss);
    return { losses, bytes: Buffer.from(encodeModel(await training.model())) };
  })();
  return inNode;
}
