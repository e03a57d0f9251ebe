/** Runs some of the layers of a dense autoencoder on one picture, to compute its code or to decode one. */
import type { Model } from "../src/model/model.ts";
import { denseShapes, isConvolutional, layerShapes } from "../src/network/spec.ts";

/** The layer whose output is the code: the narrowest, the last of these if there are several. Undefined if none is narrow. */
export function codeLayer({ spec }: Model): { number: number; size: number } | undefined {
  if (isConvolutional(spec)) return undefined;
  const sizes = layerShapes(spec).map(({ outputs }) => outputs);
  const size = Math.min(...sizes);
  return size < 256 ? { number: sizes.lastIndexOf(size) + 1, size } : undefined;
}

/** Runs layers `first` to `last`, counted from 1, on the values that reach the first of them. */
export function runDense(model: Model, values: ArrayLike<number>, first: number, last: number): Float32Array {
  let x = Float32Array.from(values);
  for (const { name, inputs, outputs, activation } of denseShapes(model.spec).slice(first - 1, last)) {
    const weight = model.parameters.get(`${name}.weight`)!;
    const y = model.parameters.get(`${name}.bias`)!.slice();
    for (let unit = 0; unit < outputs; unit++) {
      let sum = y[unit]!;
      for (let i = 0; i < inputs; i++) sum += weight[unit * inputs + i]! * x[i]!;
      y[unit] =
        activation === "sigmoid" ? 1 / (1 + Math.exp(-sum)) : activation === "relu" ? Math.max(0, sum) : sum;
    }
    x = y as Float32Array<ArrayBuffer>;
  }
  return x;
}
