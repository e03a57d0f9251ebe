/** What the page and its training worker say to each other. */

import type { FashionMnistPart } from "../src/data/fashion-mnist.ts";
import { isConvolutional } from "../src/network/spec.ts";
import type { Checkpoint } from "../src/training/checkpoint.ts";
import type { Recipe } from "../src/training/recipes.ts";
import type { Epoch, Progress } from "../src/training/trainer.ts";
import type { Mode, Variant } from "../src/wasm/detect.ts";

/** Where training pictures come from. */
export type DataSource =
  /** The sample that the page is served with. */
  | { readonly kind: "sample" }
  /** Fashion-MNIST's four files, or others of their form. */
  | { readonly kind: "idx"; readonly files: Readonly<Record<FashionMnistPart, Blob>> }
  /** Pictures of any size; each is cut to a square and brought to the network's size, in grey. */
  | { readonly kind: "pictures"; readonly files: readonly File[] };

export interface TrainingRequest {
  readonly recipe: Recipe;
  readonly seed: number;
  readonly mode: Mode;
  /** Left out: as many as the machine and the network have use for. */
  readonly threads?: number;
  readonly data: DataSource;
  /** Where to go on; recipe, seed and mode are its own. */
  readonly from?: Checkpoint;
}

export type ToWorker =
  | { readonly type: "start"; readonly request: TrainingRequest }
  | { readonly type: "pause" | "goOn" | "stop" | "model" | "checkpoint" };

/** The rows of test pictures, from the top; under dense layers' the same pictures as the bundled convolutions denoise them. */
export function rowLabels({ spec }: Recipe): string[] {
  return ["original", "noisy", "denoised", ...(isConvolutional(spec) ? [] : ["fashion-conv"])];
}

/** A few test pictures as they come, [count, pixels] as bytes. */
export interface PictureRow {
  readonly label: string;
  readonly pictures: Uint8Array;
}

/** Sizes of the pictures in rows, and what each column shows. */
export interface PictureColumns {
  readonly width: number;
  readonly height: number;
  readonly labels: readonly string[];
}

/** What the network makes of the test pictures. */
export interface TestResult {
  readonly mse: number;
  readonly psnr: number;
}

export type FromWorker =
  | {
      readonly type: "data";
      readonly trainingImages: number;
      /** Test pictures that are looked at after each epoch. */
      readonly testImages: number;
      readonly columns: PictureColumns;
      /** Those that the training does not change. */
      readonly rows: readonly PictureRow[];
      readonly noisy: TestResult;
    }
  | { readonly type: "begun"; readonly variant: Variant; readonly threads: number }
  | { readonly type: "progress"; readonly progress: Progress }
  | { readonly type: "epoch"; readonly epoch: Epoch; readonly test: TestResult; readonly row: PictureRow }
  /** The model after the last epoch: the bytes of its file. */
  | { readonly type: "model"; readonly bytes: Uint8Array<ArrayBuffer> }
  /** The training as it is now: the bytes of its checkpoint's file. */
  | { readonly type: "checkpoint"; readonly bytes: Uint8Array<ArrayBuffer> }
  | { readonly type: "ended"; readonly why: "finished" | "stopped" }
  | { readonly type: "failed"; readonly message: string };
