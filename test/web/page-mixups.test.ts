/** What the page must keep apart: models, pictures and settings of now and of before, in unusual orders of use. */
import { readFileSync } from "node:fs";
import { unzipSync } from "fflate";
import type { Page } from "playwright";
import { expect, it } from "vitest";
import { encodeModel } from "../../src/model/model-file.ts";
import { folder } from "../../web/build.js";
import { denseModel } from "../support/dense-models.ts";
import { normal } from "../support/networks.ts";
import {
  denoised,
  ended,
  goTo,
  message,
  openPage,
  pngFile,
  saved,
  showAllSettings,
  text,
  wayShown,
} from "../support/open-page.ts";
import { describePage } from "../support/page-suite.ts";

const side = 112;
const values = normal(side * side, 5);
/** A picture with noise. */
const noisy = (name: string) =>
  pngFile(name, [side, side], undefined, (x, y) =>
    Math.min(255, Math.max(0, Math.round(60 + x + 15 * values[y * side + x]!))),
  );

const tiny = readFileSync(`${folder}models/photo-tiny.safetensors`);
const model = (name: string, buffer: Buffer = tiny) => ({ name, mimeType: "", buffer });

const count = (page: Page) => page.evaluate(() => performance.getEntriesByName("denoised").length);

/** Does something, and waits until a picture is denoised anew. */
async function andDenoised(page: Page, action: () => Promise<unknown>): Promise<void> {
  const before = await count(page);
  await action();
  await denoised(page, before + 1);
}

/** Drags a file onto the page. With `type` "dragenter", it is not dropped. */
function drag(
  page: Page,
  type: "dragenter" | "drop",
  file?: { name: string; buffer: Buffer },
): Promise<void> {
  return page.evaluate(
    ({ type, name, bytes }) => {
      const data = new DataTransfer();
      if (bytes) data.items.add(new File([Uint8Array.from(bytes)], name!, { type: "image/png" }));
      else data.setData("text/plain", "words");
      const event = new DragEvent(type, { dataTransfer: data, bubbles: true, cancelable: true });
      document.querySelector("h1")!.dispatchEvent(event);
    },
    { type, name: file?.name, bytes: file && [...file.buffer] },
  );
}

const facts = (page: Page, words: string) =>
  page.waitForFunction((words) => document.getElementById("picture-facts")!.textContent === words, words);

