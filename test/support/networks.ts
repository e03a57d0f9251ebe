/** Small networks with random weights, as the twins see them and as a build runs them. */
import { Setting } from "../../assembly/constants.ts";
import { panelsOf } from "../../assembly/dense/sizes.ts";
import type { OperationValues } from "../../assembly/program/operations.ts";
import { Network, type NetworkOptions } from "../../src/network/network.ts";
import { type Operation, operation, type Program, recordOf } from "../../src/network/program.ts";
import { type ActivationName, denseShapes, type Spec } from "../../src/network/spec.ts";
import { Random } from "../../src/noise/rng.ts";
import type { Build } from "./builds.ts";
import { type Layer, unpack } from "./naive.ts";

/** Pictures of 1 × `inputs` pixels through dense layers of these units. */
export function specOf(
  inputs: number,
  layers: readonly (readonly [units: number, activation: ActivationName])[],
): Spec {
  return {
    input: { height: 1, width: inputs, channels: 1 },
    layers: layers.map(([units, activation]) => ({ type: "dense", units, activation })),
    initialization: { weights: 1, biases: 1 },
  };
}

/** Float32 values of N(0, 1) × scale; the same for the same stream. */
export function normal(length: number, stream: number, scale = 1): Float32Array {
  const values = new Float32Array(length);
  new Random(7, 4, stream).fillNormal(values, scale);
  return values;
}

/** Weights of N(0, 1/inputs), so that sums stay near 1. */
export function randomLayers(spec: Spec, stream = 0): (Layer & Record<"weight" | "bias", Float32Array>)[] {
  return denseShapes(spec).map(({ inputs, outputs: units, activation }, index) => {
    const at = 1000 * stream + 2 * index;
    return {
      inputs,
      units,
      activation,
      weight: normal(units * inputs, at, 1 / Math.sqrt(inputs)),
      bias: normal(units, at + 1),
    };
  });
}

/** The parameters of dense layers, by name. */
export function tensorsOf(
  layers: readonly Record<"weight" | "bias", Float32Array>[],
): Map<string, Float32Array> {
  return new Map(
    layers.flatMap(({ weight, bias }, l) => [
      [`layer${l + 1}.weight`, weight] as const,
      [`layer${l + 1}.bias`, bias] as const,
    ]),
  );
}

/** A network of a build with these parameters, and Adagrad's state before the first step. */
export async function networkWith(
  { wasm, threads }: Build,
  spec: Spec,
  parameters: ReadonlyMap<string, Float32Array>,
  options: NetworkOptions & { rate?: number },
): Promise<Network> {
  const { rate = 0.1, ...planned } = options;
  const network = await Network.create(spec, { wasm, threads, ...planned });
  setParameters(network, parameters);
  const { optimizer = "adagrad" } = planned.training ?? {};
  if (planned.training && optimizer === "adagrad") network.resetAccumulators(0.1);
  network.settings[Setting.rate] = rate;
  return network;
}

export function setParameters(network: Network, parameters: ReadonlyMap<string, Float32Array>): void {
  for (const [name, tensor] of parameters) network.set(name, tensor);
}

/** Makes other operations of those of a program, as many as there were. */
function changeProgram(
  network: Network,
  { address, operations, scratch }: Program,
  change: (one: Operation) => Operation,
): void {
  const { buffer } = network.core.memory;
  let at = address;
  for (const one of operations.flatMap((one) => [one, ...(one.body ?? [])])) {
    const record = recordOf({ ...change(one), ...(one.withNext && { withNext: true }) }, scratch);
    new Uint32Array(buffer, at, record.length).set(record);
    at += record.byteLength;
  }
}

/**
 * Makes a step take its targets, which are bytes, as floats from the network's output, which it does not touch; of dense
 * networks `columns` to a picture, which need not be as many as they take.
 */
export function takeFloatTargets(network: Network, columns = network.plan.pixels): void {
  const step = network.plan.steps[0]!;
  const count = step.rows * columns;
  changeProgram(network, step, (one) => {
    const values = { ...one.values, source: network.plan.output, columns } as never;
    switch (one.name) {
      case "packBytes":
        return operation("packFloats", values);
      case "imageFromBytes":
        return operation("imageFromFloats", values);
      case "meanSquaredError":
        return { ...one, values: { ...one.values, scale: 2 / count } };
      case "sumLoss":
        return columns === network.plan.pixels ? one : { ...one, values: { ...one.values, divisor: count } };
      default:
        return one;
    }
  });
}

/** What each dense layer put out in the last run of a program: [rows, units] each, without and with its padding. */
export function outputsOf(
  network: Network,
  { operations, rows }: Program,
): { values: Float32Array; padded: Float32Array; rows: number; units: number }[] {
  const { buffer } = network.core.memory;
  return operations
    .filter(({ name }) => name === "denseForward")
    .map(({ values }) => {
      const {
        y,
        stride,
        outColumns: units,
      } = values as Record<string, number> & OperationValues<"denseForward">;
      const padded = new Float32Array(buffer, y, (stride * panelsOf(units)) / 4);
      return { values: unpack(padded, rows, units, stride / 32), padded, rows, units };
    });
}
