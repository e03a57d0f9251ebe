/** What JPEG leaves of a picture: against the formulas of T.81, and against what libjpeg leaves of the same picture. */
import { readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { compress, type JpegSettings } from "../../src/noise/jpeg-artifacts.ts";
import { decodePng } from "../../src/pictures/png.ts";
import { naiveJpeg } from "../support/naive-jpeg.ts";

const WIDTH = 48;
const HEIGHT = 32;

/** The picture of the fixtures: slopes with a fine texture (test/fixtures/README.md). */
const source = Float32Array.from({ length: 3 * WIDTH * HEIGHT }, (_, i) => {
  const x = Math.floor(i / 3) % WIDTH;
  const y = Math.floor(i / 3 / WIDTH);
  const factors = [
    [5, 3, 0],
    [3, 6, 90],
    [7, 2, 200],
  ] as const;
  const [a, b, c] = factors[(i % 3) as 0 | 1 | 2];
  const value = (a * x + b * y + ((31 * x * x + 17 * y * y + 13 * x * y * ((i % 3) + 1)) % 41) + c) % 512;
  return value > 255 ? 511 - value : value;
});
const greySource = source.filter((_, i) => i % 3 === 1);
const origin = { subsampled: false, top: 0, left: 0 };

function compressed(
  picture: Float32Array,
  height: number,
  width: number,
  channels: number,
  settings: JpegSettings,
): Float32Array {
  const copy = Float32Array.from(picture);
  compress(copy, height, width, channels, settings);
  return copy;
}

const meanSquare = (a: ArrayLike<number>, b: ArrayLike<number>) =>
  Array.from(a).reduce((sum, value, i) => sum + (value - b[i]!) ** 2 / a.length, 0);

describe("a picture after JPEG is that of the formulas", () => {
  it.each<[height: number, width: number, channels: number, JpegSettings]>([
    [32, 48, 1, { ...origin, quality: 30 }],
    [32, 48, 3, { ...origin, quality: 90 }],
    [32, 48, 3, { ...origin, quality: 60, subsampled: true }],
    [20, 29, 1, { ...origin, quality: 75, top: 5, left: 11 }],
    [20, 29, 3, { ...origin, quality: 83, top: 9, left: 3 }],
    [20, 29, 3, { quality: 95, subsampled: true, top: 15, left: 7 }],
    [21, 30, 3, { quality: 1, subsampled: true, top: 4, left: 10 }],
    [1, 1, 3, { quality: 60, subsampled: true, top: 3, left: 15 }],
    [2, 5, 3, { quality: 52, subsampled: true, top: 15, left: 15 }],
  ])("%i×%i×%i, %o", (height, width, channels, settings) => {
    // Fractions keep colours away from ties: of whole numbers, grey ones that are odd would have them.
    const fractions = source.map((value, i) => value + [0.123, 0.257, 0.391][i % 3]!);
    const picture = (channels === 3 ? fractions : greySource).slice(0, height * width * channels);
    const { values } = naiveJpeg(picture, height, width, channels, settings);
    const ours = compressed(picture, height, width, channels, settings);
    expect(Array.from(ours, (value, i) => (Number.isNaN(values[i]) ? Number.NaN : value))).toEqual(values);
    // Blocks with ties are few.
    expect(values.filter(Number.isNaN).length).toBeLessThanOrEqual(values.length / 4);
  });
});

describe("libjpeg leaves the same, but for what it rounds in its integer transform:", () => {
  it.each<[string, channels: 1 | 3, JpegSettings]>([
    ["libjpeg-444-q90", 3, { ...origin, quality: 90 }],
    ["libjpeg-420-q60", 3, { ...origin, quality: 60, subsampled: true }],
    ["libjpeg-420-q98", 3, { ...origin, quality: 98, subsampled: true }],
    ["libjpeg-grey-q30", 1, { ...origin, quality: 30 }],
  ])("%s", async (name, channels, settings) => {
    const expected = await decodePng(await readFile(`test/fixtures/pictures/${name}.png`), name);
    expect([expected.width, expected.height, expected.channels]).toEqual([WIDTH, HEIGHT, channels]);
    const clean = channels === 3 ? source : greySource;
    const ours = compressed(clean, HEIGHT, WIDTH, channels, settings);
    // libjpeg may round the coefficients in doubt to the next step, which moves a block's squared error by the step's
    // square. Errors of Cb reach blue and green, those of Cr red and green. Both sides round their values.
    const { doubt } = naiveJpeg(clean, HEIGHT, WIDTH, channels, settings);
    const [y, cb, cr] = doubt.map((sum) => (sum * (settings.subsampled ? 4 : 1)) / (WIDTH * HEIGHT));
    const colours = ((1.772 ** 2 + 0.344 ** 2) * cb! + (1.402 ** 2 + 0.714 ** 2) * cr!) / 3;
    const bound = y! + colours + 2 / 12;
    expect(meanSquare(ours, expected.data)).toBeLessThan(bound);
    // What JPEG does to the picture is more than that by far.
    expect(meanSquare(clean, expected.data)).toBeGreaterThan(5 * bound);
  });
});
