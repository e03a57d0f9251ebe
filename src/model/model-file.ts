/**
 * Model files: safetensors files whose tensors are in PyTorch's layout, and whose metadata holds the spec, range, noise
 * and provenance as JSON. The same model gives the same bytes.
 */
import * as v from "valibot";
import { ModelFileError, requireOption, SpecError, shown } from "../errors.ts";
import { parse } from "../network/parse.ts";
import { parseSpec } from "../network/parse-spec.ts";
import { layerShapes, parameterCount, parameters, type Spec, shrinkOf } from "../network/spec.ts";
import { NoiseSchema } from "../noise/noise-schema.ts";
import { MODEL_FORMAT, type Model } from "./model.ts";
import { MOST_ALONE, MOST_IN_FEW, MOST_IN_SCALES, narrow, quantize } from "./quantize.ts";
import { readSafetensors, type Tensor, writeSafetensors } from "./safetensors.ts";
import { expandWeights, type Weights } from "./weights.ts";

/** The errors of eight bits show more in networks of several scales that have fewer parameters than this. */
const FEW = 2 ** 14;

/** The value of "denoise-wasm.format" in the metadata of a checkpoint file. */
export const CHECKPOINT_FORMAT = "denoise-wasm checkpoint 1";

const count = v.pipe(v.number(), v.integer(), v.minValue(0));
const DescriptionSchema = v.strictObject({
  range: v.tuple([v.number(), v.number()]),
  noise: NoiseSchema,
  provenance: v.strictObject({
    recipe: v.string(),
    dataset: v.string(),
    dataSha256: v.string(),
    trainingImages: count,
    seed: count,
    epochs: count,
    variant: v.picklist(["simd", "relaxed"]),
    packageVersion: v.string(),
    from: v.exactOptional(v.string()),
  }),
});

/**
 * How a model file stores weights: float32, float16, or int8 with scales. In networks of several scales, "i8" leaves the few
 * weights of layers at the picture's own resolution in float16. Biases are always float32.
 */
export type WeightFormat = "f32" | "f16" | "i8";
export const weightFormats: readonly WeightFormat[] = ["f32", "f16", "i8"];

/**
 * Encodes a model as the bytes of a model file.
 * @param format how weights are stored: "f32" (the default), "f16" (rounded to the nearest, ties to even), or "i8" with a
 *   scale for each output, in a network of several scales float16 for `fineLayers`
 * @throws SpecError if the format is none of these, a tensor is missing, its length does not fit its shape, or a weight is too large for float16
 */
export function encodeModel(model: Model, format: WeightFormat = "f32"): Uint8Array<ArrayBuffer> {
  requireOption("format", format, weightFormats.includes(format), '"f32", "f16" or "i8"');
  const { range, noise, provenance } = model;
  const tensors = new Map<string, Tensor>();
  const isInScales = shrinkOf(model.spec) > 1;
  const mostInScales = parameterCount(model.spec) < FEW ? MOST_IN_FEW : MOST_IN_SCALES;
  const fine = fineLayers(model.spec);
  for (const { name, shape } of parameters(model.spec)) {
    const data = model.parameters.get(name);
    if (!data) throw new SpecError(`The model has no tensor "${name}".`);
    if (format === "f32" || shape.length < 2) tensors.set(name, { dtype: "F32", shape, data });
    else if (format === "f16" || (isInScales && fine.has(name.split(".")[0]!)))
      tensors.set(name, { dtype: "F16", shape, data: narrow(data, name) });
    else {
      const { data: levels, scale } = quantize(data, shape, isInScales ? mostInScales : MOST_ALONE);
      tensors.set(name, { dtype: "I8", shape, data: levels });
      tensors.set(`${name}.scale`, { dtype: "F32", shape: shape.slice(0, 1), data: scale });
    }
  }
  return writeSafetensors(tensors, {
    format: "pt",
    "denoise-wasm.format": MODEL_FORMAT,
    "denoise-wasm.spec": JSON.stringify(model.spec),
    "denoise-wasm.description": JSON.stringify({ range, noise, provenance }),
  });
}

/**
 * The names of the layers whose output has the picture's own resolution, or gets it from a pixel-shuffle right behind them.
 * They have few weights, but in eight bits these would cost half a decibel and leave a hatch: docs/experiments.md.
 */
function fineLayers(spec: Spec): Set<string> {
  const layers = layerShapes(spec);
  const fine = layers.filter(({ shrink }, index) => {
    const next = layers[index + 1];
    return (next?.type === "pixel-shuffle" ? next.shrink : shrink) === 1;
  });
  return new Set(fine.map(({ name }) => name));
}

/**
 * Decodes the bytes of a model file. Weights of any format are expanded to float32.
 * @param name what errors call the file
 * @throws ModelFileError on anything but a whole model whose tensors fit its spec and are finite
 */
export function decodeModel(bytes: Uint8Array, name: string): Model {
  const { tensors, metadata } = readSafetensors(bytes, name);
  if (metadata["denoise-wasm.format"] === CHECKPOINT_FORMAT) {
    throw new ModelFileError(
      `${name} is a checkpoint, not a model. Go on with it by "train --resume"; the model is written at the end.`,
    );
  }
  if (metadata["denoise-wasm.format"] !== MODEL_FORMAT) {
    throw new ModelFileError(
      `${name} is a safetensors file but not a model of this package ("${MODEL_FORMAT}"). Use a file that "train" wrote.`,
    );
  }
  try {
    const spec = parseSpec(json(metadata, "spec"), "spec");
    const description = parse(DescriptionSchema, json(metadata, "description"), "description");
    return { spec, ...description, parameters: takeParameters(spec, expandWeights(tensors, name), name) };
  } catch (error) {
    if (!(error instanceof SpecError)) throw error;
    throw new ModelFileError(`${name}: ${error.message} Get the file anew.`, { cause: error });
  }
}

function takeParameters(
  spec: Model["spec"],
  tensors: ReadonlyMap<string, Weights>,
  file: string,
): Map<string, Float32Array> {
  const misfit = (what: string) => new ModelFileError(`${file} ${what}. Get the file anew.`);
  const expected = parameters(spec);
  const known = new Set(expected.map(({ name }) => name));
  for (const name of tensors.keys()) {
    if (!known.has(name)) throw misfit(`has a tensor ${shown(name)} that its spec does not know`);
  }
  return new Map(
    expected.map(({ name, shape }) => {
      const tensor = tensors.get(name);
      if (!tensor) throw misfit(`lacks the tensor "${name}" that its spec asks for`);
      if (tensor.shape.join() !== shape.join()) {
        throw misfit(`has "${name}" of shape [${tensor.shape}]; its spec asks for [${shape}]`);
      }
      return [name, tensor.data];
    }),
  );
}

/** The JSON that the metadata hold under a key of this package. @throws SpecError if it is missing or not JSON */
export function json(metadata: Readonly<Record<string, string>>, key: string): unknown {
  const text = metadata[`denoise-wasm.${key}`];
  if (text === undefined) throw new SpecError(`its metadata has no ${key}.`);
  try {
    return JSON.parse(text);
  } catch {
    throw new SpecError(`the ${key} in its metadata is not JSON.`);
  }
}
