/** Models of dense layers with random weights. */
import type { Model } from "../../src/model/model.ts";
import { parameters, type Spec } from "../../src/network/spec.ts";
import { convModel } from "./conv-models.ts";
import { normal } from "./networks.ts";

/** A network with all activations, for pictures of 6×7 pixels. */
export function denseModel(channels: number): Model {
  const spec: Spec = {
    input: { height: 6, width: 7, channels },
    layers: [
      { type: "dense", units: 23, activation: "sigmoid" },
      { type: "dense", units: 17, activation: "relu" },
      { type: "dense", units: 42 * channels, activation: "linear" },
    ],
    initialization: { weights: 1, biases: 1 },
  };
  const values = parameters(spec).map(({ name, shape }, index) => {
    const scale = shape.length > 1 ? 1 / shape[1]! : 1;
    const length = shape.reduce((a, b) => a * b, 1);
    return [name, normal(length, index, index === 4 ? 10 * scale : scale)] as const;
  });
  return { ...convModel(), spec, parameters: new Map(values) };
}
