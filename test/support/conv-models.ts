/** Models of convolutions with random weights. */
import type { Model } from "../../src/model/model.ts";
import type { Layer, Spec } from "../../src/network/spec.ts";
import { parameters } from "../../src/network/spec.ts";
import { normal } from "./networks.ts";

export interface ConvModelOptions {
  readonly channels?: 1 | 3;
  /** Channels of the layers but the last. */
  readonly hidden?: readonly number[];
  readonly dilations?: readonly number[];
  /** In place of a chain of 3×3 convolutions. */
  readonly layers?: readonly Layer[];
  readonly white?: number;
  readonly residual?: boolean;
  readonly noiseLevel?: boolean;
  readonly padding?: "zeros" | "reflect";
}

/** Weights of N(0, 2/inputs) as in training, the last layer's so that a tenth of a picture's values comes out. */
export function convModel(options: ConvModelOptions = {}): Model {
  const {
    channels = 1,
    hidden = [16, 16],
    dilations = [1, 2, 1],
    white = 1,
    residual = true,
    noiseLevel = true,
    padding = "zeros",
    layers,
  } = options;
  // Pixel layers may halve a picture several times.
  const size = layers ? 32 : 28;
  const spec: Spec = {
    input: { height: size, width: size, channels },
    white,
    layers: layers
      ? [...layers]
      : [...hidden, channels].map((count, index) => ({
          type: "conv3x3",
          channels: count,
          dilation: dilations[index] ?? 1,
          activation: index === hidden.length ? "linear" : "relu",
        })),
    residual,
    noiseLevel,
    padding,
    initialization: { weights: "he", biases: 0 },
  };
  const values = parameters(spec).map(({ name, shape }, index) => {
    const [outputs, ...inputs] = shape as [number, ...number[]];
    const terms = inputs.reduce((a, b) => a * b, 1);
    const scale = inputs.length === 0 ? 0.01 : Math.sqrt(2 / terms) * (outputs === channels ? 0.1 : 1);
    return [
      name,
      normal(
        shape.reduce((a, b) => a * b, 1),
        500 + index,
        scale,
      ),
    ] as const;
  });
  return {
    spec,
    range: [0, 255],
    noise: { model: "gaussian", sigma: [0, 55], drawn: "fresh" },
    provenance: {
      recipe: "test",
      dataset: "none",
      dataSha256: "0".repeat(64),
      trainingImages: 0,
      seed: 1,
      epochs: 0,
      variant: "simd",
      packageVersion: "0.0.0",
    },
    parameters: new Map(values),
  };
}
