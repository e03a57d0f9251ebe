/// <reference lib="esnext.disposable" preserve="true" />
/** Trains networks. A training is an async iterator over epochs; it can be aborted between any two steps, and resumed. */

import { MOST_THREADS } from "../../assembly/program/layout.ts";
import type { Dataset, Images, Photos } from "../data/images.ts";
import { sha256 } from "../data/sha256.ts";
import { optionsFrom, requireNoOthers, requireOption, requireRunOptions, SpecError } from "../errors.ts";
import type { Model } from "../model/model.ts";
import { encodeModel } from "../model/model-file.ts";
import { isSameNetwork } from "../network/spec.ts";
import { version } from "../version.ts";
import { type Mode, requireMode, type Variant } from "../wasm/detect.ts";
import { yieldToEventLoop } from "../wasm/event-loop.ts";
import { epochSize, requireTrainable } from "./batches.ts";
import { type Checkpoint, requireResumable } from "./checkpoint.ts";
import { parseRecipe, type Recipe } from "./recipes.ts";
import { Stopwatch } from "./stopwatch.ts";
import { networkFor, TrainingState } from "./training-state.ts";

/** Training runs for this many milliseconds before the event loop gets its next turn. */
const TURN = 25;

/** The part of a data set that a training needs: its training set, its name and its digest. */
export type TrainingData = Pick<Dataset<Images | Photos>, "name" | "sha256" | "train"> &
  Partial<Pick<Dataset, "source">>;

/** How a training runs. What is trained, and for how long, is in the recipe. */
export interface TrainOptions extends ResumeOptions {
  /**
   * What all random numbers follow from: a 32-bit unsigned integer. In the mode `"reproducible"`, the same seed, data and
   * recipe give the same model, byte for byte. Default 1.
   */
  seed?: number;
  /** Whether the same bytes in every engine, or speed, come first. Default `"reproducible"`. */
  mode?: Mode;
  /**
   * A model that the training goes on from: it begins with its weights, and not with such as the seed gives. The recipe has
   * to have its network; the size of the pictures may differ in networks of convolutions.
   */
  from?: Model;
}

/** How a training runs that goes on from a checkpoint. Its seed and mode are the checkpoint's. */
export interface ResumeOptions {
  /**
   * How many threads to use, this one included. Default: one for each core (in browsers, one fewer), but no more than
   * the network keeps busy, and one where threads cannot share memory. The result does not depend on it.
   */
  threads?: number;
  /**
   * Only for web pages: the URL of the package's `thread-worker.js`. Default: threads are made from a text, and where a
   * content security policy forbids that, from the file of that name beside the script that holds this code.
   */
  threadWorkerUrl?: string | URL;
  /** Aborts the training between two steps: the iteration fails with the signal's reason. */
  signal?: AbortSignal;
  /**
   * Called at most about 40 times a second. The training waits until the value that it returns has resolved: so a
   * promise pauses the training, for example until a `checkpoint()` is stored. The wait does not count as training time.
   */
  onProgress?: (progress: Progress) => unknown;
}

/** How far a training has come. */
export interface Progress {
  /** The number of the epoch that is under way, counted from 1. */
  readonly epoch: number;
  /** The number of epochs in the whole training. */
  readonly epochs: number;
  /** The number of pictures or patches of this epoch that are done. */
  readonly images: number;
  /** The number of pictures or patches in an epoch. */
  readonly imagesPerEpoch: number;
  /** The mean loss over this epoch's pictures so far, in the units of `Epoch.loss`. */
  readonly loss: number;
  /** The mean speed over this epoch so far. */
  readonly imagesPerSecond: number;
}

/** An epoch that has ended. */
export interface Epoch {
  /** Counted from 1. */
  readonly number: number;
  /**
   * The mean loss over the epoch's pictures; the loss of each batch is taken before its update. It is in squared grey
   * levels for the loss "mse" and in grey levels for "l1", and contains the recipe's `lossWeight`.
   */
  readonly loss: number;
  /** The time that the epoch took, without the time in which `onProgress` made the training wait. */
  readonly seconds: number;
  /** Pictures or patches per second of that time. */
  readonly imagesPerSecond: number;
}

/**
 * Trains the network of a recipe on `data.train`. A test set is never looked at.
 *
 * Training begins when you iterate over the result, which gives each epoch as it ends, or call its `model()`, which runs
 * the epochs that are left and returns the trained model.
 * @throws SpecError at once if the recipe is not valid or does not fit the data, or an option is unknown or out of range
 */
export function train(recipe: Recipe, data: TrainingData, options?: TrainOptions): Training {
  const { seed = 1, mode = "reproducible", from, ...others } = optionsFrom(options);
  requireWhole("seed", seed, 0, 2 ** 32 - 1);
  requireMode(mode);
  if (from !== undefined) requireSameNetwork(recipe, from);
  return new Training({ recipe, seed, mode }, data, others, from);
}

/**
 * Goes on with a training from a checkpoint, with the checkpoint's recipe, seed and mode. The losses and the model are
 * the same, byte for byte, as if the training had not been interrupted, whatever the number of threads.
 * @param data the data that the training began with
 * @throws DataError at once if this is other data
 * @throws UnsupportedRuntimeError at once if the training began with relaxed SIMD and the runtime lacks it
 * @throws SpecError at once if an option is out of range
 */
