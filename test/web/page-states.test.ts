/** Every state of the tab "Denoise": that it can be read and used in all colours and sizes. Pictures are kept in test/.output. */
import { mkdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Page, Route } from "playwright";
import { beforeAll, expect, it } from "vitest";
import { normal } from "../support/networks.ts";
import { denoised, message, openPage, pngFile } from "../support/open-page.ts";
import { accessibilityFaults, hiddenTexts, smallTargets, sticksOut } from "../support/page-layout.ts";
import { describePage } from "../support/page-suite.ts";

const screenshots = fileURLToPath(new URL("../.output/screenshots/", import.meta.url));

const side = 160;
const noise = normal(side * side, 77);
/** Soft forms with noise that is independent from pixel to pixel. */
const noisy = (name: string) =>
  pngFile(name, [side, side], undefined, (x, y) => {
    const clean = 70 + 0.5 * x + (Math.hypot((x % 50) - 25, (y % 50) - 25) < 14 ? 50 : 0);
    return Math.min(255, Math.max(0, Math.round(clean + 18 * noise[y * side + x]!)));
  });
const drawing = pngFile("drawing.png", [40, 40], (x, y) => ((x >> 3) + (y >> 3)) % 2 === 0);
const broken = { name: "broken.jpg", mimeType: "image/jpeg", buffer: Buffer.from("none") };

/** Requests that are answered only when they are let go: what waits for them stays as it is. */
class Held {
  readonly #routes: Route[] = [];
  #isHeld = false;

  static async in(page: Page, files: RegExp): Promise<Held> {
    const held = new Held();
    await page.route(files, (route) => (held.#isHeld ? held.#routes.push(route) : route.continue()));
    return held;
  }

  hold(): void {
    this.#isHeld = true;
  }

  async letGo(): Promise<void> {
    this.#isHeld = false;
    await Promise.all(this.#routes.splice(0).map((route) => route.continue()));
  }
}

const tagIs = (page: Page, words: string) =>
  page.waitForFunction((words) => document.getElementById("after-tag")!.textContent === words, words);

/** Goes through the states, one after the other. */
async function goThrough(page: Page, look: (state: string) => Promise<void>): Promise<void> {
  const models = await Held.in(page, /photo-tiny\.safetensors/);
  const learning = await Held.in(page, /learn-worker\.js/);
  const files = await Held.in(page, /picture-file-\w+\.js/);
  let count = 1;
  const next = () => denoised(page, ++count);
  await denoised(page);
  await page.waitForFunction(() => document.getElementById("denoised-psnr")!.textContent !== "–");
  await look("done");

  models.hold();
  await page.selectOption("#model", "photo-tiny");
  await tagIs(page, "denoising…");
  await look("working");
  await models.letGo();
  await next();
  await page.selectOption("#model", "photo");
  await next();

  await page.click("#zoom-200");
  await page.click("#magnifier");
  await look("magnifier");
  await page.click("#magnifier");
  await page.click("#zoom-fit");
  await page.click("#difference");
  await tagIs(page, "taken away, × 4");
  await look("difference");
  await page.click("#difference");

  await page.selectOption("#noise-kind", "white");
  await next();
  await page.uncheck("#auto");
  await next();
  await look("by-hand");
  await page.check("#auto");
  await next();

  await page.setInputFiles("#picture-file", drawing);
  await next();
  await tagIs(page, "unchanged");
  await look("drawing");

  await page.setInputFiles("#picture-file", [
    noisy(`${"a-long-name-".repeat(9)}.png`),
    broken,
    noisy("c.png"),
  ]);
  await next();
  await look("strip");
  files.hold();
  await page.click("#zip");
  await page.locator("#strip-names [data-state=working]").waitFor();
  await look("zip");
  await Promise.all([page.waitForEvent("download"), files.letGo()]);
  await page.locator("#zip:enabled").waitFor();
  await look("zip-done");

  await page.setInputFiles("#picture-file", broken);
  await message(page, "denoise");
  await look("error");
  await page.setInputFiles("#picture-file", noisy("cells.png"));
  await next();

  learning.hold();
  await page.click("#calibrate");
  await tagIs(page, "learning…");
  await look("calibrating");
  await learning.letGo();
  await next();
  await look("calibrated");
  await page.click("#forget");
  await next();

  await page.click("#learn");
  await page.waitForFunction(() => performance.getEntriesByName("looked").length > 1);
  await look("learning");
  await page.click("#work-cancel");
  await tagIs(page, "denoised");

  await page.click("#camera");
  await page.locator("#camera-rate").filter({ hasText: "frames a second" }).waitFor();
  await look("camera");
  await page.click("#camera-close");
}

const camera = ["--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"];

describePage(
  "the states of Denoise",
  (at) => {
    beforeAll(() => {
      mkdirSync(screenshots, { recursive: true });
    });

    it.each([
      [1280, 800],
      [390, 844],
    ])(
      "can be read and used, %i×%i",
      async (width, height) => {
        const phone = width < 500;
        await using opened = await openPage(at.browser, at.url, "denoise", {
          viewport: { width, height },
          reducedMotion: "reduce",
          serviceWorkers: "block",
          isMobile: phone,
          hasTouch: phone,
        });
        const { page, faults } = opened;
        const seen: string[] = [];
        const found: string[] = [];
        const look = async (state: string) => {
          for (const colors of ["light", "dark", "forced"] as const) {
            await page.emulateMedia({
              colorScheme: colors === "dark" ? "dark" : "light",
              forcedColors: colors === "forced" ? "active" : "none",
            });
            const path = `${screenshots}denoise-${state}-${width}-${colors}.png`;
            if (colors !== "forced") await page.screenshot({ path, fullPage: phone });
            // Colours and names do not depend on the width.
            const faults = phone ? [] : await accessibilityFaults(page);
            found.push(...faults.map((fault) => `${state}, ${colors}: ${fault}`));
          }
          await page.emulateMedia({ colorScheme: "light", forcedColors: "none" });
          const layout = [...(await sticksOut(page)), ...(await hiddenTexts(page))];
          if (phone) layout.push(...(await smallTargets(page)));
          found.push(...layout.map((fault) => `${state}: ${fault}`));
          seen.push(state);
        };
        await goThrough(page, look);
        expect(found).toEqual([]);
        expect(seen).toContain("camera");
        expect(faults).toEqual([]);
      },
      600_000,
    );
  },
  ...camera,
);
