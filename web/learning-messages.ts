/** Messages between the page and the worker that learns from the picture that is shown. */
import type { Calibration } from "../src/learning/calibration.ts";

export interface CalibrationTask {
  readonly type: "calibration";
  readonly image: ImageData;
  /** Model files. */
  readonly models: readonly (ArrayBuffer | Uint8Array<ArrayBuffer>)[];
}

export interface NetworkTask {
  readonly type: "network";
  readonly image: ImageData;
  /** The standard deviation of the noise, in grey levels, or that it is to be found. */
  readonly level: number | "auto";
}

export type LearningTask = CalibrationTask | NetworkTask;

/** What was learned, for this picture and others of the same source. */
export interface Learned {
  /** The level of the noise by which such pictures are denoised. */
  readonly level: number;
  readonly calibration?: Calibration;
  /** The model file of a network that denoises in place of the one that was chosen. */
  readonly network?: Uint8Array<ArrayBuffer>;
}

/** What a network in training makes of some rows of the picture. */
export interface Look {
  readonly pixels: Uint8ClampedArray<ArrayBuffer>;
  readonly width: number;
  /** The number of the first row. */
  readonly from: number;
}

export type FromLearnWorker =
  /** The part that is done and, of a network, the mean squared error of what it predicted since the last message. */
  | { readonly done: number; readonly loss?: number }
  | Look
  | { readonly learned: Learned }
  | { readonly failed: string };
