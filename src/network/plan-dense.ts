/**
 * Plans of dense networks. Matrices lie in the arena in panels of 8 columns: docs/memory.md has layouts and padding.
 */
import { Activation, Setting } from "../../assembly/constants.ts";
import { batchPanelBytes, panelsOf } from "../../assembly/dense/sizes.ts";
import { SpecError } from "../errors.ts";
import { Arena, roundUp } from "./arena.ts";
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
import { type Operation, operation, placeProgram, placeScratch, together, withNext } from "./program.ts";
import { type DenseShape, denseShapes, inputSize, type Spec } from "./spec.ts";

type LayerPlace = DenseShape & {
  readonly inPanels: number;
  readonly outPanels: number;
  readonly weight: TensorPlace;
  readonly bias: TensorPlace;
  /** Address of the panels of the layer's input. */
  readonly x: number;
  /** Address of the panels of its output. */
  readonly y: number;
  /** Address of the panels of the loss's gradient with respect to its output; 0 without training. */
  readonly dy: number;
};

/** Plans a network of dense layers. @throws SpecError if it is to train with another loss than "mse", or by Muon */
export function planDense(spec: Spec, { batch, threads = 1, training }: PlanOptions): Plan {
  if (training?.loss === "l1") throw new SpecError("Dense networks train with the mean squared error only.");
  if (training?.optimizer === "muon") throw new SpecError("Muon trains networks of convolutions only.");
  const arena = new Arena();
  const pixels = inputSize(spec);
  /** Whether a single picture goes through as a vector: the panels of one row are that row, so it need not be packed. */
  const vector = batch === 1 && !training;
  const stride = vector ? 32 : batchPanelBytes(batch);

  const common = placeCommon(arena, batch, pixels, training);
  const { settings, loss, input, output } = common;
  const zeros = arena.floats(8);
  /** Whether the update is an operation of its own: only Adagrad has a kernel that updates as it sums up the gradient. */
  const separate = training !== undefined && (training.gradients === true || training.optimizer === "adam");
  const tensor = (name: string, shape: number[], length: number): TensorPlace =>
    placeTensor(arena, spec, training && { ...training, gradients: separate }, { name, shape, length });

  let x = vector ? input : arena.place(panelsOf(pixels) * stride);
  const firstX = x;
  const layers: LayerPlace[] = denseShapes(spec).map((layer, index, shapes) => {
    const { name, inputs, outputs } = layer;
    const [inPanels, outPanels] = [panelsOf(inputs), panelsOf(outputs)];
    const place = {
      ...layer,
      inPanels,
      outPanels,
      weight: tensor(`${name}.weight`, [outputs, inputs], outPanels * inPanels * 64),
      bias: tensor(`${name}.bias`, [outputs], roundUp(outputs, 16)),
      x,
      y: vector && index === shapes.length - 1 ? output : arena.place(outPanels * stride),
      dy: training ? arena.place(outPanels * stride) : 0,
    };
    x = place.y;
    return place;
  });
  const tensors = layers.flatMap(({ weight, bias }) => [weight, bias]);
  const last = layers.at(-1)!;

  const packInput = (rows: number): Operation =>
    operation("packFloats", {
      panels: firstX,
      stride: batchPanelBytes(rows),
      source: input,
      rows,
      columns: pixels,
    });
  const layersForward = (rows: number): Operation[] =>
    layers.map(({ name, x, y, weight, bias, inPanels, outputs, activation }) => {
      const values = {
        y,
        x,
        w: weight.value,
        bias: bias.value,
        inPanels,
        outColumns: outputs,
        activation: Activation[activation],
      };
      return vector
        ? operation("denseForwardVector", values, name)
        : operation("denseForward", { ...values, stride: batchPanelBytes(rows) }, name);
    });
  const forwardPass = vector
    ? layersForward(1)
    : [
        packInput(batch),
        ...layersForward(batch),
        operation("unpackFloats", { target: output, panels: last.y, stride, rows: batch, columns: pixels }),
      ];
  const inference = { ...common, batch, pixels, tensors };
  if (!training) {
    const scratch = placeScratch(arena, forwardPass, threads);
    const forward = placeProgram(arena, batch, forwardPass, scratch);
    return { ...inference, forward, steps: [], end: arena.end };
  }

  const target = arena.place(batch * pixels);
  const t = arena.place(last.outPanels * stride);
  const partials = arena.place(8 * last.outPanels);

  const lossGradient = (rows: number): Operation =>
    operation("meanSquaredError", {
      dy: last.dy,
      y: last.y,
      target: t,
      stride: batchPanelBytes(rows),
      rows,
      panels: last.outPanels,
      partials,
      scale: 2 / (rows * pixels),
      activation: Activation[last.activation],
    });
  const inputGradient = (layer: LayerPlace, below: LayerPlace, rows: number): Operation =>
    operation(
      "denseInputGradient",
      {
        dx: below.dy,
        dy: layer.dy,
        w: layer.weight.value,
        x: below.y,
        zeros,
        stride: batchPanelBytes(rows),
        inPanels: layer.inPanels,
        outPanels: layer.outPanels,
        activation: Activation[below.activation],
      },
      layer.name,
    );
  const weightGradient = (layer: LayerPlace, rows: number): Operation => {
    const { name, x, dy, weight, bias, inPanels, outPanels } = layer;
    const values = { dy, x, stride: batchPanelBytes(rows), rows, inPanels, outPanels };
    if (separate) {
      const gradients = { dw: weight.gradient!, dbias: bias.gradient! };
      return operation("denseWeightGradient", { ...gradients, ...values }, name);
    }
    const state = {
      w: weight.value,
      wSums: weight.accumulator!,
      bias: bias.value,
      biasSums: bias.accumulator!,
      rate: settings + 4 * Setting.rate,
    };
    return operation("denseWeightGradientAdagrad", { ...state, ...values }, name);
  };
  const fromLast = layers.toReversed();
  const step = (rows: number): Operation[] => [
    withNext(
      operation("packBytes", {
        panels: t,
        stride: batchPanelBytes(rows),
        source: target,
        rows,
        columns: pixels,
      }),
    ),
    ...noiseOperations(common, target, rows, pixels),
    packInput(rows),
    ...layersForward(rows),
    lossGradient(rows),
    withNext(operation("sumLoss", { loss, partials, count: last.outPanels, divisor: rows * pixels })),
    // The gradients of all layers' inputs need this step's weights, so they come before the gradients of the weights,
    // whose operation may update the weights.
    ...fromLast.slice(0, -1).map((layer, index) => inputGradient(layer, fromLast[index + 1]!, rows)),
    ...together(fromLast.map((layer) => weightGradient(layer, rows))),
    ...together(tensors.flatMap((tensor) => update(tensor, settings))),
    ...together(averages(tensors, settings)),
  ];
  const steps = [batch, training.lastBatch].filter((rows) => rows !== undefined);
  const lists = steps.map(step);
  const scratch = placeScratch(arena, [...forwardPass, ...lists.flat()], threads);
  return {
    ...inference,
    target,
    forward: placeProgram(arena, batch, forwardPass, scratch),
    steps: lists.map((list, index) => placeProgram(arena, steps[index]!, list, scratch)),
    end: arena.end,
  };
}
