/**
 * From a spec and a batch size to addresses and programs: every buffer is placed once in the arena, and each
 * training step or forward pass becomes a table of operations (assembly/opcodes.ts). The only file that
 * computes offsets. Layouts, alignment and padding: docs/memory.md.
 */
import { Activation, INDEPENDENT, Op, SCRATCH, SCRATCH_PANELS } from "../assembly/opcodes.ts";
import { inputSize, type LayerShape, layerShapes, type Spec } from "./spec.ts";

/** The module's own static data lies below; the loader checks it. */
export const ARENA_START = 4096;
const ALIGNMENT = 64;
/** Words of 32 bits in an operation's record. */
export const RECORD_WORDS = 16;
const SYNC_BYTES = 320;

/** Where a trainable tensor lives. Addresses are in bytes. */
export interface TensorPlace {
  readonly name: string;
  /** PyTorch's: [units, inputs] or [units]. */
  readonly shape: readonly number[];
  /** Length of each of its buffers in float32 values, padding included. */
  readonly length: number;
  readonly value: number;
  /** Its squared gradients summed; with an optimiser that keeps them. */
  readonly accumulator?: number;
  /** With `gradients: true`. */
  readonly gradient?: number;
}

export interface Plan {
  /** End of the arena: the memory's least size in bytes. */
  readonly end: number;
  readonly batch: number;
  /** Values of one picture. */
  readonly pixels: number;
  readonly tensors: readonly TensorPlace[];
  /** Rows of float32, [batch, pixels]: the noisy pictures of a step or the input of a forward pass. */
  readonly input: number;
  /** Rows of bytes, [batch, pixels]: the clean pictures of a step. Only where the plan trains. */
  readonly target?: number;
  /** Rows of float32, [batch, pixels]: what a forward pass puts out. */
  readonly output: number;
  /** One float64: the loss of the last step, before its update. */
  readonly loss: number;
  /** One float32: the learning rate. */
  readonly settings: number;
  /** Where threads meet (assembly/threads.ts), zeroed. */
  readonly sync: number;
  /** Room for a program of one operation and its end (profile.ts). Only where the plan trains. */
  readonly single?: number;
  readonly forward: Program;
  /** A training step of `batch` pictures, and, where the data does not divide, of the last, smaller batch. */
  readonly steps: readonly Program[];
}

export interface Program {
  /** Pictures it takes. */
  readonly rows: number;
  readonly address: number;
  readonly words: Uint32Array;
}

export interface PlanOptions {
  batch: number;
  threads?: number;
  /** Leave out for inference. */
  training?: {
    /** Pictures in the last batch of an epoch, where it is smaller than `batch`. */
    lastBatch?: number;
    /** Write gradients out and update in an operation of its own, instead of both at once. */
    gradients?: boolean;
  };
}

interface LayerPlace extends LayerShape {
  readonly inPanels: number;
  readonly outPanels: number;
  readonly weight: TensorPlace;
  readonly bias: TensorPlace;
  /** Panels of what the layer puts out, and of the loss's gradient for it. */
  readonly y: number;
  readonly dy: number;
}

