/** Seeded noise, and its description in recipes. */
import * as v from "valibot";
import { type Images, pixelsOf } from "./data/images.ts";
import { Purpose, Random } from "./rng.ts";

const level = v.pipe(v.number(), v.finite(), v.minValue(0));

export const NoiseSchema = v.strictObject({
  model: v.literal("gaussian"),
  /**
   * Standard deviation in grey levels (pictures are 0 to 255), or the two ends of the range that each picture's
   * is drawn from, all of it equally likely. The noisy picture is not clipped.
   */
  sigma: v.union([level, v.tuple([level, level])]),
  /**
   * "once": each picture keeps the noise it was given before the first epoch. "fresh": it gets another each
   * time it is seen.
   */
  drawn: v.picklist(["once", "fresh"]),
});

export type Noise = v.InferOutput<typeof NoiseSchema>;

/** What levels and noise are drawn from, but when they are drawn. */
export type NoiseModel = Omit<Noise, "drawn">;

/** In words, for people. */
export function noiseName({ model, sigma }: NoiseModel): string {
  return `${model}, σ ${typeof sigma === "number" ? `= ${sigma}` : sigma.join(" to ")}`;
}

/** The standard deviation of picture `index`: `sigma`, or a number in its range from stream (seed, purpose, index). */
export function levelOf({ sigma }: NoiseModel, seed: number, purpose: number, index: number): number {
  if (typeof sigma === "number") return sigma;
  const [least, greatest] = sigma;
  const random = new Random(seed, Purpose.level + purpose, index);
  return Math.fround(least + (greatest - least) * random.uniform());
}

/**
 * The pictures with additive white Gaussian noise, not clipped: float32, same order and length as
 * `images.data`. Picture i draws from streams (seed, purpose, i) alone.
 */
export function addNoise(images: Images, noise: NoiseModel, seed: number, purpose: number): Float32Array {
  const size = pixelsOf(images);
  const noisy = new Float32Array(images.data.length);
  for (let index = 0; index < images.count; index++) {
    const start = index * size;
    const picture = noisy.subarray(start, start + size);
    new Random(seed, purpose, index).fillNormal(picture, levelOf(noise, seed, purpose, index));
    for (let i = 0; i < size; i++) picture[i] = picture[i]! + images.data[start + i]!;
  }
  return noisy;
}
