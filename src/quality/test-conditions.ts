/** Under what noise a set of pictures is measured, and the noisy pictures that follow from it. */
import type { TestPicture } from "../data/images.ts";
import { addNoiseTo, type NoiseModel, noiseAt } from "../noise/noise.ts";
import { Purpose } from "../noise/rng.ts";
import type { Picture } from "../pictures/picture.ts";
import { throughJpeg } from "../pictures/through-jpeg.ts";

/** The seed of the noise that is added to sets of photographs: the same for every model and every other method. */
export const SET_SEED = 1;

/** How the pictures of a set become noisy, and what the denoiser is told of it. */
export interface Condition {
  /** The standard deviation of the Gaussian noise that is added, in grey levels; undefined where the noise is other or real. */
  readonly sigma?: number;
  /** The noise that is added where `sigma` is undefined; undefined where the noise is real. Its level is not told. */
  readonly noise?: NoiseModel;
  /** The quality, 1 to 100, of the JPEG file that the noisy picture becomes; undefined if it does not become one. */
  readonly jpeg?: number;
  /** Whether the denoiser is told `sigma`. Otherwise it finds the level itself, as it does by default. */
  readonly told: boolean;
}

/**
 * The noisy picture of a pair; or the clean picture with the noise of the condition, not clipped, in float32. If it becomes a JPEG
 * file, it is rounded and clipped to 0 to 255 before.
 * @param index the picture's place in the set: the noise is drawn from stream (`SET_SEED`, test noise, index), and is
 * the same at every level but for its strength
 */
export function noisyPicture(
  { clean, noisy }: TestPicture,
  { sigma, noise, jpeg }: Condition,
  index: number,
): Required<Picture<Uint8Array | Float32Array>> {
  if (noisy) return noisy;
  const data = new Float32Array(clean.data.length);
  const place = { seed: SET_SEED, purpose: Purpose.testNoise, index };
  const drawn = noiseAt(noise ?? { model: "gaussian", sigma: sigma! }, SET_SEED, Purpose.testNoise, index);
  addNoiseTo(clean, data, drawn, place);
  if (jpeg === undefined) return { ...clean, data };
  return throughJpeg({ ...clean, data: new Uint8Array(new Uint8ClampedArray(data).buffer) }, jpeg);
}
