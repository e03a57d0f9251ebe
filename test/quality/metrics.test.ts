import ssimJs from "ssim.js";
import { describe, expect, it } from "vitest";
import { SpecError } from "../../src/errors.ts";
import { Purpose, Random } from "../../src/noise/rng.ts";
import { meanSsim, mse, psnr, psnrOfMse, ssim } from "../../src/quality/metrics.ts";

describe("mse and psnr", () => {
  it("is the mean of the squared differences", () => {
    expect(mse([0, 10, 20, 255], [3, 6, 20, 255])).toBe((9 + 16) / 4);
    expect(mse(new Uint8Array([0]), new Uint8Array([255]))).toBe(65025);
    expect(mse(new Uint8Array([7, 8]), new Float32Array([7.5, 8]))).toBe(0.125);
  });

  it("turns an error into decibels", () => {
    expect(psnrOfMse(65025)).toBe(0);
    expect(psnrOfMse(650.25)).toBe(20);
    expect(psnrOfMse(100)).toBeCloseTo(28.1308, 4);
    expect(psnrOfMse(0.01, 1)).toBe(20);
    expect(psnrOfMse(0)).toBe(Number.POSITIVE_INFINITY);
    expect(psnr([0, 0], [0, 0])).toBe(Number.POSITIVE_INFINITY);
    expect(psnr([0, 0.5], [0, 0.7], 1)).toBeCloseTo(10 * Math.log10(1 / 0.02), 12);
  });

  it("refuses pictures of different size, and none", () => {
    expect(() => mse([1, 2], [1])).toThrow(SpecError);
    expect(() => psnr([], [])).toThrow(SpecError);
  });
});

describe("ssim", () => {
  const flat = (value: number, size = 11 * 11) => new Uint8Array(size).fill(value);

  it("is 1 for equal pictures", () => {
    const picture = Uint8Array.from({ length: 28 * 28 }, (_, i) => (i * 37) % 256);
    expect(ssim(picture, picture, { width: 28, height: 28 })).toBeCloseTo(1, 14);
  });

  it("is the luminance term alone for flat pictures", () => {
    // (2·100·50 + c1) / (100² + 50² + c1), c1 = 2.55²: the variances are 0, so the other factor is c2/c2.
    const c1 = 6.5025;
    const expected = (10000 + c1) / (12500 + c1);
    expect(ssim(flat(100), flat(50), { width: 11, height: 11 })).toBeCloseTo(expected, 9);
  });

  it("is what the formula gives by hand for one window with one bright pixel", () => {
    // The centre pixel has weight g² of the window, g = 1 / Σ exp(−d²/4.5) over d = −5 … 5.
    // a = 0 except 255 at the centre, b = 0: means 255g² and 0, variance 255²·(g² − g⁴), covariance 0.
    const g = 1 / [1, 4, 9, 16, 25].reduce((sum, square) => sum + 2 * Math.exp(-square / 4.5), 1);
    const [c1, c2] = [6.5025, 58.5225];
    const variance = 65025 * (g ** 2 - g ** 4);
    const expected = (c1 * c2) / ((65025 * g ** 4 + c1) * (variance + c2));
    const dot = flat(0);
    dot[60] = 255;
    expect(ssim(dot, flat(0), { width: 11, height: 11 })).toBeCloseTo(expected, 12);
  });

  it("scales with the peak", () => {
    const random = new Random(1, Purpose.testNoise);
    const a = Float64Array.from({ length: 15 * 12 }, () => random.uniform() * 255);
    const b = Float64Array.from(a, (value) => value * 0.8 + random.uniform() * 51);
    const unit = (values: Float64Array) => values.map((value) => value / 255);
    const size = { width: 15, height: 12 };
    expect(ssim(unit(a), unit(b), { ...size, peak: 1 })).toBeCloseTo(ssim(a, b, size), 12);
  });

  // ssim.js in its "original" form is ssim.m line by line, "fast" the same with a separable window; both
  // without downsampling are the definition. It takes RGBA only, and its original conversion to grey,
  // 0.29894·R + 0.58704·G + 0.11402·B, has weights that sum to 1, so grey stays grey within 1 ulp.
  // All three differ in order of summation alone: 121 terms of up to 255² in float64 are off by at most
  // 121 · 2⁻⁵³ · 65025 ≈ 9e-10, against denominators of at least c2 = 58.5: 2e-11 each, 1e-10 for the few.
  it.each([
    ["original", 28, 28],
    ["fast", 28, 28],
    ["original", 11, 11],
    ["original", 37, 13],
    ["fast", 13, 37],
  ] as const)("agrees with ssim.js, %s, on %i × %i", (form, width, height) => {
    const random = new Random(7, Purpose.testNoise, width);
    const noise = new Float32Array(width * height);
    random.fillNormal(noise, 25);
    const a = Uint8Array.from(noise, (_, i) => 128 + 100 * Math.sin(i / 5) * Math.cos(i / width / 3));
    const b = new Uint8Array(Uint8ClampedArray.from(noise, (value, i) => a[i]! + value));
    const rgba = (grey: Uint8Array) => ({
      data: Uint8ClampedArray.from({ length: grey.length * 4 }, (_, i) =>
        i % 4 === 3 ? 255 : grey[i >> 2]!,
      ),
      width,
      height,
    });
    const oracle = ssimJs(rgba(a), rgba(b), { ssim: form, downsample: false, rgb2grayVersion: "original" });
    expect(oracle.mssim).toBeGreaterThan(0.1);
    expect(oracle.mssim).toBeLessThan(0.95);
    expect(Math.abs(ssim(a, b, { width, height }) - oracle.mssim)).toBeLessThan(1e-10);
  });

  it("refuses what it has no window for, and lengths that do not fit", () => {
    const ten = new Uint8Array(10 * 28);
    expect(() => ssim(ten, ten, { width: 10, height: 28 })).toThrow(/at least 11 × 11.*10 × 28/);
    expect(() => ssim(ten, ten, { width: 28, height: 10 })).toThrow(SpecError);
    expect(() => ssim(ten, ten, { width: 28, height: 28 })).toThrow(/784 values, not 280/);
    expect(() => ssim(flat(0), ten, { width: 11, height: 11 })).toThrow(SpecError);
  });
});

