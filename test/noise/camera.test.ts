/** The camera's noise: each of its steps against a plain version or its formula, and the whole of it. */
import { describe, expect, it } from "vitest";
import type { Images } from "../../src/data/images.ts";
import { SpecError } from "../../src/errors.ts";
import { addCameraNoise, type CameraNoise, cameraNoise, drawCamera } from "../../src/noise/camera.ts";
import { compress } from "../../src/noise/jpeg-artifacts.ts";
import { interpolateMosaic, mosaicColour } from "../../src/noise/mosaic.ts";
import { addNoise, addNoiseTo, levelOf, noiseAt, noiseName, noiseOfLevel } from "../../src/noise/noise.ts";
import { Purpose, Random } from "../../src/noise/rng.ts";
import { smooth } from "../../src/noise/smoothing.ts";
import { lightOf, setToneCurve, valueOfLight } from "../../src/noise/tone-curve.ts";
import { parseRecipe } from "../../src/training/recipes.ts";
import { smallRecipe } from "../support/pictures.ts";

const N = 200_000;

describe("numbers that are nearly normal", () => {
  const values = new Float32Array(N);
  new Random(1, Purpose.testNoise, 0).fillNearlyNormal(values);

  it("are sums of eight bytes of the stream", () => {
    const random = new Random(1, Purpose.testNoise, 0);
    for (let i = 0; i < 1000; i++) {
      const bytes = new Uint8Array(Int32Array.of(random.bits(), random.bits()).buffer);
      const sum = bytes.reduce((total, byte) => total + (byte - 127.5), 0);
      expect(values[i]).toBe(Math.fround(sum * (1 / Math.sqrt((8 * 65535) / 12))));
    }
  });

  it("have the moments of such sums, within 5 standard errors", () => {
    // Excess kurtosis of a byte: −6/5·(n² + 1) / (n² − 1) with n = 256; of the sum of eight an eighth of that.
    const fourth = 3 - ((6 / 5) * (65537 / 65535)) / 8;
    for (const [k, moment, variance] of [
      [1, 0, 1],
      [2, 1, fourth - 1],
      // No more than for normal numbers.
      [3, 0, 15],
      [4, fourth, 96],
    ] as const) {
      const mean = values.reduce((sum, value) => sum + value ** k / N, 0);
      expect(Math.abs(mean - moment)).toBeLessThan(5 * Math.sqrt(variance / N));
    }
  });

  it("go on where the stream stood", () => {
    const [random, twin] = [new Random(1, 2, 3), new Random(1, 2, 3)];
    const both = new Float32Array(14);
    random.fillNearlyNormal(both.subarray(0, 5));
    random.fillNearlyNormal(both.subarray(5));
    const once = new Float32Array(14);
    twin.fillNearlyNormal(once);
    expect(both).toEqual(once);
    expect(random.bits()).toBe(twin.bits());
  });
});

describe("the tone curve", () => {
  const curves = [1, 1.25, 1.8125, 2.4, 2.5625, 4].flatMap((gamma) =>
    [0, 0.5, 1].map((contrast) => [gamma, contrast] as const),
  );

  it.each(curves)("gamma %d, contrast %d: is that of the formula, and goes back", (gamma, contrast) => {
    setToneCurve(gamma, contrast);
    const exponent = Math.round(16 * gamma) / 16;
    for (let value = 0; value < 256; value++) {
      const v = value / 255;
      const u = v + contrast * v * (1 - v) * (1 - 2 * v) + 0.055;
      const light = (u ** exponent - 0.055 ** exponent) / (1.055 ** exponent - 0.055 ** exponent);
      expect(lightOf[value]).toBeCloseTo(light, 13);
      expect(valueOfLight(lightOf[value]!)).toBe(value);
    }
    // The border between two values lies in the middle, but for a step of the table; a value has more than two of them.
    let before = 0;
    for (let value = 0; value < 255; value++) {
      const border = Math.sqrt((lightOf[value]! + lightOf[value + 1]!) / 2) * 4096;
      expect(valueOfLight(((border - 1) / 4096) ** 2)).toBe(value);
      expect(valueOfLight(((border + 1) / 4096) ** 2)).toBe(value + 1);
      expect(border - before).toBeGreaterThan(2);
      before = border;
    }
    expect([-1, 0, 1, 7].map(valueOfLight)).toEqual([0, 0, 255, 255]);
  });

  it("without gamma and contrast is a straight line", () => {
    setToneCurve(1, 0);
    for (const [value, light] of lightOf.entries()) expect(light).toBeCloseTo(value / 255, 14);
  });
});

