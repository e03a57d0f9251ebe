/**
 * Networks of convolutions in the arena. A batch goes through picture by picture, so that a picture's buffers, of which
 * each thread has its own, stay in the cache; a picture alone, without training, is shared by all threads row by row.
 */
import { ImageLoss, Op } from "../../assembly/program/opcodes.ts";
import { SpecError } from "../errors.ts";
import {
  Arena,
  float32Bits,
  float64Bits,
  type Operation,
  type Plan,
  type PlanOptions,
  placeProgram,
  RECORD_WORDS,
  roundUp,
  type TensorPlace,
  together,
  withItems,
} from "./arena.ts";
import {
  type ConvStage,
  forward,
  gradientSums,
  inputGradient,
  isConvolution,
  type Stage,
  scratchBytes,
  type Value,
  weightGradient,
} from "./conv-operations.ts";
import { geometryOf, type ImageBuffer, placeImages, shapeOf } from "./image-buffers.ts";
import { convWeightLength, transformedLength } from "./layout.ts";
import { noiseOperations, placeCommon, placeTensor, updates } from "./plan-common.ts";
import { layerShapes, type Spec, scaleOf, shrinkOf } from "./spec.ts";

/** Partial sums of the weights' gradients: their number must not depend on the number of threads. */
const CHUNKS = 32;

/** The plan of a network of convolutions. @throws SpecError where the picture cannot be halved as the layers ask */
export function planConvolutions(spec: Spec, options: PlanOptions): Plan {
  const { batch, size = spec.input, threads = 1, training } = options;
  requireMultiple(spec, size);
  const arena = new Arena();
  const { height, width } = size;
  const { channels } = spec.input;
  const pixels = height * width * channels;
  const scale = scaleOf(spec);
  const alone = batch === 1 && !training;
  const slots = alone ? 1 : threads;
  const common = placeCommon(arena, batch, pixels, training);
  const { x, stages } = placeNetwork(arena, spec, options, slots);
  const last = stages.at(-1)!.output;
  const out = spec.residual ? placeImages(arena, slots, x.geometry, channels) : last;
  const convolutions = stages.filter(isConvolution);
  const tensors = convolutions.flatMap(({ weight, bias }) => [weight, bias]);
  const bytes = Math.max(...convolutions.map((stage) => scratchBytes(stage, training !== undefined)));
  const scratch = { address: arena.place(bytes * threads), bytes };

  /** Runs operations on images for each of `rows` pictures. */
  const each = (rows: number, body: Operation[]): Operation[] =>
    alone ? body : [[Op.eachImage, rows, Math.min(CHUNKS, rows), body.length], ...body];
  /** Between an image and pictures as callers hold them. */
  const convert = (op: Op, to: number, from: number, image: ImageBuffer, factor: number): Operation => {
    const sizes = [image.channels, ...shapeOf(image), channels, channels];
    return withItems(height, [op, to, from, ...sizes, float32Bits(factor)]);
  };
  const first = convolutions[0]!.input;
  const fillLevel = [first.origin, common.sigma, first.channels - 1, first.channels, ...shapeOf(first)];
  const subtract = [out.origin, x.origin, last.origin, x.channels, channels, ...shapeOf(out)];
  const forwardPass: Operation[] = [
    convert(Op.imageFromFloats, x.origin, common.input, x, scale),
    ...(spec.noiseLevel
      ? [withItems(first.geometry.height, [Op.fillChannel, ...fillLevel, float32Bits(scale)])]
      : []),
    ...stages.flatMap((stage) => forward(stage, scratch)),
    ...(spec.residual ? [withItems(height, [Op.residual, ...subtract])] : []),
  ];
  const put = convert(Op.imageToFloats, common.output, out.origin, out, 1 / scale);
  const inference = {
    ...common,
    batch,
    pixels,
    tensors,
    forward: placeProgram(arena, batch, [
      ...together(convolutions.map(transform)),
      ...each(batch, [...forwardPass, put]),
    ]),
  };
  if (!training) return { ...inference, steps: [], end: arena.end };

  const target = arena.place(batch * pixels);
  const t = placeImages(arena, slots, x.geometry, channels);
  const weights = arena.floats(batch);
  const partials = arena.place(8 * batch * height);
  const single = arena.place(3 * 4 * RECORD_WORDS);
  const zeros = arena.floats(roundUp(Math.max(...convolutions.map(({ layer }) => layer.inputs)), 4));
  const chunks = new Map(
    convolutions.map((stage) => [stage, arena.place(gradientSums(stage).chunk * Math.min(CHUNKS, batch))]),
  );
  const absolute = training.loss === "l1";

  const step = (rows: number) => {
    const values = rows * pixels;
    const slope = ((absolute ? 1 : 2) / values) * (spec.residual ? -1 : 1);
    const loss = [last.gradient!.origin, out.origin, t.origin, weights, partials, channels, ...shapeOf(out)];
    const kind = absolute ? ImageLoss.absolute : ImageLoss.squared;
    return placeProgram(arena, rows, [
      ...together([...convolutions.flatMap(transpose), ...convolutions.map(transform)]),
      ...together(convolutions.flatMap(transformBack)),
      ...each(rows, [
        ...noiseOperations(common, target, 1, pixels),
        convert(Op.imageFromBytes, t.origin, target, t, scale),
        ...forwardPass,
        withItems(height, [Op.imageLoss, ...loss, kind, float32Bits(slope)]),
        ...stages
          .toReversed()
          .flatMap((stage) => [
            ...(isConvolution(stage) ? [weightGradient(stage, chunks.get(stage)!, scratch)] : []),
            ...inputGradient(stage, scratch, zeros),
          ]),
      ]),
      // Reported in grey levels, whatever white is inside the network.
      ...sumAndUpdate(
        convolutions,
        (stage) => ({ from: chunks.get(stage)!, count: Math.min(CHUNKS, rows) }),
        common.settings,
        [
          Op.sumLoss,
          common.loss,
          partials,
          rows * height,
          ...float64Bits(values * (absolute ? scale : scale * scale)),
        ],
      ),
    ]);
  };
  const steps = [step(batch)];
  if (training.lastBatch) steps.push(step(training.lastBatch));
  return { ...inference, target, weights, single, steps, end: arena.end };
}

