/**
 * Runs single operations of the builds that ship (assembly/program/operations.ts) on buffers of the test's own, and
 * watches all of the memory meanwhile. Works in Node and in a page.
 */
import { instantiate } from "@assemblyscript/loader";
import {
  CLAIM,
  DONE,
  GRAIN,
  ITEMS,
  MEETING_BYTES,
  OPCODE,
  RECORD_WORDS,
} from "../../assembly/program/layout.ts";
import { operations } from "../../assembly/program/operations.ts";
import { Arena, roundUp } from "../../src/network/arena.ts";
import { type Operation, recordOf, type Scratch } from "../../src/network/program.ts";
import { ARENA_START } from "../../src/wasm/load.ts";
import { AccessCheck } from "./access-check.ts";
import type { KernelBuild } from "./builds.ts";

/** NaN, and no float that a computation gives: what is where nothing has been written. */
export const CANARY = 0xffabcdef | 0;
/** Threads that the builds with threads are tried with: so many slots have images and scratch of threads. */
export const THREADS = 3;
/** How many items a thread takes at a time. */
const GRAINS = [1, 2, 3, 7];

const PAGES = 1024;
const PAGE = 65536;
const CACHE_LINE = 64;
const RECORD = 4 * RECORD_WORDS;
const MOST_RECORDS = 16;
const PROGRAM = ARENA_START;
const SYNC = PROGRAM + MOST_RECORDS * RECORD;
const FIRST_BUFFER = roundUp(SYNC + MEETING_BYTES, CACHE_LINE) + CACHE_LINE;

/** What an operation may write. */
export interface Region {
  readonly address: number;
  /** A multiple of 4. */
  readonly bytes: number;
  /** What is in it afterwards does not count, as it may depend on which thread did what. */
  readonly scratch?: true;
}

interface RunOptions {
  /** An operation outside of eachImage does the items of so many images at once, which lie one after the other. */
  readonly images?: number;
  /** Its items are not to be shared out: conv3x3WeightGradient sums over them. */
  readonly undivided?: boolean;
}

interface Exports {
  run(program: number): void;
  /** These two in the builds with threads. */
  begin?(program: number, sync: number): void;
  work?(sync: number, thread: number): number;
}

/** One instance for each build: a page has addresses for some hundred memories only, and frees them late. */
const instances = new Map<Uint8Array, Promise<Kernels>>();

export class Kernels {
  readonly #exports: Exports;
  readonly #words: Int32Array;
  /** Room for what was in memory before an operation, and after it. */
  readonly #before = new Int32Array((PAGES * PAGE) / 4);
  readonly #whole = new Int32Array((PAGES * PAGE) / 4);
  #arena = new Arena();

  /** The kernels of a build, without buffers. */
  static async create(build: KernelBuild): Promise<Kernels> {
    const instance = instances.get(build.wasm) ?? Kernels.#instantiate(build);
    instances.set(build.wasm, instance);
    const kernels = await instance;
    kernels.clear();
    return kernels;
  }

