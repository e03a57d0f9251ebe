/** How trainings are started, and what is told of them while they run. */
import { MOST_THREADS } from "../../assembly/program/layout.ts";
import type { Dataset, TrainingSet } from "../data/images.ts";
import { requireNoOthers, requireOption, requireRunOptions, SpecError } from "../errors.ts";
import type { Model } from "../model/model.ts";
import { isSameNetwork } from "../network/spec.ts";
import type { Mode } from "../wasm/detect.ts";
import type { Recipe } from "./recipe.ts";

/** The part of a data set that a training needs: its training set, its name and its digest. */
export type TrainingData = Pick<Dataset, "name" | "sha256"> & {
  /** Clean pictures; or, for a recipe with `noisyOnly`, noisy ones. */
  readonly train: TrainingSet;
} & Partial<Pick<Dataset, "source">>;

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
   * How many threads to use, this one included. Default: one for each core (in browsers one fewer, in Firefox one), but no more than
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
   * If the value is, or resolves to, `"batch"`, the function is called again after a single batch.
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

/** @throws SpecError if a model's weights cannot be those that the recipe's network begins with */
export function requireSameNetwork({ name, spec }: Recipe, from: Model): void {
  const isModel = from instanceof Object && from.spec instanceof Object && from.parameters instanceof Map;
  requireOption("from", from, isModel, "a model, such as decodeModel gives");
  if (!isSameNetwork(spec, from.spec))
    throw new SpecError(
      `The model that the training is to begin with has another network than the recipe "${name}". Give the recipe the model's spec.`,
    );
}

/** @throws SpecError */
export function checkOptions({
  threads,
  threadWorkerUrl,
  signal,
  onProgress,
  ...others
}: ResumeOptions): void {
  requireNoOthers(others);
  if (threads !== undefined) requireWhole("threads", threads, 1, MOST_THREADS);
  const isAddress =
    ["undefined", "string"].includes(typeof threadWorkerUrl) || threadWorkerUrl instanceof URL;
  requireOption("threadWorkerUrl", threadWorkerUrl, isAddress, "an address");
  requireRunOptions(signal, onProgress);
}

/** @throws SpecError */
export function requireWhole(name: string, value: number, least: number, greatest: number): void {
  const isRight = Number.isInteger(value) && value >= least && value <= greatest;
  requireOption(name, value, isRight, `a whole number from ${least} to ${greatest}`);
}
