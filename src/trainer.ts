/** Training: epochs over batches, as an async iterator that can be aborted between any two steps. */
import {
  type BatchSource,
  batchesOf,
  batchSource,
  epochSize,
  isDrawnInStep,
  lastBatchOf,
  requireTrainable,
} from "./batches.ts";
import type { Dataset, Images, Photos } from "./data/images.ts";
import { DivergenceError, SpecError } from "./errors.ts";
import { yieldToEventLoop } from "./event-loop.ts";
import { initialize } from "./initialize.ts";
import type { Model } from "./model.ts";
import { Network } from "./network.ts";
import { Optimizer } from "./optimizer.ts";
import { parseRecipe, type Recipe } from "./recipes.ts";
import { learningRateAt } from "./schedule.ts";
import { trainingFlop } from "./spec.ts";
import { version } from "./version.ts";
import type { Mode, Variant } from "./wasm/detect.ts";
import { defaultThreads } from "./wasm/threads.ts";

/** Steps go on for this long, in milliseconds, before others get a turn. */
const TURN = 25;
const MAXIMUM_THREADS = 64;

export interface TrainOptions {
  /** 32-bit unsigned integer. The same seed, data and recipe give the same bytes. Default 1. */
  seed?: number;
  /** Default `"reproducible"`. */
  mode?: Mode;
  /** Default: one a core, as far as the network gives each enough to do. The result does not depend on it. */
  threads?: number;
  /** Where a page has the package's `thread-worker.js`; default: beside the script that holds this code. */
  threadWorkerUrl?: string | URL;
  /** Ends the training between two steps with the signal's reason. */
  signal?: AbortSignal;
  /**
   * Called some 40 times a second. Training goes on when what it returns has resolved, so that a promise pauses it;
   * the wait does not count as training time.
   */
  onProgress?: (progress: Progress) => unknown;
}

export interface Progress {
  readonly epoch: number;
  readonly epochs: number;
  /** Pictures or patches of this epoch that are done, and all of them. */
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

/** What a training looks at of a data set. */
export type TrainingData = Pick<Dataset<Images | Photos>, "name" | "sha256" | "train">;

/**
 * Trains a recipe on `data.train`; `data.test` is not looked at.
 *
 * Iterate for the epochs as they end; `model()` runs what is left of them and gives the trained model.
 * @throws SpecError at once where the recipe is wrong or does not fit the data
 */
export function train(recipe: Recipe, data: TrainingData, options: TrainOptions = {}): Training {
  return new Training(recipe, data, options);
}

export class Training implements AsyncIterableIterator<Epoch> {
  readonly recipe: Recipe;
  readonly seed: number;
  readonly #data: TrainingData;
  readonly #epochs: AsyncGenerator<Epoch, void>;
  #network: Network | undefined;
  #epochsDone = 0;
  /** When others last had a turn. */
  #turn = 0;
  /** Milliseconds of this epoch in which `onProgress` had it wait. */
  #waited = 0;
  /** What ended the training early, with an error. */
  #failure: { readonly error: unknown } | undefined;

  constructor(recipe: Recipe, data: TrainingData, options: TrainOptions) {
    this.recipe = parseRecipe(recipe);
    this.seed = requireWhole("seed", options.seed ?? 1, 0, 2 ** 32 - 1);
    if (options.threads !== undefined) requireWhole("number of threads", options.threads, 1, MAXIMUM_THREADS);
    this.#data = data;
    requireTrainable(this.recipe, data.train, data.name);
    this.#epochs = this.#run(options);
  }

  /** The build of the core that runs; undefined before the first epoch begins. */
  get variant(): Variant | undefined {
    return this.#network?.variant;
  }

  /** Threads that run; undefined before the first epoch begins. */
  get threads(): number | undefined {
    return this.#network?.core.threads;
  }

  async next(): Promise<IteratorResult<Epoch, void>> {
    try {
      return await this.#epochs.next();
    } catch (error) {
      this.#failure = { error };
      throw error;
    }
  }

