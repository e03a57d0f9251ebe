/** The strength of noise told from a picture alone. Figures over whole sets: docs/denoising.md, bench/sigma.ts. */
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { loadFashionMnistFrom } from "../../src/data/fashion-mnist.node.ts";
import { pictureAt } from "../../src/data/images.ts";
import { readPhotos } from "../../src/data/photo-folders.node.ts";
import { estimateSigma, findNoise } from "../../src/denoiser/sigma.ts";
import { DataError } from "../../src/errors.ts";
import { compress } from "../../src/noise/jpeg-artifacts.ts";
import { Purpose, Random } from "../../src/noise/rng.ts";
import { checkPicture } from "../../src/pictures/picture.ts";
import { readPicture } from "../../src/pictures/picture-files.node.ts";
import { cleanGraphics } from "../support/clean-graphics.ts";
import { errorsOf, medianOf, type PictureSet } from "../support/sigma-errors.ts";

const sample = await loadFashionMnistFrom(fileURLToPath(new URL("../../data", import.meta.url)));
const photos =
  process.env.DENOISE_SET12_DIR ?? fileURLToPath(new URL("../../../shared/data/Set12", import.meta.url));
const sets: (PictureSet | string)[] = [
  {
    name: "Fashion-MNIST",
    pictures: Array.from({ length: 500 }, (_, i) => pictureAt(sample.test, i)),
  },
  existsSync(photos)
    ? { name: "Set12", pictures: await readPhotos(photos) }
    : "Set12 (skipped: not found; set DENOISE_SET12_DIR to its folder)",
];

for (const set of sets) {
  describe.skipIf(typeof set === "string")(typeof set === "string" ? set : set.name, () => {
    for (const clipped of [false, true]) {
      for (const sigma of [5, 10, 15, 25, 50]) {
        const limit = sigma === 5 ? 0.2 : 0.1;
        it(`σ = ${sigma}${clipped ? ", 8 bits" : ""}: median error below ${100 * limit} %`, () => {
          expect(medianOf(errorsOf(set as PictureSet, sigma, clipped).map(Math.abs))).toBeLessThan(limit);
        });
      }
    }
    it("takes clean pictures for clean, but for 2 in 1,000", () => {
      // The last two photographs of Set12 are grainy.
      const clean = (set as PictureSet).pictures.slice(
        0,
        (set as PictureSet).name === "Set12" ? 10 : undefined,
      );
      const found = clean.filter((picture) => estimateSigma(picture) > 0);
      expect(found.length).toBeLessThanOrEqual(0.002 * clean.length);
    });
  });
}

const graphics = cleanGraphics();
/** Rings and ramps change from pixel to pixel, as photographs do. */
const reasonOf = (name: string) => (/^(rings|ramp)/.test(name) ? "no-noise" : "drawn");

