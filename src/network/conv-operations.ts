/** The operations of one layer of a network of convolutions, on images in rows. */
import { Activation } from "../../assembly/constants.ts";
import { gradientChunkBytes, transformedBytes } from "../../assembly/conv/sizes.ts";
import { type ImageBuffer, shapeOf } from "./image-buffers.ts";
import type { TensorPlace } from "./plan-common.ts";
import { type Operation, operation } from "./program.ts";
import type { LayerShape } from "./spec.ts";

export type Padding = "zeros" | "reflect";

/** What a layer takes or puts out. */
export interface Value extends ImageBuffer {
  /** The loss's gradient for it, where a layer below learns from that. */
  readonly gradient: ImageBuffer | undefined;
  /** Whether a ReLU has made it: then its gradient is 0 where it is not above 0. */
  readonly rectified: boolean;
}

export interface Stage {
  readonly layer: Exclude<LayerShape, { type: "dense" }>;
  readonly input: Value;
  readonly output: Value;
}

export interface ConvStage extends Stage {
  readonly layer: Extract<LayerShape, { type: "conv3x3" }>;
  readonly weight: TensorPlace;
  readonly bias: TensorPlace;
  /** What lies around its input. */
  readonly padding: Padding;
  /** The weight, transformed for the kernel. */
  readonly transformed: number;
  /** The transposed weight, and that transformed, where its input has a gradient. */
  readonly transposed: { readonly weight: number; readonly transformed: number } | undefined;
  /** The gradient of the transposed weight, where that is what sums up. */
  readonly gathered: number | undefined;
  /** The gradient of its input and of that one's mirrored border. */
  readonly padded: ImageBuffer | undefined;
}

export function isConvolution(stage: Stage): stage is ConvStage {
  return stage.layer.type === "conv3x3";
}

/** output = layer(input) */
export function forward(stage: Stage): Operation[] {
  const { input, output } = stage;
  if (!isConvolution(stage)) {
    return [
      stage.layer.type === "pixel-unshuffle"
        ? unshuffle(output, input, stage)
        : shuffle(output, input, stage),
    ];
  }
  const { layer, transformed, bias, padding } = stage;
  const convolution = convolve(output, input, stage, {
    u: transformed,
    bias: bias.value,
    gate: 0,
    activation: Activation[layer.activation],
  });
  return padding === "zeros" ? [convolution] : [padReflected(input, stage), convolution];
}

/** The gradient of the input, where it has one, from that of the output. `zeros`: as many as the input has channels. */
export function inputGradient(stage: Stage, zeros: number): Operation[] {
  const { input } = stage;
  const dx = input.gradient;
  const dy = stage.output.gradient!;
  if (dx === undefined) return [];
  if (!isConvolution(stage)) {
    return [stage.layer.type === "pixel-unshuffle" ? shuffle(dx, dy, stage) : unshuffle(dx, dy, stage)];
  }
  const { layer, transposed, padded } = stage;
  const tensors = { u: transposed!.transformed, bias: zeros, activation: Activation.linear };
  const gate = input.rectified ? input.origin : 0;
  if (padded === undefined) return [convolve(dx, dy, stage, { ...tensors, gate })];
  const { name, dilation: pad } = layer;
  const fold = { dx: dx.origin, dpadded: padded.origin, gate, channels: dx.channels, ...shapeOf(dx), pad };
  return [
    convolve(withBorder(padded, pad), withBorder(dy, pad), stage, { ...tensors, gate: 0 }),
    operation("foldReflected", fold, name),
  ];
}

/**
 * How the gradients of a layer's transformed weight and bias are summed: of the weight's transpose, where the output has so few
 * channels that a pass over them in fours would be mostly padding; borders have to be zero for that. Sizes are in bytes.
 */
export function gradientSums({ layer, padding }: Pick<ConvStage, "layer" | "padding">) {
  const { inputs, outputs } = layer;
  const transposed = outputs <= 3 && padding === "zeros";
  const [as, bs] = transposed ? [inputs, outputs] : [outputs, inputs];
  const weight = transformedBytes(as, bs);
  const chunk = gradientChunkBytes(as, bs, transposed);
  return { transposed, as, bs, weight, bias: chunk - weight, chunk };
}

/** Adds a picture's part of the gradients of weight and bias to a chunk. */
export function weightGradient(stage: ConvStage, chunk: number): Operation {
  const { layer, input, output } = stage;
  const { transposed, as, bs } = gradientSums(stage);
  const dy = output.gradient!;
  const [a, b] = transposed ? [input, dy] : [dy, input];
  return operation(
    "conv3x3WeightGradient",
    {
      chunk,
      a: a.origin,
      b: b.origin,
      as,
      bs,
      ...shapeOf(input),
      dilation: layer.dilation,
      sumOfB: Number(transposed),
    },
    layer.name,
  );
}

/** @param tensors the transformed weight and the bias, what is multiplied with (gate > 0) or 0, and what follows the sum */
function convolve(
  y: ImageBuffer,
  x: ImageBuffer,
  { layer: { name, dilation } }: ConvStage,
  tensors: { u: number; bias: number; gate: number; activation: Activation },
): Operation {
  const places = { y: y.origin, x: x.origin, ins: x.channels, outs: y.channels };
  return operation("conv3x3", { ...places, ...tensors, ...shapeOf(y), dilation }, name);
}

function padReflected(x: ImageBuffer, { layer: { name, dilation: pad } }: ConvStage): Operation {
  return operation("padReflected", { x: x.origin, channels: x.channels, ...shapeOf(x), pad }, name);
}

/** The image and so much of its border, as an image of its own. */
function withBorder({ geometry, channels, origin }: ImageBuffer, by: number): ImageBuffer {
  const { height, width, pitch } = geometry;
  return {
    geometry: { ...geometry, height: height + 2 * by, width: width + 2 * by },
    channels,
    origin: origin - by * (channels * pitch + 4),
  };
}

/** The first channels of y = x, unshuffled. */
function unshuffle(y: ImageBuffer, x: ImageBuffer, { layer: { name } }: Stage): Operation {
  const { pitch: xPitch, rows: xRows } = x.geometry;
  const places = { y: y.origin, x: x.origin, yChannels: y.channels, channels: x.channels };
  return operation("pixelUnshuffle", { ...places, ...shapeOf(y), xPitch, xRows }, name);
}

/** x = y, shuffled */
function shuffle(x: ImageBuffer, y: ImageBuffer, { layer: { name } }: Stage): Operation {
  const { pitch: xPitch, rows: xRows } = x.geometry;
  const places = { x: x.origin, y: y.origin, channels: x.channels };
  return operation("pixelShuffle", { ...places, ...shapeOf(y), xPitch, xRows }, name);
}
