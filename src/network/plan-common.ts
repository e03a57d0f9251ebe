/** What dense networks and networks of convolutions have alike in the arena. */
import { Op, SETTINGS } from "../../assembly/program/opcodes.ts";
import {
  type Arena,
  type Operation,
  type Plan,
  type PlanOptions,
  SYNC_BYTES,
  type TensorPlace,
  withItems,
} from "./arena.ts";

type TrainingOptions = PlanOptions["training"];

/** Places what every network has, before anything else. */
export function placeCommon(arena: Arena, batch: number, pixels: number, training: TrainingOptions): Common {
  return {
    settings: arena.floats(SETTINGS),
    loss: arena.place(8),
    sync: arena.place(SYNC_BYTES),
    input: arena.floats(batch * pixels),
    output: arena.floats(batch * pixels),
    sigma: arena.floats(batch),
    ...(training?.drawNoise && { streams: arena.place(12 * batch) }),
  };
}

type Common = Pick<Plan, "settings" | "loss" | "sync" | "input" | "output" | "sigma" | "streams">;

/** The noise of a step on `rows` pictures, where it is drawn there; in the body of eachImage rows is 1. */
export function noiseOperations(
  { input, sigma, streams }: Common,
  target: number,
  rows: number,
  pixels: number,
): Operation[] {
  return streams === undefined
    ? []
    : [withItems(rows, [Op.gaussianNoise, input, target, sigma, streams, pixels])];
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

/**
 * The optimiser's update of a tensor whose gradient is written out, and the move of its average where it has one.
 * Each thread takes the same share of both.
 */
export function updates(tensor: TensorPlace, settings: number): Operation[] {
  const { value, accumulator, mean, variance, gradient, average, length } = tensor;
  const operations: Operation[] = [];
  if (gradient !== undefined) {
    operations.push(
      accumulator === undefined
        ? [Op.adam, value, mean!, variance!, gradient, length, settings]
        : [Op.adagrad, value, accumulator, gradient, length, settings],
    );
  }
  if (average !== undefined) operations.push([Op.average, average, value, length, settings]);
  return operations;
}
