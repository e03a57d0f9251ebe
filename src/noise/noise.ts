/** Models of noise: their parameters, how strong the noise is, and how it is drawn from a seed. */
import { type Images, pixelsOf, valuesAt } from "../data/images.ts";
import { SpecError } from "../errors.ts";
import { Purpose, Random } from "./rng.ts";

/** A number, or the two ends of a range, from which a number is drawn uniformly for each picture. */
export type Ranged = number | [number, number];

/** The noise of a recipe: its model, and when it is drawn. */
export type Noise = NoiseModel & {
  /**
   * "once": each picture keeps the noise that it was given before the first epoch. "fresh": a picture gets new noise each
   * time it is shown.
   */
  drawn: "once" | "fresh";
};

/**
 * A model of noise. In the formulas, x is a clean value from 0 to 255, and n is drawn from the normal distribution
 * N(0, 1). Noisy values are not clipped. In colour pictures each channel has noise of its own.
 */
export type NoiseModel =
  | GaussianNoise
  | UniformNoise
  | PoissonGaussianNoise
  | SaltAndPepperNoise
  | SpeckleNoise;

/** Gaussian noise: x + sigma·n. */
export interface GaussianNoise {
  /** The kind of noise. */
  model: "gaussian";
  /** Standard deviation in grey levels. */
  sigma: Ranged;
}

/** Uniform noise: x + h·u, where u is uniform in (−1, 1). Rounding to steps of 2h makes such an error. */
export interface UniformNoise {
  /** The kind of noise. */
  model: "uniform";
  /** Standard deviation in grey levels: h = √3·sigma. */
  sigma: Ranged;
}

/**
 * The noise of a sensor that counts photons and has a read-out error: x + √(gain·x + sigma²)·n. The counts are not drawn
 * from the Poisson distribution but from the normal distribution with the same mean and variance: that costs the same for
 * any count, and needs only + − × ÷ √. It leaves out the skew, √(gain / x), which shows below some ten photons
 * (x < 10·gain). Alessandro Foi et al., "Practical Poissonian-Gaussian noise modeling and fitting for single-image
 * raw-data", IEEE TIP 17 (2008), where a is the gain and b is sigma².
 */
export interface PoissonGaussianNoise {
  /** The kind of noise. */
  model: "poisson-gaussian";
  /** Grey levels per photon, at least 0. */
  gain: Ranged;
  /** Standard deviation of the read-out error in grey levels, at least 0. */
  sigma: Ranged;
}

/**
 * Salt-and-pepper noise (impulse noise): a value is replaced by 0 or 255, with equal chances, or stays as it is. Rafael
 * Gonzalez and Richard Woods, "Digital Image Processing".
 */
export interface SaltAndPepperNoise {
  /** The kind of noise. */
  model: "salt-and-pepper";
  /** Probability that a value is replaced, from 0 to 1. */
  share: Ranged;
}

/**
 * Speckle: x + contrast·x·n, noise in proportion to the picture, as pictures by coherent light and radar have it if
 * several looks are averaged. Joseph Goodman, "Some fundamental properties of speckle", JOSA 66 (1976), defines the
 * contrast.
 */
export interface SpeckleNoise {
  /** The kind of noise. */
  model: "speckle";
  /** Standard deviation divided by mean, without a unit, at least 0. A single look at fully developed speckle has 1. */
  contrast: Ranged;
}

/** The noise of one picture: a model with a number drawn from each of its ranges. */
type PictureNoise = NoiseModel extends infer Model
  ? Model extends NoiseModel
    ? { [Key in keyof Model]: Key extends "model" ? Model[Key] : number }
    : never
  : never;

/** The noise with a number in place of each range. `pick` is called for each parameter in turn, `gain` before `sigma`. */
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

/** A description of noise for people, such as "gaussian, σ = 10". */
export function noiseName(noise: NoiseModel): string {
  const parameters = Object.entries(noise)
    .filter(([name]) => name !== "model" && name !== "drawn")
    .map(([name, value]) => {
      const symbol = name === "sigma" ? "σ" : name;
      return `${symbol} ${Array.isArray(value) ? value.join(" to ") : `= ${value}`}`;
    });
  return [noise.model, ...parameters].join(", ");
}

/** The noise of picture `index`. Its ranges are drawn from stream (seed, `Purpose.level` + purpose, index). */
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
 * The level of noise in grey levels: the root of its mean square in a picture of mid grey, 127.5. For Gaussian and
 * uniform noise it is the standard deviation. A network with `noiseLevel` is given it, and `lossWeight` depends on it.
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

/**
 * The level, in grey levels, of the noise that `addNoise` gives to picture `index` with the same seed and purpose. It is
 * the root of the noise's mean square in a picture of mid grey, 127.5; for Gaussian and uniform noise that is `sigma`.
 * @param seed 32-bit unsigned integer
 * @param purpose a value of `Purpose`
 */
export function levelOf(noise: NoiseModel, seed: number, purpose: number, index: number): number {
  return strengthOf(noiseAt(noise, seed, purpose, index));
}

/**
 * Noise of the same model that has one level for all pictures: the upper ends of its ranges, made stronger or weaker.
 * @param level above 0, in grey levels
 * @throws SpecError if noise of this model cannot be that strong
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
 * Fills `noisy` with the values of picture `index`, `clean`, plus noise; the result is not clipped. The noise is drawn
 * from the streams of (seed, purpose, index) alone.
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
 * Adds noise to pictures. The noise of picture i depends on seed, purpose and i alone, not on the other pictures.
 * @param seed 32-bit unsigned integer
 * @param purpose a value of `Purpose`, so that noise for training and for tests differs
 * @returns the noisy values, not clipped, in the order and with the length of `images.data`
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
