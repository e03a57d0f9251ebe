/** The operations of the layers of a network of convolutions, on images in rows. */
import { Activation } from "../../assembly/constants.ts";
import { type ImageBuffer, shapeOf } from "./image-buffers.ts";
import { type Operation, operation } from "./program.ts";
import { type ConvStage, gradientSums, isAddStage, isConvStage, type Stage, type Value } from "./stages.ts";

/**
 * The operations of the forward pass: output = layer(input).
 * @param zeros address of at least as many zeros as the output has channels
 */
export function forward(stage: Stage, zeros: number): Operation[] {
  const { input, output, layer } = stage;
  if (isAddStage(stage)) return [sum(output, input, stage.other, 0, layer.name)];
  if (!isConvStage(stage)) {
    return [
      layer.type === "pixel-unshuffle" ? unshuffle(output, input, stage) : shuffle(output, input, stage),
    ];
  }
  const convolution = convolve(output, input, stage, {
    w: stage.operand,
    bias: stage.bias?.value ?? zeros,
    gate: 0,
    activation: Activation[stage.layer.activation],
  });
  const mirrors = stage.layer.type === "conv3x3" && stage.padding === "reflect";
  return mirrors ? [padReflected(input, stage.layer), convolution] : [convolution];
}

/**
 * The operations of the backward pass, from the last layer to the first: the gradients of all layers' inputs, and those of
 * weights and biases, which are added to chunks, if there are any.
 * @param zeros address of at least as many zeros as any convolution has inputs
 */
export function backward(
  stages: readonly Stage[],
  zeros: number,
  chunkOf?: (stage: ConvStage) => number,
): Operation[] {
  /** The gradients of sums, by the earlier layers' outputs that went into them. */
  const ofSums = new Map<Value, ImageBuffer[]>();
  return stages.toReversed().flatMap((stage) => {
    if (isAddStage(stage)) {
      ofSums.set(stage.other, [...(ofSums.get(stage.other) ?? []), stage.output.gradient!]);
    }
    return [
      ...(chunkOf && isConvStage(stage) ? [weightGradient(stage, chunkOf(stage))] : []),
      ...inputGradient(stage, zeros, ofSums.get(stage.input) ?? []),
    ];
  });
}

/**
 * The operations that compute the gradient of a layer's input, if it has one, from that of its output.
 * @param others further gradients that are added: those of sums that the input went into
 */
function inputGradient(stage: Stage, zeros: number, others: readonly ImageBuffer[]): Operation[] {
  const { input, layer } = stage;
  const dx = input.gradient;
  const dy = stage.output.gradient!;
  if (dx === undefined) return [];
  const gate = input.rectified ? input.origin : 0;
  if (isAddStage(stage)) return dx.origin === dy.origin ? [] : sumAll(dx, [dy, ...others], gate, layer.name);
  const own = ownGradient(stage, dx, dy, zeros, others.length === 0 ? gate : 0);
  return others.length === 0 ? own : [...own, ...sumAll(dx, [dx, ...others], gate, layer.name)];
}

/** The operations that compute dx, the gradient of a layer's input, from dy alone. */
function ownGradient(
  stage: Stage,
  dx: ImageBuffer,
  dy: ImageBuffer,
  zeros: number,
  gate: number,
): Operation[] {
  if (!isConvStage(stage)) {
    return [stage.layer.type === "pixel-unshuffle" ? shuffle(dx, dy, stage) : unshuffle(dx, dy, stage)];
  }
  const { layer, transposed, padded } = stage;
  const tensors = { w: transposed!.operand, bias: zeros, activation: Activation.linear };
  if (padded === undefined || layer.type === "conv1x1")
    return [convolve(dx, dy, stage, { ...tensors, gate })];
  const { name, dilation: pad } = layer;
  const fold = { dx: dx.origin, dpadded: padded.origin, gate, channels: dx.channels, ...shapeOf(dx), pad };
  return [
    convolve(withBorder(padded, pad), withBorder(dy, pad), stage, { ...tensors, gate: 0 }),
    operation("foldReflected", fold, name),
  ];
}

/** The operations that add up images into `out`, which may be the first of them. */
function sumAll(out: ImageBuffer, terms: readonly ImageBuffer[], gate: number, layer: string): Operation[] {
  const [first, ...others] = terms;
  if (others.length === 0) return [sum(out, first!, undefined, gate, layer)];
  return others.map((term, index) =>
    sum(out, index === 0 ? first! : out, term, index === others.length - 1 ? gate : 0, layer),
  );
}

/** The operation out = a + b, and 0 where the image at `gate` is not above 0. */
function sum(
  out: ImageBuffer,
  { origin: a }: ImageBuffer,
  b: ImageBuffer | undefined,
  gate: number,
  layer: string,
): Operation {
  const places = { out: out.origin, a, b: b?.origin ?? 0, gate };
  return operation("addImages", { ...places, channels: out.channels, ...shapeOf(out) }, layer);
}

/** The operation that adds a picture's part of the gradients of weight and bias to a chunk. */
function weightGradient(stage: ConvStage, chunk: number): Operation {
  const { layer, input, output } = stage;
  const dy = output.gradient!;
  if (layer.type === "conv1x1") {
    const { inputs: ins, outputs: outs } = layer;
    const places = { chunk, dy: dy.origin, x: input.origin };
    return operation("conv1x1WeightGradient", { ...places, outs, ins, ...shapeOf(dy) }, layer.name);
  }
  const { transposed, as, bs } = gradientSums(stage);
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
 * @param tensors addresses of the weight as the kernel takes it (`w`) and of the bias; `gate`: address of an image whose
 *   values say where the result is kept (above 0) and where it becomes 0, or 0 for none; and the activation
 */
function convolve(
  y: ImageBuffer,
  x: ImageBuffer,
  { layer }: ConvStage,
  { w, ...tensors }: { w: number; bias: number; gate: number; activation: Activation },
): Operation {
  const values = { y: y.origin, x: x.origin, ins: x.channels, outs: y.channels, ...tensors, ...shapeOf(y) };
  return layer.type === "conv1x1"
    ? operation("conv1x1", { ...values, w }, layer.name)
    : operation("conv3x3", { ...values, u: w, dilation: layer.dilation }, layer.name);
}

function padReflected(
  x: ImageBuffer,
  { name, dilation: pad }: { name: string; dilation: number },
): Operation {
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

/** The operation that fills x with the first channels of y, shuffled. */
function shuffle(x: ImageBuffer, y: ImageBuffer, { layer: { name } }: Stage): Operation {
  const { pitch: xPitch, rows: xRows } = x.geometry;
  const places = { x: x.origin, y: y.origin, yChannels: y.channels, channels: x.channels };
  return operation("pixelShuffle", { ...places, ...shapeOf(y), xPitch, xRows }, name);
}
