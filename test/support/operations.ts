/** Runs single operations of a build on buffers of the test's own, and watches all of the memory meanwhile. */
import { instantiate } from "@assemblyscript/loader";
import { Op } from "../../assembly/program/opcodes.ts";
import { RECORD_WORDS } from "../../src/network/arena.ts";
import type { Build } from "./builds.ts";
import { pack, unpack, type Values } from "./naive.ts";

const PAGE = 65536;

const PROGRAM = 4096;
const FIRST_BUFFER = PROGRAM + 2 * 4 * RECORD_WORDS;

/** Bytes that an operation may write. */
export type Region = readonly [address: number, bytes: number];

type Run = (program: number, thread: number, threads: number) => void;

export interface Panels {
  readonly address: number;
  readonly bytes: number;
  /** Bytes of one panel. */
  readonly stride: number;
  readonly rows: number;
  readonly columns: number;
}

export class Operations {
  readonly memory: WebAssembly.Memory;
  readonly #run: Run;
  #end = FIRST_BUFFER;

  static async create(build: Build, bytes: number): Promise<Operations> {
    const memory = new WebAssembly.Memory({ initial: Math.ceil(bytes / PAGE) });
    const { exports } = await instantiate<{
      run: (program: number, thread: number, threads: number) => void;
    }>(build.wasm, { env: { memory } });
    return new Operations(memory, exports.run);
  }

  private constructor(memory: WebAssembly.Memory, run: Run) {
    this.memory = memory;
    this.#run = run;
  }

  /** Forgets all buffers. What is not a buffer is NaN, so that a read beside one shows in the result. */
  clear(): void {
    new Uint8Array(this.memory.buffer).fill(0xff, PROGRAM);
    this.#end = FIRST_BUFFER;
  }

  /** A buffer on cache lines of its own, with at least one line of NaN before the next. */
  place(bytes: number): number {
    const address = Math.ceil(this.#end / 64 + 1) * 64;
    this.#end = address + bytes;
    if (this.#end + 64 > this.memory.buffer.byteLength) throw new Error("The test's memory is too small.");
    return address;
  }

  floats(values: Values): number {
    const address = this.place(4 * values.length);
    new Float32Array(this.memory.buffer, address, values.length).set(Float32Array.from(values));
    return address;
  }

  bytes(values: Uint8Array): number {
    const address = this.place(values.length);
    new Uint8Array(this.memory.buffer, address, values.length).set(values);
    return address;
  }

  /** A batch in panels, its rows padded with NaN to a multiple of 4; without values, room for one. */
  batch(rows: number, columns: number, values?: Values): Panels {
    const paddedRows = Math.ceil(rows / 4) * 4;
    return this.#panels(rows, columns, paddedRows, values && pack(values, rows, columns, paddedRows, NaN));
  }

  /** A matrix [inputs, units] in panels, padded with zeros as weights are; without values, room for one. */
  weights(inputs: number, units: number, values?: Values): Panels {
    const paddedRows = Math.ceil(inputs / 8) * 8;
    return this.#panels(inputs, units, paddedRows, values && pack(values, inputs, units, paddedRows));
  }

  /** A bias: padded with zeros to whole panels. */
  bias(values: Values): number {
    const padded = new Float32Array(Math.ceil(values.length / 8) * 8);
    padded.set(Float32Array.from(values));
    return this.floats(padded);
  }

  #panels(rows: number, columns: number, paddedRows: number, packed?: Float32Array): Panels {
    const stride = 32 * paddedRows;
    const bytes = Math.ceil(columns / 8) * stride;
    const address = packed ? this.floats(packed) : this.place(bytes);
    return { address, bytes, stride, rows, columns };
  }

  float32(address: number, length: number): Float32Array {
    return new Float32Array(this.memory.buffer, address, length);
  }

  float64(address: number, length = 1): Float64Array {
    return new Float64Array(this.memory.buffer, address, length);
  }

  /** The values of panels, padding left out. */
  values({ address, bytes, stride, rows, columns }: Panels): Float32Array {
    return unpack(this.float32(address, bytes / 4), rows, columns, stride / 32);
  }

  /** How many of the padding values are not 0: beyond the columns, and beyond the rows too where `rowsToo`. */
  dirtyPadding({ address, bytes, stride, rows, columns }: Panels, rowsToo: boolean): number {
    let dirty = 0;
    this.float32(address, bytes / 4).forEach((value, index) => {
      const row = (index >> 3) % (stride / 32);
      const column = (Math.floor(index / (stride / 4)) << 3) + (index & 7);
      const padding = row >= rows ? rowsToo : column >= columns;
      if (padding && value !== 0) dirty++;
    });
    return dirty;
  }

  /**
   * Runs one operation, by each of so many threads in turn.
   * @throws Error where it changes a byte outside `written`
   */
  run(words: readonly number[], written: readonly Region[], threads = 1): void {
    const program = new Uint32Array(this.memory.buffer, PROGRAM, 2 * RECORD_WORDS).fill(0);
    program.set(words);
    program[RECORD_WORDS] = Op.end;
    const end = Math.min(this.#end + 4096, this.memory.buffer.byteLength);
    const now = new Uint8Array(this.memory.buffer, 0, end);
    const before = now.slice();
    for (let thread = 0; thread < threads; thread++) this.#run(PROGRAM, thread, threads);
    let at = 0;
    for (const [address, bytes] of [...written, [end, 0] as const].toSorted(([a], [b]) => a - b)) {
      for (let i = at; i < address; i++) {
        if (now[i] !== before[i]) throw new Error(`${Op[words[0]!]} wrote outside its buffers, at ${i}.`);
      }
      at = address + bytes;
    }
  }
}