describePage("what the page keeps apart", (at) => {
  it("keeps the model that Denoise uses when another one is trained or loaded, and can train it further", async () => {
    await using opened = await openPage(at.browser, at.url, "denoise");
    const { page, faults } = opened;
    await denoised(page);
    const own = page.locator("#own-model");
    await andDenoised(page, () => page.setInputFiles("#denoise-load", model("mine.safetensors")));
    await goTo(page, "train");
    await page.setInputFiles("#train-load", model("other.safetensors"));
    await page.locator("#tune-own").filter({ hasText: "other.safetensors" }).waitFor({ state: "attached" });
    await page.setInputFiles(
      "#train-load",
      model("dense.safetensors", Buffer.from(encodeModel(denseModel(1)))),
    );
    await page.locator("#model-facts").filter({ hasText: "from dense.safetensors" }).waitFor();
    await goTo(page, "denoise");
    expect([await own.textContent(), await own.isEnabled()]).toEqual(["mine.safetensors", true]);
    await andDenoised(page, () => page.setInputFiles("#picture-file", noisy("next.png")));
    expect(await text(page, "after-tag")).toBe("denoised");
    await andDenoised(page, () => page.selectOption("#model", "photo"));
    await goTo(page, "inside");
    expect(await page.inputValue("#inside-choice")).toBe("photo");
    await goTo(page, "denoise");
    await andDenoised(page, () => page.selectOption("#model", "own"));

    await page.click("#tune-model");
    await page.locator("#train").waitFor();
    expect(page.url()).toMatch(/#train$/);
    expect(await page.inputValue("#recipe")).toBe("own");
    expect(await page.locator("#tune-own").innerText()).toBe("mine.safetensors");
    await showAllSettings(page);
    await page.setInputFiles("#training-pictures", [noisy("a.png"), noisy("b.png")]);
    await page.fill("#batch", "65536");
    await page.click("#start");
    await ended(page, "failed");
    expect(await message(page, "train", /batch/)).toMatch(/patches of an epoch\. Use a smaller batch\.$/);
    const named = Buffer.from(tiny.toString("latin1").replaceAll("photo-tiny", "photo-mine"), "latin1");
    await drag(page, "drop", model("strange.safetensors", named));
    await page.locator("#tune-own").filter({ hasText: "strange.safetensors" }).waitFor({ state: "attached" });
    await page.click("#start");
    expect(await message(page, "train", /photo-mine/)).toMatch(/ This page cannot train it further; /);
    expect(faults).toEqual([]);
  }, 240_000);

  it("denoises several pictures as was chosen when that began, and learns only from what is shown", async () => {
    await using opened = await openPage(at.browser, at.url, "denoise", { serviceWorkers: "block" });
    const { page, faults } = opened;
    await denoised(page);
    await andDenoised(page, () =>
      page.setInputFiles("#picture-file", [noisy("a.png"), noisy("b.png"), noisy("c.png")]),
    );
    const one = await saved(page, "download");
    const zipped = page.waitForEvent("download");
    await andDenoised(page, () =>
      page.evaluate(() => {
        document.getElementById("zip")!.click();
        const choice = document.querySelector<HTMLSelectElement>("#model")!;
        choice.value = "photo-tiny";
        choice.dispatchEvent(new Event("change"));
      }),
    );
    const files = unzipSync(readFileSync(await (await zipped).path()));
    expect(await text(page, "strip-state")).toBe("3 of 3 denoised.");
    expect(Object.values(files).map((bytes) => Buffer.from(bytes).equals(one.bytes))).toEqual([
      true,
      true,
      true,
    ]);

    let letGo = () => {};
    const held = new Promise<void>((resolve) => {
      letGo = resolve;
    });
    await page.route(/\/photo\.safetensors$/, async (route) => {
      await held;
      await route.continue();
    });
    await page.selectOption("#model", "photo");
    await page.click("#calibrate");
    await andDenoised(page, async () => {
      await page.setInputFiles("#picture-file", noisy("later.png"));
      await facts(page, `later.png, ${side} × ${side}`);
      letGo();
    });
    expect(await page.isHidden("#learned")).toBe(true);
    expect(await text(page, "sigma-value")).toMatch(/^found: /);
    expect(faults).toEqual([]);
  }, 240_000);

  it("reads an address that is entered in the open page, and takes what is dropped where it belongs", async () => {
    await using opened = await openPage(at.browser, at.url, "denoise");
    const { page, faults } = opened;
    await denoised(page);
    const enter = (address: string) => page.goto(`${at.url}#${address}`);
    const state = "denoise&sample=window&model=photo-tiny&level=12&strength=50&view=taken&zoom=200";
    await enter(state);
    await facts(page, "sample window, 640 × 427");
    await page.locator("#after-tag").filter({ hasText: "taken away" }).waitFor();
    expect([await page.inputValue("#model"), await page.inputValue("#sigma")]).toEqual(["photo-tiny", "12"]);
    expect([await page.isChecked("#auto"), await page.inputValue("#strength")]).toEqual([false, "50"]);
    await page.locator("#zoom-now").filter({ hasText: "200 %" }).waitFor();

    // What cannot be read changes nothing.
    await page.setInputFiles("#picture-file", { ...noisy("broken.png"), buffer: Buffer.from("none") });
    await message(page, "denoise");
    expect(await page.getAttribute("[data-sample=window]", "aria-pressed")).toBe("true");
    expect(page.url()).toBe(`${at.url}#${state}`);

    const picture = noisy("own.png");
    await andDenoised(page, () => page.setInputFiles("#picture-file", picture));
    await andDenoised(page, () => enter("denoise&level=20"));
    expect(await text(page, "picture-facts")).toBe(`own.png, ${side} × ${side}`);
    expect([await page.inputValue("#model"), await page.inputValue("#sigma")]).toEqual(["photo", "20"]);
    // Of a strength of 0 nothing comes but the file itself.
    await page.fill("#strength", "0");
    const same = await saved(page, "download");
    expect([same.name, same.bytes.equals(picture.buffer)]).toEqual(["own.png", true]);
    await page.fill("#strength", "100");

    await drag(page, "dragenter");
    expect(await page.locator(".drop-hint").isVisible()).toBe(false);
    await andDenoised(page, () => drag(page, "drop", model("dropped.safetensors")));
    expect(await page.locator("#model option:checked").innerText()).toBe("dropped.safetensors");

    await goTo(page, "inside");
    await wayShown(page);
    expect(await page.inputValue("#inside-choice")).toBe("own");
    await drag(page, "dragenter", picture);
    expect(await page.locator(".drop-hint").isVisible()).toBe(true);
    await andDenoised(page, () => drag(page, "drop", { ...picture, name: "inside.png" }));
    expect(await page.textContent("#picture-facts")).toBe(`inside.png, ${side} × ${side}`);
    await andDenoised(page, () => enter("inside&model=photo-tiny"));
    expect(await page.inputValue("#inside-choice")).toBe("photo-tiny");
    await page.selectOption("#inside-choice", "photo");
    expect(page.url()).toBe(`${at.url}#inside`);
    expect(faults).toEqual([]);
  }, 240_000);
});
