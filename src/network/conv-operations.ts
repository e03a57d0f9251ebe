/** The operations of one layer of a network of convolutions, on images in rows. */
import { Activation, BAND, Op, STRIP } from "../../assembly/program/opcodes.ts";
import { type Operation, roundUp, type TensorPlace, withItems } from "./arena.ts";
import { type ImageBuffer, shapeOf } from "./image-buffers.ts";
import { transformedLength } from "./layout.ts";
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

/** Memory that each thread has for itself. */
export interface Scratch {
  readonly address: number;
  /** Of one thread. */
  readonly bytes: number;
}

/** Bytes of scratch that each thread needs for a layer: for its products, and with `training` for its gradients. */
export function scratchBytes(stage: ConvStage, training: boolean): number {
  const { inputs, outputs } = stage.layer;
  const uses = [productScratch(inputs, outputs)];
  if (training) uses.push(productScratch(outputs, inputs), gradientScratch(stage));
  return roundUp(Math.max(...uses), 64);
}

/** assembly/program/opcodes.ts, STRIP */
function productScratch(ins: number, outs: number): number {
  return 16 * ((6 * ins + 1) * (STRIP + 4) + 6 * roundUp(outs, 4) * (STRIP + 1));
}

/** assembly/program/opcodes.ts, BAND */
function gradientScratch(stage: ConvStage): number {
  const { inputs, outputs, dilation } = stage.layer;
  const [as, bs] = gradientSums(stage).transposed ? [inputs, outputs] : [outputs, inputs];
  const { height, width } = stage.input.geometry;
  const vectors = Math.ceil(width / 4);
  const band = Math.max(1, Math.min(groupsOf(height, dilation), Math.floor(BAND / vectors)));
  const whole = (1 + 6 * bs * band) * (vectors + 2) + 6 * roundUp(as, 4) * band * vectors;
  return roundUp(12 * bs, 64) + 16 * whole + 4 * band * vectors;
}

/** Groups of up to four rows, `dilation` apart, in an image: assembly/conv/row-groups.ts. */
function groupsOf(height: number, dilation: number): number {
  return Math.floor(height / (4 * dilation)) * dilation + Math.min(height % (4 * dilation), dilation);
}

/** output = layer(input) */
export function forward(stage: Stage, scratch: Scratch): Operation[] {
  const { input, output } = stage;
  if (!isConvolution(stage)) {
    return [stage.layer.type === "pixel-unshuffle" ? unshuffle(output, input) : shuffle(output, input)];
  }
  const { layer, transformed, bias, padding } = stage;
  const { dilation } = layer;
  const tensors = [transformed, bias.value, 0];
  const convolution = convolve(output, input, tensors, scratch, dilation, Activation[layer.activation]);
  return padding === "zeros" ? [convolution] : [padReflected(input, dilation), convolution];
}

/** The gradient of the input, where it has one, from that of the output. `zeros`: as many as the input has channels. */
export function inputGradient(stage: Stage, scratch: Scratch, zeros: number): Operation[] {
  const { input } = stage;
  const dx = input.gradient;
  const dy = stage.output.gradient!;
  if (dx === undefined) return [];
  if (!isConvolution(stage)) {
    return [stage.layer.type === "pixel-unshuffle" ? shuffle(dx, dy) : unshuffle(dx, dy)];
  }
  const { layer, transposed, padded } = stage;
  const { dilation } = layer;
  const tensors = [transposed!.transformed, zeros];
  const gate = input.rectified ? input.origin : 0;
  const { linear } = Activation;
  if (padded === undefined) return [convolve(dx, dy, [...tensors, gate], scratch, dilation, linear)];
  const { height } = dx.geometry;
  const fold = [dx.origin, padded.origin, gate, dx.channels, ...shapeOf(dx), dilation];
  return [
    convolve(
      withBorder(padded, dilation),
      withBorder(dy, dilation),
      [...tensors, 0],
      scratch,
      dilation,
      linear,
    ),
    withItems(height, [Op.foldReflected, ...fold]),
  ];
}

/**
 * How the gradients of a layer's transformed weight and bias are summed: of the weight's transpose, where the output has so few
 * channels that a pass over them in fours would be mostly padding; borders have to be zero for that. Sizes are in bytes.
 */
export function gradientSums({ layer, padding }: Pick<ConvStage, "layer" | "padding">) {
  const { inputs, outputs } = layer;
  const transposed = outputs <= 3 && padding === "zeros";
  const weight = 4 * (transposed ? transformedLength(inputs, outputs) : transformedLength(outputs, inputs));
  const bias = roundUp(4 * outputs, 64);
  return { transposed, weight, bias, chunk: weight + bias };
}

/** Adds a picture's part of the gradients of weight and bias to a chunk. */
export function weightGradient(stage: ConvStage, chunks: number, scratch: Scratch): Operation {
  const { layer, input, output } = stage;
  const { transposed, chunk } = gradientSums(stage);
  const dy = output.gradient!;
  const [a, b] = transposed ? [input, dy] : [dy, input];
  const buffers = [chunks, chunk, scratch.address, scratch.bytes, a.origin, b.origin];
  const sizes = [a.channels, b.channels, ...shapeOf(input), layer.dilation];
  return [Op.conv3x3WeightGradient, ...buffers, ...sizes, Number(transposed)];
}

/** @param tensors the transformed weight, the bias, and the gate or 0 */
function convolve(
  y: ImageBuffer,
  x: ImageBuffer,
  tensors: readonly number[],
  { address, bytes }: Scratch,
  dilation: number,
  activation: Activation,
): Operation {
  const groups = groupsOf(y.geometry.height, dilation);
  const sizes = [x.channels, y.channels, ...shapeOf(y), dilation];
  return withItems(groups, [
    Op.conv3x3,
    y.origin,
    x.origin,
    ...tensors,
    address,
    bytes,
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
