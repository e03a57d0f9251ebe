/**
 * Plans of networks of convolutions. A batch goes through picture by picture, so that a picture's buffers, of which each
 * thread has its own, stay in the cache. A single picture without training is divided by rows among all threads.
 */
import { ImageLoss } from "../../assembly/constants.ts";
import { transformedBytes, weightBytes } from "../../assembly/conv/sizes.ts";
import { SpecError } from "../errors.ts";
import { Arena, roundUp } from "./arena.ts";
import {
  type ConvStage,
  forward,
  gradientSums,
  inputGradient,
  isConvolution,
  type Stage,
  type Value,
  weightGradient,
} from "./conv-operations.ts";
import { geometryOf, type ImageBuffer, placeImages, shapeOf } from "./image-buffers.ts";
import {
  averages,
  noiseOperations,
  type Plan,
  type PlanOptions,
  placeCommon,
  placeTensor,
  type TensorPlace,
  update,
} from "./plan-common.ts";
import { eachImage, type Operation, operation, placeProgram, placeScratch, together } from "./program.ts";
import { layerShapes, type Spec, scaleOf, shrinkOf } from "./spec.ts";

/** The most partial sums of the weights' gradients. Their number must not depend on the number of threads. */
const CHUNKS = 32;

/** Plans a network of convolutions. @throws SpecError if the picture cannot be halved as often as the layers need */
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

  const each = (rows: number, body: Operation[]): Operation[] =>
    alone ? body : [eachImage(rows, Math.min(CHUNKS, rows), body)];
  /** The values that describe the conversion between an image in the arena and the callers' pictures. */
  const conversion = (image: ImageBuffer) => ({
    channels: image.channels,
    ...shapeOf(image),
    depth: channels,
    used: channels,
  });
  const forwardPass: Operation[] = [
    operation("imageFromFloats", { x: x.origin, source: common.input, ...conversion(x), scale }),
    ...(spec.noiseLevel ? [fillLevel(convolutions[0]!, common.sigma, scale)] : []),
    ...stages.flatMap(forward),
    ...(spec.residual ? [subtract(out, x, last)] : []),
  ];
  const put = { target: common.output, x: out.origin, ...conversion(out), scale: 1 / scale };
  const inference = { ...common, batch, pixels, tensors };
  const forwardList = [
    ...together(convolutions.map(transform)),
    ...each(batch, [...forwardPass, operation("imageToFloats", put)]),
  ];
  if (!training) {
    const scratch = placeScratch(arena, forwardList, threads);
    const forward = placeProgram(arena, batch, forwardList, scratch);
    return { ...inference, forward, steps: [], end: arena.end };
  }

  const target = arena.place(batch * pixels);
  const t = placeImages(arena, slots, x.geometry, channels);
  const weights = arena.floats(batch);
  const partials = arena.place(8 * batch * height);
  const zeros = arena.floats(roundUp(Math.max(...convolutions.map(({ layer }) => layer.inputs)), 4));
  const chunks = new Map(
    convolutions.map((stage) => [stage, arena.place(gradientSums(stage).chunk * Math.min(CHUNKS, batch))]),
  );
  const absolute = training.loss === "l1";

  const step = (rows: number): Operation[] => {
    const values = rows * pixels;
    const loss = operation("imageLoss", {
      dout: last.gradient!.origin,
      out: out.origin,
      target: t.origin,
      weights,
      partials,
      channels,
      ...shapeOf(out),
      kind: absolute ? ImageLoss.absolute : ImageLoss.squared,
      scale: ((absolute ? 1 : 2) / values) * (spec.residual ? -1 : 1),
    });
    // The loss is reported in grey levels (squared for "mse"), whatever the value of white inside the network.
    const divisor = values * (absolute ? scale : scale * scale);
    return [
      ...together([...convolutions.flatMap(transpose), ...convolutions.map(transform)]),
      ...together(convolutions.flatMap(transformBack)),
      ...each(rows, [
        ...noiseOperations(common, target, 1, pixels),
        operation("imageFromBytes", { x: t.origin, source: target, ...conversion(t), scale }),
        ...forwardPass,
        loss,
        ...stages
          .toReversed()
          .flatMap((stage) => [
            ...(isConvolution(stage) ? [weightGradient(stage, chunks.get(stage)!)] : []),
            ...inputGradient(stage, zeros),
          ]),
      ]),
      ...sumAndUpdate(
        convolutions,
        (stage) => ({ from: chunks.get(stage)!, count: Math.min(CHUNKS, rows) }),
        common.settings,
        operation("sumLoss", { loss: common.loss, partials, count: rows * height, divisor }),
      ),
    ];
  };
  const steps = [batch, training.lastBatch].filter((rows) => rows !== undefined);
  const lists = steps.map(step);
  const scratch = placeScratch(arena, [...forwardList, ...lists.flat()], threads);
  return {
    ...inference,
    target,
    weights,
    forward: placeProgram(arena, batch, forwardList, scratch),
    steps: lists.map((list, index) => placeProgram(arena, steps[index]!, list, scratch)),
    end: arena.end,
  };
}

