/**
 * Model files: safetensors files whose tensors are in PyTorch's layout, and whose metadata holds the spec, range, noise
 * and provenance as JSON. The same model gives the same bytes.
 */
import * as v from "valibot";
import { ModelFileError, requireOption, SpecError, shown } from "../errors.ts";
import { MOST_EPOCHS, MOST_NAME, MOST_WHITE } from "../network/limits.ts";
import { parse } from "../network/parse.ts";
import { parseSpec } from "../network/parse-spec.ts";
import { layerShapes, parameterCount, parameters, type Spec, shrinkOf } from "../network/spec.ts";
import { NoiseSchema } from "../noise/noise-schema.ts";
import { fileBytes } from "../pictures/decoding.ts";
import { MODEL_FORMAT, type Model, type ModelLike } from "./model.ts";
import { narrow, quantize } from "./quantize.ts";
import { readSafetensors, type Tensor, writeSafetensors } from "./safetensors.ts";
import { expandWeights, type Weights } from "./weights.ts";

/**
 * The largest magnitude of an int8 weight in a network of a single scale. Fewer levels than the possible 255 compress better:
 * docs/experiments.md, as for the other numbers here.
 */
const MOST_ALONE = 77;
/** The same in a network of several scales: for a layer at half of the picture's resolution, at a quarter, and below that. */
const MOST_AT_SCALE = [95, 19, 11] as const;
/** The same where a network of several scales has fewer parameters than this: each error costs more there. */
const FEW = 2 ** 14;
const MOST_OF_FEW = [127, 35, 11] as const;

/** The value of "denoise-wasm.format" in the metadata of a checkpoint file. */
export const CHECKPOINT_FORMAT = "denoise-wasm checkpoint 1";

const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const name = v.pipe(v.string(), v.maxLength(MOST_NAME));
const value = v.pipe(v.number(), v.minValue(-MOST_WHITE), v.maxValue(MOST_WHITE));
const DescriptionSchema = v.strictObject({
  range: v.pipe(
    v.strictTuple([value, value]),
    v.check(
      ([black, white]) => black < white,
      "the values of black and of white, of which white is the larger",
    ),
  ),
  noise: NoiseSchema,
  provenance: v.strictObject({
    recipe: name,
    dataset: name,
    dataSha256: name,
    trainingImages: count,
    seed: count,
    epochs: v.pipe(count, v.maxValue(MOST_EPOCHS)),
    variant: v.picklist(["simd", "relaxed", "pytorch"]),
    packageVersion: name,
    from: v.exactOptional(name),
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
 *   scale for each output, in a network of several scales float16 for the layers at the picture's resolution
 * @throws SpecError if the format is none of these, a tensor is missing, its length does not fit its shape, or a weight is too large for float16
 */
export function encodeModel(model: Model, format: WeightFormat = "f32"): Uint8Array<ArrayBuffer> {
  const isModel = Array.isArray(model?.spec?.layers) && typeof model.parameters?.get === "function";
  requireOption("model", model, isModel, "a model, such as decodeModel gives");
  return encoded(model, format, metadataOf(model));
}

/** As `encodeModel`, without what the model was trained for and how. */
export function encodeWeights(model: ModelLike, format: WeightFormat): Uint8Array<ArrayBuffer> {
  return encoded(model, format, specOf(model));
}

function encoded(
  model: ModelLike,
  format: WeightFormat,
  metadata: Record<string, string>,
): Uint8Array<ArrayBuffer> {
  requireOption("format", format, weightFormats.includes(format), '"f32", "f16" or "i8"');
  const tensors = new Map<string, Tensor>();
  const scales = scalesOf(model.spec);
  const isAlone = shrinkOf(model.spec) === 1;
  const mostAtScale = parameterCount(model.spec) < FEW ? MOST_OF_FEW : MOST_AT_SCALE;
  for (const { name, shape } of parameters(model.spec)) {
    const data = model.parameters.get(name);
    if (!data) throw new SpecError(`The model has no tensor "${name}".`);
    const scale = scales.get(name.split(".")[0]!)!;
    const most = isAlone ? MOST_ALONE : mostAtScale[Math.min(scale, mostAtScale.length) - 1];
    if (format === "f32" || shape.length < 2) tensors.set(name, { dtype: "F32", shape, data });
    else if (format === "f16" || most === undefined)
      tensors.set(name, { dtype: "F16", shape, data: narrow(data, name) });
    else {
      const { data: levels, scale } = quantize(data, shape, most);
      tensors.set(name, { dtype: "I8", shape, data: levels });
      tensors.set(`${name}.scale`, { dtype: "F32", shape: shape.slice(0, 1), data: scale });
    }
  }
  return writeSafetensors(tensors, { format: "pt", ...metadata });
}

/** What the metadata of a file say of a model besides its weights. */
export const metadataOf = ({ spec, range, noise, provenance }: Model): Record<string, string> => ({
  ...specOf({ spec }),
  "denoise-wasm.description": JSON.stringify({ range, noise, provenance }),
});

const specOf = ({ spec }: Pick<ModelLike, "spec">): Record<string, string> => ({
  "denoise-wasm.format": MODEL_FORMAT,
  "denoise-wasm.spec": JSON.stringify(spec),
});

/**
 * By name, how often a picture is halved until it has the resolution that a layer works at; where pixels are moved right before
 * or behind it, the finer of the two. The finer that is, the fewer weights there are, and the more an error of each costs.
 */
function scalesOf(spec: Spec): Map<string, number> {
  const layers = layerShapes(spec);
  return new Map(
    layers.map(({ name, shrink }, index) => {
      const [before, behind] = [layers[index - 1], layers[index + 1]];
      const isBetween = before?.type === "pixel-unshuffle" || behind?.type === "pixel-shuffle";
      return [name, Math.log2(isBetween ? shrink / 2 : shrink)];
    }),
  );
}

/**
 * Decodes the bytes of a model file. Weights of any format are expanded to float32.
 * @param name what errors call the file
 * @throws SpecError if they are neither a Uint8Array nor an ArrayBuffer
 * @throws ModelFileError on anything but a whole model whose tensors fit its spec and are finite
 */
export function decodeModel(bytes: Uint8Array | ArrayBuffer, name: string): Model {
  return decoded(fileBytes(bytes, "model"), name, (metadata) =>
    parse(DescriptionSchema, json(metadata, "description"), "description"),
  );
}

/** As `decodeModel`, without what the model was trained for and how, which the files that bundles carry leave out. */
export function decodeWeights(bytes: Uint8Array, name: string): ModelLike {
  return decoded(bytes, name, () => ({}));
}

function decoded<Description>(
  bytes: Uint8Array,
  name: string,
  describe: (metadata: Readonly<Record<string, string>>) => Description,
): Pick<Model, "spec" | "parameters"> & Description {
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
    const description = describe(metadata);
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
