/** Networks of convolutions that tests run, each declared once. */
import type { NetworkCase } from "./cases.ts";
import { type CompactLayer, convSpec } from "./conv-networks.ts";

type Convolution = Exclude<CompactLayer, string>;

/** A convolution with something said of it. */
const but = (layer: Convolution, change: { activation: "linear" } | { bias: false }): Convolution => ({
  ...("channels" in layer ? layer : { channels: layer[0] }),
  ...change,
});

/** A 1×1 convolution. */
const point = (channels: number): Convolution => ({ type: "conv1x1", channels });
const linear = (layer: Convolution) => but(layer, { activation: "linear" });
const withoutBias = (layer: Convolution) => but(layer, { bias: false });

const residual = { residual: true, white: 1 } as const;

/** Networks of convolutions: odd sizes, channels off every tile, and everything that a spec can ask for. */
export const convNetworks: readonly NetworkCase[] = [
  { name: "one pixel", spec: convSpec([1, 1, 1], [[5], [1]]), batch: 3, lastBatch: 1 },
  {
    name: "dilation 1 to 4",
    spec: convSpec([9, 14, 1], [[5, 2], [16, 3], [3, 4], [1]], residual),
    batch: 4,
    lastBatch: 3,
  },
  {
    name: "3 channels, noise plane",
    spec: convSpec([3, 17, 3], [[16], [33], [3]], { ...residual, noiseLevel: true }),
    batch: 3,
    lastBatch: 2,
  },
  {
    name: "mirrored border, absolute error",
    spec: convSpec(
      [6, 11, 1],
      [
        [7, 2],
        [4, 1],
        [1, 4],
      ],
      { ...residual, padding: "reflect" },
    ),
    batch: 3,
    lastBatch: 1,
    loss: "l1",
  },
  {
    name: "pixels unshuffled and shuffled, noise plane",
    spec: convSpec(
      [8, 12, 1],
      ["pixel-unshuffle", [6], "pixel-unshuffle", [8, 2], "pixel-shuffle", [5], [4], "pixel-shuffle"],
      { ...residual, noiseLevel: true },
    ),
    batch: 3,
    lastBatch: 2,
  },
  {
    name: "pixels shuffled, mirrored border, not residual",
    // Small, since bounds for the worst case grow with every layer's inputs.
    spec: convSpec([8, 6, 1], [[2], "pixel-unshuffle", [4], "pixel-shuffle", [1]], { padding: "reflect" }),
    batch: 2,
    lastBatch: 1,
  },
  {
    name: "more pictures than chunks",
    spec: convSpec([4, 5, 1], [[3], [1]], { ...residual, noiseLevel: true }),
    batch: 70,
    lastBatch: 33,
  },
  {
    name: "1×1 first and last, noise plane",
    spec: convSpec([5, 7, 3], [point(5), [4, 2], point(3)], { ...residual, noiseLevel: true }),
    batch: 3,
    lastBatch: 2,
  },
  {
    name: "1×1 alone, of pictures with nothing to mirror",
    spec: convSpec([1, 3, 1], [point(13), point(17), point(1)], { ...residual, padding: "reflect" }),
    batch: 2,
    lastBatch: 1,
  },
  {
    name: "no bias, noise plane",
    spec: convSpec([6, 11, 1], [withoutBias([7]), withoutBias(point(5)), withoutBias([1])], {
      ...residual,
      noiseLevel: true,
    }),
    batch: 3,
    lastBatch: 1,
  },
  {
    name: "residual blocks, one behind another",
    spec: convSpec(
      [5, 9, 1],
      [point(5), [5], linear(point(5)), "add layer1", point(5), linear([5]), "add layer4", point(1)],
      residual,
    ),
    batch: 3,
    lastBatch: 2,
  },
  {
    name: "what a ReLU puts out, added to the same, absolute error",
    spec: convSpec(
      [6, 10, 1],
      [[3], "pixel-unshuffle", [12], "pixel-shuffle", "add layer1", [3], "add layer5", [1]],
      residual,
    ),
    batch: 2,
    lastBatch: 1,
    loss: "l1",
  },
  {
    name: "a layer that two later ones add, and a sum of sums",
    spec: convSpec(
      [4, 7, 1],
      [[3], linear([3]), "add layer1", [3], linear([3]), "add layer2", "add layer1", point(1)],
      residual,
    ),
    batch: 3,
    lastBatch: 2,
  },
  {
    name: "a sum as the last layer, of a ReLU's output",
    spec: convSpec([5, 6, 1], [[1], [3], [1], "add layer1"], { white: 1 }),
    batch: 2,
    lastBatch: 1,
  },
  {
    name: "a sum as the last layer, added twice",
    spec: convSpec([4, 9, 3], [linear([3]), [3], [3], "add layer1", "add layer2"], residual),
    batch: 3,
    lastBatch: 2,
  },
  {
    name: "two scales, mirrored border",
    spec: convSpec(
      [8, 12, 1],
      [
        ...[[3] as const, linear(point(3)), "add layer1" as const, "pixel-unshuffle" as const],
        ...[[5, 2] as const, linear(point(12)), "pixel-shuffle" as const, "add layer3" as const],
        point(1),
      ],
      { ...residual, padding: "reflect" },
    ),
    batch: 2,
    lastBatch: 1,
  },
  {
    name: "three scales, noise plane",
    spec: convSpec(
      [12, 20, 1],
      [
        ...[[3] as const, "pixel-unshuffle" as const, point(5), "pixel-unshuffle" as const],
        ...[[5] as const, linear(point(20)), "pixel-shuffle" as const, "add layer3" as const],
        ...[linear(withoutBias(point(12))), "pixel-shuffle" as const, "add layer1" as const, point(1)],
      ],
      { ...residual, noiseLevel: true },
    ),
    batch: 3,
    lastBatch: 2,
  },
];
