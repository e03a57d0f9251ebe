import { type Images, pictureAt, pixelsOf } from "./data/images.ts";
import type { Network } from "./network.ts";
import { addNoise, levelOf, type NoiseModel } from "./noise.ts";
import { power } from "./portable-math.ts";
import type { Recipe } from "./recipes.ts";
import { Purpose, Random } from "./rng.ts";

/** A set of clean pictures and their noisy twins, [count, pixels] each. */
export interface Pairs {
  readonly images: Images;
  readonly noisy: Float32Array;
  /** The standard deviation of each picture's noise: only for networks that are told it. */
  readonly sigma?: Float32Array;
}

/** The pictures with their noise; picture i draws from streams (seed, purpose, i) alone. */
export function pairsOf(images: Images, noise: NoiseModel, seed: number, purpose: number): Pairs {
  return {
    images,
    noisy: addNoise(images, noise, seed, purpose),
    sigma: Float32Array.from({ length: images.count }, (_, index) => levelOf(noise, seed, purpose, index)),
  };
}

/** Batches in an epoch. */
export function batchCount(count: number, batch: number): number {
  return Math.ceil(count / batch);
}

/** Which pictures each batch of an epoch holds, in order; the last may be smaller. */
export function batchesOf(count: number, batch: number): { first: number; rows: number }[] {
  return Array.from({ length: batchCount(count, batch) }, (_, index) => ({
    first: index * batch,
    rows: Math.min(batch, count - index * batch),
  }));
}

/** Pictures in the last batch of an epoch, or undefined where all are full. */
export function lastBatchOf(count: number, batch: number): number | undefined {
  return count % batch || undefined;
}

/** Copies `rows` pictures from `first` on into the network's input and, where it trains, target: the only write. */
export function fillBatch(
  network: Network,
  { images, noisy, sigma }: Pairs,
  first: number,
  rows: number,
): void {
  const size = pixelsOf(images);
  network.input.set(noisy.subarray(first * size, (first + rows) * size));
  if (sigma) network.sigma.set(sigma.subarray(first, first + rows));
  if (network.target.length > 0) {
    network.target.set(images.data.subarray(first * size, (first + rows) * size));
  }
}

/** Puts `rows` pictures of an epoch, from number `first` on, into a network that trains. */
export type BatchSource = (network: Network, epoch: number, first: number, rows: number) => void;

/** Where a recipe's batches come from: noise drawn once before the first epoch, or afresh for every batch. */
export function batchSource(recipe: Recipe, images: Images, seed: number): BatchSource {
  if (recipe.noise.drawn === "fresh") return freshBatches(recipe, images, seed);
  const pairs = pairsOf(images, recipe.noise, seed, Purpose.trainingNoise);
  return (network, _epoch, first, rows) => {
    fillBatch(network, pairs, first, rows);
    weigh(network, recipe, rows);
  };
}

/**
 * Every picture's level, mirroring and noise come from streams of its own, whatever its batch. The noise itself is
 * drawn by the network's step (assembly/noise.ts).
 */
function freshBatches(recipe: Recipe, images: Images, seed: number): BatchSource {
  const { noise, flips } = recipe;
  const size = pixelsOf(images);
  let shuffled = { epoch: 0, order: new Uint32Array() };
  return (network, epoch, first, rows) => {
    if (shuffled.epoch !== epoch) shuffled = { epoch, order: orderOf(recipe, images.count, seed, epoch) };
    for (let row = 0; row < rows; row++) {
      const index = (epoch - 1) * images.count + first + row;
      const clean = network.target.subarray(row * size, (row + 1) * size);
      clean.set(pictureAt(images, shuffled.order[first + row]!));
      if (flips && new Random(seed, Purpose.augmentation, index).bits() < 0) mirror(clean, images);
      network.sigma[row] = levelOf(noise, seed, Purpose.freshNoise, index);
      network.streams.set([seed, Purpose.freshNoise, index], 3 * row);
    }
    weigh(network, recipe, rows);
  };
}

/** Gives each picture's loss its weight. */
function weigh({ weights, sigma }: Network, { lossWeight }: Recipe, rows: number): void {
  if (!lossWeight) return;
  const { offset, power: exponent } = lossWeight;
  for (let row = 0; row < rows; row++) weights[row] = power(offset / (offset + sigma[row]!), exponent);
}

/** The pictures' order in an epoch: 0 to count − 1, shuffled (Fisher and Yates) where the recipe says so. */
function orderOf({ order }: Recipe, count: number, seed: number, epoch: number): Uint32Array<ArrayBuffer> {
  const indices = Uint32Array.from({ length: count }, (_, index) => index);
  if (order === "file") return indices;
  const random = new Random(seed, Purpose.order, epoch);
  for (let i = count - 1; i > 0; i--) {
    const other = Math.floor(random.uniform() * (i + 1));
    const moved = indices[i]!;
    indices[i] = indices[other]!;
    indices[other] = moved;
  }
  return indices;
}

/** Turns a picture left to right, in place. */
function mirror(picture: Uint8Array, { height, width, channels }: Images): void {
  for (let row = 0; row < height; row++) {
    for (let left = 0, right = width - 1; left < right; left++, right--) {
      for (let c = 0; c < channels; c++) {
        const a = (row * width + left) * channels + c;
        const b = (row * width + right) * channels + c;
        const value = picture[a]!;
        picture[a] = picture[b]!;
        picture[b] = value;
      }
    }
  }
}
