/** Training: epochs over batches, as an async iterator that can be aborted between any two steps, and resumed. */

import { MOST_THREADS } from "../../assembly/program/layout.ts";
import type { Dataset, Images, Photos } from "../data/images.ts";
import { requireOption, requireRunOptions, SpecError } from "../errors.ts";
import type { Model } from "../model/model.ts";
import { version } from "../version.ts";
import { type Mode, requireMode, type Variant } from "../wasm/detect.ts";
import { yieldToEventLoop } from "../wasm/event-loop.ts";
import { epochSize, requireTrainable } from "./batches.ts";
import { type Checkpoint, requireResumable } from "./checkpoint.ts";
import { parseRecipe, type Recipe } from "./recipes.ts";
import { Stopwatch } from "./stopwatch.ts";
import { networkFor, TrainingState } from "./training-state.ts";

/** Steps go on for this long, in milliseconds, before others get a turn. */
const TURN = 25;

/** What a training looks at of a data set. */
export type TrainingData = Pick<Dataset<Images | Photos>, "name" | "sha256" | "train"> &
  Partial<Pick<Dataset, "source">>;

/** How a training runs; what is trained is the recipe's. */
export interface TrainOptions extends ResumeOptions {
  /** 32-bit unsigned integer. The same seed, data and recipe give the same bytes. Default 1. */
  seed?: number;
  /** Default `"reproducible"`. */
  mode?: Mode;
}

/** How a training goes on. */
export interface ResumeOptions {
  /**
   * Default: one for each core, one fewer in browsers, as far as the network gives each enough to do. The result does
   * not depend on it.
   */
  threads?: number;
  /** Where a page has the package's `thread-worker.js`; default: beside the script that holds this code. */
  threadWorkerUrl?: string | URL;
  /** Ends the training between two steps with the signal's reason. */
  signal?: AbortSignal;
  /**
   * Called some 40 times a second. Training goes on when what it returns has resolved, so that a promise pauses it,
   * and a `checkpoint()` can be stored; the wait does not count as training time.
   */
  onProgress?: (progress: Progress) => unknown;
}

/** How far a training is. */
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

/** An epoch that ended. */
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
export function train(recipe: Recipe, data: TrainingData, options: TrainOptions = {}): Training {
  const { seed = 1, mode = "reproducible" } = options;
  requireWhole("seed", seed, 0, 2 ** 32 - 1);
  requireMode(mode);
  return new Training({ recipe, seed, mode }, data, options);
}

/**
 * Goes on with a training from its checkpoint, with the recipe, seed and mode that it has. The epochs, and the
 * model, are those of the training without the interruption: the same bytes, also on another number of threads.
 * @param data that the training began with
 * @throws DataError at once where the data is another; UnsupportedRuntimeError where the runtime lacks relaxed SIMD
 * and the training began with it
 */
export function resume(checkpoint: Checkpoint, data: TrainingData, options: ResumeOptions = {}): Training {
  requireResumable(checkpoint, data);
  return new Training(checkpoint, data, options, checkpoint);
}

/** A training, from `train` or `resume`: iterate for its epochs, or ask for its model. */
export class Training implements AsyncIterableIterator<Epoch> {
  readonly recipe: Recipe;
  readonly seed: number;
  readonly mode: Mode;
  readonly #data: TrainingData;
  readonly #iterator: AsyncGenerator<Epoch, void>;
  readonly #ended: Epoch[] = [];
  #state: TrainingState | undefined;
  /** Of the epoch that is under way: without the time in which `onProgress` had it wait. */
  readonly #time: Stopwatch;
  /** When others last had a turn. */
  #turn = 0;
  /** What ended the training early, with an error. */
  #failure: { readonly error: unknown } | undefined;

  constructor(
    { recipe, seed, mode }: Pick<Checkpoint, "recipe" | "seed" | "mode">,
    data: TrainingData,
    options: ResumeOptions,
    from?: Checkpoint,
  ) {
    this.recipe = parseRecipe(recipe);
    this.seed = seed;
    this.mode = mode;
    checkOptions(options);
    this.#data = data;
    requireTrainable(this.recipe, data.train, data.name);
    this.#time = new Stopwatch(from?.position.seconds);
    for (const { number, loss, seconds } of from?.epochs ?? []) this.#end(number, loss, seconds);
    this.#iterator = this.#run(options, from);
  }

  /** The build of the core that runs; undefined before the first epoch begins. */
  get variant(): Variant | undefined {
    return this.#state?.network.variant;
  }

