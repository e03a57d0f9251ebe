/** The camera's noise as a whole: its strength, its keys, its level. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { Images } from "../../src/data/images.ts";
import { SpecError } from "../../src/errors.ts";
import { addCameraNoise, type CameraNoise, cameraNoise, drawCamera } from "../../src/noise/camera.ts";
import { compress } from "../../src/noise/jpeg-artifacts.ts";
import { addNoise, addNoiseTo, levelOf, noiseAt, noiseName, noiseOfLevel } from "../../src/noise/noise.ts";
import { Purpose, Random } from "../../src/noise/rng.ts";
import { lightOf, setToneCurve } from "../../src/noise/tone-curve.ts";
import { parseRecipe } from "../../src/training/recipes.ts";
import { smallRecipe } from "../support/pictures.ts";

const N = 200_000;

/** A picture of one colour, and the errors of each channel under noise. */
function errorsOn(colour: readonly number[], noise: CameraNoise, index = 0): Float64Array[] {
  const channels = colour.length;
  const [height, width] = [400, 500];
  const data = Uint8Array.from({ length: height * width * channels }, (_, i) => colour[i % channels]!);
  const noisy = new Float32Array(data.length);
  const at = { seed: 1, purpose: Purpose.testNoise, index };
  addNoiseTo({ data, height, width, channels }, noisy, noiseAt(noise, 1, at.purpose, index), at);
  return colour.map((value, c) =>
    Float64Array.from({ length: height * width }, (_, i) => noisy[i * channels + c]! - value),
  );
}

const meanOf = (values: Float64Array) => values.reduce((sum, value) => sum + value / values.length, 0);
const dot = (a: Float64Array, b: Float64Array) =>
  a.reduce((sum, value, i) => sum + (value * b[i]!) / a.length, 0);
const correlation = (a: Float64Array, b: Float64Array) => dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b));

describe("noise in light", () => {
  it.each([
    [0.002, 0, 40],
    [0.002, 8, 40],
    [0.0005, 4, 128],
    [0.001, 0, 200],
  ])(
    "gain %d, %d photons of read-out at value %i: its mean and variance, within 5 standard errors",
    (gain, readNoise, value) => {
      const [errors] = errorsOn([value], { model: "camera", gain, readNoise });
      const x = value / 255;
      // Rounding to whole numbers adds a variance of 1/12.
      const variance = 255 ** 2 * (gain * x + (gain * readNoise) ** 2) + 1 / 12;
      expect(Math.abs(meanOf(errors!))).toBeLessThan(5 * Math.sqrt(variance / N));
      expect(Math.abs(dot(errors!, errors!) - variance)).toBeLessThan(5 * variance * Math.sqrt(2 / N));
    },
  );

  it("is that before white balance, times what that multiplies with", () => {
    const noise: CameraNoise = { model: "camera", gain: 0.001, readNoise: 2, whiteBalance: 2 };
    const [red, green, blue] = errorsOn([100, 100, 100], noise) as [Float64Array, Float64Array, Float64Array];
    for (const [errors, factor] of [
      [red, 2],
      [green, 1],
      [blue, 2],
    ] as const) {
      const variance = 255 ** 2 * factor ** 2 * ((0.001 * 100) / 255 / factor + 0.002 ** 2) + 1 / 12;
      expect(Math.abs(dot(errors, errors) - variance)).toBeLessThan(5 * variance * Math.sqrt(2 / N));
    }
    expect(Math.abs(correlation(red, green))).toBeLessThan(5 / Math.sqrt(N));
    expect(Math.abs(correlation(red, blue))).toBeLessThan(5 / Math.sqrt(N));
  });

  it("follows the slope of the tone curve", () => {
    const gain = 0.0002;
    const [errors] = errorsOn([90], { model: "camera", gain, toneCurve: { gamma: 2.4, contrast: 0.5 } });
    setToneCurve(2.4375 - 0.0625, 0.5);
    const slope = 2 / (lightOf[91]! - lightOf[89]!);
    const variance = slope ** 2 * gain * lightOf[90]! + 1 / 12;
    // The curve bends by some percent over the noise's width.
    expect(dot(errors!, errors!) / variance).toBeCloseTo(1, 1);
  });

  it("has its gain drawn with a uniform logarithm", () => {
    const gains = Array.from(
      { length: 4000 },
      (_, i) => drawCamera({ model: "camera", gain: [0.001, 0.016] }, new Random(1, 2, i)).gain,
    );
    expect(Math.min(...gains)).toBeGreaterThanOrEqual(Math.fround(0.001));
    expect(Math.max(...gains)).toBeLessThanOrEqual(Math.fround(0.016));
    for (const [end, share] of [
      [0.002, 1 / 4],
      [0.004, 1 / 2],
      [0.008, 3 / 4],
    ] as const) {
      const below = gains.filter((gain) => gain < end).length / gains.length;
      expect(Math.abs(below - share)).toBeLessThan(5 * Math.sqrt((share * (1 - share)) / gains.length));
    }
  });
});

