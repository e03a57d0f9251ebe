/** Measures white Gaussian noise from the variance of those small patches of a picture that hold nothing but noise. */
import type { CheckedPicture, Picture } from "../pictures/picture.ts";

/** Patches of 4×4 pixels: small enough to fit between the details of a picture of 28×28. */
const SIDE = 4;
const PIXELS = SIDE * SIDE;
/** Of a large picture, at most about this many patches are looked at, evenly spread. */
const MOST_PATCHES = 8192;
/**
 * The search begins near the variance that this part of the patches stays below. A picture of which as large a part is
 * exactly flat counts as clean.
 */
const FLATTEST = 0.02;
/** A patch counts as noise alone if its variance is below this many times the variance of the noise. */
const LIMIT = 1.2;
/** In grey levels. Weaker noise is not measured. */
const LEAST_SIGMA = 2;
/**
 * Of the values that noise alone carries to a limit (0 or 255), at most an eighth is expected to have a whole square of
 * 2×2 pixels there. If the part is above this bound, it is not by chance.
 */
const MOST_TOGETHER = 0.28;
const MOST_ROUNDS = 30;
/**
 * The mean fourth power of deviations over the square of their mean square. In 16 values of a normal distribution it is
 * about 2.6; in patterns of two values, such as checks and dithers, about 1, also under weak noise.
 */
const LEAST_KURTOSIS = 1.9;
/** Patches with fewer degrees of freedom are left out. */
const LEAST_FREEDOM = 4;
/**
 * The mean of X/k for a χ² variable X with k degrees of freedom, given that X < 1.2·k, for k from 1 to 15 (and 0 for
 * k = 0, which is not used): F(1.2·k; k + 2) / F(1.2·k; k), where F(x; k) is the distribution function.
 */
const meanBelowLimit = [
  0, 0.339897, 0.482785, 0.566039, 0.622205, 0.663395, 0.695277, 0.720904, 0.742085, 0.759971, 0.775334,
  0.788714, 0.8005, 0.810984, 0.820385, 0.828876,
];

/**
 * The standard deviation, in grey levels, of white Gaussian noise in a picture. It is 0 if it would be below 2, or if the
 * picture is less than 4 pixels wide or high. For a colour picture it is the root mean square over R, G and B.
 *
 * It is the fixed point of σ² = Σ S / Σ k·m(k) over all patches of 4×4 pixels with S/k < 1.2·σ². Here S is a patch's
 * sum of squared deviations, k is its degrees of freedom, and m(k) is the mean of X/k for a χ² variable X with k degrees
 * of freedom, given that X < 1.2·k. The search starts from the flattest patches. So patches with texture, which vary
 * more, are left out, and m(k) makes up for the patches of mere noise that are left out with them. Values at 0 or 255
 * may have been cut off there and are left out too: the rest of their patch is taken as one half of a normal
 * distribution around that limit.
 *
 * It is also 0 for a pattern of two values, and if less than 2 % of the patches are mere noise. With `flatIsClean`, a
 * picture with exactly flat areas counts as clean if they make up 2 % of the patches, or, where they are at 0 or 255, 2 %
 * of the squares of 2×2 pixels. Otherwise they are left out.
 *
 * To measure noise where texture is weak is the idea of Liu, Tanaka and Okutomi, "Single-image noise level estimation
 * for blind denoising", IEEE TIP 22 (2013).
 */
export function whiteNoiseOf(
  picture: Picture,
  { channels, distinct }: Pick<CheckedPicture, "channels" | "distinct">,
  flatIsClean: boolean,
): number {
  let square = 0;
  for (let channel = 0; channel < distinct; channel++) {
    const sigma = sigmaOfPlane(picture, channels, channel, flatIsClean);
    square += (sigma * sigma) / distinct;
  }
  return Math.sqrt(square);
}