export function plan(spec: Spec, { batch, threads = 1, training }: PlanOptions): Plan {
  const arena = new Arena();
  const pixels = inputSize(spec);
  /** One picture goes through as a vector, whose panels follow each other without padding. */
  const vector = batch === 1 && !training;
  /** Bytes of a panel of a batch: 8 float32 a row, rows padded to a multiple of 4. */
  const panelStride = (rows: number) => 32 * (vector ? rows : roundUp(rows, 4));
  const stride = panelStride(batch);
  const floats = (count: number) => arena.place(4 * count);

  const zeros = floats(8);
  const settings = floats(1);
  const loss = arena.place(8);
  const sync = arena.place(SYNC_BYTES);
  const tensors: TensorPlace[] = [];
  const tensor = (name: string, shape: number[], length: number): TensorPlace => {
    const place = {
      name,
      shape,
      length,
      value: floats(length),
      ...(training && { accumulator: floats(length) }),
      ...(training?.gradients && { gradient: floats(length) }),
    };
    tensors.push(place);
    return place;
  };

  const x = arena.place(panelsOf(pixels) * stride);
  const layers: LayerPlace[] = layerShapes(spec).map((layer) => {
    const inPanels = panelsOf(layer.inputs);
    const outPanels = panelsOf(layer.units);
    const weights = outPanels * inPanels * 64;
    return {
      ...layer,
      inPanels,
      outPanels,
      weight: tensor(`${layer.name}.weight`, [layer.units, layer.inputs], weights),
      bias: tensor(`${layer.name}.bias`, [layer.units], roundUp(layer.units, 16)),
      y: arena.place(outPanels * stride),
      dy: training ? arena.place(outPanels * stride) : 0,
    };
  });
  const input = floats(batch * pixels);
  const output = floats(batch * pixels);
  const last = layers.at(-1)!;

  const forwardPass = (rows: number): number[][] => [
    [Op.packFloats, x, panelStride(rows), input, rows, pixels],
    ...layers.map(({ y, weight, bias, inPanels, outPanels, units, activation }, index) => [
      vector ? Op.denseForwardVector : Op.denseForward,
      y,
      index === 0 ? x : layers[index - 1]!.y,
      weight.value,
      bias.value,
      ...(vector ? [] : [panelStride(rows)]),
      inPanels,
      outPanels,
      units,
      Activation[activation],
    ]),
  ];
  const compile = (rows: number, operations: number[][]): Program => {
    const words = new Uint32Array((operations.length + 1) * RECORD_WORDS);
    operations.forEach((operation, index) => {
      words.set(operation, index * RECORD_WORDS);
    });
    // Threads meet at the end in any case.
    words[(operations.length - 1) * RECORD_WORDS + INDEPENDENT] = 1;
    words[operations.length * RECORD_WORDS] = Op.end;
    return { rows, address: arena.place(words.byteLength), words };
  };

  const forward = compile(batch, [
    ...forwardPass(batch),
    [Op.unpackFloats, output, last.y, stride, batch, pixels],
  ]);
  const common = { batch, pixels, tensors, input, output, loss, settings, sync, forward };
  if (!training) return { ...common, steps: [], end: arena.end };

  const target = arena.place(batch * pixels);
  const t = arena.place(last.outPanels * stride);
  const partials = arena.place(8 * last.outPanels);
  const widest = Math.max(...layers.map(({ outPanels }) => outPanels));
  const scratch = arena.place(Math.max(SCRATCH + SCRATCH_PANELS * stride, 256 * widest) * threads);
  const single = arena.place(2 * 4 * RECORD_WORDS);

  const update = ({ value, accumulator, gradient, length }: TensorPlace): number[] => [
    Op.adagrad,
    value,
    accumulator!,
    gradient!,
    length,
    settings,
  ];
  const upper = layers.slice(1).toReversed();
  const lossGradient = (rows: number): number[] => {
    const scale = float32Bits(2 / (rows * pixels));
    const shape = [panelStride(rows), rows, last.outPanels];
    return [Op.meanSquaredError, last.dy, last.y, t, ...shape, partials, scale, Activation[last.activation]];
  };
  /**
   * The gradients of all layers' inputs, which need the weights of this step, then those of the weights, which
   * change them. Only the former wait for each other.
   */
  const backwardPass = (rows: number): number[][] => {
    const rowStride = panelStride(rows);
    const below = (layer: LayerPlace) => layers[layers.indexOf(layer) - 1];
    return [
      ...upper.map((layer) => {
        const { y, dy, activation } = below(layer)!;
        const { weight, inPanels, outPanels } = layer;
        const state = [weight.value, y, zeros, scratch, rowStride, inPanels, outPanels];
        return [Op.denseInputGradient, dy, layer.dy, ...state, Activation[activation]];
      }),
      ...layers.toReversed().flatMap((layer) => {
        const { weight, bias, dy, inPanels, outPanels } = layer;
        const layerInput = below(layer)?.y ?? x;
        const shape = [rowStride, rows, inPanels, outPanels];
        if (training.gradients) {
          return [
            [Op.denseWeightGradient, weight.gradient!, bias.gradient!, dy, layerInput, ...shape],
            independent(update(weight)),
            independent(update(bias)),
          ];
        }
        const state = [weight.value, weight.accumulator!, bias.value, bias.accumulator!];
        return [
          independent([Op.denseWeightGradientAdagrad, ...state, scratch, dy, layerInput, ...shape, settings]),
        ];
      }),
    ];
  };
  const step = (rows: number): Program =>
    compile(rows, [
      independent([Op.packBytes, t, panelStride(rows), target, rows, pixels]),
      ...forwardPass(rows),
      lossGradient(rows),
      independent([Op.sumLoss, loss, partials, last.outPanels, ...float64Bits(rows * pixels)]),
      ...backwardPass(rows),
    ]);
  const steps = [step(batch)];
  if (training.lastBatch) steps.push(step(training.lastBatch));
  return { ...common, target, single, steps, end: arena.end };
}

/** The operation, marked as one that the next does not wait for. */
function independent(operation: number[]): number[] {
  return [...operation, ...new Array(INDEPENDENT - operation.length).fill(0), 1];
}

/** Places buffers one after the other, each on a cache line of its own. */
class Arena {
  end = ARENA_START;

  place(bytes: number): number {
    const address = this.end;
    this.end = roundUp(address + bytes, ALIGNMENT);
    return address;
  }
}

function panelsOf(columns: number): number {
  return Math.ceil(columns / 8);
}

function roundUp(value: number, multiple: number): number {
  return Math.ceil(value / multiple) * multiple;
}

function float32Bits(value: number): number {
  return new Uint32Array(Float32Array.of(value).buffer)[0]!;
}

function float64Bits(value: number): number[] {
  return [...new Uint32Array(Float64Array.of(value).buffer)];
}
