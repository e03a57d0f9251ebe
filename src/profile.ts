/** Where a training step spends its time: each operation of its program runs and is timed on its own. */
import { Op } from "../assembly/opcodes.ts";
import { RECORD_WORDS } from "./arena.ts";
import type { Network } from "./network.ts";
import { type LayerShape, layerShapes } from "./spec.ts";

/** One operation of a step. */
export interface OperationProfile {
  readonly operation: keyof typeof Op;
  /** The layer whose weights it works with. */
  readonly layer?: LayerShape;
  /** Floating-point operations of its matrix multiply, 0 where it has none; activation and update not counted. */
  readonly flop: number;
  /** Median over the samples. */
  readonly milliseconds: number;
  /** Of the sum over all operations, 0 to 1. */
  readonly share: number;
}

/** The word of an operation's record with the address of its weights, their gradient or their transpose. */
const weightsWord: Partial<Record<Op, number>> = {
  [Op.denseForward]: 3,
  [Op.denseInputGradient]: 3,
  [Op.denseWeightGradient]: 1,
  [Op.adagrad]: 1,
  [Op.denseWeightGradientAdagrad]: 1,
};
const multiplies = [
  Op.denseForward,
  Op.denseInputGradient,
  Op.denseWeightGradient,
  Op.denseWeightGradientAdagrad,
];

/**
 * Collects times over many steps. Each sample is a real training step on `network.input` and
 * `network.target`, one operation after the other, so that each finds in the caches what it finds there in
 * training; the weights move on as they do in training.
 */
export class StepProfile {
  readonly #operations: { words: Uint32Array; layer?: LayerShape; times: number[] }[];

  /** @param rows pictures in a batch: one of the planned steps */
  constructor(
    readonly network: Network,
    readonly rows = network.plan.batch,
  ) {
    const { plan, spec } = network;
    const program = plan.steps.find((step) => step.rows === rows);
    if (!program || plan.single === undefined) throw new Error(`No step of ${rows} pictures was planned.`);
    const layerAt = new Map<number, LayerShape>();
    for (const layer of layerShapes(spec)) {
      const place = plan.tensors.find(({ name }) => name === `${layer.name}.weight`)!;
      layerAt.set(place.value, layer);
      if (place.gradient !== undefined) layerAt.set(place.gradient, layer);
    }
    this.#operations = [];
    for (let at = 0; program.words[at] !== Op.end; at += RECORD_WORDS) {
      const words = program.words.slice(at, at + RECORD_WORDS);
      const opcode = words[0] as Op;
      const layer = layerAt.get(words[weightsWord[opcode] ?? 0]!);
      this.#operations.push({ words, ...(layer && { layer }), times: [] });
    }
  }

  /** Trains and times one step. */
  sample(): void {
    const { core, plan } = this.network;
    const program = plan.single!;
    const memory = new Uint32Array(core.memory.buffer, program, 2 * RECORD_WORDS);
    memory[RECORD_WORDS] = Op.end;
    for (const { words, times } of this.#operations) {
      memory.set(words);
      const start = performance.now();
      core.run(program);
      times.push(performance.now() - start);
    }
  }

  /** Forgets the samples so far, such as those of a warm-up. */
  clear(): void {
    for (const operation of this.#operations) operation.times = [];
  }

  /** The operations in the order of the step. */
  result(): OperationProfile[] {
    const medians = this.#operations.map(({ times }) => times.toSorted((a, b) => a - b)[times.length >> 1]!);
    const total = medians.reduce((a, b) => a + b, 0);
    return this.#operations.map(({ words, layer }, index) => {
      const opcode = words[0] as Op;
      return {
        operation: Op[opcode] as keyof typeof Op,
        ...(layer && { layer }),
        flop: layer && multiplies.includes(opcode) ? 2 * this.rows * layer.inputs * layer.outputs : 0,
        milliseconds: medians[index]!,
        share: medians[index]! / total,
      };
    });
  }
}