  return(): Promise<IteratorResult<Epoch, void>> {
    return this.#epochs.return();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /**
   * Runs the epochs that are left and gives a copy of the trained weights with their provenance. Where the
   * iteration was left early, that is the state after the last epoch it gave.
   * @throws DivergenceError where a weight is not finite; and again what ended the training with an error
   */
  async model(): Promise<Model> {
    for await (const _ of this);
    if (this.#failure) throw this.#failure.error;
    return this.snapshot();
  }

  /**
   * The model as it is now, without training further: call it between two epochs.
   * @throws SpecError before the first epoch; DivergenceError where a weight is not finite
   */
  snapshot(): Model {
    const network = this.#network;
    if (!network) throw new SpecError("This training has not begun: there is no model.");
    const { recipe, seed } = this;
    return {
      spec: recipe.spec,
      range: [0, recipe.spec.white ?? 255],
      noise: recipe.noise,
      provenance: {
        recipe: recipe.name,
        dataset: this.#data.name,
        dataSha256: this.#data.sha256,
        trainingImages: this.#data.train.count,
        seed,
        epochs: this.#epochsDone,
        variant: network.variant,
        packageVersion: version,
      },
      parameters: this.#finiteParameters(network),
    };
  }

  #finiteParameters(network: Network): Map<string, Float32Array> {
    const parameters = network.parameters(this.recipe.averaging ? "average" : "value");
    for (const [name, values] of parameters) {
      if (values.every(Number.isFinite)) continue;
      const batches = Math.ceil(epochSize(this.recipe, this.#data.train.count) / this.recipe.batch);
      throw diverged(`${name} is not finite after`, this.#epochsDone, batches);
    }
    return parameters;
  }

  async *#run(options: TrainOptions): AsyncGenerator<Epoch, void> {
    options.signal?.throwIfAborted();
    const { epochs } = this.recipe;
    const images = this.#data.train;
    const count = epochSize(this.recipe, images.count);
    const network = await networkFor(this.recipe, count, this.seed, options);
    this.#network = network;
    try {
      const source = batchSource(this.recipe, images, this.seed);
      const optimizer = new Optimizer(network, this.recipe);
      this.#turn = performance.now();
      for (let number = 1; number <= epochs; number++) {
        options.signal?.throwIfAborted();
        const start = performance.now();
        this.#waited = 0;
        const loss = await this.#epoch(network, source, optimizer, number, options);
        const seconds = (performance.now() - start - this.#waited) / 1000;
        this.#epochsDone = number;
        yield { number, loss, seconds, imagesPerSecond: count / seconds };
      }
    } finally {
      await network.dispose();
    }
  }

  /** Trains one epoch. @returns its mean loss */
  async #epoch(
    network: Network,
    source: BatchSource,
    optimizer: Optimizer,
    number: number,
    { signal, onProgress }: TrainOptions,
  ): Promise<number> {
    const { batch, epochs } = this.recipe;
    const count = epochSize(this.recipe, this.#data.train.count);
    const batches = batchesOf(count, batch);
    const start = performance.now();
    let sum = 0;
    for (const [index, { first, rows }] of batches.entries()) {
      source(network, number, first, rows);
      const step = (number - 1) * batches.length + index;
      optimizer.beforeStep(learningRateAt(this.recipe, step, epochs * batches.length));
      const loss = network.step(rows);
      if (!Number.isFinite(loss)) throw diverged(`the loss is ${loss} in`, number, index + 1);
      sum += loss * rows;
      const now = performance.now();
      if (now - this.#turn < TURN) continue;
      const images = first + rows;
      await onProgress?.({
        epoch: number,
        epochs,
        images,
        imagesPerEpoch: count,
        loss: sum / images,
        imagesPerSecond: (1000 * images) / (now - start - this.#waited),
      });
      this.#waited += performance.now() - now;
      await yieldToEventLoop();
      signal?.throwIfAborted();
      this.#turn = performance.now();
    }
    return sum / count;
  }
}

/** The network that a recipe trains on `count` pictures an epoch, with the weights that the seed gives. */
export async function networkFor(
  { spec, batch, optimizer, loss, averaging, noise }: Recipe,
  count: number,
  seed: number,
  { mode, threads, threadWorkerUrl }: Pick<TrainOptions, "mode" | "threads" | "threadWorkerUrl">,
): Promise<Network> {
  const lastBatch = lastBatchOf(count, batch);
  const network = await Network.create(spec, {
    batch,
    training: {
      optimizer: optimizer.type,
      loss,
      averaging: averaging !== undefined,
      drawNoise: isDrawnInStep(noise),
      ...(lastBatch !== undefined && { lastBatch }),
    },
    threads: threads ?? defaultThreads(trainingFlop(spec, batch)),
    ...(mode && { mode }),
    ...(threadWorkerUrl && { threadWorkerUrl }),
  });
  initialize(network, seed);
  return network;
}

function requireWhole(what: string, value: number, least: number, greatest: number): number {
  if (Number.isInteger(value) && value >= least && value <= greatest) return value;
  throw new SpecError(`The ${what} is ${value}; it has to be a whole number from ${least} to ${greatest}.`);
}

function diverged(what: string, epoch: number, batch: number): DivergenceError {
  return new DivergenceError(
    `Training diverged: ${what} epoch ${epoch}, batch ${batch}. Use a smaller learning rate.`,
    epoch,
    batch,
  );
}
