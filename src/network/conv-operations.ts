/** The operations of one layer of a network of convolutions, on images in rows. */
import { Activation } from "../../assembly/constants.ts";
import { gradientChunkBytes, transformedBytes } from "../../assembly/conv/sizes.ts";
import { type ImageBuffer, shapeOf } from "./image-buffers.ts";
import type { TensorPlace } from "./plan-common.ts";
import { type Operation, operation } from "./program.ts";
import type { LayerShape } from "./spec.ts";

export type Padding = "zeros" | "reflect";

/** The input or output of a layer. */
export interface Value extends ImageBuffer {
  /** The gradient of the loss with respect to it, if it depends on the weights of a layer. */
  readonly gradient: ImageBuffer | undefined;
  /** Whether it is the output of a ReLU: then its gradient is 0 wherever it is not above 0. */
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
  /** What the layer sees outside its input. */
  readonly padding: Padding;
  /** Address of the weight, transformed for the kernel. */
  readonly transformed: number;
  /** Addresses of the transposed weight, as it is and transformed. Only if the input has a gradient. */
  readonly transposed: { readonly weight: number; readonly transformed: number } | undefined;
  /** Address of the gradient of the transposed weight. Only if that is what is summed: see `gradientSums`. */
  readonly gathered: number | undefined;
  /** The gradient with respect to the input and its mirrored border. Only if both a gradient and mirroring are needed. */
  readonly padded: ImageBuffer | undefined;
}

export function isConvolution(stage: Stage): stage is ConvStage {
  return stage.layer.type === "conv3x3";
}

/** The operations of the forward pass: output = layer(input). */
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

/**
 * The operations that compute the gradient of the input, if it has one, from that of the output.
 * @param zeros address of at least as many zeros as the input has channels
 */
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
 * How the gradients of a layer's transformed weight and its bias are summed. If the output has so few channels that going
 * through them in fours would mostly compute padding, the gradient of the weight's transpose is summed instead; that
 * needs borders of zeros. Sizes are in bytes.
 */
export function gradientSums({ layer, padding }: Pick<ConvStage, "layer" | "padding">) {
  const { inputs, outputs } = layer;
  const transposed = outputs <= 3 && padding === "zeros";
  const [as, bs] = transposed ? [inputs, outputs] : [outputs, inputs];
  const weight = transformedBytes(as, bs);
  const chunk = gradientChunkBytes(as, bs, transposed);
  return { transposed, as, bs, weight, bias: chunk - weight, chunk };
}

/** The operation that adds a picture's part of the gradients of weight and bias to a chunk. */
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

/**
 * The operation of a convolution from x to y.
 * @param tensors addresses of the transformed weight (`u`) and of the bias; `gate`: address of an image whose values say
 *   where the result is kept (above 0) and where it becomes 0, or 0 for none; and the activation
 */
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

/** The image together with `by` rows and columns of its border on each side, as an image of its own. */
function withBorder({ geometry, channels, origin }: ImageBuffer, by: number): ImageBuffer {
  const { height, width, pitch } = geometry;
  return {
    geometry: { ...geometry, height: height + 2 * by, width: width + 2 * by },
    channels,
    origin: origin - by * (channels * pitch + 4),
  };
}

/** The operation that fills the first channels of y with x, unshuffled. */
function unshuffle(y: ImageBuffer, x: ImageBuffer, { layer: { name } }: Stage): Operation {
  const { pitch: xPitch, rows: xRows } = x.geometry;
  const places = { y: y.origin, x: x.origin, yChannels: y.channels, channels: x.channels };
  return operation("pixelUnshuffle", { ...places, ...shapeOf(y), xPitch, xRows }, name);
}

/** The operation that fills x with y, shuffled. */
function shuffle(x: ImageBuffer, y: ImageBuffer, { layer: { name } }: Stage): Operation {
  const { pitch: xPitch, rows: xRows } = x.geometry;
  const places = { x: x.origin, y: y.origin, channels: x.channels };
  return operation("pixelShuffle", { ...places, ...shapeOf(y), xPitch, xRows }, name);
}
