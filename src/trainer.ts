/** Training: epochs over batches, as an async iterator that can be aborted between any two steps. */
import { batchesOf, fillBatch, lastBatchOf } from "./batches.ts";
import type { Dataset } from "./data/images.ts";
import { DivergenceError, SpecError } from "./errors.ts";
import { yieldToEventLoop } from "./event-loop.ts";
import { initialize } from "./initialize.ts";
import { type Model, requireFit } from "./model.ts";
import { Network } from "./network.ts";
import { addNoise } from "./noise.ts";
import { parseRecipe, type Recipe } from "./recipes.ts";
import { Purpose } from "./rng.ts";
import { version } from "./version.ts";
import type { Mode, Variant } from "./wasm/detect.ts";

/** Steps go on for this long, in milliseconds, before others get a turn. */
const TURN = 25;

export interface TrainOptions {
  /** 32-bit unsigned integer. The same seed, data and recipe give the same bytes. Default 1. */
  seed?: number;
  /** Default `"reproducible"`. */
  mode?: Mode;
  /** Ends the training between two steps with the signal's reason. */
  signal?: AbortSignal;
  /** Called some 40 times a second. */
  onProgress?: (progress: Progress) => void;
}

export interface Progress {
  readonly epoch: number;
  readonly epochs: number;
  /** Pictures of this epoch that are done, and all of them. */
  readonly images: number;
  readonly imagesPerEpoch: number;
  /** Mean over this epoch so far. */
  readonly loss: number;
  readonly imagesPerSecond: number;
}

export interface Epoch {
  /** From 1. */
  readonly number: number;
  /** Mean over the epoch's pictures, each batch's loss taken before its update. */
  readonly loss: number;
  readonly seconds: number;
  readonly imagesPerSecond: number;
}

/**
 * Trains a recipe on `data.train`; `data.test` is not looked at.
 *
 * Iterate for the epochs as they end; `model()` runs what is left of them and gives the trained model.
 * @throws SpecError at once where the recipe is wrong or does not fit the data
 */
export function train(
  recipe: Recipe,
  data: Pick<Dataset, "name" | "sha256" | "train">,
  options: TrainOptions = {},
): Training {
  return new Training(recipe, data, options);
}

export class Training implements AsyncIterableIterator<Epoch> {
  readonly recipe: Recipe;
  readonly seed: number;
  readonly #data: Pick<Dataset, "name" | "sha256" | "train">;
  readonly #epochs: AsyncGenerator<Epoch, void>;
  #network: Network | undefined;

  constructor(recipe: Recipe, data: Pick<Dataset, "name" | "sha256" | "train">, options: TrainOptions) {
    this.recipe = parseRecipe(recipe);
    this.seed = requireSeed(options.seed ?? 1);
    this.#data = data;
    requireFit(this.recipe.spec, data.train, `Recipe "${this.recipe.name}"`);
    if (this.recipe.batch > data.train.count) {
      throw new SpecError(
        `A batch of ${this.recipe.batch} is more than the ${data.train.count} training pictures of ${data.name}. ` +
          "Use a smaller batch or more data.",
      );
    }
    this.#epochs = this.#run(options);
  }

  /** The build of the core that runs; undefined before the first epoch begins. */
  get variant(): Variant | undefined {
    return this.#network?.variant;
  }

  next(): Promise<IteratorResult<Epoch, void>> {
    return this.#epochs.next();
  }

  return(): Promise<IteratorResult<Epoch, void>> {
    return this.#epochs.return();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** Runs the epochs that are left and gives a copy of the trained weights with their provenance. */
  async model(): Promise<Model> {
    for await (const _ of this);
    const network = this.#network;
    if (!network) throw new SpecError("This training was ended before it began: there is no model.");
    const { recipe, seed } = this;
    return {
      spec: recipe.spec,
      range: [0, 255],
      noise: recipe.noise,
      provenance: {
        recipe: recipe.name,
        dataset: this.#data.name,
        dataSha256: this.#data.sha256,
        trainingImages: this.#data.train.count,
        seed,
        epochs: recipe.epochs,
        variant: network.variant,
        packageVersion: version,
      },
      parameters: network.parameters(),
    };
  }

  async *#run({ mode, signal, onProgress }: TrainOptions): AsyncGenerator<Epoch, void> {
    const { recipe, seed } = this;
    const images = this.#data.train;
    signal?.throwIfAborted();
    const lastBatch = lastBatchOf(images.count, recipe.batch);
    const network = await Network.create(recipe.spec, {
      batch: recipe.batch,
      training: { ...(lastBatch !== undefined && { lastBatch }) },
      ...(mode && { mode }),
    });
    this.#network = network;
    initialize(network, seed);
    network.resetAccumulators(recipe.optimizer.initialAccumulator);
    network.learningRate = recipe.optimizer.learningRate;
    const pairs = { images, noisy: addNoise(images, recipe.noise, seed, Purpose.trainingNoise) };
    const batches = batchesOf(images.count, recipe.batch);

    for (let number = 1; number <= recipe.epochs; number++) {
      const start = performance.now();
      let turn = start;
      let sum = 0;
      for (const [index, { first, rows }] of batches.entries()) {
        fillBatch(network, pairs, first, rows);
        const loss = network.step(rows);
        if (!Number.isFinite(loss)) throw diverged(number, index + 1, loss);
        sum += loss * rows;
        const now = performance.now();
        if (now - turn >= TURN) {
          const done = first + rows;
          onProgress?.({
            epoch: number,
            epochs: recipe.epochs,
            images: done,
            imagesPerEpoch: images.count,
            loss: sum / done,
            imagesPerSecond: (1000 * done) / (now - start),
          });
          await yieldToEventLoop();
          signal?.throwIfAborted();
          turn = performance.now();
        }
      }
      const seconds = (performance.now() - start) / 1000;
      yield { number, loss: sum / images.count, seconds, imagesPerSecond: images.count / seconds };
    }
  }
}

function requireSeed(seed: number): number {
  if (Number.isInteger(seed) && seed >= 0 && seed < 2 ** 32) return seed;
  throw new SpecError(`The seed is ${seed}; it has to be a whole number from 0 to 4294967295.`);
}

function diverged(epoch: number, batch: number, loss: number): DivergenceError {
  return new DivergenceError(
    `Training diverged: the loss of epoch ${epoch}, batch ${batch} is ${loss}. Use a smaller learning rate.`,
    epoch,
    batch,
  );
}
