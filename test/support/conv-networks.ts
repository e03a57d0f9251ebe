/** Small networks of convolutions with random weights and pictures. */
import type { Network } from "../../src/network/network.ts";
import { type Layer, parameters, type Spec } from "../../src/network/spec.ts";
import type { ConvBatch } from "./conv-bounds.ts";
import { interleaved } from "./images.ts";
import { normal } from "./networks.ts";

/**
 * A 3×3 convolution by its channels and its dilation, whatever else is to be said of a convolution, or another layer by its type.
 */
export type CompactLayer =
  | readonly [channels: number, dilation?: number]
  | {
      readonly type?: "conv1x1";
      readonly channels: number;
      readonly activation?: "linear" | "relu";
      readonly bias?: boolean;
    }
  | "pixel-unshuffle"
  | "pixel-shuffle"
  | `add layer${number}`;

/** ReLU after each convolution but the last, if nothing else is said. */
export function convSpec(
  [height, width, channels]: readonly [number, number, number],
  layers: readonly CompactLayer[],
  options: Pick<Spec, "residual" | "noiseLevel" | "padding" | "white"> = {},
): Spec {
  const last = layers.findLastIndex((layer) => typeof layer !== "string");
  const full = (layer: CompactLayer, index: number): Layer => {
    if (layer === "pixel-unshuffle" || layer === "pixel-shuffle") return { type: layer };
    if (typeof layer === "string") return { type: "add", from: layer.slice("add ".length) };
    const activation = index === last ? "linear" : "relu";
    if (!("channels" in layer)) {
      return { type: "conv3x3", channels: layer[0], dilation: layer[1] ?? 1, activation };
    }
    const { type, ...rest } = layer;
    return type === "conv1x1"
      ? { type, activation, ...rest }
      : { type: "conv3x3", dilation: 1, activation, ...rest };
  };
  return {
    input: { height, width, channels },
    layers: layers.map(full),
    ...options,
    initialization: { weights: "he", biases: 0 },
  };
}

/** Weights of N(0, 1/inputs), so that sums stay near what goes in; biases of 0.1. */
export function randomParameters(spec: Spec): Map<string, Float32Array> {
  return new Map(
    parameters(spec).map(({ name, shape }, index) => {
      const [, ...inputs] = shape;
      const size = inputs.reduce((a, b) => a * b, 1);
      const count = shape.reduce((a, b) => a * b, 1);
      return [name, normal(count, 3000 + index, inputs.length > 0 ? 1 / Math.sqrt(size) : 0.1)];
    }),
  );
}

/** Pictures of a spec's size: clean bytes, noise of another level each, a weight each. */
export function randomBatch(spec: Spec, images: number): ConvBatch {
  const { height, width, channels } = spec.input;
  const count = images * height * width * channels;
  const clean = normal(count, 5000, 60).map((value) => Math.min(255, Math.round(Math.abs(value))));
  const noise = normal(count, 5100);
  const sigma = Float32Array.from({ length: images }, (_, n) => 3 + 7 * n);
  return {
    images,
    height,
    width,
    clean,
    noisy: noise.map((value, i) => value * sigma[Math.floor((i * images) / count)]! + clean[i]!),
    sigma,
    weights: Float32Array.from({ length: images }, (_, n) => 1 / (1 + n)),
  };
}

/** Puts pictures into a network's buffers, whose values are interleaved. */
export function setBatch(network: Network, batch: ConvBatch): void {
  const { channels } = network.spec.input;
  network.input.set(interleaved(batch, channels, Float64Array.from(batch.noisy)));
  network.sigma.set(Float32Array.from(batch.sigma));
  const target = network.floatTarget.length > 0 ? network.floatTarget : network.target;
  if (target.length === 0) return;
  target.set(interleaved(batch, channels, Float64Array.from(batch.clean)));
  network.weights.set(Float32Array.from(batch.weights));
}

/** The first pictures of a batch. */
export function firstOf(batch: ConvBatch, images: number): ConvBatch {
  const count = (batch.noisy.length / batch.images) * images;
  const first = (values: ArrayLike<number>) => Array.from(values).slice(0, count);
  return { ...batch, images, noisy: first(batch.noisy), clean: first(batch.clean) };
}
