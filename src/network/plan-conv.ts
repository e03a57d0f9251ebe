/**
 * Plans of networks of convolutions. A batch goes through picture by picture, so that a picture's buffers, of which each
 * thread has its own, stay in the cache. A single picture without training is divided by rows among all threads.
 */
import { ImageLoss } from "../../assembly/constants.ts";
import { SpecError } from "../errors.ts";
import { Arena, roundUp } from "./arena.ts";
import { backward, forward } from "./conv-operations.ts";
import { sumAndUpdate, transform, transformBack, transpose } from "./conv-updates.ts";
import { type ImageBuffer, placeImages, shapeOf } from "./image-buffers.ts";
import { noiseOperations, type Plan, type PlanOptions, placeCommon } from "./plan-common.ts";
import { eachImage, type Operation, operation, placeProgram, placeScratch, together } from "./program.ts";
import { type Spec, scaleOf, shrinkOf } from "./spec.ts";
import { type ConvStage, gradientSums, isConvStage, placeNetwork } from "./stages.ts";

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
  const convolutions = stages.filter(isConvStage);
  const tensors = convolutions.flatMap(({ weight, bias }) => (bias ? [weight, bias] : [weight]));
  const widest = Math.max(...convolutions.map(({ layer: { inputs, outputs } }) => Math.max(inputs, outputs)));
  const zeros = arena.floats(roundUp(widest, 4));

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
    ...stages.flatMap((stage) => forward(stage, zeros)),
    ...(spec.residual ? [subtract(out, x, last)] : []),
  ];
  const put = { target: common.output, x: out.origin, ...conversion(out), scale: 1 / scale };
  const outputs = options.activations && { activations: stages.map(({ output }) => output) };
  const inference = { ...common, batch, pixels, tensors, ...outputs };
  const forwardList = [
    ...together(convolutions.flatMap(transform)),
    ...each(batch, [...forwardPass, operation("imageToFloats", put)]),
  ];
  /** The operations that lead from a gradient with respect to the output back to that with respect to the input. */
  const backwardPass = () => {
    const places = { outputGradient: arena.floats(pixels), inputGradient: arena.floats(pixels) };
    const dout = last.gradient!;
    // With out = x − prediction, the gradient of x is that of out beside that through the prediction.
    const dx = spec.residual ? out : x.gradient!;
    const operations: Operation[] = [
      ...together(convolutions.flatMap(transpose)),
      ...together(convolutions.flatMap(transformBack)),
      operation("imageFromFloats", {
        x: dout.origin,
        source: places.outputGradient,
        ...conversion(dout),
        scale: spec.residual ? -1 : 1,
      }),
      ...backward(stages, zeros),
      ...(spec.residual ? [subtract(out, x.gradient!, dout)] : []),
      operation("imageToFloats", { target: places.inputGradient, x: dx.origin, ...conversion(dx), scale: 1 }),
    ];
    return { ...places, operations };
  };
  if (!training) {
    const back = options.inputGradient ? backwardPass() : undefined;
    const scratch = placeScratch(arena, [...forwardList, ...(back?.operations ?? [])], threads);
    const forward = placeProgram(arena, batch, forwardList, scratch);
    if (!back) return { ...inference, forward, steps: [], end: arena.end };
    const { operations, ...places } = back;
    const program = placeProgram(arena, batch, operations, scratch);
    return { ...inference, forward, backward: { program, ...places }, steps: [], end: arena.end };
  }

  const { floatTarget = false } = training;
  const target = floatTarget ? arena.floats(batch * pixels) : arena.place(batch * pixels);
  const t = placeImages(arena, slots, x.geometry, channels);
  const weights = arena.floats(batch);
  const partials = arena.place(8 * batch * height);
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
      ...together([...convolutions.flatMap(transpose), ...convolutions.flatMap(transform)]),
      ...together(convolutions.flatMap(transformBack)),
      ...each(rows, [
        ...noiseOperations(common, target, 1, pixels),
        operation(floatTarget ? "imageFromFloats" : "imageFromBytes", {
          x: t.origin,
          source: target,
          ...conversion(t),
          scale,
        }),
        ...forwardPass,
        loss,
        ...backward(stages, zeros, (stage) => chunks.get(stage)!),
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
    floatTarget,
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

/** @throws SpecError if a picture's height or width is not a multiple of what the layers need */
function requireMultiple(spec: Spec, { height, width }: { height: number; width: number }): void {
  const shrink = shrinkOf(spec);
  if (height % shrink === 0 && width % shrink === 0) return;
  throw new SpecError(
    `A picture of ${height}×${width} does not go through pixel-unshuffle: its sizes have to be multiples of ${shrink}.`,
  );
}
