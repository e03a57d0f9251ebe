/**
 * Finds out how the noise of a picture depends on its brightness, from small patches that hold nothing but noise. It uses only
 * + − × ÷, √ and sorting, so that every engine finds exactly the same.
 */
import { MID_GREY } from "../noise/pointwise.ts";
import type { CheckedPicture, Picture } from "../pictures/picture.ts";

/** Noise whose variance at a mean value x is gain·x + sigma², in grey levels. */
export interface NoiseCurve {
  /** Grey levels per photon, at least 0; 0 for noise that is the same everywhere. */
  readonly gain: number;
  /** Standard deviation in black, in grey levels, at least 0. */
  readonly sigma: number;
}

export interface FoundCurve extends NoiseCurve {
  /**
   * How much the noise of neighbouring pixels goes together: their correlation in the patches, 0 if it is independent. What
   * reaches further than a patch is not seen, so that it is an underestimate.
   */
  readonly correlation: number;
}

/** The root of the noise's mean square in mid grey, in grey levels. */
export function levelOfCurve({ gain, sigma }: NoiseCurve): number {
  return Math.sqrt(gain * MID_GREY + sigma * sigma);
}

/** The correlation of neighbouring pixels above which their noise is not taken for independent. */
export const MOST_CORRELATION = 0.15;

/** Patches of 4×4 pixels, as white-noise.ts has them. */
const SIDE = 4;
const PIXELS = SIDE * SIDE;
/** At most about this many patches of each colour are looked at, evenly spread. */
const MOST_PATCHES = 8192;
/** Fewer tell nothing. */
export const FEWEST_PATCHES = 64;
/** The search begins from the flattest patches of each of so many classes of equal size by brightness. */
export const CLASSES = 12;
/** In each class, this part of the patches is flatter than the one that the search begins from. */
export const FLATTEST = 0.05;
/** Where this part of all χ² variables with 15 degrees of freedom stays below, as a multiple of 15. */
export const FLATTEST_BELOW = 0.4841;
/** A patch counts as noise alone if its variance is below this many times that of the noise. */
export const LIMIT = 1.2;
/** The mean of X / 15 for a χ² variable X with 15 degrees of freedom, given that X < 1.2 · 15. */
export const MEAN_BELOW_LIMIT = 0.828876;
export const ROUNDS = 30;
const LEAST_VARIANCE = 1e-6;

/** A patch of 4×4 pixels of one channel, in grey levels. */
export interface Patch {
  readonly mean: number;
  readonly variance: number;
  /** Sum over the 24 pairs of neighbours of the product of their deviations, divided by 24. */
  readonly product: number;
}

/** What has to be known of a picture whose noise is looked for. */
type Checked = Omit<CheckedPicture, "colors">;

/** The noise that `curveOf` finds in a picture. */
export function noiseCurveOf(picture: Picture, checked: Checked): FoundCurve | undefined {
  return curveOf(patchesOf(picture, checked));
}

/**
 * Fits the line v(x) = gain·x + sigma² to the variances of those patches that vary less than 1.2·v: a fixed point, as that of
 * `whiteNoiseOf`.
 * @param patches of a picture
 * @returns undefined if the picture is too small or too full of black and white
 */
export function curveOf(patches: readonly Patch[]): FoundCurve | undefined {
  if (patches.length < FEWEST_PATCHES) return undefined;
  let line = fitted(flattestOf(patches));
  let chosen: Patch[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    chosen = patches.filter(({ mean, variance }) => variance < LIMIT * at(line, mean));
    if (chosen.length < FEWEST_PATCHES) return undefined;
    const next = fitted(
      chosen.map(({ mean, variance }) => ({
        mean,
        variance: variance / MEAN_BELOW_LIMIT,
        weight: 1 / at(line, mean) ** 2,
      })),
    );
    if (next.slope === line.slope && next.offset === line.offset) break;
    line = next;
  }
  let [products, variances] = [0, 0];
  for (const { product, variance } of chosen) {
    // The deviations are from the patch's own mean, which makes each product smaller by a 16th of the variance.
    products += product + variance / PIXELS;
    variances += variance;
  }
  const correlation = variances === 0 ? 0 : products / variances;
  return { gain: line.slope, sigma: Math.sqrt(line.offset), correlation };
}

