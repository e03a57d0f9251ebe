/** Small networks with random weights, as the twin sees them and as a build runs them. */
import { Op, Setting } from "../../assembly/program/opcodes.ts";
import { type PlanOptions, type Program, RECORD_WORDS } from "../../src/network/arena.ts";
import { Network } from "../../src/network/network.ts";
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

/** A network of a build with the twin's weights, and Adagrad's state before the first step. */
export async function networkWith(
  build: Build,
  spec: Spec,
  layers: readonly Record<"weight" | "bias", Float32Array>[],
  options: PlanOptions & { rate?: number; accumulator?: number },
): Promise<Network> {
  const { rate = 0.1, accumulator = 0.1, ...planned } = options;
  const network = await Network.create(spec, { ...planned, wasm: build.wasm, threads: build.threads });
  layers.forEach(({ weight, bias }, index) => {
    network.set(`layer${index + 1}.weight`, weight);
    network.set(`layer${index + 1}.bias`, bias);
  });
  if (planned.training) network.resetAccumulators(accumulator);
  network.settings[Setting.rate] = rate;
  return network;
}

/** The operations of a program as they lie in memory; writing to one changes the program. */
export function operationsOf(network: Network, program: Program): Uint32Array[] {
  const words = new Uint32Array(network.core.memory.buffer, program.address, program.words.length);
  const operations: Uint32Array[] = [];
  for (let at = 0; words[at] !== Op.end; at += RECORD_WORDS) {
    operations.push(words.subarray(at, at + RECORD_WORDS));
  }
  return operations;
}

/** What each layer put out in the last run of a program: [rows, units] each, without and with its padding. */
export function outputsOf(
  network: Network,
  program: Program,
): { values: Float32Array; padded: Float32Array; rows: number; units: number }[] {
  const { buffer } = network.core.memory;
  const { rows } = program;
  return operationsOf(network, program)
    .filter(([op]) => op === Op.denseForward)
    .map((operation) => {
      const [, y, , , , stride, , panels, units] = operation as Uint32Array & number[];
      const padded = new Float32Array(buffer, y, (stride! * panels!) / 4);
      return { values: unpack(padded, rows, units!, stride! / 32), padded, rows, units: units! };
    });
}
