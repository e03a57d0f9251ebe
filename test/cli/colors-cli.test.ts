/**
 * Profiles of colours come through: a clean picture looks the same before and after in Chromium, which turns colours into
 * those of the screen by the profile in the file.
 */
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { extname, join } from "node:path";
import type { Browser, Page } from "playwright";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createDenoiser } from "../../src/denoiser/photo.ts";
import { denoiseJpeg } from "../../src/jpeg.ts";
import { encodeAny, readPicture } from "../../src/pictures/picture-files.node.ts";
import { denoisePng } from "../../src/png.ts";
import { chromium } from "../support/chromium.js";
import { greyProfile } from "../support/grey-profile.ts";
import { launch } from "../support/open-page.ts";
import { runCli } from "../support/run-cli.ts";

const sharp = (await import("sharp").catch(() => undefined))?.default;
const types: Record<string, string> = { ".webp": "image/webp", ".avif": "image/avif", ".jpg": "image/jpeg" };
const names = ["p3", "grey"].flatMap((profile) =>
  ["png", "jpg", "webp", "avif", "tif"].map((ending) => `${profile}.${ending}`),
);

/** The picture's pixels on a screen of sRGB. Chromium shows no TIFF files; libvips makes PNG files of them, profile and all. */
async function shown(page: Page, file: Uint8Array, name: string): Promise<Uint8Array> {
  const ending = extname(name);
  const space = name.startsWith("grey") ? "b-w" : "srgb";
  const bytes =
    ending === ".tif" ? await sharp!(file).keepIccProfile().toColourspace(space).png().toBuffer() : file;
  const url = `data:${types[ending] ?? "image/png"};base64,${Buffer.from(bytes).toString("base64")}`;
  const values = await page.evaluate(async (url) => {
    const image = new Image();
    image.src = url;
    await image.decode();
    const canvas = document.createElement("canvas");
    canvas.width = image.naturalWidth;
    canvas.height = image.naturalHeight;
    const context = canvas.getContext("2d")!;
    context.drawImage(image, 0, 0);
    const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
    return btoa(Array.from(data, (value) => String.fromCharCode(value)).join(""));
  }, url);
  return Buffer.from(values, "base64");
}

function meanDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  expect(a).toHaveLength(b.length);
  return Array.from(a).reduce((sum, value, i) => sum + Math.abs(value - b[i]!), 0) / a.length;
}

describe.skipIf(!sharp || !chromium)("profiles, if sharp and Chromium are found", () => {
  let folder: string;
  let browser: Browser;
  let page: Page;
  const at = (...parts: string[]) => join(folder, ...parts);
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "denoise-wasm-colors-"));
    await mkdir(at("in"));
    const photograph = await readPicture("data/photographs/parrots.png");
    const p3 = await sharp!("data/photographs/parrots.png").withIccProfile("p3").toBuffer();
    const { icc } = await sharp!(p3).metadata();
    const grey = { ...photograph, channels: 1, data: photograph.data.filter((_, i) => i % 3 === 1) };
    for (const name of names) {
      const [picture, profile] = name.startsWith("p3") ? [photograph, icc!] : [grey, greyProfile(1.4)];
      const file = await encodeAny(picture, name, {
        quality: 92,
        metadata: { icc: new Uint8Array(profile) },
      });
      await writeFile(at("in", name), file);
    }
    const { code, stderr } = await runCli(folder, ["denoise", "in", "-o", "out/"]);
    expect([code, stderr]).toEqual([0, ""]);
    browser = await launch();
    page = await browser.newPage();
  }, 120_000);
  afterAll(async () => {
    await browser?.close();
    await rm(folder, { recursive: true, force: true });
  });

  it.each(names)("%s: a clean picture looks as before", async (name) => {
    const [profile] = name.split(".");
    const original = await shown(page, await readFile(at("in", `${profile}.png`)), "a.png");
    const [before, after] = await Promise.all(["in", "out"].map((part) => readFile(at(part, name))));
    const [was, is] = [await shown(page, before!, name), await shown(page, after!, name)];
    // The formats lose something the first time; a profile that was lost would show as much more.
    expect(meanDifference(original, was)).toBeLessThan(2);
    expect(meanDifference(was, is)).toBeLessThan(1);
    const { data, channels, metadata } = await readPicture(at("out", name));
    // WebP and AVIF files have no grey: its colours were made those of sRGB when the file was written.
    const hasProfile = !["grey.webp", "grey.avif"].includes(name);
    expect(metadata.icc !== undefined).toBe(hasProfile);
    // Without its profile the picture would look different.
    const values = is.map((_, i) =>
      i % 4 === 3 ? 255 : data[(i >> 2) * channels + (channels > 2 ? i % 4 : 0)]!,
    );
    if (hasProfile) expect(meanDifference(is, values)).toBeGreaterThan(5);
    else expect(is).toEqual(values);
  });

  it("comes through denoise-wasm/png and denoise-wasm/jpeg", async () => {
    using denoiser = await createDenoiser();
    for (const name of names.filter((name) => /png|jpg/.test(name))) {
      const file = new Uint8Array(await readFile(at("in", name)));
      const clean = await (name.endsWith("png") ? denoisePng : denoiseJpeg)(denoiser, file);
      expect(meanDifference(await shown(page, file, name), await shown(page, clean, name))).toBeLessThan(1);
    }
  });
});