describe("each step is done only where its key asks for it:", () => {
  const alone: CameraNoise = { model: "camera", gain: 0.001 };
  const [height, width] = [400, 500];
  const grey = [128, 128, 128];
  const beside = (values: Float64Array) =>
    correlation(values.subarray(1), values.subarray(0, height * width - 1));
  const chance = 5 / Math.sqrt(N);

  it("nothing: the noise of a pixel has nothing to do with that of another, nor of another colour", () => {
    const [red, green] = errorsOn(grey, alone) as [Float64Array, Float64Array];
    expect(Math.abs(beside(red))).toBeLessThan(chance);
    expect(Math.abs(correlation(red, green))).toBeLessThan(chance);
  });

  it("mosaic: the noise spreads", () => {
    const [red, green] = errorsOn(grey, { ...alone, mosaic: 1 }) as [Float64Array, Float64Array];
    // Of neighbours, one in two pixels of red lies between two sites in its row, with half of their sum each.
    expect(beside(red)).toBeGreaterThan(0.5);
    expect(beside(green)).toBeGreaterThan(0.2);
    const variance = (255 ** 2 * 0.001 * 128) / 255;
    // Sites keep their noise; the others have a half (two neighbours) or a quarter of its variance (four).
    expect(dot(green, green) - 1 / 12).toBeCloseTo(variance * (1 / 2 + 1 / 2 / 4), -0.5);
    expect(dot(red, red) - 1 / 12).toBeCloseTo(variance * (1 / 4 + 1 / 2 / 2 + 1 / 4 / 4), -0.5);
  });

  it("chroma 0: all colours have the same noise", () => {
    const [red, green, blue] = errorsOn(grey, { ...alone, chroma: 0 });
    expect(red!.every((value, i) => value === green![i] && value === blue![i])).toBe(true);
    expect(dot(red!, red!)).toBeGreaterThan(1);
  });

  it("smoothing: of luma and of chroma", () => {
    const luma = errorsOn(grey, { ...alone, chroma: 0, smoothing: { share: 1, luma: 1, chroma: 0 } })[0]!;
    const none = errorsOn(grey, { ...alone, chroma: 0, smoothing: { share: 0, luma: 1, chroma: 0 } })[0]!;
    // Neighbours under the kernel q^|k| have the correlation 2q / (1 + q²), and q is 2 − √3; rounding takes its part off.
    const variance = dot(luma, luma);
    expect(Math.abs(beside(luma) - (0.5 * (variance - 1 / 12)) / variance)).toBeLessThan(chance);
    expect(Math.abs(beside(none))).toBeLessThan(chance);
    const [red, green] = errorsOn(grey, {
      ...alone,
      gain: 0.02,
      smoothing: { share: 1, luma: 0, chroma: 3 },
    }) as [Float64Array, Float64Array];
    const difference = red.map((value, i) => value - green[i]!);
    expect(beside(difference)).toBeGreaterThan(0.7);
  });

  it.each([1, 3])("jpeg: is done to the noisy picture, of %i channels", (channels) => {
    const [h, w] = [20, 30];
    const data = Uint8Array.from({ length: h * w * channels }, (_, i) => (i * 5) % 256);
    const picture = { data, height: h, width: w, channels };
    const without: CameraNoise = { ...alone, mosaic: 0.5, toneCurve: { gamma: 2.2, contrast: 0.4 } };
    const noise: CameraNoise = { ...without, jpeg: { share: 0.5, quality: [60, 90], subsampled: 0.5 } };
    let compressions = 0;
    for (let index = 0; index < 20; index++) {
      const [bare, full] = [new Float32Array(data.length), new Float32Array(data.length)];
      const drawn = drawCamera(noise, new Random(1, 2, index));
      addCameraNoise(picture, bare, { ...drawn, jpeg: undefined }, new Random(1, 3, index));
      addCameraNoise(picture, full, drawn, new Random(1, 3, index));
      if (drawn.jpeg) {
        compress(bare, h, w, channels, drawn.jpeg);
        compressions++;
      }
      expect(full).toEqual(bare);
    }
    expect(compressions).toBeGreaterThan(2);
    expect(compressions).toBeLessThan(18);
  });

  it("jpeg: quality, subsampling and the place of the grid are drawn", () => {
    const jpeg = { share: 1, quality: [60, 98] as [number, number], subsampled: 0.25 };
    const settings = Array.from(
      { length: 4000 },
      (_, i) => drawCamera({ ...alone, jpeg }, new Random(1, 2, i)).jpeg!,
    );
    expect([...new Set(settings.map(({ quality }) => quality))].sort((a, b) => a - b)).toEqual(
      Array.from({ length: 39 }, (_, i) => 60 + i),
    );
    const subsampled = settings.filter((one) => one.subsampled).length;
    expect(Math.abs(subsampled - 1000)).toBeLessThan(5 * Math.sqrt(750));
    for (const place of ["top", "left"] as const) {
      expect(new Set(settings.map((one) => one[place])).size).toBe(16);
    }
  });
});

