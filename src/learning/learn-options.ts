/** How noisy pictures are learned from, and what comes of it. */
import { optionsFrom, requireNoOthers, requireRunOptions } from "../errors.ts";
import type { Model } from "../model/model.ts";
import type { Picture, PictureValues, Range, SameKind } from "../pictures/picture.ts";
import { checkOptions, type ResumeOptions, requireWhole } from "../training/train-options.ts";
import { type Mode, requireMode } from "../wasm/detect.ts";
import type { NoiseCurve } from "./noise-curve.ts";

/** How a picture is learned from. Every option has a default. */
export interface LearnOptions {
  /** The values of black and of white in the picture: see `DenoiseOptions`. */
  range?: Range | undefined;
  /**
   * The noise: its variance at a value x is gain·x + sigma², in grey levels. `"auto"`, the default, finds it in the picture,
   * and is an error where the noise of neighbouring pixels goes together.
   */
  noise?: "auto" | NoiseCurve | undefined;
  /** Steps of training, from 10 to 1,000,000. The time grows with them, and not with the picture. Default 2,000. */
  steps?: number | undefined;
  /** What all random numbers follow from: a 32-bit unsigned integer. Default 1. */
  seed?: number | undefined;
  /** Whether the same bytes in every engine, or speed, come first. Default `"reproducible"`. */
  mode?: Mode | undefined;
  /** How many threads to use, this one included. Default: one for each core. The result does not depend on it. */
  threads?: number | undefined;
  /** Only for web pages: the URL of the package's `thread-worker.js`: see `ResumeOptions`. */
  threadWorkerUrl?: string | URL | undefined;
  /** Aborts the work: the promise is rejected with the signal's reason. */
  signal?: AbortSignal | undefined;
  /**
   * Called from time to time with the part of the work that is done, from 0 to 1, and, as long as the network is in training,
   * with what it has learned so far. A promise that it returns is waited for.
   */
  onProgress?: ((done: number, soFar?: SoFar) => unknown) | undefined;
}

/** What a network in training has learned. */
export interface SoFar {
  /**
   * The mean squared error of its predictions since the last call, in squared grey levels. What it is to predict has noise, so
   * that it stays far above 0.
   */
  readonly loss: number;
  /** A copy of the network as it is: give it to `createDenoiser` to see what it makes of the picture. */
  model(): Model;
}

/** A picture that was denoised by a network that learned from it: size, channels and kind of array are those given. */
export interface Learned<Values extends PictureValues = PictureValues> extends Picture<SameKind<Values>> {
  /** Values of each pixel: 1 grey, 2 grey and alpha, 3 RGB, 4 RGBA. */
  readonly channels: 1 | 2 | 3 | 4;
  /** The noise that was given or found. */
  readonly noise: NoiseCurve;
  /** The network, for other pictures of the same kind and noise: give it to `createDenoiser`. */
  readonly model: Model;
}

/** How a network is trained and run, checked. */
export interface Running {
  readonly range: Range | undefined;
  readonly steps: number;
  readonly seed: number;
  readonly mode: Mode;
  /** What trainings take as it is. */
  readonly running: ResumeOptions;
  readonly onProgress: LearnOptions["onProgress"];
}

/** @throws SpecError if an option is unknown, of the wrong type or out of range */
export function runningFrom(options: Omit<LearnOptions, "noise"> | undefined): Running {
  const { range, steps = 2000, seed = 1, mode = "reproducible", ...others } = optionsFrom(options);
  const { threads, threadWorkerUrl, signal, onProgress, ...unknown } = others;
  requireNoOthers(unknown);
  requireRunOptions(signal, onProgress);
  requireMode(mode);
  requireWhole("steps", steps, 10, 1_000_000);
  requireWhole("seed", seed, 0, 2 ** 32 - 1);
  const running = {
    ...(threads !== undefined && { threads }),
    ...(threadWorkerUrl !== undefined && { threadWorkerUrl }),
    ...(signal && { signal }),
  };
  checkOptions(running);
  signal?.throwIfAborted();
  return { range, steps, seed, mode, running, onProgress };
}
