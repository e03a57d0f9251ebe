/**
 * A network of 3×3 convolutions over a picture of any height, band of rows by band of rows: each layer follows the
 * one before it at the distance of its window, and keeps the few rows that it will read again. So no value is
 * computed twice, every value is the whole picture's, and the memory depends on the width alone. Layout of the
 * rows: assembly/conv3x3.ts.
 */
import { Activation } from "../assembly/opcodes.ts";
import { Arena, roundUp } from "./arena.ts";
import type { ConvLayer } from "./conv-model.ts";
import { tapsOf } from "./image-buffers.ts";
import { convWeightLength, toArena } from "./layout.ts";
import type { InferenceCore } from "./wasm/inference.ts";

/** Pixels of a band: few enough that the rows of all layers stay near the processor. */
const BAND_PIXELS = 4096;
/** Bytes past a buffer's last row that kernels may read. */
const SLACK = 128;
const PAGE = 65_536;

/** Rows [first, end) of what a layer reads; row `first` lies at `origin`. */
interface Rows {
  readonly channels: number;
  /** Bytes of one row of all channels. */
  readonly bytes: number;
  /** How far the next layer's window reaches. */
  readonly reach: number;
  /** Address of the first row kept, its first channel's column 0. */
  readonly origin: number;
  first: number;
  end: number;
}

/** Where a row of a picture lies in `floats`: value (channel, column) is `floats[at + channel * stride + column]`. */
export type RowCallback = (row: number, floats: Float32Array, at: number, stride: number) => void;

export interface Picture {
  readonly width: number;
  readonly height: number;
  /** Writes a row of the network's input. */
  readonly write: RowCallback;
  /** Takes a row of its output. */
  readonly read: RowCallback;
}

export class ConvStream {
  readonly #core: InferenceCore;
  readonly #layers: readonly ConvLayer[];
  readonly #weights: { weight: number; bias: number }[] = [];
  /** Where the parameters end, and what depends on the pictures' size begins. */
  readonly #start: number;
  #size = "";
  #width = 0;
  #band = 0;
  #pitch = 0;
  #taps: number[] = [];
  #rows: Rows[] = [];

