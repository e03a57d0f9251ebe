/// <reference lib="esnext.disposable" preserve="true" />
/** Trains networks. A training is an async iterator over epochs; it can be aborted between any two steps, and resumed. */

import { sha256 } from "../data/sha256.ts";
import { optionsFrom, requireOption, SpecError } from "../errors.ts";
import type { Model } from "../model/model.ts";
import { encodeModel } from "../model/model-file.ts";
import { version } from "../version.ts";
import { type Mode, requireMode, type Variant } from "../wasm/detect.ts";
import { yieldToEventLoop } from "../wasm/event-loop.ts";
import { epochSize } from "./batch-source.ts";
import { requireTrainable } from "./batches.ts";
import { type Checkpoint, requireResumable } from "./checkpoint.ts";
import { parseRecipe, type Recipe } from "./recipes.ts";
import { Stopwatch } from "./stopwatch.ts";
import {
  checkOptions,
  type Epoch,
  type ResumeOptions,
  requireSameNetwork,
  requireWhole,
  type TrainingData,
  type TrainOptions,
} from "./train-options.ts";
import { networkFor, TrainingState } from "./training-state.ts";

/** Training runs for this many milliseconds before the event loop gets its next turn. */
const TURN = 25;

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
  const isCheckpoint = Object(checkpoint?.recipe) === checkpoint?.recipe;
  requireOption("checkpoint", checkpoint, isCheckpoint, "a checkpoint, such as loadCheckpoint gives");
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
        const wish = await onProgress?.({
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
        this.#turn = wish === "batch" ? Number.NEGATIVE_INFINITY : performance.now();
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
