/** Where a training step spends its time: each operation of its program runs and is timed on its own. */
import { Op } from "../../assembly/program/opcodes.ts";
import { RECORD_WORDS } from "./arena.ts";
import type { Network } from "./network.ts";
import { type LayerShape, layerShapes, multiplicationsOf } from "./spec.ts";

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

/** The word of an operation's record with the address of its weights, their gradient or what becomes of those. */
const weightsWord: Partial<Record<Op, number>> = {
  [Op.denseForward]: 3,
  [Op.denseInputGradient]: 3,
  [Op.denseWeightGradient]: 1,
  [Op.adagrad]: 1,
  [Op.denseWeightGradientAdagrad]: 1,
  [Op.adam]: 1,
  [Op.conv3x3]: 3,
  [Op.conv3x3TransposeWeights]: 1,
  [Op.conv3x3TransformWeights]: 1,
  [Op.conv3x3WeightGradient]: 1,
  [Op.conv3x3GatherWeights]: 1,
  [Op.sumChunks]: 1,
};
/** Operations that carry weights or gradients from the address in word 2 to that in word 1. */
const carries = [
  Op.conv3x3TransposeWeights,
  Op.conv3x3TransformWeights,
  Op.conv3x3GatherWeights,
  Op.sumChunks,
];
const multiplies = [
  Op.denseForward,
  Op.denseInputGradient,
  Op.denseWeightGradient,
  Op.denseWeightGradientAdagrad,
  Op.conv3x3,
  Op.conv3x3WeightGradient,
];

interface Timed {
  readonly words: Uint32Array;
  /** The record of the eachImage whose body it belongs to. */
  readonly header?: Uint32Array;
  layer?: LayerShape;
  times: number[];
}

/**
 * Collects times over many steps. Each sample is a real training step on `network.input` and
 * `network.target`, one operation after the other, so that each finds in the caches what it finds there in
 * training; the weights move on as they do in training.
 */
export class StepProfile {
  readonly #operations: Timed[];

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
    let body: Uint32Array[] = [];
    for (let at = 0; program.words[at] !== Op.end; at += RECORD_WORDS) {
      const words = program.words.slice(at, at + RECORD_WORDS);
      if (words[0] === Op.eachImage) {
        body = new Array(words[3]!).fill(words);
      } else {
        const header = body.pop();
        this.#operations.push({ words, times: [], ...(header && { header }) });
      }
    }
    // What carries them from a layer's weights on comes in the order of the program, what carries to them backwards.
    for (const { words } of [...this.#operations, ...this.#operations.toReversed()]) {
      for (const [to, from] of [
        [words[1]!, words[2]!],
        [words[2]!, words[1]!],
      ] as const) {
        if (carries.includes(words[0]!) && layerAt.has(from)) layerAt.set(to, layerAt.get(from)!);
      }
    }
    for (const operation of this.#operations) {
      const layer = layerAt.get(operation.words[weightsWord[operation.words[0] as Op] ?? 0]!);
      if (layer) operation.layer = layer;
    }
  }

  /** Trains and times one step. */
  sample(): void {
    const operations = this.#operations;
    for (let first = 0; first < operations.length; ) {
      const { header } = operations[first]!;
      let end = first + 1;
      while (header && operations[end]?.header === header) end++;
      const run = operations.slice(first, end);
      const times = header ? this.#eachImage(header, run) : run.map(({ words }) => this.#time(words));
      for (const [index, operation] of run.entries()) operation.times.push(times[index]!);
      first = end;
    }
  }

  /** The body of an eachImage, image by image. @returns the milliseconds of each of its operations, over all images */
  #eachImage(header: Uint32Array, body: readonly Timed[]): number[] {
    const [, images, chunks] = header as Uint32Array & [number, number, number];
    const turns = Math.ceil(chunks / this.network.core.threads) * Math.ceil(images / chunks);
    const times = body.map(() => 0);
    for (let turn = 1; turn <= turns; turn++) {
      const one = header.slice();
      one.set([1, turn], 3);
      for (const [index, { words }] of body.entries()) times[index]! += this.#time(one, words);
    }
    return times;
  }

  /** Runs records as a program of their own. @returns milliseconds */
  #time(...records: Uint32Array[]): number {
    const { core, plan } = this.network;
    const memory = new Uint32Array(core.memory.buffer, plan.single!, (records.length + 1) * RECORD_WORDS);
    for (const [index, words] of records.entries()) memory.set(words, index * RECORD_WORDS);
    memory[records.length * RECORD_WORDS] = Op.end;
    const start = performance.now();
    core.run(plan.single!);
    return performance.now() - start;
  }

  /** Forgets the samples so far, such as those of a warm-up. */
  clear(): void {
    for (const operation of this.#operations) operation.times = [];
  }

  /** The operations in the order of the step. */
  result(): OperationProfile[] {
    const { spec } = this.network;
    const medians = this.#operations.map(({ times }) => times.toSorted((a, b) => a - b)[times.length >> 1]!);
    const total = medians.reduce((a, b) => a + b, 0);
    return this.#operations.map(({ words, layer }, index) => {
      const opcode = words[0] as Op;
      return {
        operation: Op[opcode] as keyof typeof Op,
        ...(layer && { layer }),
        flop: layer && multiplies.includes(opcode) ? 2 * this.rows * multiplicationsOf(layer, spec) : 0,
        milliseconds: medians[index]!,
        share: medians[index]! / total,
      };
    });
  }
}