export function resume(checkpoint: Checkpoint, data: TrainingData, options?: ResumeOptions): Training {
  requireResumable(checkpoint, data);
  return new Training(checkpoint, data, optionsFrom(options), undefined, checkpoint);
}

/**
 * A training, made by `train` or `resume`. Iterate over it to get its epochs, or call `model()`. It has threads and memory from
 * the first epoch until it ends, fails, is left by `break`, or `return()` is called. With `await using run = train(…)` that is so
 * at the end of the block, whatever happens there. Those of a training that was dropped before that end with its garbage.
 */
export class Training implements AsyncIterableIterator<Epoch> {
  readonly recipe: Recipe;
  readonly seed: number;
  readonly mode: Mode;
  readonly #data: TrainingData;
  readonly #iterator: AsyncGenerator<Epoch, void>;
  readonly #ended: Epoch[] = [];
  #state: TrainingState | undefined;
  /** The digest of the model that the training began with, if it began with one: see `Provenance.from`. */
  #from: string | undefined;
  /** The time of the epoch that is under way, without the time in which `onProgress` made it wait. */
  readonly #time: Stopwatch;
  /** When the event loop last had its turn. */
  #turn = 0;
  /** The error that ended the training early. */
  #failure: { readonly error: unknown } | undefined;

  constructor(
    { recipe, seed, mode }: Pick<Checkpoint, "recipe" | "seed" | "mode">,
    data: TrainingData,
    options: ResumeOptions,
    from?: Model,
    checkpoint?: Checkpoint,
  ) {
    this.recipe = parseRecipe(recipe);
    this.seed = seed;
    this.mode = mode;
    checkOptions(options);
    this.#data = data;
    requireTrainable(this.recipe, data?.train, data?.name ?? "The training set");
    this.#from = checkpoint?.from;
    this.#time = new Stopwatch(checkpoint?.position.seconds);
    for (const { number, loss, seconds } of checkpoint?.epochs ?? []) this.#end(number, loss, seconds);
    this.#iterator = this.#run(options, from, checkpoint);
  }

  /** The build of the WebAssembly core that runs; undefined before the first epoch begins. */
  get variant(): Variant | undefined {
    return this.#state?.network.variant;
  }

  /** The number of threads that run; undefined before the first epoch begins. */
  get threads(): number | undefined {
    return this.#state?.network.core.threads;
  }

  /** All epochs that have ended, including those before the checkpoint that the training went on from. */
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

  /** Ends the training: the same as `return()`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.return();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /**
   * Runs the epochs that are left, and returns the trained model with a copy of its weights. If the iteration was left
   * early (as by `break`), no epoch is left, and it is the model after the last epoch that the iteration gave.
   * @throws DivergenceError if the loss or a weight is not finite
   * @throws the error that ended the training, if one did, on every call
   */
  async model(): Promise<Model> {
    for await (const _ of this);
    if (this.#failure) throw this.#failure.error;
    return this.snapshot();
  }

  /**
   * Returns the model as it is now, without training further. Call it between two epochs.
   * @throws SpecError before the first epoch has begun
   * @throws DivergenceError if a weight is not finite
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
        ...(this.#from !== undefined && { from: this.#from }),
      },
      parameters: state.parameters(),
    };
  }

  /**
   * Returns a copy of all that `resume` needs to go on from here. You can call it whenever your code runs, since no step
   * is under way then: between two epochs, in `onProgress`, from a timer, or after the training was left or aborted.
   * @throws SpecError before the first epoch has begun, and after a step that failed
   * @throws DivergenceError if a value is not finite
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
      ...(this.#from !== undefined && { from: this.#from }),
      position: { epoch, batches, lossSum, seconds: this.#time.seconds },
      epochs: this.#ended.map(({ number, loss, seconds }) => ({ number, loss, seconds })),
      tensors: state.tensors(),
    };
  }

  #begun(): TrainingState {
    if (!this.#state) throw new SpecError("This training has not begun: there is no model.");
    return this.#state;
  }

  async *#run(options: ResumeOptions, from?: Model, checkpoint?: Checkpoint): AsyncGenerator<Epoch, void> {
    options.signal?.throwIfAborted();
    const { recipe, seed } = this;
    const { train } = this.#data;
    // A training that began with plain SIMD goes on with it, even in the mode "fast" on a runtime with relaxed SIMD.
    const mode = checkpoint?.variant === "simd" ? "reproducible" : this.mode;
    const network = await networkFor(recipe, epochSize(recipe, train.count), seed, { ...options, mode });
    try {
      if (from) {
        this.#from = await sha256(encodeModel(from));
        for (const [name, values] of from.parameters) network.set(name, values);
      }
      const state = new TrainingState(network, recipe, train, seed, checkpoint);
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

  /** Trains on the batches that are left of an epoch. */
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

/** @throws SpecError if a model's weights cannot be those that the recipe's network begins with */
function requireSameNetwork({ name, spec }: Recipe, from: Model): void {
  const isModel = from instanceof Object && from.spec instanceof Object && from.parameters instanceof Map;
  requireOption("from", from, isModel, "a model, such as decodeModel gives");
  if (!isSameNetwork(spec, from.spec))
    throw new SpecError(
      `The model that the training is to begin with has another network than the recipe "${name}". Give the recipe the model's spec.`,
    );
}

/** @throws SpecError */
function checkOptions({ threads, threadWorkerUrl, signal, onProgress, ...others }: ResumeOptions): void {
  requireNoOthers(others);
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
