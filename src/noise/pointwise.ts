/** Models of noise in which every value has noise of its own, whose strength follows from that value alone. */
import type { Ranged } from "./ranged.ts";
import type { Random } from "./rng.ts";

/**
 * A model of noise in which every value has noise of its own. In the formulas, x is a clean value from 0 to 255, and n is
 * drawn from the normal distribution N(0, 1). Noisy values are not clipped. In colour pictures each channel has noise of
 * its own.
 */
export type PointwiseNoise =
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
export type PointwisePictureNoise = PointwiseNoise extends infer Model
  ? Model extends PointwiseNoise
    ? { [Key in keyof Model]: Key extends "model" ? Model[Key] : number }
    : never
  : never;

/** The noise with a number in place of each range. `pick` is called for each parameter in turn, `gain` before `sigma`. */
export function withNumbers(noise: PointwiseNoise, pick: (range: Ranged) => number): PointwisePictureNoise {
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

export const MID_GREY = 127.5;

/**
 * The level of noise in grey levels: the root of its mean square in a picture of mid grey, 127.5. For Gaussian and
 * uniform noise it is the standard deviation.
 */
export function strengthOf(noise: PointwisePictureNoise): number {
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

/** Fills `noisy` with the values `clean` plus noise that is drawn from `random`; the result is not clipped. */
export function addPointwiseNoise(
  clean: Uint8Array,
  noisy: Float32Array,
  noise: PointwisePictureNoise,
  random: Random,
): void {
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
