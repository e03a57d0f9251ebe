import { SpecError } from "../errors.ts";

/**
 * The mean squared error between two pictures, or two sets of pictures, with equal numbers of values. Its unit is the
 * square of the values' unit: for values from 0 to 255 it is from 0 to 65,025.
 * @throws SpecError if the lengths differ or are 0
 */
export function mse(a: ArrayLike<number>, b: ArrayLike<number>): number {
  requireEqualLength(a, b);
  let sum = 0;
  for (let i = 0; i < a.length; i++) {
    const difference = a[i]! - b[i]!;
    sum += difference * difference;
  }
  return sum / a.length;
}

/** The peak signal-to-noise ratio for a mean squared error, 10·log₁₀(peak² / mse), in dB; infinite for an error of 0. */
export function psnrOfMse(mse: number, peak = 255): number {
  return 10 * Math.log10((peak * peak) / mse);
}

/**
 * The peak signal-to-noise ratio in dB between two pictures with values from 0 to `peak`.
 * @throws SpecError if the lengths differ or are 0
 */
export function psnr(a: ArrayLike<number>, b: ArrayLike<number>, peak = 255): number {
  return psnrOfMse(mse(a, b), peak);
}

const windowSize = 11;
const windowWeights = gaussian(windowSize, 1.5);

/**
 * The structural similarity of two pictures of one channel, from −1 to 1; it is 1 for equal pictures. It is the mean over
 * all windows of 11×11 pixels that lie wholly inside the picture, each weighted by a Gaussian of σ = 1.5, with K₁ = 0.01
 * and K₂ = 0.03. Wang, Bovik, Sheikh and Simoncelli, "Image quality assessment", IEEE Transactions on Image Processing
 * 13 (4), 2004; the same as the authors' ssim.m without the downsampling that it got later.
 *
 * @param a height × width values from 0 to `peak`, row after row
 * @param b the other picture, in the same form
 * @throws SpecError if a length is not width × height, or a side is shorter than 11
 */
export function ssim(
  a: ArrayLike<number>,
  b: ArrayLike<number>,
  { width, height, peak = 255 }: { width: number; height: number; peak?: number },
): number {
  requireEqualLength(a, b);
  requireSsimSize({ width, height });
  if (a.length !== width * height) {
    throw new SpecError(`A picture of ${width} × ${height} has ${width * height} values, not ${a.length}.`);
  }
  const p = new Float64Array(a);
  const q = new Float64Array(b);
  const meanP = windowMeans(p, width, height);
  const meanQ = windowMeans(q, width, height);
  const meanSquares = windowMeans(
    p.map((value, i) => value * value + q[i]! * q[i]!),
    width,
    height,
  );
  const meanProduct = windowMeans(
    p.map((value, i) => value * q[i]!),
    width,
    height,
  );

  const c1 = (0.01 * peak) ** 2;
  const c2 = (0.03 * peak) ** 2;
  let sum = 0;
  for (let i = 0; i < meanP.length; i++) {
    const squares = meanP[i]! * meanP[i]! + meanQ[i]! * meanQ[i]!;
    const product = meanP[i]! * meanQ[i]!;
    const variances = meanSquares[i]! - squares;
    const covariance = meanProduct[i]! - product;
    sum += ((2 * product + c1) * (2 * covariance + c2)) / ((squares + c1) * (variances + c2));
  }
  return sum / meanP.length;
}

/**
 * The mean over the channels of the structural similarity of two pictures with values from 0 to 255: see `ssim`.
 * @param a height × width × channels values, the channels of each pixel side by side
 * @param b the other picture, in the same form
 * @throws SpecError if the lengths differ, or a side is shorter than 11
 */
export function meanSsim(
  a: Float32Array | Uint8Array,
  b: Float32Array | Uint8Array,
  { width, height, channels }: { width: number; height: number; channels: number },
): number {
  let sum = 0;
  for (let channel = 0; channel < channels; channel++) {
    sum += ssim(planeOf(a, channel, channels), planeOf(b, channel, channels), { width, height });
  }
  return sum / channels;
}

/** One channel of a picture. */
function planeOf(
  values: Float32Array | Uint8Array,
  channel: number,
  channels: number,
): Float32Array | Uint8Array {
  if (channels === 1) return values;
  const plane = new Float32Array(values.length / channels);
  for (let i = 0; i < plane.length; i++) plane[i] = values[i * channels + channel]!;
  return plane;
}

/**
 * @param what the subject of the error's sentence
 * @throws SpecError if pictures are too small for SSIM's window
 */
export function requireSsimSize(
  { width, height }: { width: number; height: number },
  what = "these are",
): void {
  if (width >= windowSize && height >= windowSize) return;
  throw new SpecError(
    `SSIM needs pictures of at least ${windowSize} × ${windowSize} pixels; ${what} ${width} × ${height}. Use larger pictures.`,
  );
}

/** The weighted means over all windows that lie inside the picture, along the rows and then down the columns; the window is symmetric. */
function windowMeans(values: Float64Array, width: number, height: number): Float64Array {
  const outWidth = width - windowSize + 1;
  const outHeight = height - windowSize + 1;
  const centre = windowSize >> 1;
  const rows = new Float64Array(height * outWidth);
  for (let y = 0; y < height; y++) {
    for (let x = 0, at = y * width; x < outWidth; x++, at++) {
      let sum = windowWeights[centre]! * values[at + centre]!;
      for (let k = 0; k < centre; k++)
        sum += windowWeights[k]! * (values[at + k]! + values[at + windowSize - 1 - k]!);
      rows[y * outWidth + x] = sum;
    }
  }
  const out = new Float64Array(outHeight * outWidth);
  for (let i = 0; i < out.length; i++) {
    let sum = windowWeights[centre]! * rows[i + centre * outWidth]!;
    for (let k = 0; k < centre; k++)
      sum += windowWeights[k]! * (rows[i + k * outWidth]! + rows[i + (windowSize - 1 - k) * outWidth]!);
    out[i] = sum;
  }
  return out;
}

/** `size` samples of a centred Gaussian that sum to 1. */
function gaussian(size: number, sigma: number): Float64Array {
  const centre = (size - 1) / 2;
  const weights = Float64Array.from({ length: size }, (_, i) =>
    Math.exp(-((i - centre) ** 2) / (2 * sigma ** 2)),
  );
  const total = weights.reduce((sum, weight) => sum + weight);
  return weights.map((weight) => weight / total);
}

function requireEqualLength(a: ArrayLike<number>, b: ArrayLike<number>): void {
  if (a.length !== b.length || a.length === 0) {
    throw new SpecError(
      `Pictures to compare must be of one size and not empty; these have ${a.length} and ${b.length} values.`,
    );
  }
}