describe("estimateSigma", () => {
  const noise = (length: number, sigma: number, index = 0) => {
    const values = new Float32Array(length);
    new Random(7, Purpose.testNoise, index).fillNormal(values, sigma);
    return values;
  };

  it("measures noise alone within 2 %, of any strength and in a picture of any size", () => {
    for (const [width, height] of [
      [300, 200],
      [1000, 700],
    ] as const) {
      for (const sigma of [4, 20, 300]) {
        const estimate = estimateSigma({
          data: noise(width * height, sigma).map((v) => v + 128),
          width,
          height,
        });
        expect(Math.abs(estimate / sigma - 1)).toBeLessThan(0.02);
      }
    }
  });

  it("measures noise cut off at black or white within 4 %", () => {
    for (const level of [0, 255]) {
      const data = Uint8ClampedArray.from(noise(300 * 200, 20), (value) => value + level);
      expect(Math.abs(estimateSigma({ data, width: 300, height: 200 }) / 20 - 1)).toBeLessThan(0.04);
    }
  });

  it("takes the root mean square over the colours and leaves alpha out", () => {
    const [width, height] = [200, 150];
    const planes = [30, 10, 20, 100].map((sigma, channel) => noise(width * height, sigma, channel));
    const data = Float32Array.from({ length: 4 * width * height }, (_, i) => planes[i % 4]![i >> 2]!);
    const level = Math.sqrt((30 * 30 + 10 * 10 + 20 * 20) / 3);
    expect(Math.abs(estimateSigma({ data, width, height }) / level - 1)).toBeLessThan(0.03);
    const grey = Float32Array.from({ length: 2 * width * height }, (_, i) => planes[i % 2 ? 3 : 1]![i >> 1]!);
    expect(Math.abs(estimateSigma({ data: grey, width, height, channels: 2 }) / 10 - 1)).toBeLessThan(0.03);
  });

  it("does not take noise that went through JPEG for white in a plain picture: within 3 %", () => {
    const [width, height] = [512, 384];
    const size = 3 * width * height;
    const clean = Float32Array.from(
      { length: size },
      (_, i) => 128 + 50 * Math.sin(i / width / 900) + 30 * Math.sin((i % (3 * width)) / 400 + (i % 3)),
    );
    for (const [sigma, quality] of [
      [20, 75],
      [30, 60],
    ] as const) {
      const data = noise(size, sigma).map((value, i) => value + clean[i]!);
      compress(data, height, width, 3, { quality, subsampled: false, top: 0, left: 0 });
      const square = data.reduce((sum, value, i) => sum + (value - clean[i]!) ** 2, 0) / size;
      const estimate = estimateSigma({ data, width, height, channels: 3 });
      expect(Math.abs(estimate / Math.sqrt(square) - 1)).toBeLessThan(0.03);
    }
  });

  it("finds no noise where there is none, or nothing to tell it by", () => {
    for (const value of [0, 7, 255]) {
      expect(estimateSigma({ data: new Uint8Array(100).fill(value), width: 10, height: 10 })).toBe(0);
    }
    expect(estimateSigma({ data: noise(3 * 17, 20), width: 3, height: 17 })).toBe(0);
    const ramp = Uint8Array.from({ length: 64 * 64 }, (_, i) => 2 * (i % 64));
    expect(estimateSigma({ data: ramp, width: 64, height: 64 })).toBe(0);
  });

  it("takes a weave with gaps for clean, and measures noise over the same", () => {
    const side = 28;
    for (const black of [0, 255]) {
      // Threads of 3 pixels in each direction, gaps of 3×3 between them.
      const texture = noise(side * side, 20);
      const weave = Uint8ClampedArray.from(texture, (value, i) =>
        (i % side) % 6 < 3 || Math.floor(i / side) % 6 < 3 ? Math.abs(black - 128 - value) : black,
      );
      const image = { data: weave, width: side, height: side };
      expect(estimateSigma(image)).toBe(0);
      const grain = noise(side * side, 40, 1);
      const noisy = weave.map((value, i) => Math.round(value + grain[i]!));
      expect(estimateSigma({ ...image, data: noisy })).toBeGreaterThan(20);
    }
  });

  it("takes drawn pictures for clean, and says that they are drawn", () => {
    for (const picture of graphics) {
      const found = findNoise(picture, checkPicture(picture));
      expect([picture.name, found]).toEqual([picture.name, { sigma: 0, noiseless: reasonOf(picture.name) }]);
    }
  });

  it.each(["checker", "checker2", "dither1bit"])(
    "takes black and white alone for drawn: %s",
    async (name) => {
      const path = fileURLToPath(new URL(`../fixtures/pictures/cases/binary_${name}.png`, import.meta.url));
      const picture = await readPicture(path);
      expect(findNoise(picture, checkPicture(picture))).toEqual({ sigma: 0, noiseless: "drawn" });
    },
  );

  it("measures noise on drawn pictures that have plain areas", () => {
    const plain = graphics.filter(({ name }) =>
      /^(cartoon|scene|shapes|screenshot|text|strokes, \d\d$)/.test(name),
    );
    expect(plain.length).toBeGreaterThan(15);
    for (const sigma of [5, 15]) {
      const errors = plain.map((picture, index) => {
        const grain = noise(picture.data.length, sigma, index);
        const isAlpha = (i: number) => picture.channels === 4 && i % 4 === 3;
        const data = Uint8ClampedArray.from(grain, (value, i) => picture.data[i]! + (isAlpha(i) ? 0 : value));
        return Math.abs(estimateSigma({ ...picture, data }) / sigma - 1);
      });
      expect(medianOf(errors)).toBeLessThan(0.1);
    }
  });

  it("is not fooled by bars, frames, or transparent and overexposed parts", () => {
    const [width, height] = [240, 200];
    const grain = noise(width * height * 4, 15);
    /** What a part of the picture has instead of noise around a ramp. */
    const parts: [string, number, (x: number, y: number) => number | undefined][] = [
      ["black bars", 1, (_, y) => (y < 40 || y >= 160 ? 0 : undefined)],
      ["a grey frame", 3, (x, y) => (Math.min(x, y, width - 1 - x, height - 1 - y) < 24 ? 128 : undefined)],
      ["an overexposed part", 3, (x) => (x < 100 ? 255 : undefined)],
      ["transparent parts", 4, (x, y) => ((x - 120) ** 2 + (y - 100) ** 2 > 80 ** 2 ? 7 : undefined)],
    ];
    for (const [name, channels, instead] of parts) {
      const data = Uint8ClampedArray.from({ length: width * height * channels }, (_, i) => {
        const pixel = Math.floor(i / channels);
        const [x, y] = [pixel % width, Math.floor(pixel / width)];
        const value = instead(x, y);
        if (channels === 4 && i % 4 === 3) return value === undefined ? 255 : 0;
        return value ?? 60 + x / 2 + grain[i]!;
      });
      const error = Math.abs(estimateSigma({ data, width, height, channels }) / 15 - 1);
      expect([name, error < 0.1, error]).toEqual([name, true, error]);
    }
  });

  it("refuses what is no picture", () => {
    const data = new Float32Array(16).fill(1);
    data[5] = Number.NaN;
    expect(() => estimateSigma({ data, width: 4, height: 4 })).toThrow(DataError);
  });
});