describe("the picture itself", () => {
  /** Noise without noise: the light of a photon is next to nothing. */
  const still: CameraNoise = { ...cameraNoise, gain: 1e-30 };
  const { jpeg: _, ...uncompressed } = still;
  const data = Uint8Array.from({ length: 3 * 256 }, (_, i) => (i * 37) % 256);

  it("is not changed by anything but JPEG", () => {
    for (let index = 0; index < 50; index++) {
      const noisy = new Float32Array(data.length);
      const drawn = drawCamera(uncompressed, new Random(1, 2, index));
      const level = addCameraNoise(
        { data, height: 16, width: 16, channels: 3 },
        noisy,
        drawn,
        new Random(1, 3, index),
      );
      expect(Uint8Array.from(noisy)).toEqual(data);
      expect(level).toBe(0);
    }
  });
});

describe("the noise of photographs", () => {
  const images = (channels: number, count = 60): Images => ({
    data: Uint8Array.from({ length: count * 20 * 30 * channels }, (_, i) => ((i * i) >> 3) % 256),
    count,
    height: 20,
    width: 30,
    channels,
  });

  it.each([1, 3])("has as its level what it is, on pictures of %i channels", (channels) => {
    const set = images(channels);
    const levels = new Float32Array(set.count);
    const noisy = addNoise(set, cameraNoise, 1, Purpose.testNoise, levels);
    const size = 20 * 30 * channels;
    for (const [index, level] of levels.entries()) {
      let square = 0;
      for (let i = index * size; i < (index + 1) * size; i++)
        square += (noisy[i]! - set.data[i]!) ** 2 / size;
      expect(level).toBeCloseTo(Math.sqrt(square), 4);
    }
    expect(noisy.every((value) => Number.isInteger(value) && value >= 0 && value <= 255)).toBe(true);
    expect(Math.min(...levels)).toBeLessThan(4);
    expect(Math.max(...levels)).toBeGreaterThan(15);
  });

  it("is the same again, whatever pictures of other sizes and channels came between", () => {
    const first = addNoise(images(3, 10), cameraNoise, 1, Purpose.testNoise);
    addNoise(images(1, 10), cameraNoise, 7, Purpose.testNoise);
    addNoise({ ...images(3, 40), count: 1, height: 40 * 20 }, cameraNoise, 1, Purpose.testNoise);
    expect(addNoise(images(3, 10), cameraNoise, 1, Purpose.testNoise)).toEqual(first);
    expect(addNoise(images(3, 10), cameraNoise, 2, Purpose.testNoise)).not.toEqual(first);
  });

  it("has no level before it is drawn, and Gaussian noise stands in where a level is set", () => {
    expect(() => levelOf(cameraNoise, 1, Purpose.testNoise, 0)).toThrow(SpecError);
    expect(noiseOfLevel(cameraNoise, 20)).toEqual({ model: "gaussian", sigma: 20 });
  });

  it("is in docs/training.md as it is, in a recipe's noise", () => {
    const page = readFileSync("docs/training.md", "utf8");
    const { noise } = JSON.parse(`{${/```json\n("noise": [\s\S]*?)```/.exec(page)![1]}}`);
    expect(noise.of[1].noise).toEqual(cameraNoise);
    const recipe = { ...smallRecipe({ size: [4, 4], units: [16] }), noise };
    expect(parseRecipe(recipe).noise).toEqual(noise);
  });

  it("is named", () => {
    expect(noiseName(cameraNoise)).toMatch(
      /^camera, gain 0\.0002 to 0\.025, readNoise 0 to 4, .*, jpeg \(share = 0\.7, quality 60 to 98, subsampled = 0\.5\)$/,
    );
  });

  it("is refused for pictures that are neither grey nor RGB", () => {
    expect(() => addNoise(images(2, 1), cameraNoise, 1, Purpose.testNoise)).toThrow(/not of 2/);
    const recipe = smallRecipe({ size: [4, 4], units: [32] });
    const spec = { ...recipe.spec, input: { ...recipe.spec.input, channels: 2 } };
    const noise = { ...cameraNoise, drawn: "once" };
    expect(() => parseRecipe({ ...recipe, spec, noise })).toThrow(/1 or 3 channels, not of 2/);
    const mixture = { model: "mixture", of: [{ share: 1, noise: cameraNoise }], drawn: "once" };
    expect(() => parseRecipe({ ...recipe, spec, noise: mixture })).toThrow(/1 or 3 channels, not of 2/);
  });
});