/** The operation that fills the last input channel of the first convolution with the noise level. */
function fillLevel({ layer, input }: ConvStage, values: number, scale: number): Operation {
  const { origin: x, channels } = input;
  return operation(
    "fillChannel",
    { x, values, channel: channels - 1, channels, ...shapeOf(input), scale },
    layer.name,
  );
}

/** The operation out = x − prediction, for the channels that `out` has. */
function subtract(out: ImageBuffer, x: ImageBuffer, prediction: ImageBuffer): Operation {
  return operation("residual", {
    out: out.origin,
    input: x.origin,
    prediction: prediction.origin,
    inputChannels: x.channels,
    channels: out.channels,
    ...shapeOf(out),
  });
}

/**
 * The operations that add up the gradients from the chunks of a batch and update the parameters with them.
 * @param beside an operation that threads work on at the same time
 */
function sumAndUpdate(
  convolutions: readonly ConvStage[],
  chunksOf: (stage: ConvStage) => { from: number; count: number },
  settings: number,
  beside: Operation,
): Operation[] {
  const sums: Operation[] = [beside];
  const gathers: Operation[] = [];
  const turns: Operation[] = [];
  for (const stage of convolutions) {
    const { layer, weight, bias, gathered } = stage;
    const { transposed, as, bs, ...bytes } = gradientSums(stage);
    const { from, count } = chunksOf(stage);
    const sum = (to: number, first: number, size: number) =>
      operation("sumChunks", { to, from: first, stride: bytes.chunk, count, bytes: size }, layer.name);
    // The sum is written over the first chunk, which is not read again.
    sums.push(sum(from, from, bytes.weight), sum(bias.gradient!, from + bytes.weight, bytes.bias));
    const gather = { dw: transposed ? gathered! : weight.gradient!, sums: from, ins: bs, outs: as };
    gathers.push(operation("conv3x3GatherWeights", gather, layer.name));
    if (transposed) turns.push(transposeWeights(weight.gradient!, gathered!, bs, as, layer.name));
  }
  const weights = convolutions.map(({ weight }) => weight);
  const biases = convolutions.map(({ bias }) => bias);
  const updates = (tensors: readonly TensorPlace[]) => tensors.flatMap((tensor) => update(tensor, settings));
  return [
    sums,
    [...gathers, ...updates(biases)],
    turns,
    updates(weights),
    averages([...weights, ...biases], settings),
  ].flatMap(together);
}

/** The operation that transforms the weight for the forward pass. */
function transform({ layer, weight, transformed }: ConvStage): Operation {
  const { name, inputs: ins, outputs: outs } = layer;
  return operation("conv3x3TransformWeights", { u: transformed, w: weight.value, ins, outs }, name);
}

/** The operation that transforms the transposed weight for the backward pass, if the stage has one. */
function transformBack({ layer, transposed }: ConvStage): Operation[] {
  if (!transposed) return [];
  const { name, inputs, outputs } = layer;
  const values = { u: transposed.transformed, w: transposed.weight, ins: outputs, outs: inputs };
  return [operation("conv3x3TransformWeights", values, name)];
}

function transpose({ layer: { name, inputs, outputs }, weight, transposed }: ConvStage): Operation[] {
  return transposed ? [transposeWeights(transposed.weight, weight.value, inputs, outputs, name)] : [];
}

/** The operation that makes wt the transpose of w, which has `outs` × `ins` channels. */
function transposeWeights(wt: number, w: number, ins: number, outs: number, name: string): Operation {
  return operation("conv3x3TransposeWeights", { wt, w, ins, outs }, name);
}

/** Places the input image and every layer with its output: `slots` images of each. */
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
  /** Without training, a layer's output takes the place of the output two layers before, if that has the same size. */
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
        weight: tensor("weight", [outputs, inputs, 3, 3], weightBytes(outputs, inputs) / 4),
        bias: tensor("bias", [outputs], roundUp(outputs, 16)),
        padding,
        transformed: arena.place(transformedBytes(outputs, inputs)),
        transposed: back
          ? {
              weight: arena.place(weightBytes(inputs, outputs)),
              transformed: arena.place(transformedBytes(inputs, outputs)),
            }
          : undefined,
        gathered:
          training && gradientSums({ layer, padding }).transposed
            ? arena.place(weightBytes(inputs, outputs))
            : undefined,
        padded: back && padding === "reflect" ? image(shrink, inputs) : undefined,
      };
    }
  }
  return { x, stages };
}

/** @throws SpecError if a picture's height or width is not a multiple of what the layers need */
function requireMultiple(spec: Spec, { height, width }: { height: number; width: number }): void {
  const shrink = shrinkOf(spec);
  if (height % shrink === 0 && width % shrink === 0) return;
  throw new SpecError(
    `A picture of ${height}×${width} does not go through pixel-unshuffle: its sizes have to be multiples of ${shrink}.`,
  );
}
