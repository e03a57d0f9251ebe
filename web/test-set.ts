/** The test pictures that a page looks at after each epoch, and what a model makes of them. */
import { type Pairs, pairsOf } from "../src/batches.ts";
import { type Dataset, type LabelledImages, pictureAt, pixelsOf, samplesOf } from "../src/data/images.ts";
import { denoiseAll } from "../src/evaluate.ts";
import { mse, psnrOfMse } from "../src/metrics.ts";
import type { Model } from "../src/model.ts";
import { Network } from "../src/network.ts";
import type { Recipe } from "../src/recipes.ts";
import { Purpose } from "../src/rng.ts";
import type { Mode } from "../src/wasm/detect.ts";
import type { PictureColumns, PictureRow, TestResult } from "./training-messages.ts";

/** So many that a look takes a fraction of an epoch. */
const LARGEST = 1000;

export class TestSet {
  readonly columns: PictureColumns;
  /** The chosen pictures as they are, and with their noise. */
  readonly given: readonly PictureRow[];
  readonly noisy: TestResult;
  /** Where the pictures that are shown stand. */
  readonly #shown: readonly number[];

  static async create(recipe: Recipe, data: Dataset, seed: number, mode: Mode): Promise<TestSet> {
    const images = firstOf(data.test, LARGEST);
    const pairs = pairsOf(images, recipe.noise, seed, Purpose.testNoise);
    const network = await Network.create(recipe.spec, { batch: Math.min(images.count, recipe.batch), mode });
    return new TestSet(pairs, network, { test: images, classNames: data.classNames });
  }

  private constructor(
    private readonly pairs: Pairs,
    private readonly network: Network,
    set: Pick<Dataset, "test" | "classNames">,
  ) {
    const { images, noisy } = pairs;
    this.#shown = samplesOf(set);
    const { width, height } = images;
    const names = this.#shown.map(
      (index) => set.classNames[set.test.labels[index]!] ?? `picture ${index + 1}`,
    );
    this.columns = { width, height, labels: names };
    this.given = [this.#row("original", images.data), this.#row("noisy", noisy)];
    this.noisy = resultOf(noisy, images.data);
  }

  get count(): number {
    return this.pairs.images.count;
  }

  /** Runs a model over the pictures. */
  look(model: Model): { test: TestResult; row: PictureRow } {
    for (const [name, values] of model.parameters) this.network.set(name, values);
    const denoised = denoiseAll(this.network, this.pairs);
    return { test: resultOf(denoised, this.pairs.images.data), row: this.#row("denoised", denoised) };
  }

  #row(label: string, pictures: ArrayLike<number>): PictureRow {
    const size = pixelsOf(this.pairs.images);
    const bytes = new Uint8ClampedArray(this.#shown.length * size);
    this.#shown.forEach((index, column) => {
      for (let i = 0; i < size; i++) bytes[column * size + i] = pictures[index * size + i]!;
    });
    return { label, pictures: new Uint8Array(bytes.buffer) };
  }
}

function resultOf(pictures: Float32Array, clean: Uint8Array): TestResult {
  const error = mse(pictures, clean);
  return { mse: error, psnr: psnrOfMse(error) };
}

function firstOf(images: LabelledImages, count: number): LabelledImages {
  if (images.count <= count) return images;
  const { data, labels } = images;
  return { ...images, count, data: data.subarray(0, count * pictureAt(images, 0).length), labels };
}
