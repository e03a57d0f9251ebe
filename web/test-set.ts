/** Pictures with noise that the page measures each epoch's model with: test pictures, and some of those trained on. */

import {
  type Dataset,
  type Images,
  type LabelledImages,
  type Photos,
  pixelsOf,
  samplesOf,
} from "../src/data/images.ts";
import { testPatches } from "../src/data/photos.ts";
import type { Model } from "../src/model/model.ts";
import { Network } from "../src/network/network.ts";
import { Purpose } from "../src/noise/rng.ts";
import { denoiseByConvolutions } from "../src/quality/bundled-convolutions.ts";
import { denoiseAll } from "../src/quality/denoise-all.ts";
import { mse, psnrOfMse } from "../src/quality/metrics.ts";
import { type Pairs, pairsOf } from "../src/training/batches.ts";
import type { Recipe } from "../src/training/recipes.ts";
import type { Mode } from "../src/wasm/detect.ts";
import { type PictureColumns, type PictureRow, rowLabels } from "./training-messages.ts";

/** The most pictures of each set, and about the most values; measuring so many takes a fraction of an epoch. */
const LARGEST = 1000;
const MOST_VALUES = 2 ** 20;

/** The results on both sets, in dB. */
export interface Measured {
  readonly training: number;
  readonly test: number;
}

export class TestSet {
  readonly columns: PictureColumns;
  /** The PSNR of the noisy test pictures in dB. */
  readonly noisy: number;

  /** @param before the model that the training begins with, if with one */
  static async create(
    recipe: Recipe,
    data: Dataset<Images | Photos>,
    seed: number,
    mode: Mode,
    before?: Model,
  ): Promise<TestSet> {
    const patch = recipe.spec.input;
    const most = Math.min(LARGEST, Math.ceil(MOST_VALUES / (patch.height * patch.width * patch.channels)));
    const images = firstOf(data.test, most);
    const pairs = pairsOf(images, recipe.noise, seed, Purpose.testNoise);
    const seen = firstOf(
      "photos" in data.train ? testPatches(data.train, patch, MOST_VALUES) : data.train,
      most,
    );
    // Noise that is not that of the training, so that both sets are measured alike.
    const seenPairs = pairsOf(seen, recipe.noise, seed, Purpose.testNoise);
    const batch = Math.min(images.count, seen.count, recipe.batch);
    const network = await Network.create(recipe.spec, { batch, mode });
    const shown = samplesOf({ test: images, classNames: data.classNames });
    const few = pairsAt(pairs, shown);
    const given = [rowOf("original", few.images.data), rowOf("noisy", few.noisy)];
    if (rowLabels(recipe).includes("fashion-conv")) {
      given.push(rowOf("fashion-conv", await denoiseByConvolutions(few)));
    }
    const names = shown.map((index) => data.classNames[images.labels[index]!] ?? `picture ${index + 1}`);
    const set = new TestSet(pairs, seenPairs, network, shown, names, given);
    if (before) {
      const { psnr, row } = set.look(before);
      set.given.push({ ...row, label: "before" });
      set.before = psnr;
    }
    return set;
  }

  /** What the model that the training began with reached, if it began with one. */
  before: Measured | undefined;

  private constructor(
    private readonly pairs: Pairs,
    private readonly seen: Pairs,
    private readonly network: Network,
    private readonly shown: readonly number[],
    labels: readonly string[],
    /** The rows of pictures that training does not change. */
    readonly given: PictureRow[],
  ) {
    const { images, noisy } = pairs;
    const { width, height, channels } = images;
    this.columns = { width, height, channels, labels };
    this.noisy = psnrOf(noisy, images.data);
  }

  get count(): number {
    return this.pairs.images.count;
  }

  /** Denoises and measures all pictures with a model, and returns those that are shown as a row. */
  look(model: Model): { psnr: Measured; row: PictureRow } {
    for (const [name, values] of model.parameters) this.network.set(name, values);
    const { images } = this.pairs;
    const denoised = denoiseAll(this.network, this.pairs);
    const test = psnrOf(denoised, images.data);
    const row = rowOf("denoised", at(denoised, this.shown, pixelsOf(images)));
    const training = psnrOf(denoiseAll(this.network, this.seen), this.seen.images.data);
    return { psnr: { training, test }, row };
  }
}

function pairsAt({ images, noisy, sigma }: Pairs, places: readonly number[]): Pairs {
  const size = pixelsOf(images);
  return {
    images: { ...images, count: places.length, data: at(images.data, places, size) },
    noisy: at(noisy, places, size),
    ...(sigma && { sigma: at(sigma, places, 1) }),
  };
}

/** Copies the pictures, of `size` values each, at some places into one array. */
function at<Values extends Uint8Array | Float32Array>(
  values: Values,
  places: readonly number[],
  size: number,
): Values {
  const few = values.slice(0, places.length * size) as Values;
  places.forEach((place, index) => {
    few.set(values.subarray(place * size, (place + 1) * size), index * size);
  });
  return few;
}

function rowOf(label: string, pictures: ArrayLike<number>): PictureRow {
  return { label, pictures: new Uint8Array(Uint8ClampedArray.from(pictures).buffer) };
}

function psnrOf(pictures: Float32Array, clean: Uint8Array): number {
  return psnrOfMse(mse(pictures, clean));
}

function firstOf<Set extends Images | LabelledImages>(images: Set, count: number): Set {
  if (images.count <= count) return images;
  return { ...images, count, data: images.data.subarray(0, count * pixelsOf(images)) };
}
