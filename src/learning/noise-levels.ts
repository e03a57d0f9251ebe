/** How strong the noise of pictures is from dark to bright, as the patches show it that vary least. */
import {
  CLASSES,
  FEWEST_PATCHES,
  FLATTEST,
  FLATTEST_BELOW,
  LIMIT,
  MEAN_BELOW_LIMIT,
  type Patch,
  ROUNDS,
} from "./noise-curve.ts";

/** Noise at one brightness, in grey levels. */
export interface NoiseLevel {
  readonly mean: number;
  /** Its standard deviation, above 0. */
  readonly sigma: number;
}

/**
 * The noise in each of twelve classes of equally many patches by brightness: the fixed point of σ² as in `curveOf`, but of each
 * class alone, so that the noise may depend on brightness in any way. Patches of one value are taken for cut off, as where a
 * sensor is full.
 * @returns from dark to bright; nothing if there are too few patches
 */
export function noiseByBrightness(patches: readonly Patch[]): NoiseLevel[] {
  const sorted = patches.filter(({ variance }) => variance > 0).sort((a, b) => a.mean - b.mean);
  if (sorted.length < CLASSES * FEWEST_PATCHES) return [];
  return Array.from({ length: CLASSES }, (_, index) => {
    const [from, to] = [index, index + 1].map((i) => Math.floor((i * sorted.length) / CLASSES));
    const members = sorted.slice(from, to).sort((a, b) => a.variance - b.variance);
    let variance = members[Math.floor(FLATTEST * members.length)]!.variance / FLATTEST_BELOW;
    let chosen = members;
    for (let round = 0; round < ROUNDS; round++) {
      chosen = members.filter((patch) => patch.variance < LIMIT * variance);
      variance = meanOf(chosen.map((patch) => patch.variance)) / MEAN_BELOW_LIMIT;
    }
    return { mean: meanOf(chosen.map(({ mean }) => mean)), sigma: Math.sqrt(variance) };
  });
}

const meanOf = (values: readonly number[]) => values.reduce((sum, value) => sum + value / values.length, 0);

/** The standard deviation at a value: straight between the classes, and beyond them as in the nearest. */
export function sigmaAt(levels: readonly NoiseLevel[], value: number): number {
  const above = levels.findIndex(({ mean }) => mean > value);
  if (above <= 0) return levels.at(above)!.sigma;
  const [one, other] = [levels[above - 1]!, levels[above]!];
  const part = (value - one.mean) / (other.mean - one.mean);
  return one.sigma + part * (other.sigma - one.sigma);
}
