/**
 * Dense networks in the arena: matrices in panels of 8 columns. Layouts and padding: docs/memory.md.
 */
import { Activation, Op, RUN, SCRATCH, SCRATCH_PANELS } from "../../assembly/program/opcodes.ts";
import { SpecError } from "../errors.ts";
import {
  Arena,
  float32Bits,
  float64Bits,
  independent,
  type Operation,
  type Plan,
  type PlanOptions,
  type Program,
  placeProgram,
  RECORD_WORDS,
  roundUp,
  type TensorPlace,
  together,
} from "./arena.ts";
import { noiseOperations, placeCommon, placeTensor, updates } from "./plan-common.ts";
import { type DenseShape, denseShapes, inputSize, type Spec } from "./spec.ts";

type LayerPlace = DenseShape & {
  readonly inPanels: number;
  readonly outPanels: number;
  readonly weight: TensorPlace;
  readonly bias: TensorPlace;
  /** Panels of what the layer puts out, and of the loss's gradient for it. */
  readonly y: number;
  readonly dy: number;
};

/** The plan of a network of dense layers. */
export function planDense(spec: Spec, { batch, threads = 1, training }: PlanOptions): Plan {
  if (training?.loss === "l1") throw new SpecError("Dense networks train with the mean squared error only.");
  const arena = new Arena();
  const pixels = inputSize(spec);
  /** One picture goes through as a vector: the panels of a single row are that row, so nothing is packed (docs/memory.md). */
  const vector = batch === 1 && !training;
  /** Bytes of a panel of a batch: 8 float32 a row, rows padded to a multiple of 4. */
  const panelStride = (rows: number) => 32 * (vector ? 1 : roundUp(rows, 4));
  const stride = panelStride(batch);
  const floats = (count: number) => arena.place(4 * count);

  const common = placeCommon(arena, batch, pixels, training);
  const { settings, loss, input, output } = common;
  const zeros = floats(8);
  const tensors: TensorPlace[] = [];
  /** Adagrad alone has a kernel that updates as it sums the gradient. */
  const separate = training !== undefined && (training.gradients || training.optimizer === "adam");
  const tensor = (name: string, shape: number[], length: number): TensorPlace => {
    const place = placeTensor(arena, training && { ...training, gradients: separate }, {
      name,
      shape,
      length,
    });
    tensors.push(place);
    return place;
  };

  const x = vector ? input : arena.place(panelsOf(pixels) * stride);
  const layers: LayerPlace[] = denseShapes(spec).map((layer, index, shapes) => {
    const inPanels = panelsOf(layer.inputs);
    const outPanels = panelsOf(layer.outputs);
    const weights = outPanels * inPanels * 64;
    return {
      ...layer,
      inPanels,
      outPanels,
      weight: tensor(`${layer.name}.weight`, [layer.outputs, layer.inputs], weights),
      bias: tensor(`${layer.name}.bias`, [layer.outputs], roundUp(layer.outputs, 16)),
      y: vector && index === shapes.length - 1 ? output : arena.place(outPanels * stride),
      dy: training ? arena.place(outPanels * stride) : 0,
    };
  });
  const last = layers.at(-1)!;

  const layersForward = (rows: number): Operation[] =>
    layers.map(({ y, weight, bias, inPanels, outPanels, outputs, activation }, index) => [
      vector ? Op.denseForwardVector : Op.denseForward,
      y,
      index === 0 ? x : layers[index - 1]!.y,
      weight.value,
      bias.value,
      ...(vector ? [] : [panelStride(rows)]),
      inPanels,
      outPanels,
      outputs,
      Activation[activation],
    ]);
  const forwardPass = (rows: number): Operation[] => [
    [Op.packFloats, x, panelStride(rows), input, rows, pixels],
    ...layersForward(rows),
  ];
  const forward = placeProgram(
    arena,
    batch,
    vector
      ? layersForward(1)
      : [...forwardPass(batch), [Op.unpackFloats, output, last.y, stride, batch, pixels]],
  );
  const inference = { ...common, batch, pixels, tensors, forward };
  if (!training) return { ...inference, steps: [], end: arena.end };

  const target = arena.place(batch * pixels);
  const t = arena.place(last.outPanels * stride);
  const partials = arena.place(8 * last.outPanels);
  const scratch = arena.place(Math.max(SCRATCH + SCRATCH_PANELS * stride, 32 * RUN) * threads);
  const single = arena.place(3 * 4 * RECORD_WORDS);

  const upper = layers.slice(1).toReversed();
  const lossGradient = (rows: number): Operation => {
    const scale = float32Bits(2 / (rows * pixels));
    const shape = [panelStride(rows), rows, last.outPanels];
    return [Op.meanSquaredError, last.dy, last.y, t, ...shape, partials, scale, Activation[last.activation]];
  };
  /**
   * The gradients of all layers' inputs, which need the weights of this step, then those of the weights, which
   * change them. Only the former wait for each other.
   */
  const backwardPass = (rows: number): Operation[] => {
    const rowStride = panelStride(rows);
    const below = (layer: LayerPlace) => layers[layers.indexOf(layer) - 1];
    return [
      ...upper.map((layer) => {
        const { y, dy, activation } = below(layer)!;
        const { weight, inPanels, outPanels } = layer;
        const state = [weight.value, y, zeros, scratch, rowStride, inPanels, outPanels];
        return [Op.denseInputGradient, dy, layer.dy, ...state, Activation[activation]];
      }),
      ...together(
        layers.toReversed().map((layer) => {
          const { weight, bias, dy, inPanels, outPanels } = layer;
          const layerInput = below(layer)?.y ?? x;
          const shape = [rowStride, rows, inPanels, outPanels];
          if (separate) {
            return [Op.denseWeightGradient, weight.gradient!, bias.gradient!, dy, layerInput, ...shape];
          }
          const state = [weight.value, weight.accumulator!, bias.value, bias.accumulator!];
          return [Op.denseWeightGradientAdagrad, ...state, scratch, dy, layerInput, ...shape, settings];
        }),
      ),
      ...together(tensors.flatMap((tensor) => updates(tensor, settings))),
    ];
  };
  const step = (rows: number): Program =>
    placeProgram(arena, rows, [
      independent([Op.packBytes, t, panelStride(rows), target, rows, pixels]),
      ...noiseOperations(common, target, rows, pixels),
      ...forwardPass(rows),
      lossGradient(rows),
      independent([Op.sumLoss, loss, partials, last.outPanels, ...float64Bits(rows * pixels)]),
      ...backwardPass(rows),
    ]);
  const steps = [step(batch)];
  if (training.lastBatch) steps.push(step(training.lastBatch));
  return { ...inference, target, single, steps, end: arena.end };
}

function panelsOf(columns: number): number {
  return Math.ceil(columns / 8);
}