function sigmaOfPlane(picture: Picture, channels: number, channel: number, flatIsClean: boolean): number {
  const { data, width, height } = picture;
  const across = width - SIDE + 1;
  const down = height - SIDE + 1;
  if (across < 1 || down < 1) return 0;
  let least = Infinity;
  let greatest = -Infinity;
  for (let i = channel; i < data.length; i += channels) {
    least = Math.min(least, data[i]!);
    greatest = Math.max(greatest, data[i]!);
  }
  // NaN, which no value equals, if the picture does not reach the limit.
  const low = least === 0 ? 0 : Number.NaN;
  const high = greatest === 255 ? 255 : Number.NaN;
  const step = Math.ceil(Math.sqrt((across * down) / MOST_PATCHES));
  const patch = new Float64Array(PIXELS);
  /** For each patch: the sums of the squares and of the fourth powers of its deviations, and their degrees of freedom. */
  const sums: number[] = [];
  const fourths: number[] = [];
  const freedoms: number[] = [];
  /** Each patch's sum of squares over its degrees of freedom. */
  const variances: number[] = [];
  for (let y = 0; y < down; y += step) {
    for (let x = 0; x < across; x += step) {
      let sum = 0;
      let limit: number | undefined;
      for (let i = 0; i < PIXELS; i++) {
        const value = data[((y + (i >> 2)) * width + x + (i & 3)) * channels + channel]!;
        if (value === low) limit = low;
        if (value === high) limit ??= high;
        patch[i] = value;
        sum += value;
      }
      const centre = limit ?? sum / PIXELS;
      let squares = 0;
      let fourth = 0;
      let used = 0;
      for (const value of patch) {
        if (value === limit) continue;
        const square = (value - centre) * (value - centre);
        squares += square;
        fourth += square * square;
        used++;
      }
      const freedom = limit === undefined ? PIXELS - 1 : used;
      if (freedom < LEAST_FREEDOM || (squares === 0 && !flatIsClean)) continue;
      sums.push(squares);
      fourths.push(fourth);
      freedoms.push(freedom);
      variances.push(squares / freedom);
    }
  }
  if (sums.length === 0) return 0;
  let variance =
    new Float64Array(variances).sort()[Math.floor(FLATTEST * sums.length)]! /
    meanBelowLimit[PIXELS - 1]! ** 2;
  for (let round = 0, last = -1; round < MOST_ROUNDS && variance !== last; round++) {
    last = variance;
    let squares = 0;
    let weight = 0;
    for (let i = 0; i < sums.length; i++) {
      if (variances[i]! >= LIMIT * last) continue;
      squares += sums[i]!;
      weight += freedoms[i]! * meanBelowLimit[freedoms[i]!]!;
    }
    if (weight > 0) variance = squares / weight;
  }
  const sigma = Math.sqrt(variance);
  if (sigma < LEAST_SIGMA) return 0;
  let [patches, squares, fourth, values] = [0, 0, 0, 0];
  for (let i = 0; i < sums.length; i++) {
    if (variances[i]! >= LIMIT * variance) continue;
    patches++;
    squares += sums[i]!;
    fourth += fourths[i]!;
    values += freedoms[i]!;
  }
  if (patches < FLATTEST * sums.length || fourth * values < LEAST_KURTOSIS * squares * squares) return 0;
  const isFlat =
    flatIsClean && [low, high].some((limit) => limit >= 0 && isFlatAt(limit, picture, channels, channel));
  return isFlat ? 0 : sigma;
}

/**
 * Whether a picture has areas at a limit (0 or 255) that no noise has touched: at least 2 % of all squares of 2×2 pixels
 * are wholly at the limit, and these are more than chance allows. Noise carries a value past the limit at most half of
 * the time, and each pixel independently of the others. So of the values at a limit, at most one in eight is expected to
 * have a whole square there.
 */
function isFlatAt(
  limit: number,
  { data, width, height }: Picture,
  channels: number,
  channel: number,
): boolean {
  const below = width * channels;
  let squares = 0;
  let values = 0;
  for (let y = 0; y < height - 1; y++) {
    for (let i = y * below + channel, end = i + below - channels; i < end; i += channels) {
      const above = Number(data[i] === limit) + Number(data[i + channels] === limit);
      const count = above + Number(data[i + below] === limit) + Number(data[i + below + channels] === limit);
      values += count;
      if (count === 4) squares++;
    }
  }
  return squares >= FLATTEST * (width - 1) * (height - 1) && 4 * squares > MOST_TOGETHER * values;
}
