/** The networks that `bench/search.ts` compares, and how each is trained. */
import type { Layer, Recipe, Spec } from "../src/train.ts";

/** A U-net: a network that halves a picture several times, and adds what it had at each scale on the way back. */
interface Shape {
  /** Channels at each scale, from the finest on. */
  readonly widths: readonly number[];
  /** Whether the finest scale has half the picture's resolution. Default `false`. */
  readonly fromHalf?: boolean;
  /** 3×3 convolutions at each scale, on the way down and on the way up. Default 2. */
  readonly depth?: number;
  /** Whether convolutions add a number of each channel. Default `true`. */
  readonly bias?: boolean;
  /** Whether the convolutions of a scale are residual blocks: their results are added to what they were made from. */
  readonly residual?: boolean;
}

/** A row of the comparison: a network, and what differs in its training. */
export interface Candidate {
  readonly name: string;
  readonly shape: Shape;
  readonly training?: Partial<Pick<Recipe, "loss" | "lossWeight" | "optimizer">>;
}

const adam = { type: "adam", learningRate: 0.002, beta1: 0.9, beta2: 0.99, epsilon: 1e-8 } as const;
const plain: Shape = { widths: [8, 16, 24, 32] };

export const candidates: readonly Candidate[] = [
  { name: "from half resolution on, 16-24-32", shape: { widths: [16, 24, 32], fromHalf: true } },
  { name: "from full resolution on, 8-16-24-32", shape: plain },
  { name: "no biases", shape: { ...plain, bias: false } },
  { name: "squared error", shape: plain, training: { loss: "mse", lossWeight: { offset: 15, power: 1.4 } } },
  { name: "rate 0.004", shape: plain, training: { optimizer: { ...adam, learningRate: 0.004 } } },
  { name: "beta2 0.999", shape: plain, training: { optimizer: { ...adam, beta2: 0.999 } } },
  { name: "residual blocks", shape: { ...plain, residual: true } },
  { name: "12-16-24-32", shape: { widths: [12, 16, 24, 32] } },
  { name: "8-16-24-32-32", shape: { widths: [8, 16, 24, 32, 32] } },
  { name: "one convolution, 12-24-32-40", shape: { widths: [12, 24, 32, 40], depth: 1 } },
  { name: "three scales, 16-24-32", shape: { widths: [16, 24, 32] } },
];

/** The recipe of a candidate for grey photographs: everything but how long it takes. */
export function recipeOf({ name, shape, training }: Candidate, epochs: number): Recipe {
  return {
    name,
    spec: specOf(shape),
    noise: { model: "gaussian", sigma: [0, 55], drawn: "fresh" },
    loss: "l1",
    lossWeight: { offset: 15, power: 1 },
    optimizer: adam,
    ...training,
    schedule: { type: "cosine", warmUp: 300 },
    averaging: { decay: 0.999 },
    epochs,
    batch: 16,
    order: "shuffled",
    flips: true,
    rotations: true,
    patchesPerEpoch: 320,
  };
}

function specOf({ widths, fromHalf = false, depth = 2, bias = true, residual = false }: Shape): Spec {
  const conv = (channels: number, activation: "relu" | "linear" = "relu"): Layer => ({
    type: "conv3x3",
    channels,
    dilation: 1,
    activation,
    ...(!bias && { bias }),
  });
  const mix = (channels: number): Layer => ({
    type: "conv1x1",
    channels,
    activation: "linear",
    ...(!bias && { bias }),
  });
  const layers: Layer[] = [];
  const scale = (width: number) => {
    const start = layers.length;
    for (let i = 0; i < depth; i++) {
      layers.push(conv(width, residual && i === depth - 1 ? "linear" : "relu"));
    }
    if (residual) layers.push({ type: "add", from: `layer${start}` });
  };
  const kept: string[] = [];
  for (const [index, width] of widths.entries()) {
    if (index > 0 || fromHalf) layers.push({ type: "pixel-unshuffle" });
    if (index > 0) layers.push(mix(width));
    else if (residual) layers.push(conv(width));
    scale(width);
    kept.push(`layer${layers.length}`);
  }
  if (residual) scale(widths.at(-1)!);
  for (let index = widths.length - 2; index >= 0; index--) {
    layers.push(mix(4 * widths[index]!), { type: "pixel-shuffle" }, { type: "add", from: kept[index]! });
    scale(widths[index]!);
  }
  layers.push(conv(fromHalf ? 4 : 1, "linear"));
  if (fromHalf) layers.push({ type: "pixel-shuffle" });
  return {
    input: { height: 64, width: 64, channels: 1 },
    white: 1,
    layers,
    residual: true,
    noiseLevel: true,
    initialization: { weights: "he", biases: 0, lastLayer: 0 },
  };
}
