/** Programs: lists of operations (assembly/program/operations.ts), and the tables in memory that the core reads. */

import { lengthOf, type Word } from "../../assembly/program/declaration.ts";
import { ARGUMENTS, GRAIN, ITEMS, OPCODE, RECORD_WORDS, WITH_NEXT } from "../../assembly/program/layout.ts";
import {
  type OperationName,
  type OperationValues,
  opcodeOf,
  operations,
} from "../../assembly/program/operations.ts";
import { type Arena, roundUp } from "./arena.ts";

/** An operation in a plan. */
export interface Operation {
  readonly name: OperationName;
  /** By name: the values of its words, and those that give its number of items. Addresses and strides are in bytes. */
  readonly values: Readonly<Record<string, number>>;
  /** The layer whose parameters or activations it works with: "layer1", "layer2", … */
  readonly layer?: string | undefined;
  /** Whether the next operation does not need this one's results, so that threads may work on both at the same time. */
  readonly withNext?: boolean;
  /** Only for `eachImage`: the operations that are done with each image. */
  readonly body?: readonly Operation[];
}

/** A program in memory, for batches of `rows` pictures. */
export interface Program {
  readonly address: number;
  readonly words: Uint32Array;
  readonly rows: number;
  readonly operations: readonly Operation[];
  readonly scratch: Scratch;
}

/** Memory that each thread has for itself. */
export interface Scratch {
  readonly address: number;
  /** The size for one thread. */
  readonly bytes: number;
}

/** An operation's items are given to threads in about this many portions. */
const PARTS = 16;

export function operation<Name extends OperationName>(
  name: Name,
  values: OperationValues<Name>,
  layer?: string,
): Operation {
  return { name, values, layer };
}

/** Runs `body` on each image of a batch. The images are divided into chunks, and one thread does all of a chunk. */
export function eachImage(images: number, chunks: number, body: readonly Operation[]): Operation {
  const values = { images, chunks, operations: body.length, only: 0 };
  return { ...operation("eachImage", values), body };
}

/** The operation, marked so that threads may work on it and the next one at the same time. */
export function withNext(one: Operation): Operation {
  return { ...one, withNext: true };
}

/** Marks operations that do not need each other's results, so that threads may work on all of them at the same time. */
export function together(list: readonly Operation[]): Operation[] {
  return list.map((one, index) => (index === list.length - 1 ? one : withNext(one)));
}

/** Places scratch memory for each of `threads` threads, as much as the most demanding of the operations needs. */
export function placeScratch(arena: Arena, list: readonly Operation[], threads: number): Scratch {
  const needs = list
    .flatMap((one) => [one, ...(one.body ?? [])])
    .map(({ name, values }) => operations[name].scratch?.(values as never) ?? 0);
  const bytes = roundUp(Math.max(0, ...needs), 64);
  return { address: arena.place(bytes * threads), bytes };
}

/** Places a program's table in memory. */
export function placeProgram(
  arena: Arena,
  rows: number,
  list: readonly Operation[],
  scratch: Scratch,
): Program {
  const records = list.flatMap((one) => [one, ...(one.body ?? [])]).map((one) => recordOf(one, scratch));
  // One more record, whose opcode is 0, marks the end.
  const words = new Uint32Array((records.length + 1) * RECORD_WORDS);
  for (const [index, record] of records.entries()) words.set(record, index * RECORD_WORDS);
  return { rows, address: arena.place(words.byteLength), words, operations: list, scratch };
}

/** The record that stands for an operation in a program's table. */
export function recordOf({ name, values, withNext }: Operation, scratch: Scratch): Uint32Array<ArrayBuffer> {
  const { words, ...declared } = operations[name];
  const record = new Uint32Array(RECORD_WORDS);
  const items = declared.items(values as never);
  const run = "run" in declared ? declared.run(values as never) : items;
  record[OPCODE] = opcodeOf(name);
  record[ITEMS] = items;
  record[GRAIN] = Math.max(1, Math.min(run, Math.ceil(items / PARTS)));
  record[WITH_NEXT] = Number(withNext === true);
  let at = ARGUMENTS;
  for (const [word, kind] of Object.entries<Word>(words)) {
    record.set(bitsOf(kind, values[word]!, values, scratch), at);
    at += lengthOf(kind);
  }
  return record;
}

/** The words of a record that hold a value. */
function bitsOf(kind: Word, value: number, values: Operation["values"], scratch: Scratch): ArrayLike<number> {
  if (kind === "begins") return [];
  if (kind === "scratch") return [scratch.address, scratch.bytes];
  if (kind === "float") return new Uint32Array(Float32Array.of(value).buffer);
  if (kind === "double") return new Uint32Array(Float64Array.of(value).buffer);
  if (typeof kind === "string") return [value];
  const bytesOf = "perPicture" in kind ? kind.perPicture : kind.perChunk;
  return [value, bytesOf(values as never)];
}
