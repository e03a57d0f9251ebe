/** What a plan is, and what those of dense networks and of networks of convolutions have alike. */
import { SETTINGS } from "../../assembly/constants.ts";
import { MEETING_BYTES, RECORD_WORDS } from "../../assembly/program/layout.ts";
import type { Arena } from "./arena.ts";
import { type Operation, operation, type Program } from "./program.ts";

/** Where a trainable tensor lives. Addresses are in bytes. */
export interface TensorPlace {
  readonly name: string;
  /** PyTorch's: [units, inputs] or [units]. */
  readonly shape: readonly number[];
  /** Length of each of its buffers in float32 values, padding included. */
  readonly length: number;
  readonly value: number;
  /** Its squared gradients summed: Adagrad's state. */
  readonly accumulator?: number;
  /** Running means of its gradients and of their squares: Adam's state. */
  readonly mean?: number;
  readonly variance?: number;
  /** Moving average of its value, with `averaging`. */
  readonly average?: number;
  /** Where the gradient is written out. */
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
  /** The optimiser's settings: the float32 values of `Setting` (assembly/constants.ts). */
  readonly settings: number;
  /** A float32 a picture: the standard deviation of its noise, in grey levels. */
  readonly sigma: number;
  /** A float32 a picture: what its loss is multiplied with. Only where a network of convolutions trains. */
  readonly weights?: number;
  /** Three uint32 a picture: seed, purpose and index of the stream that its noise is drawn from. Only with `drawNoise`. */
  readonly streams?: number;
  /** Where threads meet (assembly/program/layout.ts), zeros at first. */
  readonly sync: number;
  /** Room for a program of three records (profile.ts). Only where the plan trains. */
  readonly single?: number;
  readonly forward: Program;
  /** A training step of `batch` pictures, and, where the data does not divide, of the last, smaller batch. */
  readonly steps: readonly Program[];
}

export interface PlanOptions {
  batch: number;
  threads?: number;
  /** Size of the pictures, where a network of convolutions is to take others than it is trained on. */
  size?: { height: number; width: number };
  /** Leave out for inference. */
  training?: {
    /** Pictures in the last batch of an epoch, where it is smaller than `batch`. */
    lastBatch?: number;
    /** Default: Adagrad. */
    optimizer?: "adagrad" | "adam";
    /** What is minimised: the squared error if left out. Dense networks know no other. */
    loss?: "mse" | "l1";
    /** Keep a moving average of the parameters. */
    averaging?: boolean;
    /** A step begins with `input` = `target` + noise, from `sigma` and `streams`. */
    drawNoise?: boolean;
    /** Write gradients out and update in an operation of its own, instead of both at once. Convolutions always do. */
    gradients?: boolean;
  };
}

type TrainingOptions = PlanOptions["training"];

/** Places what every network has, before anything else. */
export function placeCommon(arena: Arena, batch: number, pixels: number, training: TrainingOptions): Common {
  return {
    settings: arena.floats(SETTINGS),
    loss: arena.place(8),
    sync: arena.place(MEETING_BYTES),
    input: arena.floats(batch * pixels),
    output: arena.floats(batch * pixels),
    sigma: arena.floats(batch),
    ...(training?.drawNoise && { streams: arena.place(12 * batch) }),
    ...(training && { single: arena.place(3 * 4 * RECORD_WORDS) }),
  };
}

type Common = Pick<Plan, "settings" | "loss" | "sync" | "input" | "output" | "sigma" | "streams" | "single">;

/** The noise of a step on so many pictures, where it is drawn there; in the body of eachImage it is one. */
export function noiseOperations(
  { input, sigma, streams }: Common,
  target: number,
  pictures: number,
  pixels: number,
): Operation[] {
  if (streams === undefined) return [];
  return [operation("gaussianNoise", { input, target, levels: sigma, streams, pixels, pictures })];
}

/** Places a tensor of `length` values, padding included, with the state of its optimiser. */
export function placeTensor(
  arena: Arena,
  training: TrainingOptions,
  tensor: Pick<TensorPlace, "name" | "shape" | "length">,
): TensorPlace {
  const floats = () => arena.floats(tensor.length);
  const adam = training?.optimizer === "adam";
  return {
    ...tensor,
    value: floats(),
    ...(training && !adam && { accumulator: floats() }),
    ...(adam && { mean: floats(), variance: floats() }),
    ...(training?.averaging && { average: floats() }),
    ...(training?.gradients && { gradient: floats() }),
  };
}

/** The optimiser's update of a tensor whose gradient is written out. */
export function update({ name, value, ...state }: TensorPlace, settings: number): Operation[] {
  const { accumulator, mean, variance, gradient, length: count } = state;
  if (gradient === undefined) return [];
  const values = { parameters: value, gradients: gradient, settings, count };
  return accumulator === undefined
    ? [operation("adam", { ...values, means: mean!, variances: variance! }, layerOf(name))]
    : [operation("adagrad", { ...values, sums: accumulator }, layerOf(name))];
}

/** The moves of the averages that tensors have, after their updates. */
export function averages(tensors: readonly TensorPlace[], settings: number): Operation[] {
  return tensors.flatMap(({ name, value, average, length: count }) =>
    average === undefined
      ? []
      : [operation("average", { averages: average, parameters: value, settings, count }, layerOf(name))],
  );
}

/** The layer of a tensor: "layer1" of "layer1.weight". */
function layerOf(name: string): string {
  return name.split(".")[0]!;
}
