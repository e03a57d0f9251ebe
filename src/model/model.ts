import { SpecError } from "../errors.ts";
import type { Spec } from "../network/spec.ts";
import type { Noise } from "../noise/noise.ts";
import type { Variant } from "../wasm/detect.ts";

/** The value of "denoise-wasm.format" in the metadata of a model file. */
export const MODEL_FORMAT = "denoise-wasm 1";

/** How a model's weights were trained. */
export interface Provenance {
  /** The name of the recipe. */
  readonly recipe: string;
  /** The name of the data set. */
  readonly dataset: string;
  /** The data set's digest: see `Dataset.sha256`. */
  readonly dataSha256: string;
  /** The number of pictures in the training set. */
  readonly trainingImages: number;
  /** The seed that all random numbers followed from. */
  readonly seed: number;
  /** The number of epochs that had ended. */
  readonly epochs: number;
  /** The build of the WebAssembly core that trained it, or "pytorch". */
  readonly variant: Variant | "pytorch";
  /** The version of this package that trained it. */
  readonly packageVersion: string;
  /** If the training began with the weights of a model: the SHA-256 of its file, in float32, as 64 hex digits. */
  readonly from?: string;
}

/** The part of a model that is needed to run it. */
export interface ModelLike {
  /** The network. */
  readonly spec: Spec;
  /** The parameters by name, `layer1.weight`, `layer1.bias`, …: float32 values in the order of PyTorch's shapes. */
  readonly parameters: ReadonlyMap<string, Float32Array>;
}

/** A trained network, with everything that a model file holds. */
export interface Model extends ModelLike {
  /** The values of black and of white inside the network. */
  readonly range: readonly [number, number];
  /** The noise that it was trained on. */
  readonly noise: Noise;
  /** How it was trained. */
  readonly provenance: Provenance;
}

/** @throws SpecError if pictures of this size do not fit the spec */
export function requireFit(
  spec: Spec,
  images: { height: number; width: number; channels: number },
  what: string,
): void {
  const { height, width, channels } = spec.input;
  if (height !== images.height || width !== images.width || channels !== images.channels) {
    throw new SpecError(
      `${what} takes pictures of ${height}×${width}×${channels}, but these are ` +
        `${images.height}×${images.width}×${images.channels}. Use other data, or set the spec's input and layers to fit.`,
    );
  }
}