  static async #instantiate({ wasm, shared, checked }: KernelBuild): Promise<Kernels> {
    const memory = new WebAssembly.Memory({ initial: PAGES, ...(shared && { maximum: PAGES, shared }) });
    const check = checked ? new AccessCheck(PAGES * PAGE) : undefined;
    const env = { memory, ...check?.imports(await WebAssembly.compile(wasm)) };
    const { exports } = await instantiate<{ run: Exports["run"] }>(wasm, { env });
    return new Kernels(memory, exports, check);
  }

  private constructor(
    readonly memory: WebAssembly.Memory,
    exports: Exports,
    /** What may be used: the core's own data, the program, and the buffers that are there. */
    private readonly check: AccessCheck | undefined,
  ) {
    check?.allow(0, FIRST_BUFFER - CACHE_LINE);
    this.#exports = exports;
    this.#words = new Int32Array(memory.buffer);
    this.#words.fill(CANARY, ARENA_START >> 2);
    this.#arena.end = FIRST_BUFFER;
  }

  /** Forgets all buffers. */
  clear(): void {
    this.#forget(FIRST_BUFFER);
  }

  #forget(from: number): void {
    this.#words.fill(CANARY, from >> 2, this.#arena.end >> 2);
    this.check?.allow(from, this.#arena.end, false);
    this.#arena.end = from;
  }

  /** Lets the program's own code place a buffer, and leaves a line of canaries behind it. */
  placeBy<Place>(place: (arena: Arena) => Place): Place {
    const start = this.#arena.end;
    const placed = place(this.#arena);
    this.check?.allow(start, this.#arena.end);
    this.#arena.end += CACHE_LINE;
    if (this.#arena.end > PAGES * PAGE) throw new Error("The test needs more memory.");
    return placed;
  }

  /** A buffer on cache lines of its own, full of canaries. */
  place(bytes: number): number {
    return this.placeBy((arena) => arena.place(bytes));
  }

  floats(values: ArrayLike<number>): number {
    const address = this.place(4 * values.length);
    this.float32(address, values.length).set(values);
    return address;
  }

  bytes(values: ArrayLike<number>): number {
    const address = this.place(values.length);
    new Uint8Array(this.memory.buffer, address).set(values);
    return address;
  }

  words(values: ArrayLike<number>): number {
    const address = this.place(4 * values.length);
    new Uint32Array(this.memory.buffer, address).set(values);
    return address;
  }

  float32(address: number, length: number): Float32Array {
    return new Float32Array(this.memory.buffer, address, length);
  }

  float64(address: number, length = 1): Float64Array {
    return new Float64Array(this.memory.buffer, address, length);
  }

  /** A copy of the bytes in regions. */
  copy(regions: readonly Region[]): Uint8Array[] {
    return regions.map(({ address, bytes }) => new Uint8Array(this.memory.buffer, address, bytes).slice());
  }

  /**
   * Runs an operation, eachImage with its body; then, on a build with threads, from the same memory as several threads
   * would run it.
   * @throws Error where it changes anything but `written`, or where threads give other bytes
   */
  run(operation: Operation, written: readonly Region[], options: RunOptions = {}): void {
    const end = this.#arena.end;
    const scratch = this.#placeScratch(operation);
    const items = this.#write(operation, scratch.place, options.images ?? 1);
    const regions = [...written, ...scratch.regions];
    const memory = this.#words.subarray(0, this.#arena.end >> 2);
    const before = copied(memory, this.#before);
    this.#exports.run(PROGRAM);
    const whole = copied(memory, this.#whole);
    const outside = firstDifference(whole, before, regions);
    if (outside >= 0) throw new Error(`${operation.name} wrote outside its buffers, at ${4 * outside}.`);
    if (this.#exports.work && !options.undivided) {
      const left = regions.filter((region) => region.scratch);
      for (const grain of GRAINS.filter((grain) => grain === 1 || grain * THREADS <= items)) {
        memory.set(before);
        this.#share(operation.name, items, grain);
        const at = firstDifference(memory, whole, left);
        if (at >= 0) {
          throw new Error(`${operation.name}: threads that take ${grain} items give others, at ${4 * at}.`);
        }
      }
    }
    this.#forget(end);
  }

  /** On a build with threads: the words that items `first` to `last` change, by address; memory is put back. */
  wordsOf(operation: Operation, first: number, last: number): Map<number, number> {
    const end = this.#arena.end;
    const memory = this.#words.subarray(0, end >> 2);
    const before = memory.slice();
    this.#write(operation, this.#placeScratch(operation).place, 1);
    this.#work(operation.name, first, last, 0);
    this.#forget(end);
    const changed = new Map<number, number>();
    for (let at = FIRST_BUFFER >> 2; at < memory.length; at++) {
      if (memory[at] !== before[at]) changed.set(4 * at, memory[at]!);
    }
    memory.set(before);
    return changed;
  }

  /** Writes an operation's program, for benchmarks. @returns a function that runs it, as long as no other is run */
  prepare(operation: Operation): () => void {
    this.#write(operation, this.#placeScratch(operation).place, 1);
    return () => this.#exports.run(PROGRAM);
  }

  /** Scratch as the declarations say, for all threads, each of which may write its own. */
  #placeScratch({ name, values, body = [] }: Operation): { place: Scratch; regions: Region[] } {
    const needs = [{ name, values }, ...body].map(
      (one) => operations[one.name].scratch?.(one.values as never) ?? 0,
    );
    const need = Math.max(...needs);
    const bytes = roundUp(need, CACHE_LINE) + CACHE_LINE;
    const address = this.place(bytes * THREADS);
    const regions = Array.from(
      { length: this.#exports.work ? THREADS : 1 },
      (_, thread): Region => ({ address: address + thread * bytes, bytes: need, scratch: true }),
    );
    return { place: { address, bytes }, regions };
  }

  /** Writes the records of an operation and its body, and where threads meet. @returns how many items it has */
  #write(operation: Operation, scratch: Scratch, images: number): number {
    const records = [operation, ...(operation.body ?? [])].map((one) => recordOf(one, scratch));
    if (records.length >= MOST_RECORDS) throw new Error("The test's program is too long.");
    const items = records[0]![ITEMS]! * images;
    records[0]![ITEMS] = items;
    const words = this.#words.subarray(PROGRAM >> 2, (SYNC + MEETING_BYTES) >> 2).fill(0);
    for (const [index, record] of records.entries()) words.set(record, index * RECORD_WORDS);
    return items;
  }

  /** The items in as many parts as there are threads, the last part first, each taken by one thread. */
  #share(name: string, items: number, grain: number): void {
    const words = this.#words.subarray(PROGRAM >> 2);
    const usual = words[GRAIN]!;
    words[GRAIN] = grain;
    const start = (thread: number) => Math.floor((items * thread) / THREADS);
    for (let thread = THREADS - 1; thread >= 0; thread--) {
      this.#work(name, start(thread), start(thread + 1), thread);
    }
    words[GRAIN] = usual;
    this.#words.fill(0, SYNC >> 2, (SYNC + MEETING_BYTES) >> 2);
  }

  /**
   * Thread `thread` takes items `first` to `last`, as if others had taken those before and there were none behind. The
   * program has to end with them, which tells whoever leads it.
   */
  #work(name: string, first: number, last: number, thread: number): void {
    if (first === last) return;
    const { begin, work } = this.#exports;
    const record = this.#words.subarray(PROGRAM >> 2);
    const items = record[ITEMS]!;
    record[ITEMS] = last;
    begin!(PROGRAM, SYNC);
    this.#words[(SYNC + CLAIM) >> 2] = first;
    this.#words[(SYNC + DONE) >> 2] = first;
    const ended = work!(SYNC, thread);
    record[ITEMS] = items;
    const phase = this.#words[(SYNC + CLAIM + 4) >> 2]!;
    if (this.#words[(phase >> 2) + OPCODE] !== 0 || (ended !== 0) !== (thread === 0)) {
      throw new Error(`${name}: after its last item the program has not ended.`);
    }
  }
}

/** A copy of `words`, in room that is used again and again: new memory costs a page much time. */
function copied(words: Int32Array, room: Int32Array): Int32Array {
  const copy = room.subarray(0, words.length);
  copy.set(words);
  return copy;
}

/** The first word outside the regions that differs, or −1. */
function firstDifference(a: Int32Array, b: Int32Array, regions: readonly Region[]): number {
  const inOrder = [...regions].sort((one, other) => one.address - other.address);
  let at = 0;
  for (const { address, bytes } of [...inOrder, { address: 4 * a.length, bytes: 0 }]) {
    for (; at < address >> 2; at++) if (a[at] !== b[at]) return at;
    at = Math.max(at, (address + bytes) >> 2);
  }
  return -1;
}
