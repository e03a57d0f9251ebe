import { NO_STREAM } from "../../assembly/constants.ts";
import {
  type Images,
  type Photos,
  photosOf,
  pictureAt,
  pixelsOf,
  requirePictures,
  requireScenes,
  type Scenes,
  scenesOf,
  type TrainingSet,
} from "../data/images.ts";
import { luma } from "../data/photos.ts";
import { SpecError } from "../errors.ts";
import { requireFit } from "../model/model.ts";
import type { Network } from "../network/network.ts";
import {
  addNoise,
  addNoiseTo,
  type Noise,
  type NoiseModel,
  type NoiseStream,
  noiseAt,
  type PictureNoise,
} from "../noise/noise.ts";
import { power } from "../noise/portable-math.ts";
import { drawFrom } from "../noise/ranged.ts";
import { Purpose, Random } from "../noise/rng.ts";
import type { Picture } from "../pictures/picture.ts";
import { type BatchSource, epochSize, orderOf } from "./batch-source.ts";
import { noisyBatches } from "./noisy-batches.ts";
import { copyView, drawOrientation, PatchSource } from "./patches.ts";
import type { Recipe } from "./recipe.ts";

/** A set of clean pictures and the same pictures with noise, both [count, pixels]. */
export interface Pairs {
  readonly images: Images;
  readonly noisy: Float32Array;
  /** The noise level of each picture, in grey levels. */
  readonly sigma?: Float32Array;
}

/** Adds noise to pictures. The noise of picture i is drawn from the streams (seed, purpose, i) alone. */
export function pairsOf(images: Images, noise: NoiseModel, seed: number, purpose: number): Pairs {
  const sigma = new Float32Array(images.count);
  return { images, noisy: addNoise(images, noise, seed, purpose, sigma), sigma };
}

/** The number of batches in an epoch of `count` pictures. */
export function batchCount(count: number, batch: number): number {
  return Math.ceil(count / batch);
}

/** Which pictures batch `index` of an epoch holds; the last batch may be smaller. */
export function batchAt(index: number, count: number, batch: number): { first: number; rows: number } {
  const first = index * batch;
  return { first, rows: Math.min(batch, count - first) };
}

/** The number of pictures in the last batch of an epoch if it is smaller than the others, else undefined. */
export function lastBatchOf(count: number, batch: number): number | undefined {
  return count % batch || undefined;
}

/** Copies `rows` pictures, from `first` on, and their noise levels into the network; the clean ones if it trains. */
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

/** @throws SpecError if a recipe cannot be trained on a set; DataError if the set's parts do not fit together */
export function requireTrainable(recipe: Recipe, set: TrainingSet, name: string): void {
  if ("scenes" in (set ?? {})) requireScenes(set as Scenes, name);
  else requirePictures(set as Images | Photos, name);
  const { spec, batch, patchesPerEpoch } = recipe;
  const what = `Recipe "${recipe.name}"`;
  const { height, width, channels } = spec.input;
  if (patchesPerEpoch !== undefined) {
    const haveRoom = scenesOf(set).scenes.every((one) => one.height >= height && one.width >= width);
    if (set.channels !== channels || !haveRoom) {
      throw new SpecError(
        `${what} takes patches of ${height}×${width}×${channels}, but a picture of ${name} is smaller or has other ` +
          "channels. Use other data, or set the spec's input to fit.",
      );
    }
  } else if ("scenes" in set) {
    for (const scene of set.scenes) requireFit(spec, { ...scene, channels: set.channels }, what);
  } else if ("photos" in set) {
    throw new SpecError(
      `${what} takes whole pictures of ${height}×${width}×${channels}; those of ${name} have sizes of their own. ` +
        'Set its "patchesPerEpoch" (--patches-per-epoch), such as 20000.',
    );
  } else requireFit(spec, set, what);
  if ("scenes" in set && !recipe.noisyOnly)
    throw new SpecError(
      `${what} learns from clean pictures, but ${name} has noisy frames. Set its "noisyOnly".`,
    );
  const count = epochSize(recipe, set.count);
  if (batch > count) {
    throw new SpecError(
      patchesPerEpoch === undefined
        ? `A batch of ${batch} is more than the ${count} training pictures of ${name}. Use a smaller batch or more data.`
        : `A batch of ${batch} is more than the ${count} patches of an epoch. Use a smaller batch or more patchesPerEpoch.`,
    );
  }
}

/** Whether the network's step draws the noise of pictures itself, from its `sigma` and `streams`: that of Gaussian ones. */
export function isDrawnInStep(noise: Noise): boolean {
  const models = noise.model === "mixture" ? noise.of.map((part) => part.noise.model) : [noise.model];
  return noise.drawn === "fresh" && models.includes("gaussian");
}

