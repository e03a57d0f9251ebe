/** What the page must never do: say what is not so, show what is late, lose the focus or its layout, need the network. */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page } from "playwright";
import { expect, it } from "vitest";
import { decodePng } from "../../src/pictures/png.ts";
import { folder } from "../../web/build.js";
import { serve } from "../../web/server.js";
import {
  denoised,
  ended,
  epochsShown,
  goTo,
  idxFiles,
  message,
  openPage,
  pngFile,
  saved,
  text,
  wayShown,
} from "../support/open-page.ts";
import { smallTargets } from "../support/page-layout.ts";
import { describePage } from "../support/page-suite.ts";
import { servePlainly } from "../support/plain-server.ts";

/** Greys at random, which look like noise. */
const noise = (x: number, y: number) => Math.imul(Math.imul(x, 7919) ^ (y + 1), 0x9e3779b1) >>> 24;
const noisePicture = (name: string, side: number) => pngFile(name, [side, side], undefined, noise);
const focused = (page: Page) => page.evaluate(() => document.activeElement!.id);

describePage("the page's faults", (at) => {
  it("adds no noise to a picture of one's own, and measures it only where noise was added", async () => {
    await using opened = await openPage(at.browser, at.url, "denoise");
    const { page, faults } = opened;
    await denoised(page);
    await page.setInputFiles("#picture-file", noisePicture("own.png", 64));
    await denoised(page, 2);
    expect(await text(page, "before-tag")).toBe("as it came");
    const shown = await page.locator("#before canvas").evaluate((canvas) => {
      const { data } = (canvas as HTMLCanvasElement).getContext("2d")!.getImageData(0, 0, 64, 64);
      return [...data.filter((_, index) => index % 4 === 0)];
    });
    expect(shown).toEqual(Array.from({ length: 64 * 64 }, (_, i) => noise(i % 64, Math.floor(i / 64))));
    expect(await page.locator("#figures").isVisible()).toBe(false);
    expect(await text(page, "no-figures")).toMatch(/nobody has one/);
    await page.selectOption("#noise-kind", "white");
    await denoised(page, 3);
    expect(await text(page, "before-tag")).toBe("noisy, σ 25");
    expect(await text(page, "noisy-psnr")).toMatch(/^2\d\.\d\d dB$/);
    await page.setInputFiles("#picture-file", noisePicture("next.png", 64));
    await denoised(page, 4);
    expect(await text(page, "before-tag")).toBe("as it came");
    expect(faults).toEqual([]);
  });

  it("gives the result only when it is finished, and of what is shown", async () => {
    await using opened = await openPage(at.browser, at.url, "denoise");
    const { page, faults } = opened;
    await denoised(page);
    expect(await page.isEnabled("#download")).toBe(true);
    await page.setInputFiles("#picture-file", noisePicture("large.png", 3000));
    await page.waitForFunction(() => document.getElementById("after-tag")!.textContent === "denoising…");
    expect(await page.isEnabled("#download")).toBe(false);
    await page.waitForFunction(
      () => document.querySelector<HTMLProgressElement>("#work-progress")!.value % 1 > 0,
    );
    await page.focus("#work-cancel");
    await page.keyboard.press("Enter");
    await page.waitForFunction(() => document.getElementById("after-tag")!.textContent === "not denoised");
    expect(await page.isEnabled("#download")).toBe(false);
    expect(await focused(page)).toBe("split");
    expect(faults).toEqual([]);
  });

  it("drops what comes late", async () => {
    await using opened = await openPage(at.browser, at.url, "denoise", { serviceWorkers: "block" });
    const { page } = opened;
    await denoised(page);
    let arrived = false;
    await page.route("**/samples/window.jpg", async (route) => {
      await new Promise((resolve) => setTimeout(resolve, 1000));
      await route.continue();
      arrived = true;
    });
    await page.click("[data-sample=window]");
    await page.setInputFiles("#picture-file", noisePicture("newest.png", 48));
    await expect.poll(() => arrived, { timeout: 20_000 }).toBe(true);
    await denoised(page, 2);
    await page.waitForTimeout(500);
    expect(await text(page, "picture-facts")).toBe("newest.png, 48 × 48");
    // Settings in quick succession: the left side is that of the newest.
    await page.evaluate(() => {
      for (const kind of ["camera", "white", "none", "camera", "none"]) {
        const choice = document.querySelector<HTMLSelectElement>("#noise-kind")!;
        choice.value = kind;
        choice.dispatchEvent(new Event("change"));
      }
    });
    await denoised(page, 3);
    expect(await text(page, "before-tag")).toBe("as it came");
    expect(
      await page.locator("#before canvas").evaluate((canvas) => (canvas as HTMLCanvasElement).width),
    ).toBe(48);
  });

  it.each([
    [390, 844],
    [1280, 800],
  ])("keeps its layout with long names, %i×%i", async (width, height) => {
    await using opened = await openPage(at.browser, at.url, "denoise", { viewport: { width, height } });
    const { page } = opened;
    const long = `${"a-very-long-name-without-any-blank".repeat(6)}`;
    const places = () =>
      page.evaluate(() => ({
        overflow: document.documentElement.scrollWidth - document.documentElement.clientWidth,
        overlap:
          document.getElementById("stage")!.getBoundingClientRect().right -
          document.querySelector("#denoise .side")!.getBoundingClientRect().left,
      }));
    await denoised(page);
    await page.setInputFiles("#picture-file", noisePicture(`${long}.png`, 32));
    await denoised(page, 2);
    const wide = await places();
    // Room for a scroll bar is kept free.
    expect(wide.overflow).toBeLessThanOrEqual(0);
    if (width > 860) expect(wide.overlap).toBeLessThan(0);
    const broken = { name: `${long}.jpg`, mimeType: "image/jpeg", buffer: Buffer.from("none") };
    await page.setInputFiles("#picture-file", [broken, noisePicture(`${long}-2.png`, 32)]);
    await message(page, "denoise");
    expect((await places()).overflow).toBeLessThanOrEqual(0);
  });

  it("says why nothing was taken away", async () => {
    await using opened = await openPage(at.browser, at.url, "denoise");
    const { page } = opened;
    await denoised(page);
    await page.setInputFiles(
      "#picture-file",
      pngFile("squares.png", [40, 40], (x, y) => ((x >> 3) + (y >> 3)) % 2 === 0),
    );
    await denoised(page, 2);
    expect(await text(page, "denoise-time")).toMatch(/^Nothing was taken away: .* drawing/);
    expect(await text(page, "sigma-value")).toBe("none found");
    // By hand, it is denoised all the same.
    await page.uncheck("#auto");
    await denoised(page, 3);
    expect(await text(page, "denoise-time")).toMatch(/^Denoised in/);
  });

  it("says what is wrong in a field in the user's words, and leads there; keeps the focus", async () => {
    await using opened = await openPage(at.browser, at.url, "train");
    const { page } = opened;
    await page.click("#start");
    expect(await message(page, "train", /Choose/)).toBe(
      "Choose the pictures to train on, or drop them here.",
    );
    expect(await focused(page)).toBe("training-pictures");
    await page.selectOption("#recipe", "fashion-autoencoder");
    await page.fill("#noise-sigma", "much");
    await page.click("#start");
    expect(await message(page, "train", /such as/)).toMatch(
      /^Noise σ, if white has to be a number, such as 25/,
    );
    expect(await focused(page)).toBe("noise-sigma");
    await page.fill("#noise-sigma", "10");
    await page.fill("#epochs", "1.5");
    await page.click("#start");
    expect(await message(page, "train", /Epochs/)).toMatch(/^Epochs has to be a whole number from 1/);
    await page.fill("#epochs", "1000");
    await page.focus("#start");
    await page.keyboard.press("Enter");
    expect(await focused(page)).toBe("pause");
    await epochsShown(page, 1);
    await page.focus("#stop");
    await page.keyboard.press("Enter");
    await ended(page, "stopped");
    expect(await focused(page)).toBe("start");
    // Stopped at once, while it still loads.
    await page.evaluate(() => {
      for (const id of ["start", "stop"]) document.getElementById(id)!.click();
    });
    await ended(page, "stopped");
    expect(await text(page, "status-epoch")).toBe("–");
    expect(await text(page, "kept-state")).toMatch(/^It has ended, and nothing new of it is kept/);
    await page.fill("#epochs", "1");
    await page.click("#start");
    await ended(page);
    expect(await text(page, "kept-state")).toMatch(/^Complete, so it is not kept/);
  });

  it("shows what is chosen, where the divider is, progress and legend in forced colours", async () => {
    await using opened = await openPage(at.browser, at.url, "denoise", { forcedColors: "active" });
    const { page } = opened;
    await denoised(page);
    await page.evaluate(() => {
      document.getElementById("stage")!.ariaBusy = "true";
      document.querySelector<HTMLProgressElement>("#work-progress")!.value = 0.5;
    });
    const bar = await decodePng(await page.locator("#work-progress").screenshot(), "the progress");
    /** The colour in the middle of the bar's height, at a part of its width. */
    const colorAt = (part: number) => {
      const at = (bar.height >> 1) * bar.width + Math.floor(part * bar.width);
      return [...bar.data.slice(bar.channels * at, bar.channels * at + 3)];
    };
    expect(colorAt(0.25)).not.toEqual(colorAt(0.75));
    const colors = await page.evaluate(() => {
      const back = (selector: string) => getComputedStyle(document.querySelector(selector)!).backgroundColor;
      return {
        page: back("body"),
        tabs: [back("#tab-denoise"), back("#tab-train")],
        zooms: [back("#zoom-fit"), back("#zoom-100")],
        divider: back("#divider"),
      };
    });
    expect(colors.tabs[0]).not.toBe(colors.tabs[1]);
    expect(colors.zooms[0]).not.toBe(colors.zooms[1]);
    expect([colors.page, "rgba(0, 0, 0, 0)"]).not.toContain(colors.divider);
    await goTo(page, "train");
    const keys = await page.evaluate(() =>
      ["training", "test"].map((name) => {
        const style = getComputedStyle(document.querySelector(`.key.${name}`)!, "::before");
        return { filled: style.backgroundColor, line: `${style.borderTopWidth} ${style.borderTopStyle}` };
      }),
    );
    expect([colors.page, "rgba(0, 0, 0, 0)"]).not.toContain(keys[0]!.filled);
    expect(keys[1]!.line).toBe("3px dashed");
  });

  it("can be hit by a finger", async () => {
    await using opened = await openPage(at.browser, at.url, "denoise", {
      viewport: { width: 390, height: 844 },
      isMobile: true,
      hasTouch: true,
    });
    const { page } = opened;
    await denoised(page);
    expect(await smallTargets(page)).toEqual([]);
    await goTo(page, "train");
    expect(await smallTargets(page)).toEqual([]);
    await goTo(page, "inside");
    await wayShown(page);
    expect(await smallTargets(page)).toEqual([]);
  });

  it("cuts no label of the chart's axes", async () => {
    await using opened = await openPage(at.browser, at.url, "train");
    const { page } = opened;
    await page.selectOption("#recipe", "fashion-autoencoder");
    await page.fill("#epochs", "100000");
    await page.click("#start");
    await epochsShown(page, 1);
    await page.click("#stop");
    await ended(page, "stopped");
    const cut = await page.locator("#psnr-chart svg").evaluate((svg) => {
      const frame = svg.getBoundingClientRect();
      return [...svg.querySelectorAll("text")]
        .filter((text) => {
          const { left, right, top, bottom } = text.getBoundingClientRect();
          return left < frame.left || right > frame.right || top < frame.top || bottom > frame.bottom;
        })
        .map(({ textContent }) => textContent);
    });
    expect(cut).toEqual([]);
    expect(await page.locator("#psnr-chart").innerText()).toContain("100000");
  });

  it("shows a resumed curve with its earlier points", async () => {
    await using opened = await openPage(at.browser, at.url, "train");
    const { page } = opened;
    const chooseData = async () => {
      await page.selectOption("#recipe", "fashion-autoencoder");
      await page.selectOption("#data", "idx");
      await page.setInputFiles("#idx-files", idxFiles(200, 100));
    };
    await chooseData();
    await page.fill("#epochs", "10000");
    await page.click("#start");
    await epochsShown(page, 3);
    await page.waitForFunction(
      () => Number.parseInt(document.getElementById("status-epoch")!.innerText, 10) >= 3,
    );
    await page.click("#stop");
    await ended(page, "stopped");
    const { name, bytes } = await saved(page, "save-checkpoint");
    await page.reload();
    await page.locator("#train").waitFor();
    await chooseData();
    await page.setInputFiles("#load-checkpoint", { name, mimeType: "", buffer: bytes });
    // Before the first epoch that is trained anew.
    const curve = await page.locator("#psnr-chart path.test").getAttribute("d");
    expect(curve!.match(/[ML]/g)!.length).toBeGreaterThanOrEqual(3);
    await page.click("#stop");
    await ended(page, "stopped");
  });

  it.each([
    ["npm run web", () => serve({ port: 0 })],
    ["a server without headers", () => servePlainly()],
  ])(
    "works without a network after the first visit, workers included: %s",
    async (_, start) => {
      const own = await start();
      await using opened = await openPage(at.browser, own.url, "denoise");
      const { page } = opened;
      await denoised(page);
      await page.evaluate(() => navigator.serviceWorker.ready);
      // This one is kept from its first use on.
      await page.selectOption("#model", "photo-large");
      await denoised(page, 2);
      await own.close();
      await page.click("[data-sample=window]");
      await denoised(page, 3);
      await page.selectOption("#model", "photo-tiny");
      await denoised(page, 4);
      await page.selectOption("#model", "photo-large");
      await denoised(page, 5);
      await goTo(page, "train");
      await page.selectOption("#recipe", "fashion-autoencoder");
      await page.fill("#epochs", "1");
      await page.click("#start");
      await ended(page);
      await page.goto(`${own.url}#denoise`);
      await page.reload();
      await denoised(page);
    },
    120_000,
  );

  it("says that a model cannot be loaded, and denoises by the next that is chosen", async () => {
    await using opened = await openPage(at.browser, at.url, "denoise", { serviceWorkers: "block" });
    const { page } = opened;
    await denoised(page);
    await page.route(/photo-large/, (route) => route.abort());
    await page.selectOption("#model", "photo-large");
    expect(await message(page, "denoise")).toMatch(/^The model photo-large is not kept here, and the server/);
    await page.selectOption("#model", "photo-tiny");
    await denoised(page, 2);
    await page.unroute(/photo-large/);
    await page.selectOption("#model", "photo-large");
    await denoised(page, 3);
    expect(await text(page, "denoiser-facts")).toMatch(/^264 KB/);
  });

  it("keeps the files of a new version for later, not those that the browser still has of the one before", async () => {
    const copy = mkdtempSync(join(tmpdir(), "page-"));
    cpSync(folder, copy, { recursive: true });
    // As many hosts do it: a browser may take its own copy for ten minutes.
    const own = await servePlainly(copy, { "Cache-Control": "max-age=600" });
    try {
      await using opened = await openPage(at.browser, own.url, "train");
      const { page } = opened;
      await page.evaluate(() => navigator.serviceWorker.ready);
      const [before] = await page.evaluate(() => caches.keys());
      const change = (name: string, by: (text: string) => string) =>
        writeFileSync(join(copy, name), by(readFileSync(join(copy, name), "utf8")));
      change("train-worker.js", (text) => `${text}\n// new`);
      change("service-worker.js", (text) => text.replace(before!, "new"));
      await page.evaluate(async () => (await navigator.serviceWorker.ready).update());
      // The old ones are thrown away when all of the new ones are there.
      await expect.poll(() => page.evaluate(() => caches.keys()), { timeout: 60_000 }).toEqual(["new"]);
      const kept = await page.evaluate(async () => (await caches.match("train-worker.js"))!.text());
      expect(kept.endsWith("// new")).toBe(true);
    } finally {
      await own.close();
      rmSync(copy, { recursive: true });
    }
  }, 120_000);
});
