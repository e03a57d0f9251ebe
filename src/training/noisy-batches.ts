/** Batches of networks that learn from noisy pictures alone: `NoisyOnly` in recipe.ts says how. */
import type { Photos, Scene, Scenes } from "../data/images.ts";
import { Purpose, Random } from "../noise/rng.ts";
import { type BatchSource, epochSize, orderOf } from "./batch-source.ts";
import { copyView, drawOrientation, PatchSource } from "./patches.ts";
import type { NoisyOnly, Recipe } from "./recipe.ts";

/** The noise at a pixel is estimated from the mean of the values up to this many rows and columns away. */
const REACH = 2;

type Values = Uint8Array | Float32Array;

/** The source of batches for `network.floatTarget`. All random numbers for a picture are drawn from streams of its own. */
export function noisyBatches(
  recipe: Recipe,
  { strength }: NoisyOnly,
  set: Scenes,
  seed: number,
): BatchSource {
  const { height, width, channels } = recipe.spec.input;
  const size = height * width * channels;
  const count = epochSize(recipe, set.count);
  const photos = photosOf(set);
  const numbers = new Map(photos.photos.map((photo, index) => [photo, index]));
  const patches =
    recipe.patchesPerEpoch === undefined ? undefined : new PatchSource(photos, { height, width });
  const deviations = new Deviations(recipe, set);
  const values = new Float32Array(size);
  const noise = new Float32Array(size);
  let shuffled = { epoch: 0, order: new Uint32Array() };
  return ({ input, floatTarget }, epoch, first, rows) => {
    if (!patches && shuffled.epoch !== epoch)
      shuffled = { epoch, order: orderOf(recipe, count, seed, epoch) };
    for (let row = 0; row < rows; row++) {
      const index = (epoch - 1) * count + first + row;
      const seen = input.subarray(row * size, (row + 1) * size);
      const wanted = floatTarget.subarray(row * size, (row + 1) * size);
      const random = new Random(seed, Purpose.augmentation, index);
      const orientation = drawOrientation(recipe, random);
      const place = patches?.draw(random) ?? {
        photo: photos.photos[shuffled.order[first + row]!]!,
        ...whole,
      };
      const number = numbers.get(place.photo)!;
      const { frames } = set.scenes[number]!;
      const take = (out: Float32Array, data: Values) =>
        copyView(out, { ...place, ...orientation, photo: { ...place.photo, data } }, height, width);
      if (frames.length > 1) {
        const order = shuffledFrames(frames, random);
        const half = frames.length >> 1;
        meanOf(wanted, order.slice(0, half), values, take);
        meanOf(seen, order.slice(half), values, take);
        continue;
      }
      new Random(seed, Purpose.freshNoise, index).fillNearlyNormal(noise);
      const map = deviations.of(number);
      if (typeof map !== "number") {
        take(values, map);
        for (let i = 0; i < size; i++) noise[i] = noise[i]! * values[i]!;
      } else for (let i = 0; i < size; i++) noise[i] = noise[i]! * map;
      take(values, frames[0]!);
      for (let i = 0; i < size; i++) {
        seen[i] = values[i]! + strength * noise[i]!;
        wanted[i] = values[i]! - noise[i]! / strength;
      }
    }
  };
}

const whole = { top: 0, left: 0 };

/** The first frames of scenes, as pictures. */
function photosOf({ scenes, count, channels }: Scenes): Photos<Values> {
  const photos = scenes.map(({ frames, width, height }) => ({ data: frames[0]!, width, height, channels }));
  return { photos, count, channels };
}

/** The frames in a random order (Fisher and Yates). */
function shuffledFrames(frames: readonly Values[], random: Random): Values[] {
  const order = [...frames];
  for (let i = order.length - 1; i > 0; i--) {
    const other = Math.floor(random.uniform() * (i + 1));
    [order[i], order[other]] = [order[other]!, order[i]!];
  }
  return order;
}

/** Fills `out` with the mean of views of frames. */
function meanOf(
  out: Float32Array,
  frames: readonly Values[],
  values: Float32Array,
  take: (out: Float32Array, data: Values) => void,
): void {
  out.fill(0);
  for (const frame of frames) {
    take(values, frame);
    for (let i = 0; i < out.length; i++) out[i] = out[i]! + values[i]! / frames.length;
  }
}

/** The standard deviation of the noise: one number for all pixels, or one for each value, from the mean around it. */
class Deviations {
  readonly #gain: number;
  readonly #sigma: number;
  readonly #maps: Float32Array[] = [];

  constructor(
    { noise }: Pick<Recipe, "noise">,
    readonly set: Scenes,
  ) {
    this.#gain = noise.model === "poisson-gaussian" ? Number(noise.gain) : 0;
    this.#sigma = "sigma" in noise ? Number(noise.sigma) : 0;
  }

  of(index: number): number | Float32Array {
    if (this.#gain === 0) return this.#sigma;
    this.#maps[index] ??= this.#mapOf(this.set.scenes[index]!);
    return this.#maps[index];
  }

  #mapOf({ frames: [data], width, height }: Scene): Float32Array {
    const { channels } = this.set;
    const line = width * channels;
    const across = sums(Float64Array.from(data!), height, line, width, channels);
    const both = sums(across, line, 1, height, line);
    const sizes = sums(
      sums(new Float64Array(width * height).fill(1), height, width, width, 1),
      width,
      1,
      height,
      width,
    );
    return Float32Array.from(both, (sum, i) => {
      const mean = Math.max(0, sum / sizes[Math.floor(i / channels)]!);
      return Math.sqrt(this.#gain * mean + this.#sigma * this.#sigma);
    });
  }
}

/**
 * For each value, the sum of those up to `REACH` steps away along one axis.
 * @param lines how many lines there are, and `apart` the distance from one to the next, beside which others may lie
 * @param length values of a line, `step` apart
 */
function sums(data: Float64Array, lines: number, apart: number, length: number, step: number): Float64Array {
  const out = new Float64Array(data.length);
  const beside = apart === 1 ? 1 : step;
  for (let line = 0; line < lines; line++) {
    for (let b = 0; b < beside; b++) {
      const start = line * apart + b;
      for (let i = 0; i < length; i++) {
        let sum = 0;
        const last = Math.min(length - 1, i + REACH);
        for (let j = Math.max(0, i - REACH); j <= last; j++) sum += data[start + j * step]!;
        out[start + i * step] = sum;
      }
    }
  }
  return out;
}