/** Adds up what the chunks of a batch gave, and updates the weights with it; `beside` is done meanwhile. */
function sumAndUpdate(
  convolutions: readonly ConvStage[],
  chunksOf: (stage: ConvStage) => { from: number; count: number },
  settings: number,
  beside: Operation,
): Operation[] {
  const sums: Operation[] = [beside];
  const gathers: Operation[] = [];
  const turns: Operation[] = [];
  const weights: Operation[] = [];
  for (const stage of convolutions) {
    const { weight, bias, gathered } = stage;
    const { inputs, outputs } = stage.layer;
    const { transposed, ...bytes } = gradientSums(stage);
    const { from, count } = chunksOf(stage);
    const sum = (to: number, first: number, size: number) => [
      Op.sumChunks,
      to,
      first,
      bytes.chunk,
      count,
      size / 64,
    ];
    // The first chunk is read for the last time here, and serves as the place for the sum.
    sums.push(sum(from, from, bytes.weight));
    sums.push(sum(bias.gradient!, from + bytes.weight, bytes.bias), ...updates(bias, settings));
    if (transposed) {
      gathers.push(gatherWeights(gathered!, from, outputs, inputs));
      turns.push(transposeWeights(weight.gradient!, gathered!, outputs, inputs));
    } else gathers.push(gatherWeights(weight.gradient!, from, inputs, outputs));
    weights.push(...updates(weight, settings));
  }
  return [sums, gathers, turns, weights].flatMap(together);
}

function gatherWeights(to: number, from: number, inputs: number, outputs: number): Operation {
  return [Op.conv3x3GatherWeights, to, from, inputs, outputs, Math.ceil(outputs / 4)];
}

/** The weight as the forward pass needs it. */
function transform({ layer: { inputs, outputs }, weight, transformed }: ConvStage): Operation {
  return transformWeights(transformed, weight.value, inputs, outputs);
}

