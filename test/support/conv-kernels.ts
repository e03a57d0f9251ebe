/**
 * The convolution kernels on their own: compiled as asconfig.json says for each build, with a memory that shows
 * whatever is written outside of where it belongs.
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import asc from "assemblyscript/asc";
import { expect } from "vitest";

type Kernel = (...values: number[]) => void;

/** Compiles the kernels for a target of asconfig.json. */
export async function compileKernels(target: string): Promise<Uint8Array<ArrayBuffer>> {
  const folder = mkdtempSync(join(tmpdir(), "conv-kernels-"));
  try {
    const outFile = join(folder, "kernels.wasm");
    const files = ["conv3x3", "conv3x3-gradient", "conv3x3-weights", "padding", "pixels"].map(
      (name) => `assembly/conv/${name}.ts`,
    );
    const root = new URL("../..", import.meta.url).pathname;
    const { error, stderr } = await asc.main([
      ...files,
      "--config",
      "asconfig.json",
      "--target",
      target,
      "--baseDir",
      root,
      "--outFile",
      outFile,
    ]);
    if (error) throw new Error(stderr.toString());
    return new Uint8Array(readFileSync(outFile));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What the buffers of one resolution have in common. */
export interface Geometry {
  readonly images: number;
  readonly height: number;
  readonly width: number;
  /** Columns of the border left of a row, a multiple of 4. */
  readonly left: number;
  /** Bytes from one channel of a row to the next. */
  readonly pitch: number;
  /** Rows from one image to the next. */
  readonly rows: number;
  readonly pad: number;
}

/** Borders of zeros are shared between neighbours; mirrored ones cannot be. */
export function geometryOf(
  images: number,
  height: number,
  width: number,
  pad: number,
  padding: "zeros" | "reflect",
): Geometry {
  const left = roundUp(pad, 4);
  const columns = padding === "zeros" ? left + roundUp(width, 4) : left + width + pad + 3;
  return {
    images,
    height,
    width,
    left,
    pitch: 4 * roundUp(columns, 16),
    rows: height + (padding === "zeros" ? pad : 2 * pad),
    pad,
  };
}

export interface Image extends Geometry {
  /** Address of row 0, channel 0, column 0 of image 0. */
  readonly origin: number;
  readonly channels: number;
}

const start = 4096;
/** NaN, and no float that a computation gives. */
const canary = 0xffabcdef | 0;

export class Kernels {
  readonly #exports: Record<string, Kernel>;
  readonly #floats: Float32Array;
  readonly #words: Int32Array;
  #top = start;

  static async load(wasm: Uint8Array<ArrayBuffer>): Promise<Kernels> {
    const memory = new WebAssembly.Memory({ initial: 1024 });
    const abort = () => {
      throw new Error("aborted");
    };
    const { instance } = await WebAssembly.instantiate(wasm, { env: { memory, abort } });
    return new Kernels(memory, instance.exports as Record<string, Kernel>);
  }

  private constructor(
    readonly memory: WebAssembly.Memory,
    exports: Record<string, Kernel>,
  ) {
    this.#exports = exports;
    this.#floats = new Float32Array(memory.buffer);
    this.#words = new Int32Array(memory.buffer);
    this.#words.fill(canary, start >> 2);
  }

  /** Frees everything and fills the memory with canaries. */
  clear(): void {
    this.#words.fill(canary, start >> 2, this.#top >> 2);
    this.#top = start;
  }

  /** `bytes` zeros, aligned to 64, with `slack` more behind them and canaries behind those. */
  place(bytes: number, slack = 0): number {
    const address = this.#top;
    const end = roundUp(address + bytes + slack, 64);
    this.#words.fill(0, address >> 2, end >> 2);
    this.#top = end + 64;
    if (this.#top > this.memory.buffer.byteLength) throw new Error("The test needs more memory.");
    return address;
  }

  floats(values: ArrayLike<number>): number {
    const address = this.place(4 * values.length);
    this.#floats.set(values, address >> 2);
    return address;
  }

  bytes(values: ArrayLike<number>): number {
    const address = this.place(values.length);
    new Uint8Array(this.memory.buffer).set(values, address);
    return address;
  }

  /** Sets `bytes` from an address on to canaries. */
  fill(address: number, bytes: number): void {
    this.#words.fill(canary, address >> 2, (address + bytes) >> 2);
  }

  readFloats(address: number, count: number): Float32Array {
    return this.#floats.slice(address >> 2, (address >> 2) + count);
  }

  readBytes(address: number, count: number): Uint8Array {
    return new Uint8Array(this.memory.buffer).slice(address, address + count);
  }

  /** An image in rows, from planes or of zeros. */
  image(geometry: Geometry, channels: number, planes?: ArrayLike<number>): Image {
    const { images, rows, pad, pitch, left } = geometry;
    const rowBytes = channels * pitch;
    const address = this.place((pad + images * rows) * rowBytes, 128);
    const image = { ...geometry, channels, origin: address + pad * rowBytes + 4 * left };
    if (planes) {
      this.eachValue(image, (word, at) => {
        this.#floats[word] = planes[at]!;
      });
    }
    return image;
  }

  /** An image as planes; with `pad`, as planes of height + 2·pad × width + 2·pad. */
  planes(image: Image, pad = 0): Float32Array {
    const { images, channels, height, width } = image;
    const planes = new Float32Array(images * channels * (height + 2 * pad) * (width + 2 * pad));
    this.eachValue(
      image,
      (word, at) => {
        planes[at] = this.#floats[word]!;
      },
      pad,
    );
    return planes;
  }

  /** Calls back with the place in memory, in words, and the index in planes of each value. */
  eachValue(image: Image, callback: (word: number, at: number) => void, pad = 0): void {
    const { images, channels, height, width, rows, pitch, origin } = image;
    let at = 0;
    for (let n = 0; n < images; n++) {
      for (let c = 0; c < channels; c++) {
        for (let r = -pad; r < height + pad; r++) {
          const row = (origin + ((n * rows + r) * channels + c) * pitch) >> 2;
          for (let s = -pad; s < width + pad; s++) callback(row + s, at++);
        }
      }
    }
  }

  /** Runs a kernel's items as `threads` threads would, the last one first. */
  run(kernel: string, items: number, threads: number, values: number[]): void {
    const share = (thread: number) => Math.floor((items * thread) / threads);
    for (let t = threads - 1; t >= 0; t--) this.#exports[kernel]!(...values, share(t), share(t + 1));
  }

  /**
   * Runs a kernel as 1 to 4 threads would, each time from the same memory. Afterwards the memory is the same
   * whatever the number of threads, and no word has changed that `written` does not name.
   */
  check(kernel: string, items: number, values: number[], written: Written[]): void {
    const memory = this.#words.subarray(0, this.#top >> 2);
    const before = memory.slice();
    /** The memory afterwards, but for scratch. */
    const after = (threads: number) => {
      this.run(kernel, items, threads, values);
      const result = memory.slice();
      for (const place of written) {
        if ("scratch" in place) result.fill(0, place.address >> 2, (place.address >> 2) + place.words);
      }
      return result;
    };
    const first = after(1);
    for (const threads of [2, 3, 4]) {
      memory.set(before);
      expect(firstDifference(first, after(threads)), `${threads} threads`).toBe(-1);
    }
    this.#expectWritten(kernel, before, written);
  }

  /** Runs a kernel that has no items. Afterwards no word has changed that `written` does not name. */
  checkCall(kernel: string, values: number[], written: Written[]): void {
    const before = this.#words.slice(0, this.#top >> 2);
    this.#exports[kernel]!(...values);
    this.#expectWritten(kernel, before, written);
  }

  #expectWritten(kernel: string, before: Int32Array, written: Written[]): void {
    const first = this.#words.slice(0, this.#top >> 2);
    // What may change is put back, so that what remains has to be as it was.
    for (const place of written) {
      if ("origin" in place) {
        this.eachValue(
          place,
          (word) => {
            first[word] = before[word]!;
          },
          place.border ?? 0,
        );
      } else {
        const from = place.address >> 2;
        first.set(before.subarray(from, from + place.words), from);
      }
    }
    expect(firstDifference(first, before), `${kernel} wrote outside`).toBe(-1);
  }
}

/** What a kernel may write: an image's values, with so much of its border, or a run of words. */
export type Written =
  | (Image & { border?: number })
  | { address: number; words: number /** What is in it afterwards does not count. */; scratch?: true };

/** The first word that differs, or −1. */
function firstDifference(a: Int32Array, b: Int32Array): number {
  const bytes = (words: Int32Array) => Buffer.from(words.buffer, words.byteOffset, words.byteLength);
  return bytes(a).equals(bytes(b)) ? -1 : a.findIndex((word, index) => word !== b[index]);
}

export function roundUp(value: number, multiple: number): number {
  return Math.ceil(value / multiple) * multiple;
}

/** Values of a layer's weights in panels. */
export function panelLength(ins: number, outs: number): number {
  return Math.ceil(outs / 4) * 4 * roundUp(9 * ins, 4);
}

/** Values of the transformed weight. */
export function transformedLength(ins: number, outs: number): number {
  return 6 * Math.ceil(outs / 4) * 4 * roundUp(3 * ins, 4);
}

/** Items of conv3x3 for an image of that height: groups of up to 4 rows, `dilation` rows apart. */
export function groupsOf(height: number, dilation: number): number {
  return Math.floor(height / (4 * dilation)) * dilation + Math.min(height % (4 * dilation), dilation);
}

/** Index in panels of w[o][i][ky][kx], where k = 9i + 3ky + kx. */
export function panelIndex(ins: number, o: number, k: number): number {
  return (Math.floor(o / 4) * roundUp(9 * ins, 4) + k) * 4 + (o % 4);
}

export function toPanels(w: ArrayLike<number>, ins: number, outs: number): Float32Array {
  const panels = new Float32Array(panelLength(ins, outs));
  for (let o = 0; o < outs; o++) {
    for (let k = 0; k < 9 * ins; k++) panels[panelIndex(ins, o, k)] = w[o * 9 * ins + k]!;
  }
  return panels;
}

export function fromPanels(panels: ArrayLike<number>, ins: number, outs: number): Float32Array {
  const w = new Float32Array(outs * ins * 9);
  for (let o = 0; o < outs; o++) {
    for (let k = 0; k < 9 * ins; k++) w[o * 9 * ins + k] = panels[panelIndex(ins, o, k)]!;
  }
  return w;
}