/** The source of a recipe's batches. Noise is drawn once, before the first epoch, or afresh for every batch. */
export function batchSource(recipe: Recipe, set: TrainingSet, seed: number): BatchSource {
  if (recipe.noisyOnly) return noisyBatches(recipe, recipe.noisyOnly, scenesOf(set), seed);
  if ("scenes" in set) throw new SpecError("Noisy frames need a recipe with noisyOnly.");
  if (recipe.noise.drawn === "fresh") return freshBatches(recipe, set, seed);
  if ("photos" in set) throw new SpecError('Patches need noise that is drawn "fresh".');
  const pairs = pairsOf(set, recipe.noise, seed, Purpose.trainingNoise);
  return (network, _epoch, first, rows) => {
    fillBatch(network, pairs, first, rows);
    weigh(network, recipe, rows);
  };
}

/**
 * Batches with fresh noise. Every picture's place, orientation, noise level and noise are drawn from streams of its own,
 * so they do not depend on the batch that it is in. Gaussian noise is drawn by the network's step (assembly/noise.ts), which
 * leaves pictures with other noise as they are. `sigma` is the level of the noise (see `levelOf`), of which the recipe may
 * tell a part; that of a camera's noise is measured when it has been added.
 */
function freshBatches(recipe: Recipe, set: Images | Photos, seed: number): BatchSource {
  const { noise, flips, rotations, patchesPerEpoch, greyShare = 0, toldLevel = 1 } = recipe;
  const { height, width, channels } = recipe.spec.input;
  const size = height * width * channels;
  const grey = new GreyNoise(height, width);
  const count = epochSize(recipe, set.count);
  const purpose = Purpose.freshNoise;
  const streamed = isDrawnInStep(noise);
  const patches =
    patchesPerEpoch === undefined ? undefined : new PatchSource(photosOf(set), { height, width });
  const whole = { top: 0, left: 0, turns: 0, mirrored: false };
  const random = (purpose: number, index: number) => new Random(seed, purpose, index);
  let shuffled = { epoch: 0, order: new Uint32Array() };
  return (network, epoch, first, rows) => {
    if (!patches && shuffled.epoch !== epoch)
      shuffled = { epoch, order: orderOf(recipe, count, seed, epoch) };
    for (let row = 0; row < rows; row++) {
      const index = (epoch - 1) * count + first + row;
      const clean = network.target.subarray(row * size, (row + 1) * size);
      const drawn =
        flips || rotations || patches || greyShare > 0 ? random(Purpose.augmentation, index) : undefined;
      const orientation = drawn ? drawOrientation(recipe, drawn) : undefined;
      const place =
        drawn && patches ? patches.draw(drawn) : { photo: pictureAt(set, shuffled.order[first + row]!) };
      copyView(clean, { ...whole, ...orientation, ...place }, height, width);
      const one = noiseAt(noise, seed, purpose, index);
      const isGrey = greyShare > 0 && drawn!.uniform() < greyShare;
      const inStep = one.model === "gaussian" && !isGrey;
      if (streamed) network.streams.set([seed, inStep ? purpose : NO_STREAM, index], 3 * row);
      if (inStep) network.sigma[row] = one.sigma;
      else {
        const noisy = network.input.subarray(row * size, (row + 1) * size);
        const stream = { seed, purpose, index };
        const picture = { data: clean, height, width, channels };
        const level = isGrey
          ? grey.addTo(clean, noisy, one, stream)
          : addNoiseTo(picture, noisy, one, stream);
        const told = one.model === "gaussian" ? 1 : drawFrom(toldLevel, random(Purpose.toldLevel, index));
        network.sigma[row] = told * level;
      }
    }
    weigh(network, recipe, rows);
  };
}

/** Makes grey pictures of colour ones, and adds noise that is the same in all three channels, as grey pictures have it. */
class GreyNoise {
  readonly #clean: Required<Picture<Uint8Array>>;
  readonly #noisy: Float32Array;

  constructor(height: number, width: number) {
    this.#clean = { data: new Uint8Array(height * width), height, width, channels: 1 };
    this.#noisy = new Float32Array(height * width);
  }

  /** Replaces each pixel of `clean` by its luma, and fills `noisy`. @returns the level of the noise, as `addNoiseTo` */
  addTo(clean: Uint8Array, noisy: Float32Array, noise: PictureNoise, stream: NoiseStream): number {
    const { data } = this.#clean;
    for (let pixel = 0, i = 0; pixel < data.length; pixel++, i += 3) {
      data[pixel] = luma(clean[i]!, clean[i + 1]!, clean[i + 2]!);
      clean.fill(data[pixel]!, i, i + 3);
    }
    const level = addNoiseTo(this.#clean, this.#noisy, noise, stream);
    for (let pixel = 0; pixel < data.length; pixel++)
      noisy.fill(this.#noisy[pixel]!, 3 * pixel, 3 * pixel + 3);
    return level;
  }
}

/** Sets the weight of each picture's loss. */
function weigh({ weights, sigma }: Network, { lossWeight }: Recipe, rows: number): void {
  if (!lossWeight) return;
  const { offset, power: exponent } = lossWeight;
  for (let row = 0; row < rows; row++) weights[row] = power(offset / (offset + sigma[row]!), exponent);
}