  /** Threads that run; undefined before the first epoch begins. */
  get threads(): number | undefined {
    return this.#state?.network.core.threads;
  }

  /** All epochs that ended, those before a checkpoint too. */
  get epochs(): readonly Epoch[] {
    return this.#ended;
  }

  async next(): Promise<IteratorResult<Epoch, void>> {
    try {
      return await this.#iterator.next();
    } catch (error) {
      this.#failure = { error };
      throw error;
    }
  }

  return(): Promise<IteratorResult<Epoch, void>> {
    return this.#iterator.return();
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
    const state = this.#begun();
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
        epochs: this.#ended.length,
        variant: state.network.variant,
        packageVersion: version,
      },
      parameters: state.parameters(),
    };
  }

  /**
   * A copy of all that `resume` needs to go on from here. Call it whenever your code has its turn, for then no step
   * is under way: between two epochs, in `onProgress`, from a timer, after the training was left or aborted.
   * @throws SpecError before the first epoch, and after a step that failed; DivergenceError where a value is not finite
   */
  checkpoint(): Checkpoint {
    const state = this.#begun();
    const { recipe, seed, mode } = this;
    const { name, source, sha256, train } = this.#data;
    const { epoch, batches, lossSum } = state;
    return {
      recipe,
      seed,
      mode,
      variant: state.network.variant,
      data: { name, ...(source !== undefined && { source }), sha256, trainingImages: train.count },
      packageVersion: version,
      position: { epoch, batches, lossSum, seconds: this.#time.seconds },
      epochs: this.#ended.map(({ number, loss, seconds }) => ({ number, loss, seconds })),
      tensors: state.tensors(),
    };
  }

  #begun(): TrainingState {
    if (!this.#state) throw new SpecError("This training has not begun: there is no model.");
    return this.#state;
  }

  async *#run(options: ResumeOptions, from?: Checkpoint): AsyncGenerator<Epoch, void> {
    options.signal?.throwIfAborted();
    const { recipe, seed } = this;
    const { train } = this.#data;
    // A training that began with plain SIMD stays with it.
    const mode = from?.variant === "simd" ? "reproducible" : this.mode;
    const network = await networkFor(recipe, epochSize(recipe, train.count), seed, { ...options, mode });
    try {
      const state = new TrainingState(network, recipe, train, seed, from);
      this.#state = state;
      this.#turn = performance.now();
      while (state.epoch <= recipe.epochs) {
        options.signal?.throwIfAborted();
        yield await this.#epoch(state, options);
      }
    } finally {
      this.#state?.end();
      await network.dispose();
    }
  }

  /** Trains what is left of an epoch. */
  async #epoch(state: TrainingState, { signal, onProgress }: ResumeOptions): Promise<Epoch> {
    const { epochs } = this.recipe;
    const count = epochSize(this.recipe, this.#data.train.count);
    this.#time.start();
    try {
      while (!state.atEndOfEpoch) {
        state.step();
        if (performance.now() - this.#turn < TURN) continue;
        this.#time.stop();
        const images = state.imagesDone;
        await onProgress?.({
          epoch: state.epoch,
          epochs,
          images,
          imagesPerEpoch: count,
          loss: state.lossSum / images,
          imagesPerSecond: images / this.#time.seconds,
        });
        this.#time.start();
        await yieldToEventLoop();
        signal?.throwIfAborted();
        this.#turn = performance.now();
      }
    } finally {
      this.#time.stop();
    }
    const { epoch } = state;
    return this.#end(epoch, state.endEpoch(), this.#time.reset());
  }

  #end(number: number, loss: number, seconds: number): Epoch {
    const epoch = {
      number,
      loss,
      seconds,
      imagesPerSecond: epochSize(this.recipe, this.#data.train.count) / seconds,
    };
    this.#ended.push(epoch);
    return epoch;
  }
}

/** @throws SpecError */
function checkOptions({ threads, threadWorkerUrl, signal, onProgress }: ResumeOptions): void {
  if (threads !== undefined) requireWhole("threads", threads, 1, MOST_THREADS);
  const isAddress =
    ["undefined", "string"].includes(typeof threadWorkerUrl) || threadWorkerUrl instanceof URL;
  requireOption("threadWorkerUrl", threadWorkerUrl, isAddress, "an address");
  requireRunOptions(signal, onProgress);
}

/** @throws SpecError */
function requireWhole(name: string, value: number, least: number, greatest: number): void {
  const isRight = Number.isInteger(value) && value >= least && value <= greatest;
  requireOption(name, value, isRight, `a whole number from ${least} to ${greatest}`);
}
