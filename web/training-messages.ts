/** Messages between the page and its training worker. */

import type { FashionMnistPart } from "../src/data/fashion-mnist.ts";
import { isConvolutional } from "../src/network/spec.ts";
import type { Checkpoint } from "../src/training/checkpoint.ts";
import type { Recipe } from "../src/training/recipes.ts";
import type { Epoch, Progress } from "../src/training/train-options.ts";
import type { Mode, Variant } from "../src/wasm/detect.ts";
import type { Measured } from "./test-set.ts";

/** Where training pictures come from. */
export type DataSource =
  /** The sample that the page is served with. */
  | { readonly kind: "sample" }
  /** Fashion-MNIST's four files, or others of the same format. */
  | { readonly kind: "idx"; readonly files: Readonly<Record<FashionMnistPart, File>> }
  /** Pictures of any size and format that the browser reads. Their order decides which are kept for testing. */
  | { readonly kind: "pictures"; readonly files: readonly File[] };

export interface TrainingRequest {
  readonly recipe: Recipe;
  readonly seed: number;
  readonly mode: Mode;
  /** If left out, the number depends on the machine's cores and on the size of the network. */
  readonly threads?: number;
  readonly data: DataSource;
  /** The model to begin with: the name of one of the package, or the bytes of its file. */
  readonly base?: string | Uint8Array<ArrayBuffer>;
  /** The checkpoint to go on from. Recipe, seed and mode are then those of the checkpoint. */
  readonly from?: Checkpoint;
  /** The name by which the browser keeps the training: when it began, in milliseconds since 1970. */
  readonly kept: number;
  /** Whether the browser keeps it already. */
  readonly isKept?: boolean;
}

export type ToWorker =
  | { readonly type: "start"; readonly request: TrainingRequest }
  /** "step": trains on one batch, then pauses. "keep": keeps the training in the browser as it is now. */
  | { readonly type: "pause" | "goOn" | "step" | "stop" | "model" | "checkpoint" | "keep" };

/**
 * The labels of the rows of test pictures, from the top. Beside a network that begins with a model there is what that model
 * makes of them; beside a dense one, what the bundled convolutions make of them.
 */
export function rowLabels({ spec }: Recipe, base?: unknown): string[] {
  return [
    ...["original", "noisy"],
    ...(base === undefined ? [] : ["before"]),
    "denoised",
    ...(isConvolutional(spec) ? [] : ["fashion-conv"]),
  ];
}

/** A row of a few test pictures: bytes, [count, height, width, channels]. */
export interface PictureRow {
  readonly label: string;
  readonly pictures: Uint8Array;
}

/** The size of the pictures in all rows, and what each column shows. */
export interface PictureColumns {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  readonly labels: readonly string[];
}

export type FromWorker =
  | {
      readonly type: "data";
      /** A digest of the pictures. */
      readonly sha256: string;
      readonly trainingImages: number;
      /** How many test pictures are measured after each epoch. */
      readonly testImages: number;
      /** Files that could not be used, each with the reason. */
      readonly leftOut: readonly string[];
      readonly columns: PictureColumns;
      /** The rows that training does not change. */
      readonly rows: readonly PictureRow[];
      /** The PSNR of the noisy test pictures in dB. */
      readonly noisy: number;
      /** What the model reaches that the training begins with. */
      readonly before: Measured | undefined;
    }
  | { readonly type: "begun"; readonly variant: Variant; readonly threads: number }
  /** `isStep`: whether the training pauses, after the batch that a "step" asked for. */
  | { readonly type: "progress"; readonly progress: Progress; readonly isStep: boolean }
  | { readonly type: "epoch"; readonly epoch: Epoch; readonly psnr: Measured; readonly row: PictureRow }
  /** The model of the last finished epoch: the bytes of its file. */
  | { readonly type: "model"; readonly bytes: Uint8Array<ArrayBuffer> }
  /** A checkpoint of the training as it is now: the bytes of its file. */
  | { readonly type: "checkpoint"; readonly bytes: Uint8Array<ArrayBuffer> }
  /** Whether the browser could keep the training. */
  | { readonly type: "kept"; readonly isKept: boolean }
  | { readonly type: "ended"; readonly why: "finished" | "stopped" }
  | { readonly type: "failed"; readonly message: string };