/** The transposed weight as the backward pass needs it. */
function transformBack({ layer: { inputs, outputs }, transposed }: ConvStage): Operation[] {
  return transposed ? [transformWeights(transposed.transformed, transposed.weight, outputs, inputs)] : [];
}

function transformWeights(to: number, from: number, inputs: number, outputs: number): Operation {
  return [Op.conv3x3TransformWeights, to, from, inputs, outputs, Math.ceil(outputs / 4)];
}

function transpose({ layer: { inputs, outputs }, weight, transposed }: ConvStage): Operation[] {
  return transposed ? [transposeWeights(transposed.weight, weight.value, inputs, outputs)] : [];
}

function transposeWeights(to: number, from: number, inputs: number, outputs: number): Operation {
  return [Op.conv3x3TransposeWeights, to, from, inputs, outputs, Math.ceil(inputs / 4)];
}

/** The picture, and what each layer takes and puts out: `slots` images of each. */
function placeNetwork(arena: Arena, spec: Spec, { size = spec.input, training }: PlanOptions, slots: number) {
  const shapes = layerShapes(spec);
  const { height, width } = size;
  const padding = spec.padding ?? "zeros";
  const reach = Math.max(...shapes.map((layer) => (layer.type === "conv3x3" ? layer.dilation : 1)));
  const image = (shrink: number, channels: number) =>
    placeImages(
      arena,
      slots,
      geometryOf({ height: height / shrink, width: width / shrink }, reach, padding),
      channels,
    );
  /** Without training, what a layer puts out takes the place of what was put in two layers below. */
  const reused = new Map<string, ImageBuffer>();
  const outputImage = (index: number, shrink: number, channels: number) => {
    if (training) return image(shrink, channels);
    const key = `${index % 2}, ${shrink}, ${channels}`;
    const known = reused.get(key) ?? image(shrink, channels);
    reused.set(key, known);
    return known;
  };

  const x: Value = { ...image(1, shapes[0]!.inputs), gradient: undefined, rectified: false };
  const stages: Stage[] = [];
  let input = x;
  let learns = false;
  for (const [index, layer] of shapes.entries()) {
    if (layer.type === "dense") throw new SpecError("Dense layers do not go with convolutions.");
    const below = learns;
    learns ||= layer.type === "conv3x3";
    const channels = shapes[index + 1]?.inputs ?? layer.outputs;
    const output: Value = {
      ...outputImage(index, layer.shrink, channels),
      gradient: training && learns ? image(layer.shrink, channels) : undefined,
      rectified: layer.type === "conv3x3" ? layer.activation === "relu" : input.rectified,
    };
    const stage = { layer, input, output };
    stages.push(layer.type === "conv3x3" ? { ...stage, ...placeWeights(layer) } : stage);
    input = output;
    function placeWeights(layer: ConvStage["layer"]) {
      const { name, inputs, outputs, shrink } = layer;
      const options = training && { ...training, gradients: true };
      const tensor = (suffix: string, shape: number[], length: number): TensorPlace =>
        placeTensor(arena, options, { name: `${name}.${suffix}`, shape, length });
      const back = training !== undefined && below;
      return {
        weight: tensor("weight", [outputs, inputs, 3, 3], convWeightLength(outputs, inputs)),
        bias: tensor("bias", [outputs], roundUp(outputs, 16)),
        padding,
        transformed: arena.floats(transformedLength(outputs, inputs)),
        transposed: back
          ? {
              weight: arena.floats(convWeightLength(inputs, outputs)),
              transformed: arena.floats(transformedLength(inputs, outputs)),
            }
          : undefined,
        gathered:
          training && gradientSums({ layer, padding }).transposed
            ? arena.floats(convWeightLength(inputs, outputs))
            : undefined,
        padded: back && padding === "reflect" ? image(shrink, inputs) : undefined,
      };
    }
  }
  return { x, stages };
}

/** @throws SpecError */
function requireMultiple(spec: Spec, { height, width }: { height: number; width: number }): void {
  const shrink = shrinkOf(spec);
  if (height % shrink === 0 && width % shrink === 0) return;
  throw new SpecError(
    `A picture of ${height}×${width} does not go through pixel-unshuffle: its sizes have to be multiples of ${shrink}.`,
  );
}
