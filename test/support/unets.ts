/** Networks of all kinds of convolutional layers, and models of them. */
import type { Model } from "../../src/model/model.ts";
import type { AddLayer, Conv1x1Layer, Conv3x3Layer, Layer, PixelLayer } from "../../src/network/spec.ts";
import type { ConvModelOptions } from "./conv-models.ts";

/** A 3×3 convolution, a ReLU's unless it is said otherwise. */
export const conv3 = (channels: number, options: Partial<Conv3x3Layer> = {}): Conv3x3Layer => ({
  type: "conv3x3",
  channels,
  dilation: 1,
  activation: "relu",
  ...options,
});

/** A 1×1 convolution, a linear one unless it is said otherwise. */
export const conv1 = (channels: number, options: Partial<Conv1x1Layer> = {}): Conv1x1Layer => ({
  type: "conv1x1",
  channels,
  activation: "linear",
  ...options,
});

export const add = (from: number): AddLayer => ({ type: "add", from: `layer${from}` });
export const linear = { activation: "linear" } as const;
export const noBias = { bias: false } as const;
export const unshuffle: PixelLayer = { type: "pixel-unshuffle" };
export const shuffle: PixelLayer = { type: "pixel-shuffle" };

/** A U-net of two scales within a residual network, of odd numbers of channels, for pictures of `channels` channels. */
const twoScales = (channels: number): Layer[] => [
  conv3(5),
  unshuffle,
  conv1(7),
  conv3(6, { dilation: 2 }),
  conv3(7, linear),
  add(3),
  conv1(20, { activation: "relu" }),
  shuffle,
  add(1),
  conv3(channels, linear),
];

/** A U-net of three scales that begins at half the picture's size, as photographs need it but with fewer channels. */
export const threeScales = (channels: number, options: typeof noBias | object = {}): Layer[] => [
  unshuffle,
  conv3(6, options),
  conv3(6, options),
  unshuffle,
  conv1(5, options),
  conv3(5, options),
  conv3(5, options),
  unshuffle,
  conv1(4, options),
  conv3(4, options),
  conv3(4, options),
  conv1(20, options),
  shuffle,
  add(7),
  conv3(5, options),
  conv1(24, options),
  shuffle,
  add(3),
  conv3(6, options),
  conv3(4 * channels, { ...linear, ...options }),
  shuffle,
];

/** Each kind of layer by itself, or in as few layers as it can be in. */
export const layerCases: [string, ConvModelOptions][] = [
  ["1×1", { layers: [conv1(1)] }],
  ["1×1, RGB, hidden", { channels: 3, layers: [conv1(33, { activation: "relu" }), conv1(3)] }],
  [
    "1×1 without bias, then 3×3 without bias",
    { layers: [conv1(6, noBias), conv3(1, { ...linear, ...noBias })] },
  ],
  ["unshuffle and shuffle", { layers: [unshuffle, conv3(4, linear), shuffle] }],
  ["unshuffled twice", { layers: [unshuffle, unshuffle, conv1(16), shuffle, shuffle], noiseLevel: false }],
  ["unshuffled inside, RGB", { channels: 3, layers: [conv3(2), unshuffle, conv3(12, linear), shuffle] }],
  ["a sum", { layers: [conv1(5), conv3(5, { dilation: 3 }), add(1), conv1(1)] }],
  ["two sums of one layer", { layers: [conv3(3), conv1(3), add(1), conv3(3, linear), add(1), conv1(1)] }],
  ["a sum at the end", { layers: [conv1(1), conv3(1, linear), add(1)] }],
  ["a sum of sums", { layers: [conv1(3), conv1(3), add(1), conv1(3), add(3), conv1(1)] }],
];

/** Whole networks. */
export const networkCases: [string, ConvModelOptions][] = [
  ["two scales", { layers: twoScales(1) }],
  ["two scales, RGB, puts out the picture", { channels: 3, residual: false, layers: twoScales(3) }],
  ["three scales, RGB", { channels: 3, layers: threeScales(3) }],
  ["three scales without biases, no noise level", { layers: threeScales(1, noBias), noiseLevel: false }],
  [
    "residual blocks, dilated",
    {
      layers: [
        conv3(6),
        ...[1, 4, 7].flatMap((from) => [conv3(6, { dilation: 1 + (from % 4) }), conv3(6, linear), add(from)]),
        conv3(1, linear),
      ],
    },
  ],
];

/**
 * Makes all parameters positive, and the sums of weights near 1. Then nothing cancels in sums, and what float32 is off by
 * stays small beside the values, however many layers there are.
 */
export function madePositive(model: Model): Model {
  for (const [name, values] of model.parameters) {
    const layer = model.spec.layers[Number.parseInt(name.slice("layer".length), 10) - 1] as Conv3x3Layer;
    const sum = values.reduce((sum, value) => sum + Math.abs(value), 0);
    const factor = name.endsWith("weight") ? layer.channels / sum : 1;
    for (const [i, value] of values.entries()) values[i] = Math.abs(value) * factor;
  }
  return model;
}
