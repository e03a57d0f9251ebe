/** Noise: what it may be, how strong it is, and how it is drawn from a seed. */
import { type Images, pixelsOf, valuesAt } from "../data/images.ts";
import { SpecError } from "../errors.ts";
import { Purpose, Random } from "./rng.ts";

/** A number, or the two ends of the range that each picture's is drawn from, all of it equally likely. */
export type Ranged = number | [number, number];

/** Noise of a recipe: what it is, and when it is drawn. */
export type Noise = NoiseModel & {
  /**
   * "once": each picture keeps the noise it was given before the first epoch. "fresh": it gets another each time it is
   * seen.
   */
  drawn: "once" | "fresh";
};

/**
 * Noise, whenever it is drawn. In the formulas x is a clean value, 0 to 255, and n is drawn from N(0, 1). No noisy
 * picture is clipped; in colour, each channel has noise of its own.
 */
export type NoiseModel =
  | GaussianNoise
  | UniformNoise
  | PoissonGaussianNoise
  | SaltAndPepperNoise
  | SpeckleNoise;

/** x + sigma·n. */
export interface GaussianNoise {
  /** The kind of noise. */
  model: "gaussian";
  /** Standard deviation in grey levels. */
  sigma: Ranged;
}

/** x + h·u, u equally likely anywhere in (−1, 1): the error of rounding to steps of 2h. */
export interface UniformNoise {
  /** The kind of noise. */
  model: "uniform";
  /** Standard deviation in grey levels: h = √3·sigma. */
  sigma: Ranged;
}

/**
 * x + √(gain·x + sigma²)·n: what a sensor that counts photons and is read out with an error gives. The counts are
 * not drawn from the Poisson distribution but from the normal one of its mean and variance: that costs the same
 * for any count, and needs nothing but + − × ÷ √. What it leaves out is the skew, √(gain / x), which shows below
 * some ten photons (x < 10·gain). Alessandro Foi et al., "Practical Poissonian-Gaussian noise modeling and
 * fitting for single-image raw-data", IEEE TIP 17 (2008), where a is the gain and b is sigma².
 */
export interface PoissonGaussianNoise {
  /** The kind of noise. */
  model: "poisson-gaussian";
  /** Grey levels of one photon. */
  gain: Ranged;
  /** Standard deviation, in grey levels, of the error of reading out. */
  sigma: Ranged;
}

/**
 * A value becomes 0 or 255, as likely as each other, or stays as it is. Rafael Gonzalez and Richard Woods,
 * "Digital Image Processing", on impulse noise.
 */
export interface SaltAndPepperNoise {
  /** The kind of noise. */
  model: "salt-and-pepper";
  /** Probability that a value is lost, 0 to 1. */
  share: Ranged;
}

/**
 * x + contrast·x·n: noise in proportion to the picture, as coherent light and radar have it once several looks
 * are averaged. Joseph Goodman, "Some fundamental properties of speckle", JOSA 66 (1976), has the contrast.
 */
export interface SpeckleNoise {
  /** The kind of noise. */
  model: "speckle";
  /** Standard deviation over mean, no unit; one look at full speckle has 1. */
  contrast: Ranged;
}

/** A model with its ranges drawn: the noise of one picture. */
type PictureNoise = NoiseModel extends infer Model
  ? Model extends NoiseModel
    ? { [Key in keyof Model]: Key extends "model" ? Model[Key] : number }
    : never
  : never;

/** The noise with one number in place of each range. `pick` is called for one after the other, `gain` before `sigma`. */
function withNumbers(noise: NoiseModel, pick: (range: Ranged) => number): PictureNoise {
  const { model } = noise;
  switch (model) {
    case "gaussian":
    case "uniform":
      return { model, sigma: pick(noise.sigma) };
    case "poisson-gaussian":
      return { model, gain: pick(noise.gain), sigma: pick(noise.sigma) };
    case "salt-and-pepper":
      return { model, share: pick(noise.share) };
    case "speckle":
      return { model, contrast: pick(noise.contrast) };
  }
}

/** In words, for people. */
export function noiseName(noise: NoiseModel): string {
  const parameters = Object.entries(noise)
    .filter(([name]) => name !== "model" && name !== "drawn")
    .map(([name, value]) => {
      const symbol = name === "sigma" ? "σ" : name;
      return `${symbol} ${Array.isArray(value) ? value.join(" to ") : `= ${value}`}`;
    });
  return [noise.model, ...parameters].join(", ");
}

/** The noise of picture `index`, ranges drawn from stream (seed, purpose, index). */
function noiseAt(noise: NoiseModel, seed: number, purpose: number, index: number): PictureNoise {
  let random: Random | undefined;
  return withNumbers(noise, (range) => {
    if (typeof range === "number") return range;
    random ??= new Random(seed, Purpose.level + purpose, index);
    const [least, greatest] = range;
    return Math.fround(least + (greatest - least) * random.uniform());
  });
}

