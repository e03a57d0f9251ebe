/** The operations of one layer of a network of convolutions, on images in rows. */
import { Activation, BAND, Op } from "../assembly/opcodes.ts";
import { type Operation, roundUp, type TensorPlace, withItems } from "./arena.ts";
import { type ImageBuffer, shapeOf, type TapTables } from "./image-buffers.ts";
import { convWeightLength } from "./layout.ts";
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
  /** The transposed weights, where its input has a gradient. */
  readonly transposed: number | undefined;
  /** The gradient of its input and of that one's mirrored border. */
  readonly padded: ImageBuffer | undefined;
}

export function isConvolution(stage: Stage): stage is ConvStage {
  return stage.layer.type === "conv3x3";
}

/** output = layer(input) */
export function forward(stage: Stage, taps: TapTables): Operation[] {
  const { input, output } = stage;
  if (!isConvolution(stage)) {
    return [stage.layer.type === "pixel-unshuffle" ? unshuffle(output, input) : shuffle(output, input)];
  }
  const { layer, weight, bias, padding } = stage;
  const { dilation } = layer;
  const tensors = [weight.value, bias.value, taps.place(input, dilation)];
  const convolution = convolve(output, input, tensors, 0, Activation[layer.activation]);
  return padding === "zeros" ? [convolution] : [padReflected(input, dilation), convolution];
}

/** The gradient of the input, where it has one, from that of the output. `zeros`: as many as the input has channels. */
export function inputGradient(stage: Stage, taps: TapTables, zeros: number): Operation[] {
  const { input } = stage;
  const dx = input.gradient;
  const dy = stage.output.gradient!;
  if (dx === undefined) return [];
  if (!isConvolution(stage)) {
    return [stage.layer.type === "pixel-unshuffle" ? shuffle(dx, dy) : unshuffle(dx, dy)];
  }
  const { layer, transposed, padded } = stage;
  const { dilation } = layer;
  const tensors = [transposed!, zeros, taps.place(dy, dilation)];
  const gate = input.rectified ? input.origin : 0;
  if (padded === undefined) return [convolve(dx, dy, tensors, gate, Activation.linear)];
  const { height } = dx.geometry;
  const fold = [dx.origin, padded.origin, gate, dx.channels, ...shapeOf(dx), dilation];
  return [
    convolve(withBorder(padded, dilation), withBorder(dy, dilation), tensors, 0, Activation.linear),
    withItems(height, [Op.foldReflected, ...fold]),
  ];
}

/**
 * How the gradients of a layer's weight and bias are summed: of the weight's transpose, where the output has so few
 * channels that a pass over them in fours would be mostly padding; borders have to be zero for that. Sizes are in bytes.
 */
export function gradientSums({ layer, padding }: ConvStage) {
  const { inputs, outputs } = layer;
  const transposed = outputs <= 3 && padding === "zeros";
  const weight = 4 * (transposed ? convWeightLength(inputs, outputs) : convWeightLength(outputs, inputs));
  const bias = roundUp(4 * outputs, 64);
  return { transposed, weight, bias, chunk: weight + bias };
}

/** Bytes of scratch that weightGradient needs for each thread. */
export function gradientScratch({ input }: Stage): number {
  return roundUp(68 * Math.max(BAND, Math.ceil(input.geometry.width / 4)), 64);
}

/** Adds a picture's part of the gradients of weight and bias to a chunk. */
export function weightGradient(
  stage: ConvStage,
  taps: TapTables,
  chunks: number,
  scratch: { address: number; bytes: number },
): Operation {
  const { layer, input, output } = stage;
  const { transposed, chunk } = gradientSums(stage);
  const dy = output.gradient!;
  const [a, b] = transposed ? [input, dy] : [dy, input];
  const buffers = [chunks, chunk, scratch.address, scratch.bytes, a.origin, b.origin];
  const sizes = [a.channels, b.channels, ...shapeOf(input)];
  return [Op.conv3x3WeightGradient, ...buffers, taps.place(b, layer.dilation), ...sizes, Number(transposed)];
}

function convolve(
  y: ImageBuffer,
  x: ImageBuffer,
  tensors: readonly number[],
  gate: number,
  activation: Activation,
): Operation {
  const sizes = [x.channels, y.channels, ...shapeOf(y)];
  return withItems(y.geometry.height, [
    Op.conv3x3,
    y.origin,
    x.origin,
    ...tensors,
    gate,
    ...sizes,
    activation,
  ]);
}

function padReflected(x: ImageBuffer, pad: number): Operation {
  return withItems(x.geometry.height + 2 * pad, [Op.padReflected, x.origin, x.channels, ...shapeOf(x), pad]);
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
function unshuffle(y: ImageBuffer, x: ImageBuffer): Operation {
  const { pitch, rows, height } = x.geometry;
  return withItems(height / 2, [
    Op.pixelUnshuffle,
    ...[y.origin, x.origin, y.channels, x.channels, ...shapeOf(y), pitch, rows],
  ]);
}

/** x = y, shuffled */
function shuffle(x: ImageBuffer, y: ImageBuffer): Operation {
  const { pitch, rows } = x.geometry;
  return withItems(y.geometry.height, [
    Op.pixelShuffle,
    ...[x.origin, y.origin, x.channels, ...shapeOf(y), pitch, rows],
  ]);
}
