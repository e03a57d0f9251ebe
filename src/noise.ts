import { type Images, pixelsOf } from "./data/images.ts";
import type { Recipe } from "./recipes.ts";
import { type Purpose, Random } from "./rng.ts";

/**
 * The pictures with additive white Gaussian noise, not clipped: float32, same order and length as
 * `images.data`. Picture i draws from stream (seed, purpose, i) alone.
 */
export function addNoise(
  images: Images,
  noise: Recipe["noise"],
  seed: number,
  purpose: Purpose,
): Float32Array {
  const size = pixelsOf(images);
  const noisy = new Float32Array(images.data.length);
  for (let index = 0; index < images.count; index++) {
    const start = index * size;
    const picture = noisy.subarray(start, start + size);
    new Random(seed, purpose, index).fillNormal(picture, noise.sigma);
    for (let i = 0; i < size; i++) picture[i] = picture[i]! + images.data[start + i]!;
  }
  return noisy;
}