describe("the mosaic", () => {
  it.each([0, 1, 2, 3])(
    "phase %i: every other pixel is green, the others red or blue in alternate rows",
    (phase) => {
      const colours = [0, 1].map((row) => [0, 1].map((column) => mosaicColour(row, column, phase)));
      const tiles = [
        [
          [0, 1],
          [1, 2],
        ],
        [
          [1, 0],
          [2, 1],
        ],
        [
          [1, 2],
          [0, 1],
        ],
        [
          [2, 1],
          [1, 0],
        ],
      ];
      expect(colours).toEqual(tiles[phase]);
      expect(mosaicColour(-1, -1, phase)).toBe(mosaicColour(1, 1, phase));
    },
  );

  it.each([
    [0, 4, 6],
    [1, 5, 5],
    [2, 7, 3],
    [3, 1, 1],
    [0, 1, 8],
    [1, 9, 1],
  ])("phase %i, %i×%i: colours are means of the nearest pixels that have them", (phase, height, width) => {
    // Sums of these are exact in float32.
    const raw = Float32Array.from(
      { length: (height + 2) * (width + 2) },
      (_, i) => ((i * 7919) % 1024) - 512,
    );
    const out = new Float32Array(3 * height * width);
    interpolateMosaic(raw, out, height, width, phase);
    const expected: number[] = [];
    for (let row = 0; row < height; row++) {
      for (let column = 0; column < width; column++) {
        for (const colour of [0, 1, 2]) {
          const found = [-1, 0, 1].flatMap((down) =>
            [-1, 0, 1]
              .filter((right) => mosaicColour(row + down, column + right, phase) === colour)
              .map((right) => ({
                distance: down ** 2 + right ** 2,
                value: raw[(row + down + 1) * (width + 2) + column + right + 1]!,
              })),
          );
          const nearest = Math.min(...found.map(({ distance }) => distance));
          const values = found.filter(({ distance }) => distance === nearest).map(({ value }) => value);
          expected.push(values.reduce((a, b) => a + b) / values.length);
        }
      }
    }
    expect([...out]).toEqual(expected);
  });
});

describe("smoothing", () => {
  it.each([
    [0.3, 2],
    [1.4, 0],
    [0, 3],
    [2.5, 5],
  ])("by %d and %d pixels is a blur of such a standard deviation, and keeps sums", (first, others) => {
    const size = 201;
    const values = new Float32Array(3 * size * size);
    const middle = (size - 1) / 2;
    values.fill(1, 3 * (middle * size + middle), 3 * (middle * size + middle) + 3);
    smooth(values, size, size, 3, first, others);
    for (const channel of [0, 1, 2]) {
      const deviation = channel === 0 ? first : others;
      const q =
        deviation === 0 ? 0 : (deviation ** 2 + 1 - Math.sqrt(2 * deviation ** 2 + 1)) / deviation ** 2;
      let [sum, vertical, horizontal, worst] = [0, 0, 0, 0];
      for (let row = 0; row < size; row++) {
        for (let column = 0; column < size; column++) {
          const value = values[3 * (row * size + column) + channel]!;
          const [down, right] = [row - middle, column - middle];
          const expected = ((1 - q) / (1 + q)) ** 2 * q ** (Math.abs(down) + Math.abs(right));
          // Four passes round to float32, each of which a later one adds up.
          const bound = (4 * 2 ** -24 * expected) / (1 - q) + 1e-12;
          worst = Math.max(worst, Math.abs(value - expected) / bound);
          sum += value;
          vertical += value * down ** 2;
          horizontal += value * right ** 2;
        }
      }
      expect(worst).toBeLessThanOrEqual(1);
      expect(sum).toBeCloseTo(1, 5);
      expect(Math.sqrt(vertical)).toBeCloseTo(deviation, 3);
      expect(Math.sqrt(horizontal)).toBeCloseTo(deviation, 3);
    }
  });

  it("of grey is that of the first channel", () => {
    const noise = new Float32Array(35);
    new Random(1, 2, 3).fillNearlyNormal(noise);
    const colour = Float32Array.from({ length: 105 }, (_, i) => noise[Math.floor(i / 3)]!);
    smooth(noise, 5, 7, 1, 1.2, 9);
    smooth(colour, 5, 7, 3, 1.2, 1.2);
    expect(colour.filter((_, i) => i % 3 === 0)).toEqual(noise);
    expect(colour.filter((_, i) => i % 3 === 2)).toEqual(noise);
  });

  it("leaves uncorrelated noise as strong at the sides as in the middle, within 5 standard errors", () => {
    const count = 4000;
    const size = 15;
    const squares = new Float64Array(size * size);
    const noise = new Float32Array(size * size);
    const random = new Random(1, 2, 3);
    for (let i = 0; i < count; i++) {
      random.fillNearlyNormal(noise);
      smooth(noise, size, size, 1, 1.5, 0);
      for (const [at, value] of noise.entries()) squares[at]! += value ** 2 / count;
    }
    const q = (1.5 ** 2 + 1 - Math.sqrt(2 * 1.5 ** 2 + 1)) / 1.5 ** 2;
    const one = ((1 - q) / (1 + q)) ** 2 * ((1 + q * q) / (1 - q * q));
    for (const square of [squares[0]!, squares[7]!, squares[size * 7]!, squares[size * size - 1]!]) {
      expect(Math.abs(square - one * one)).toBeLessThan(5 * one * one * Math.sqrt(2 / count));
    }
  });
});

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
