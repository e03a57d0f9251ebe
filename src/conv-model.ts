/** A model as the denoiser needs it: layers of convolutions with their weights, checked without the spec's schema. */
import { ModelFileError } from "./errors.ts";
import type { Model } from "./model.ts";
import { readSafetensors, requireFinite } from "./safetensors.ts";
import type { Spec } from "./spec.ts";

export interface ConvLayer {
  readonly inputs: number;
  readonly outputs: number;
  readonly dilation: number;
  readonly activation: "linear" | "relu";
  /** [outputs, inputs, 3, 3] */
  readonly weight: Float32Array;
  readonly bias: Float32Array;
}

export interface ConvModel {
  /** Of a picture: 1 or 3. */
  readonly channels: number;
  /** What the network multiplies grey levels with. */
  readonly scale: number;
  /** Whether it puts out noise, to be subtracted, or the picture. */
  readonly residual: boolean;
  /** Whether the noise level is its last input channel. */
  readonly noiseLevel: boolean;
  readonly layers: readonly ConvLayer[];
}

/** What of a model is looked at: of one in memory, or of one in a file. */
export type ModelLike = Pick<Model, "spec" | "parameters">;

/**
 * Reads a model file; `name` is what errors call it.
 * @throws ModelFileError on anything but a whole model of 3×3 convolutions for grey or RGB pictures
 */
export function decodeConvModel(bytes: Uint8Array, name: string): ConvModel {
  const { tensors, metadata } = readSafetensors(bytes, name);
  let spec: Spec;
  try {
    spec = JSON.parse(metadata["denoise-wasm.spec"]!);
  } catch {
    throw fault(name, "has no spec in its metadata");
  }
  const parameters = new Map<string, Float32Array>();
  for (const [key, tensor] of tensors) {
    if (tensor.dtype !== "F32") throw fault(name, `has "${key}" as ${tensor.dtype}, not F32`);
    requireFinite(tensor, key, name);
    parameters.set(key, tensor.data);
  }
  return convModelOf({ spec, parameters }, name);
}

/** @throws ModelFileError where the spec is not a network of 3×3 convolutions, or the weights do not fit it */
export function convModelOf({ spec, parameters }: ModelLike, name: string): ConvModel {
  const channels = spec?.input?.channels;
  if (channels !== 1 && channels !== 3)
    throw fault(name, `is for pictures of ${channels} channels, not 1 or 3`);
  if (!Array.isArray(spec.layers)) throw fault(name, "has a spec without layers");
  const { residual = false, noiseLevel = false, white = 255, padding = "zeros" } = spec;
  if (padding !== "zeros")
    throw fault(name, `pads pictures with "${padding}"; the denoiser knows "zeros" only`);
  if (!(white > 0 && white < Infinity)) throw fault(name, `has a white of ${white}`);
  let inputs = channels + (noiseLevel ? 1 : 0);
  const layers = spec.layers.map((layer, index): ConvLayer => {
    if (layer.type !== "conv3x3") {
      throw fault(name, `has a layer of the type "${layer.type}"; the denoiser knows 3×3 convolutions only`);
    }
    const { channels: outputs, dilation, activation } = layer;
    const weight = parameters.get(`layer${index + 1}.weight`);
    const bias = parameters.get(`layer${index + 1}.bias`);
    if (
      !(dilation >= 1 && dilation <= 4 && Number.isInteger(dilation)) ||
      !["linear", "relu"].includes(activation)
    ) {
      throw fault(name, `has a layer ${index + 1} of dilation ${dilation} and activation ${activation}`);
    }
    if (bias?.length !== outputs || weight?.length !== 9 * inputs * outputs) {
      throw fault(name, `has weights that do not fit its layer ${index + 1}`);
    }
    const shape = { inputs, outputs };
    inputs = outputs;
    return { ...shape, dilation, activation, weight, bias };
  });
  if (inputs !== channels || layers.length === 0)
    throw fault(name, `puts out ${inputs} channels, not ${channels}`);
  return { channels, scale: Math.fround(white / 255), residual, noiseLevel, layers };
}

function fault(name: string, what: string): ModelFileError {
  return new ModelFileError(`${name} ${what}. Use a model that "train" wrote with a recipe of convolutions.`);
}