const MID_GREY = 127.5;

/**
 * How strong noise is, in grey levels: the root of its mean square in a picture of mid grey, 127.5. That is the
 * standard deviation of Gaussian and of uniform noise. It is what a network with a noise-level plane is told, and what
 * a recipe's `lossWeight` weighs by.
 */
function strengthOf(noise: PictureNoise): number {
  switch (noise.model) {
    case "gaussian":
    case "uniform":
      return noise.sigma;
    case "poisson-gaussian":
      return Math.sqrt(noise.gain * MID_GREY + noise.sigma * noise.sigma);
    case "salt-and-pepper":
      return MID_GREY * Math.sqrt(noise.share);
    case "speckle":
      return MID_GREY * noise.contrast;
  }
}

/** The level of picture `index`'s noise in grey levels, its ranges drawn from stream (seed, purpose, index). */
export function levelOf(noise: NoiseModel, seed: number, purpose: number, index: number): number {
  return strengthOf(noiseAt(noise, seed, purpose, index));
}

/**
 * The noise with one level for all pictures: made stronger or weaker from the upper ends of its ranges.
 * @param level above 0, in grey levels
 * @throws SpecError where noise of this model cannot be that strong
 */
export function noiseOfLevel(noise: NoiseModel, level: number): NoiseModel {
  const strongest = withNumbers(noise, (range) => (typeof range === "number" ? range : Math.max(...range)));
  if (strongest.model === "gaussian" || strongest.model === "uniform") return { ...strongest, sigma: level };
  const reached = strengthOf(strongest);
  if (reached === 0) throw new SpecError(`${noiseName(noise)} is no noise: it has no other levels.`);
  const factor = level / reached;
  switch (strongest.model) {
    case "poisson-gaussian":
      return { ...strongest, gain: strongest.gain * factor * factor, sigma: strongest.sigma * factor };
    case "speckle":
      return { ...strongest, contrast: strongest.contrast * factor };
    case "salt-and-pepper": {
      if (level > MID_GREY) {
        throw new SpecError(
          `Salt-and-pepper noise has levels up to ${MID_GREY}, where no value is left; ${level} is more.`,
        );
      }
      return { ...strongest, share: strongest.share * factor * factor };
    }
  }
}

/**
 * Fills `noisy` with picture `index`, whose values are `clean`, and its noise, not clipped: float32, same order.
 * Everything is drawn from streams (seed, purpose, index) alone.
 */
export function addNoiseTo(
  clean: Uint8Array,
  noisy: Float32Array,
  model: NoiseModel,
  { seed, purpose, index }: { seed: number; purpose: number; index: number },
): void {
  const noise = noiseAt(model, seed, purpose, index);
  const random = new Random(seed, purpose, index);
  switch (noise.model) {
    case "gaussian":
      random.fillNormal(noisy, noise.sigma);
      for (let i = 0; i < noisy.length; i++) noisy[i] = noisy[i]! + clean[i]!;
      return;
    case "uniform": {
      const halfWidth = Math.sqrt(3) * noise.sigma;
      for (let i = 0; i < noisy.length; i++) noisy[i] = clean[i]! + halfWidth * random.symmetric();
      return;
    }
    case "poisson-gaussian": {
      const { gain } = noise;
      const variance = noise.sigma * noise.sigma;
      random.fillNormal(noisy);
      for (let i = 0; i < noisy.length; i++) {
        noisy[i] = clean[i]! + Math.sqrt(gain * clean[i]! + variance) * noisy[i]!;
      }
      return;
    }
    case "salt-and-pepper": {
      const { share } = noise;
      for (let i = 0; i < noisy.length; i++) {
        const chance = random.uniform();
        noisy[i] = chance >= share ? clean[i]! : chance < share / 2 ? 0 : 255;
      }
      return;
    }
    case "speckle":
      random.fillNormal(noisy, noise.contrast);
      for (let i = 0; i < noisy.length; i++) noisy[i] = clean[i]! + clean[i]! * noisy[i]!;
  }
}

/**
 * The pictures with noise, not clipped: float32, same order and length as `images.data`. Picture i draws from streams
 * (seed, purpose, i) alone.
 */
export function addNoise(images: Images, noise: NoiseModel, seed: number, purpose: number): Float32Array {
  const size = pixelsOf(images);
  const noisy = new Float32Array(images.data.length);
  for (let index = 0; index < images.count; index++) {
    const picture = noisy.subarray(index * size, (index + 1) * size);
    addNoiseTo(valuesAt(images, index), picture, noise, { seed, purpose, index });
  }
  return noisy;
}
