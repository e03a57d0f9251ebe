/** The memory of a network: where its buffers lie, what runs on them. Layouts, alignment and padding: docs/memory.md. */

import { INDEPENDENT, ITEMS, Op } from "../../assembly/program/opcodes.ts";
import { ARENA_START } from "../wasm/load.ts";

const ALIGNMENT = 64;
/** Words of 32 bits in an operation's record. */
export const RECORD_WORDS = 20;
/** Bytes of the block where threads meet (assembly/program/threads.ts). */
export const SYNC_BYTES = 320;

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
  /** The optimiser's settings: the float32 values of `Setting` (assembly/program/opcodes.ts). */
  readonly settings: number;
  /** A float32 a picture: the standard deviation of its noise, in grey levels. */
  readonly sigma: number;
  /** A float32 a picture: what its loss is multiplied with. Only where a network of convolutions trains. */
  readonly weights?: number;
  /** Three uint32 a picture: seed, purpose and index of the stream that its noise is drawn from. Only with `drawNoise`. */
  readonly streams?: number;
  /** Where threads meet (assembly/program/threads.ts), zeroed. */
  readonly sync: number;
  /** Room for a program of three records (profile.ts). Only where the plan trains. */
  readonly single?: number;
  readonly forward: Program;
  /** A training step of `batch` pictures, and, where the data does not divide, of the last, smaller batch. */
  readonly steps: readonly Program[];
}

/** A table of operations at an address, and how many pictures it takes. */
export interface Program {
  readonly address: number;
  readonly words: Uint32Array;
  readonly rows: number;
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

/** An operation: opcode and arguments; a float64 is two words. */
export type Operation = readonly number[];

/** Places buffers one after the other, each on a cache line of its own. */
export class Arena {
  end = ARENA_START;

  place(bytes: number): number {
    const address = this.end;
    this.end = roundUp(address + bytes, ALIGNMENT);
    return address;
  }

  floats(count: number): number {
    return this.place(4 * count);
  }
}

/** Compiles operations to a table and places it. */
export function placeProgram(arena: Arena, rows: number, operations: readonly Operation[]): Program {
  const words = new Uint32Array((operations.length + 1) * RECORD_WORDS);
  operations.forEach((operation, index) => {
    words.set(operation, index * RECORD_WORDS);
  });
  // Threads meet at the end in any case.
  words[(operations.length - 1) * RECORD_WORDS + INDEPENDENT] = 1;
  words[operations.length * RECORD_WORDS] = Op.end;
  return { rows, address: arena.place(words.byteLength), words };
}

/** An operation on images, with its number of items (assembly/program/opcodes.ts). */
export function withItems(items: number, operation: Operation): Operation {
  return [...operation, ...new Array(ITEMS - operation.length).fill(0), items];
}

/** Operations that need nothing of each other: threads wait for each other after the last of them only. */
export function together(operations: readonly Operation[]): Operation[] {
  return operations.map((operation, index) =>
    index === operations.length - 1 ? operation : independent(operation),
  );
}

/** The operation, marked as one that the next does not wait for. */
export function independent(operation: Operation): Operation {
  return [...operation, ...new Array(INDEPENDENT - operation.length).fill(0), 1];
}

export function roundUp(value: number, multiple: number): number {
  return Math.ceil(value / multiple) * multiple;
}

export function float32Bits(value: number): number {
  return new Uint32Array(Float32Array.of(value).buffer)[0]!;
}

export function float64Bits(value: number): number[] {
  return [...new Uint32Array(Float64Array.of(value).buffer)];
}
