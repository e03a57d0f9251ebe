/**
 * Weights as model files store them: F32, F16, or I8. With I8 weights, another tensor ("layer1.weight.scale" for
 * "layer1.weight") holds an F32 scale for each output. Biases are F32.
 */
import { ModelFileError, shown } from "../errors.ts";
import { MOST_WEIGHT } from "../network/limits.ts";
import { halfValue } from "./half.ts";
import { requireFinite, type Tensor } from "./safetensors.ts";

/** A tensor, expanded to float32. */
export interface Weights {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/**
 * Expands all tensors of a model file to float32. F16 values stay exact; I8 values are multiplied by their scale, and the
 * product is rounded once.
 * @param name what errors call the file
 * @throws ModelFileError if a dtype is none of these, a value is not finite, or a scale is missing, has another shape, or
 *   is not above 0
 */
export function expandWeights(tensors: ReadonlyMap<string, Tensor>, name: string): Map<string, Weights> {
  const expanded = new Map<string, Weights>();
  const scales = new Set<string>();
  for (const [key, tensor] of tensors) {
    const { dtype, shape, data } = tensor;
    const fault = (what: string) => new ModelFileError(`${name} has ${shown(key)} ${what}. Export it anew.`);
    requireFinite(tensor, key, name, MOST_WEIGHT);
    if (dtype === "F32") expanded.set(key, { shape, data });
    else if (shape.length < 2 || (dtype !== "F16" && dtype !== "I8"))
      throw fault(`as ${dtype}; weights are F32, F16 or I8, biases F32`);
    else if (dtype === "F16") expanded.set(key, { shape, data: Float32Array.from(data, halfValue) });
    else {
      const scale = tensors.get(`${key}.scale`);
      if (scale?.dtype !== "F32" || scale.shape.join() !== `${shape[0]}` || !scale.data.every((s) => s > 0))
        throw fault(`as I8 without a scale above 0 for each of its ${shape[0]} outputs`);
      scales.add(`${key}.scale`);
      const columns = data.length / scale.data.length;
      // The largest product with eight bits.
      const greatest = scale.data.map((value) => 128 * value);
      requireFinite({ ...scale, data: greatest }, key, name, MOST_WEIGHT);
      expanded.set(key, {
        shape,
        data: Float32Array.from(data, (value, i) => value * scale.data[Math.floor(i / columns)]!),
      });
    }
  }
  for (const key of scales) expanded.delete(key);
  return expanded;
}
