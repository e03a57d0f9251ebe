/**
 * Networks of convolutions in the arena. A batch goes through picture by picture, so that a picture's buffers, of which
 * each thread has its own, stay in the cache; a picture alone, without training, is shared by all threads row by row.
 */
import { ImageLoss, Op } from "../assembly/opcodes.ts";
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
  gradientScratch,
  gradientSums,
  inputGradient,
  isConvolution,
  type Stage,
  type Value,
  weightGradient,
} from "./conv-operations.ts";
import { SpecError } from "./errors.ts";
import { geometryOf, type ImageBuffer, placeImages, shapeOf, TapTables } from "./image-buffers.ts";
import { convWeightLength } from "./layout.ts";
import { noiseOperations, placeCommon, placeTensor, updates } from "./plan-common.ts";
import { layerShapes, type Spec, scaleOf, shrinkOf } from "./spec.ts";

/** Partial sums of the weights' gradients: their number must not depend on the number of threads. */
const CHUNKS = 32;

/** The plan of a network of convolutions. @throws SpecError where the picture cannot be halved as the layers ask */
export function planConvolutions(spec: Spec, options: PlanOptions): Plan {
  const { batch, size = spec.input, threads = 1, training } = options;
  requireMultiple(spec, size);
  const arena = new Arena();
  const taps = new TapTables(arena);
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
    ...stages.flatMap((stage) => forward(stage, taps)),
    ...(spec.residual ? [withItems(height, [Op.residual, ...subtract])] : []),
  ];
  const put = convert(Op.imageToFloats, common.output, out.origin, out, 1 / scale);
  const inference = {
    ...common,
    batch,
    pixels,
    tensors,
    tables: taps.tables,
    forward: placeProgram(arena, batch, each(batch, [...forwardPass, put])),
  };
  if (!training) return { ...inference, steps: [], end: arena.end };

  const target = arena.place(batch * pixels);
  const t = placeImages(arena, slots, x.geometry, channels);
  const weights = arena.floats(batch);
  const partials = arena.place(8 * batch * height);
  const single = arena.place(3 * 4 * RECORD_WORDS);
  const zeros = arena.floats(roundUp(Math.max(...convolutions.map(({ layer }) => layer.inputs)), 4));
  const scratch = gradientScratch(convolutions[0]!);
  const scratchPlace = { address: arena.place(scratch * threads), bytes: scratch };
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
      ...together(
        convolutions.flatMap(({ layer: { inputs, outputs }, transposed, weight }) =>
          transposed === undefined ? [] : [transposeWeights(transposed, weight.value, inputs, outputs)],
        ),
      ),
      ...each(rows, [
        ...noiseOperations(common, target, 1, pixels),
        convert(Op.imageFromBytes, t.origin, target, t, scale),
        ...forwardPass,
        withItems(height, [Op.imageLoss, ...loss, kind, float32Bits(slope)]),
        ...stages
          .toReversed()
          .flatMap((stage) => [
            ...(isConvolution(stage) ? [weightGradient(stage, taps, chunks.get(stage)!, scratchPlace)] : []),
            ...inputGradient(stage, taps, zeros),
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
  const before: Operation[] = [beside];
  const main: Operation[] = [];
  const after: Operation[] = [];
  for (const stage of convolutions) {
    const { layer, weight, bias } = stage;
    const sums = gradientSums(stage);
    const { from, count } = chunksOf(stage);
    const sum = (to: number, first: number, bytes: number) => [
      Op.sumChunks,
      to,
      first,
      sums.chunk,
      count,
      bytes / 64,
    ];
    main.push(sum(bias.gradient!, from + sums.weight, sums.bias), ...updates(bias, settings));
    if (sums.transposed) {
      // The first chunk is read for the last time here, and serves as the place for the sum.
      before.push(sum(from, from, sums.weight));
      main.push(transposeWeights(weight.gradient!, from, layer.outputs, layer.inputs));
      after.push(...updates(weight, settings));
    } else main.push(sum(weight.gradient!, from, sums.weight), ...updates(weight, settings));
  }
  return [...together(before), ...together(main), ...together(after)];
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
    function placeWeights({ name, inputs, outputs, shrink }: ConvStage["layer"]) {
      const options = training && { ...training, gradients: true };
      const tensor = (suffix: string, shape: number[], length: number): TensorPlace =>
        placeTensor(arena, options, { name: `${name}.${suffix}`, shape, length });
      const back = training !== undefined && below;
      return {
        weight: tensor("weight", [outputs, inputs, 3, 3], convWeightLength(outputs, inputs)),
        bias: tensor("bias", [outputs], roundUp(outputs, 16)),
        padding,
        transposed: back ? arena.floats(convWeightLength(inputs, outputs)) : undefined,
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
