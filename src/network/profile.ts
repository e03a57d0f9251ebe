/** Measures where a training step spends its time. Its operations run one by one, on one thread, and each is timed. */
import { RECORD_WORDS } from "../../assembly/program/layout.ts";
import { type OperationName, operations } from "../../assembly/program/operations.ts";
import type { Network } from "./network.ts";
import { type Operation, recordOf } from "./program.ts";
import { type LayerShape, layerShapes, multiplicationsOf } from "./spec.ts";

/** The measurement of one operation of a step. */
export interface OperationProfile {
  readonly operation: OperationName;
  /** The layer that the operation works for. */
  readonly layer?: LayerShape;
  /** Floating-point operations of its matrix multiplication, 0 if it has none; activation and update are not counted. */
  readonly flop: number;
  /** The median over the samples. */
  readonly milliseconds: number;
  /** The part of the sum of all operations' medians, 0 to 1. */
  readonly share: number;
}

interface Timed {
  readonly operation: Operation;
  readonly record: Uint32Array;
  times: number[];
}

/** An operation of a step, and the operations that are timed for it: itself, or for `eachImage` those of its body. */
interface Part extends Timed {
  readonly timed: readonly Timed[];
}

/**
 * Collects times over many steps. Each sample is a real training step on `network.input` and `network.target`, one
 * operation after the other, so that each operation finds the caches as it does in training. The weights change as they
 * do in training.
 */
export class StepProfile {
  readonly #parts: readonly Part[];

  /** @param rows the number of pictures in a batch, for which a step was planned */
  constructor(
    readonly network: Network,
    readonly rows = network.plan.batch,
  ) {
    const { plan } = network;
    const program = plan.steps.find((step) => step.rows === rows);
    if (!program || plan.single === undefined) throw new Error(`No step of ${rows} pictures was planned.`);
    const timed = (operation: Operation): Timed => ({
      operation,
      record: recordOf({ ...operation, withNext: false }, program.scratch),
      times: [],
    });
    this.#parts = program.operations.map((operation) => {
      const one = timed(operation);
      return { ...one, timed: operation.body?.map(timed) ?? [one] };
    });
  }

  /** Does one training step and times its operations. */
  sample(): void {
    for (const { operation, timed } of this.#parts) {
      const times = operation.body
        ? this.#eachImage(operation, timed)
        : timed.map(({ record }) => this.#time(record));
      for (const [index, { times: all }] of timed.entries()) all.push(times[index]!);
    }
  }

  /** Runs the body of an `eachImage`, image by image. @returns for each operation, its milliseconds over all images */
  #eachImage({ name, values }: Operation, body: readonly Timed[]): number[] {
    const times = body.map(() => 0);
    for (let image = 0; image < values.images!; image++) {
      const one = { name, values: { ...values, operations: 1, only: image + 1 } };
      const header = recordOf(one, { address: 0, bytes: 0 });
      for (const [index, { record }] of body.entries()) times[index]! += this.#time(header, record);
    }
    return times;
  }

  /** Runs records as a program of their own. @returns the milliseconds that it took */
  #time(...records: Uint32Array[]): number {
    const { core, plan } = this.network;
    const memory = new Uint32Array(core.memory.buffer, plan.single!, (records.length + 1) * RECORD_WORDS);
    memory.fill(0);
    for (const [index, words] of records.entries()) memory.set(words, index * RECORD_WORDS);
    const start = performance.now();
    core.runAlone(plan.single!);
    return performance.now() - start;
  }

  /** Discards the samples so far, such as those of a warm-up. */
  clear(): void {
    for (const { timed } of this.#parts) for (const one of timed) one.times = [];
  }

  /** The measurements of all operations, in the order of the step. */
  result(): OperationProfile[] {
    const { spec } = this.network;
    const layers = new Map(layerShapes(spec).map((layer) => [layer.name, layer]));
    const all = this.#parts.flatMap(({ timed }) => timed);
    const medians = all.map(({ times }) => times.toSorted((a, b) => a - b)[times.length >> 1]!);
    const total = medians.reduce((a, b) => a + b, 0);
    return all.map(({ operation: { name, layer: layerName } }, index) => {
      const layer = layers.get(layerName ?? "");
      const multiplies = "multiplies" in operations[name];
      return {
        operation: name,
        ...(layer && { layer }),
        flop: layer && multiplies ? 2 * this.rows * multiplicationsOf(layer, spec) : 0,
        milliseconds: medians[index]!,
        share: medians[index]! / total,
      };
    });
  }
}
