/** The test pictures that the page measures each epoch's model with. */

import { type Dataset, type LabelledImages, pixelsOf, samplesOf } from "../src/data/images.ts";
import type { Model } from "../src/model/model.ts";
import { Network } from "../src/network/network.ts";
import { Purpose } from "../src/noise/rng.ts";
import { denoiseByConvolutions } from "../src/quality/bundled-convolutions.ts";
import { denoiseAll } from "../src/quality/denoise-all.ts";
import { mse, psnrOfMse } from "../src/quality/metrics.ts";
import { type Pairs, pairsOf } from "../src/training/batches.ts";
import type { Recipe } from "../src/training/recipes.ts";
import type { Mode } from "../src/wasm/detect.ts";
import { type PictureColumns, type PictureRow, rowLabels, type TestResult } from "./training-messages.ts";

/** The most test pictures; measuring so many takes a fraction of an epoch. */
const LARGEST = 1000;

export class TestSet {
  readonly columns: PictureColumns;
  readonly noisy: TestResult;

  static async create(recipe: Recipe, data: Dataset, seed: number, mode: Mode): Promise<TestSet> {
    const images = firstOf(data.test, LARGEST);
    const pairs = pairsOf(images, recipe.noise, seed, Purpose.testNoise);
    const network = await Network.create(recipe.spec, { batch: Math.min(images.count, recipe.batch), mode });
    const shown = samplesOf({ test: images, classNames: data.classNames });
    const few = pairsAt(pairs, shown);
    const given = [rowOf("original", few.images.data), rowOf("noisy", few.noisy)];
    if (rowLabels(recipe).includes("fashion-conv")) {
      given.push(rowOf("fashion-conv", await denoiseByConvolutions(few)));
    }
    const names = shown.map((index) => data.classNames[images.labels[index]!] ?? `picture ${index + 1}`);
    return new TestSet(pairs, network, shown, names, given);
  }

  private constructor(
    private readonly pairs: Pairs,
    private readonly network: Network,
    private readonly shown: readonly number[],
    labels: readonly string[],
    /** The rows of pictures that training does not change. */
    readonly given: readonly PictureRow[],
  ) {
    const { images, noisy } = pairs;
    this.columns = { width: images.width, height: images.height, labels };
    this.noisy = resultOf(noisy, images.data);
  }

  get count(): number {
    return this.pairs.images.count;
  }

  /** Denoises and measures all pictures with a model, and returns those that are shown as a row. */
  look(model: Model): { test: TestResult; row: PictureRow } {
    for (const [name, values] of model.parameters) this.network.set(name, values);
    const { images } = this.pairs;
    const denoised = denoiseAll(this.network, this.pairs);
    const few = at(denoised, this.shown, pixelsOf(images));
    return { test: resultOf(denoised, images.data), row: rowOf("denoised", few) };
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

function resultOf(pictures: Float32Array, clean: Uint8Array): TestResult {
  const error = mse(pictures, clean);
  return { mse: error, psnr: psnrOfMse(error) };
}

function firstOf(images: LabelledImages, count: number): LabelledImages {
  if (images.count <= count) return images;
  const { data, labels } = images;
  return { ...images, count, data: data.subarray(0, count * pixelsOf(images)), labels };
}