interface Line {
  readonly slope: number;
  readonly offset: number;
}

const at = ({ slope, offset }: Line, mean: number) =>
  Math.max(LEAST_VARIANCE, slope * Math.max(0, mean) + offset);

/** For each class of brightness, its mean, and the variance that its flattest patches hint at. */
function flattestOf(patches: readonly Patch[]): { mean: number; variance: number; weight: number }[] {
  const sorted = [...patches].sort((a, b) => a.mean - b.mean);
  return Array.from({ length: CLASSES }, (_, index) => {
    const [from, to] = [index, index + 1].map((i) => Math.floor((i * sorted.length) / CLASSES));
    const members = sorted.slice(from, to).sort((a, b) => a.variance - b.variance);
    const { variance } = members[Math.floor(FLATTEST * members.length)]!;
    const mean = members.reduce((sum, one) => sum + one.mean, 0) / members.length;
    const guess = Math.max(LEAST_VARIANCE, variance / FLATTEST_BELOW);
    return { mean, variance: guess, weight: 1 / guess ** 2 };
  });
}

/** The line of least weighted squares whose slope and offset are not negative. */
function fitted(points: readonly { mean: number; variance: number; weight: number }[]): Line {
  let [w, wx, wy, wxx, wxy] = [0, 0, 0, 0, 0];
  for (const { mean, variance, weight } of points) {
    const x = Math.max(0, mean);
    w += weight;
    wx += weight * x;
    wy += weight * variance;
    wxx += weight * x * x;
    wxy += weight * x * variance;
  }
  const divisor = w * wxx - wx * wx;
  const slope = divisor > 0 ? (w * wxy - wx * wy) / divisor : 0;
  const offset = (wy - slope * wx) / w;
  if (slope < 0) return { slope: 0, offset: wy / w };
  if (offset < 0) return { slope: wxy / wxx, offset: 0 };
  return { slope, offset };
}

/** The patches of all channels that do not touch 0 or 255, where values may have been cut off. */
export function patchesOf(picture: Picture, checked: Checked): Patch[] {
  const channels = Array.from({ length: checked.distinct }, (_, channel) => channel);
  return channels.flatMap((channel) => patchesOfChannel(picture, checked, channel));
}

function patchesOfChannel(
  { data, width, height }: Picture,
  { channels, black, step: level }: Checked,
  channel: number,
): Patch[] {
  const [across, down] = [width - SIDE + 1, height - SIDE + 1];
  const step = Math.max(1, Math.ceil(Math.sqrt((across * down) / MOST_PATCHES)));
  const patches: Patch[] = [];
  const values = new Float64Array(PIXELS);
  for (let y = 0; y < down; y += step) {
    for (let x = 0; x < across; x += step) {
      let [sum, isCut] = [0, false];
      for (let i = 0; i < PIXELS; i++) {
        const at = ((y + (i >> 2)) * width + x + (i & 3)) * channels + channel;
        const value = Math.fround((data[at]! - black) / level);
        isCut ||= value === 0 || value === 255;
        values[i] = value;
        sum += value;
      }
      if (isCut) continue;
      const mean = sum / PIXELS;
      let [squares, products] = [0, 0];
      for (let i = 0; i < PIXELS; i++) {
        const deviation = values[i]! - mean;
        squares += deviation * deviation;
        if ((i & 3) < 3) products += deviation * (values[i + 1]! - mean);
        if (i < PIXELS - SIDE) products += deviation * (values[i + SIDE]! - mean);
      }
      patches.push({ mean, variance: squares / (PIXELS - 1), product: products / 24 });
    }
  }
  return patches;
}