/** Two pictures alike but not equal, made of whole numbers alone, so that NumPy makes the same. */
function testPair(width: number, height: number, channels: number): [Uint8Array, Uint8Array] {
  const [a, b] = [new Uint8Array(width * height * channels), new Uint8Array(width * height * channels)];
  for (let i = 0; i < a.length; i++) {
    const c = i % channels;
    const x = Math.floor(i / channels) % width;
    const y = Math.floor(i / channels / width);
    a[i] = Math.floor((3 * x * x + 5 * y * y + x * y * (c + 1) + 40 * c) / 7) % 256;
    b[i] = Math.floor((6 * a[i]! + 2 * ((a[i]! + 37 * (x + 2 * y)) % 160) + c) / 8);
  }
  return [a, b];
}

describe("meanSsim", () => {
  // scikit-image 0.26: structural_similarity(a, b, data_range=255, gaussian_weights=True, sigma=1.5,
  // use_sample_covariance=False, channel_axis=-1), of pictures in float64. The tolerance is the one above.
  it.each([
    [11, 11, 1, 0.6839678642841299],
    [31, 17, 1, 0.8774482539263636],
    [23, 40, 3, 0.9184300103164277],
  ])("is what scikit-image gives for %i × %i × %i", (width, height, channels, expected) => {
    const [a, b] = testPair(width, height, channels);
    expect(Math.abs(meanSsim(a, b, { width, height, channels }) - expected)).toBeLessThan(1e-10);
  });

  it.each([
    [11, 12, 1],
    [19, 13, 3],
  ])("is what the definition gives window by window for %i × %i × %i", (width, height, channels) => {
    const [a, clean] = testPair(width, height, channels);
    // Values that are no whole numbers, and outside 0 to 255, as those of noisy pictures are.
    const noisy = Float32Array.from(a, (value, i) => 1.3 * value - 20 + ((i * 7) % 11) / 11);
    const expected = naiveSsim(noisy, clean, width, height, channels);
    expect(expected).toBeLessThan(0.95);
    expect(Math.abs(meanSsim(noisy, clean, { width, height, channels }) - expected)).toBeLessThan(1e-10);
  });
});

/** SSIM as in the paper: for every window, weighted means, variances about them and covariance. */
function naiveSsim(
  a: ArrayLike<number>,
  b: ArrayLike<number>,
  width: number,
  height: number,
  channels: number,
): number {
  const weights = Array.from({ length: 121 }, (_, i) =>
    Math.exp(-(((i % 11) - 5) ** 2 + (Math.floor(i / 11) - 5) ** 2) / 4.5),
  );
  const total = weights.reduce((sum, weight) => sum + weight);
  let sum = 0;
  let windows = 0;
  for (let c = 0; c < channels; c++) {
    for (let top = 0; top + 11 <= height; top++) {
      for (let left = 0; left + 11 <= width; left++) {
        const at = (i: number) => ((top + Math.floor(i / 11)) * width + left + (i % 11)) * channels + c;
        const mean = (value: (i: number) => number) =>
          weights.reduce((sum, weight, i) => sum + (weight / total) * value(i), 0);
        const meanA = mean((i) => a[at(i)]!);
        const meanB = mean((i) => b[at(i)]!);
        const varianceA = mean((i) => (a[at(i)]! - meanA) ** 2);
        const varianceB = mean((i) => (b[at(i)]! - meanB) ** 2);
        const covariance = mean((i) => (a[at(i)]! - meanA) * (b[at(i)]! - meanB));
        const [c1, c2] = [(0.01 * 255) ** 2, (0.03 * 255) ** 2];
        sum +=
          ((2 * meanA * meanB + c1) * (2 * covariance + c2)) /
          ((meanA ** 2 + meanB ** 2 + c1) * (varianceA + varianceB + c2));
        windows++;
      }
    }
  }
  return sum / windows;
}
