/** Noise as `denoise-wasm/train` offers it: what is given is checked first. A page, which draws noise of its own, does without. */
import { type Images, requirePictures } from "../data/images.ts";
import { requireOption } from "../errors.ts";
import { parse } from "../network/parse.ts";
import { addNoise as add, levelOf as level, type NoiseModel } from "../noise/noise.ts";
import { NoiseSchema } from "../noise/noise-schema.ts";
import { requireWhole } from "./train-options.ts";

const MOST = 2 ** 32 - 1;

/**
 * Adds noise to pictures. The noise of picture i depends on seed, purpose and i alone, not on the other pictures.
 * @param seed 32-bit unsigned integer
 * @param purpose a value of `Purpose`, so that noise for training and for tests differs
 * @param levels is filled with the level of each picture's noise, in grey levels: that of `levelOf`; for a camera's noise
 * the root mean square of the noisy minus the clean picture
 * @returns the noisy values, in the order and with the length of `images.data`. They are not clipped, except that a
 * camera's are whole numbers from 0 to 255
 * @throws SpecError if the noise is not valid, pictures for a camera's noise are neither grey nor RGB, or another argument is
 * not what it has to be
 * @throws DataError if the parts of the set do not fit together
 */
export function addNoise(
  images: Images,
  noise: NoiseModel,
  seed: number,
  purpose: number,
  levels?: Float32Array,
): Float32Array {
  requirePictures(images, "The pictures");
  requireStream(noise, seed, purpose);
  const areLevels = levels === undefined || (levels instanceof Float32Array && levels.length >= images.count);
  requireOption("levels", levels, areLevels, "a Float32Array with a value for each picture");
  return add(images, noise, seed, purpose, levels);
}

/**
 * The level, in grey levels, of the noise that `addNoise` gives to picture `index` with the same seed and purpose. It is
 * the root of the noise's mean square in a picture of mid grey, 127.5; for Gaussian and uniform noise that is `sigma`. The
 * level of a camera's noise depends on the picture: `addNoise` measures it while it adds the noise.
 * @param seed 32-bit unsigned integer
 * @param purpose a value of `Purpose`
 * @param index 32-bit unsigned integer
 * @throws SpecError if the noise is not valid or that of a camera, or another argument is not what it has to be
 */
export function levelOf(noise: NoiseModel, seed: number, purpose: number, index: number): number {
  requireStream(noise, seed, purpose);
  requireWhole("index", index, 0, MOST);
  return level(noise, seed, purpose, index);
}

function requireStream(noise: NoiseModel, seed: number, purpose: number): void {
  parse(NoiseSchema, { drawn: "fresh", ...noise }, "noise");
  requireWhole("seed", seed, 0, MOST);
  requireWhole("purpose", purpose, 0, MOST);
}