  constructor(core: InferenceCore, layers: readonly ConvLayer[]) {
    this.#core = core;
    this.#layers = layers;
    const arena = new Arena();
    for (const { inputs, outputs } of layers) {
      this.#weights.push({
        weight: arena.floats(convWeightLength(outputs, inputs)),
        bias: arena.floats(roundUp(outputs, 4)),
      });
    }
    this.#start = arena.end;
    this.#grow(arena.end);
    for (const [index, { inputs, outputs, weight, bias }] of layers.entries()) {
      const place = this.#weights[index]!;
      toArena(this.#floats(place.weight, convWeightLength(outputs, inputs)), weight, [outputs, inputs, 3, 3]);
      toArena(this.#floats(place.bias, outputs), bias, [outputs]);
    }
  }

  /**
   * Runs the network over a picture, zeros around it as in training; yields the number of rows that were read after
   * each band. Another picture may begin when the last one is through or given up.
   */
  *run({ width, height, write, read }: Picture): Generator<number> {
    this.#fit(width, height);
    const floats = new Float32Array(this.#core.memory.buffer);
    const [input, output] = [this.#rows[0]!, this.#rows.at(-1)!];
    const stride = this.#pitch / 4;
    while (output.end < height) {
      for (const loaded = Math.min(height, input.end + this.#band); input.end < loaded; input.end++) {
        write(input.end, floats, rowAddress(input, input.end) / 4, stride);
      }
      for (const index of this.#layers.keys()) this.#layer(index, height);
      for (let row = output.first; row < output.end; row++) {
        read(row, floats, rowAddress(output, row) / 4, stride);
      }
      output.first = output.end;
      yield output.end;
    }
  }

  /** Computes all rows that a layer's input allows, and lets go of what is not needed again. */
  #layer(index: number, height: number): void {
    const [input, output] = [this.#rows[index]!, this.#rows[index + 1]!];
    const { inputs, outputs, activation } = this.#layers[index]!;
    const { weight, bias } = this.#weights[index]!;
    const whole = input.end === height;
    if (whole) this.#clear(rowAddress(input, height), input.reach * input.bytes);
    const reached = whole ? height : Math.max(output.end, input.end - input.reach);
    const end = Math.min(reached, output.end + this.#band);
    const count = end - output.end;
    if (count > 0) {
      const y = rowAddress(output, output.end);
      const x = rowAddress(input, output.end);
      const taps = this.#taps[index]!;
      const rows = count;
      this.#core.conv3x3(
        y,
        x,
        weight,
        bias,
        taps,
        0,
        inputs,
        outputs,
        rows,
        this.#width,
        this.#pitch,
        rows,
        Activation[activation],
        0,
        count,
      );
      output.end = end;
    }
    const kept = output.end - input.reach;
    if (kept > input.first && !whole) {
      const from = input.origin - this.#left() + (kept - input.first) * input.bytes;
      const to = input.origin - this.#left();
      new Uint8Array(this.#core.memory.buffer).copyWithin(to, from, from + (input.end - kept) * input.bytes);
      input.first = kept;
    }
  }

  /** Places the buffers for pictures of a size, and makes them zero: their borders have to be. */
  #fit(width: number, height: number): void {
    const band = Math.min(height, Math.max(1, Math.floor(BAND_PIXELS / width)));
    const arena = new Arena();
    arena.end = this.#start;
    const reach = Math.max(...this.#layers.map(({ dilation }) => dilation));
    this.#width = width;
    this.#band = band;
    this.#pitch = 4 * roundUp(roundUp(reach, 4) + roundUp(width, 4), 16);
    const rowsOf = (channels: number, reach: number): Rows => {
      const bytes = channels * this.#pitch;
      const address = arena.place((band + 3 * reach) * bytes + SLACK);
      return { channels, bytes, reach, origin: address + this.#left(), first: -reach, end: 0 };
    };
    this.#taps = this.#layers.map(({ inputs }) => arena.place(36 * inputs));
    this.#rows = this.#layers.map(({ inputs, dilation }) => rowsOf(inputs, dilation));
    this.#rows.push(rowsOf(this.#layers.at(-1)!.outputs, 0));
    this.#grow(arena.end);
    const size = `${width}, ${band}`;
    if (size === this.#size) {
      for (const { origin, reach, bytes } of this.#rows) this.#clear(origin, reach * bytes);
      return;
    }
    this.#clear(this.#start + this.#left(), arena.end - this.#start);
    for (const [index, { inputs, dilation }] of this.#layers.entries()) {
      new Int32Array(this.#core.memory.buffer, this.#taps[index], 9 * inputs).set(
        tapsOf(inputs, this.#pitch, dilation),
      );
    }
    this.#size = size;
  }

  /** Bytes of the border on the left of a row. */
  #left(): number {
    return 4 * roundUp(Math.max(...this.#layers.map(({ dilation }) => dilation)), 4);
  }

  /** Sets rows to 0, whose column 0 is at `address`. */
  #clear(address: number, bytes: number): void {
    const begin = address - this.#left();
    new Uint8Array(this.#core.memory.buffer).fill(0, begin, begin + bytes);
  }

  #grow(end: number): void {
    const pages = Math.ceil(end / PAGE) - this.#core.memory.buffer.byteLength / PAGE;
    if (pages > 0) this.#core.memory.grow(pages);
  }

  #floats(address: number, length: number): Float32Array {
    return new Float32Array(this.#core.memory.buffer, address, length);
  }
}

function rowAddress({ origin, first, bytes }: Rows, row: number): number {
  return origin + (row - first) * bytes;
}
