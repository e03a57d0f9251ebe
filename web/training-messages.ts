/** Messages between the page and its training worker. */

import type { FashionMnistPart } from "../src/data/fashion-mnist.ts";
import { isConvolutional } from "../src/network/spec.ts";
import type { Checkpoint } from "../src/training/checkpoint.ts";
import type { Recipe } from "../src/training/recipes.ts";
import type { Epoch, Progress } from "../src/training/train-options.ts";
import type { Mode, Variant } from "../src/wasm/detect.ts";

/** Where training pictures come from. */
export type DataSource =
  /** The sample that the page is served with. */
  | { readonly kind: "sample" }
  /** Fashion-MNIST's four files, or others of the same format. */
  | { readonly kind: "idx"; readonly files: Readonly<Record<FashionMnistPart, Blob>> }
  /** Pictures of any size. Each is cropped, scaled to the network's size and made grey. */
  | { readonly kind: "pictures"; readonly files: readonly File[] };

export interface TrainingRequest {
  readonly recipe: Recipe;
  readonly seed: number;
  readonly mode: Mode;
  /** If left out, the number depends on the machine's cores and on the size of the network. */
  readonly threads?: number;
  readonly data: DataSource;
  /** The checkpoint to go on from. Recipe, seed and mode are then those of the checkpoint. */
  readonly from?: Checkpoint;
}

export type ToWorker =
  | { readonly type: "start"; readonly request: TrainingRequest }
  | { readonly type: "pause" | "goOn" | "stop" | "model" | "checkpoint" };

/** The labels of the rows of test pictures, from the top. With a dense network, the last row is what the bundled convolutions make of them. */
export function rowLabels({ spec }: Recipe): string[] {
  return ["original", "noisy", "denoised", ...(isConvolutional(spec) ? [] : ["fashion-conv"])];
}

/** A row of a few test pictures: bytes, [count, pixels]. */
export interface PictureRow {
  readonly label: string;
  readonly pictures: Uint8Array;
}

/** The size of the pictures in all rows, and what each column shows. */
export interface PictureColumns {
  readonly width: number;
  readonly height: number;
  readonly labels: readonly string[];
}

/** How far pictures are from the clean test pictures, on average. */
export interface TestResult {
  readonly mse: number;
  readonly psnr: number;
}

export type FromWorker =
  | {
      readonly type: "data";
      readonly trainingImages: number;
      /** How many test pictures are measured after each epoch. */
      readonly testImages: number;
      readonly columns: PictureColumns;
      /** The rows that training does not change. */
      readonly rows: readonly PictureRow[];
      readonly noisy: TestResult;
    }
  | { readonly type: "begun"; readonly variant: Variant; readonly threads: number }
  | { readonly type: "progress"; readonly progress: Progress }
  | { readonly type: "epoch"; readonly epoch: Epoch; readonly test: TestResult; readonly row: PictureRow }
  /** The model of the last finished epoch: the bytes of its file. */
  | { readonly type: "model"; readonly bytes: Uint8Array<ArrayBuffer> }
  /** A checkpoint of the training as it is now: the bytes of its file. */
  | { readonly type: "checkpoint"; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly type: "ended"; readonly why: "finished" | "stopped" }
  | { readonly type: "failed"; readonly message: string };
