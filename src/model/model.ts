import { SpecError } from "../errors.ts";
import type { Spec } from "../network/spec.ts";
import type { Noise } from "../noise/noise.ts";
import type { Variant } from "../wasm/detect.ts";

/** Where a model's weights come from. */
export interface Provenance {
  readonly recipe: string;
  /** The data set's name, and the SHA-256 that `Dataset.sha256` explains. */
  readonly dataset: string;
  readonly dataSha256: string;
  readonly trainingImages: number;
  readonly seed: number;
  readonly epochs: number;
  readonly variant: Variant;
  readonly packageVersion: string;
}

/** What of a model runs. */
export interface ModelLike {
  readonly spec: Spec;
  /** `layer1.weight`, `layer1.bias`, … in PyTorch's order and shape. */
  readonly parameters: ReadonlyMap<string, Float32Array>;
}

/** A trained network: all that a model file holds. */
export interface Model extends ModelLike {
  /** What its values mean: black and white. */
  readonly range: readonly [number, number];
  /** The noise it was trained on. */
  readonly noise: Noise;
  readonly provenance: Provenance;
}

/** @throws SpecError where pictures of this size do not fit the spec */
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
