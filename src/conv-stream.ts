/**
 * A network of 3×3 convolutions over a picture of any height, band of rows by band of rows: each layer follows the
 * one before it at the distance of its window, and keeps the few rows that it will read again. So no value is
 * computed twice, every value is the whole picture's, and the memory depends on the width alone. Layout of the
 * rows: assembly/winograd.ts.
 */
import { LayerWord } from "../assembly/winograd-layer.ts";
import { Arena, roundUp } from "./arena.ts";
import type { ConvLayer, ConvModel } from "./conv-model.ts";
import type { InferenceCore } from "./wasm/inference.ts";
import { productsLength, transformedWeights, weightLength } from "./winograd.ts";

/** Pixels of a band: few enough that the rows of all layers stay near the processor. */
const BAND_PIXELS = 4096;
/** Bytes past a buffer's last row that kernels may read. */
const SLACK = 128;
const PAGE = 65_536;

/** Transformed rows [first, end) of what a layer reads; row `first` lies at `origin`. */
interface Rows {
  /** Bytes of one row of all channels. */
  readonly bytes: number;
  /** How far the layer's window reaches. */
  readonly reach: number;
  /** Address of the first row kept; those above the picture come before it. */
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
  readonly #bandPixels: number;
  readonly #layers: readonly ConvLayer[];
  readonly #mirrored: boolean;
  /** What the columns are split by; windows that begin at its multiples give the whole picture's values. */
  readonly modulus: number;
  readonly #weights: { weight: number; bias: number }[] = [];
  /** Where the parameters end, and what depends on the pictures' size begins. */
  readonly #start: number;
  #width = 0;
  #band = 0;
  /** Bytes of a channel in the plain rows that go in and come out. */
  #plainPitch = 0;
  /** The plain rows of a band. */
  #plain = 0;
  /** The records of the layers, that of the network's input first. */
  #records: number[] = [];
  #rows: Rows[] = [];

  constructor(
    core: InferenceCore,
    { layers, padding }: Pick<ConvModel, "layers" | "padding">,
    bandPixels = BAND_PIXELS,
  ) {
    this.#core = core;
    this.#bandPixels = bandPixels;
    this.#layers = layers;
    this.#mirrored = padding === "reflect";
    this.modulus = modulusOf(layers);
    const arena = new Arena();
    for (const { inputs, outputs } of layers) {
      this.#weights.push({
        weight: arena.floats(weightLength(outputs, inputs)),
        bias: arena.floats(roundUp(outputs, 4)),
      });
    }
    this.#start = arena.end;
    this.#grow(arena.end);
    for (const [index, { inputs, outputs, weight, bias }] of layers.entries()) {
      const place = this.#weights[index]!;
      this.#floats(place.weight, weightLength(outputs, inputs)).set(
        transformedWeights(weight, outputs, inputs),
      );
      this.#floats(place.bias, outputs).set(bias);
    }
  }

  /**
   * Runs the network over a picture, padded around every layer as in training; yields the number of rows that were
   * read after each band. Another picture may begin when the last one is through or given up. Where borders are
   * mirrored, the picture has to be wider and higher than every dilation.
   */
  *run({ width, height, write, read }: Picture): Generator<number> {
    this.#fit(width, height);
    const floats = new Float32Array(this.#core.memory.buffer);
    const input = this.#rows[0]!;
    const { outputs } = this.#layers.at(-1)!;
    const stride = this.#plainPitch / 4;
    let done = 0;
    while (done < height) {
      const count = Math.min(height - input.end, this.#band);
      let at = this.#plain / 4;
      for (let row = input.end; row < input.end + count; row++, at += this.#layers[0]!.inputs * stride) {
        write(row, floats, at, stride);
      }
      this.#core.enterRows(this.#records[0]!, rowAddress(input, input.end), this.#plain, count);
      input.end += count;
      const end = this.#follow(done, height);
      at = this.#plain / 4;
      for (; done < end; done++, at += outputs * stride) read(done, floats, at, stride);
      yield done;
    }
  }

  /** Every layer computes all rows that its input allows. @returns the row of the output after the last one. */
  #follow(done: number, height: number): number {
    const last = this.#layers.length - 1;
    for (let index = 0; index <= last; index++) {
      const input = this.#rows[index]!;
      const output = this.#rows[index + 1];
      const whole = input.end === height;
      if (whole) this.#padBelow(input);
      const begin = output ? output.end : done;
      const reached = whole ? height : Math.max(begin, input.end - input.reach);
      const end = Math.min(reached, begin + this.#band);
      if (end > begin) {
        if (begin === 0) this.#padAbove(input);
        const y = output ? rowAddress(output, begin) : this.#plain;
        this.#core.convolveRows(this.#records[index + 1]!, y, rowAddress(input, begin), end - begin);
      }
      const kept = end - input.reach;
      if (kept > input.first && !whole) {
        this.#copyRows(input, input.first, kept, input.end - kept);
        input.first = kept;
      }
      if (output) output.end = end;
      else done = end;
    }
    return done;
  }

  /** Places the buffers for pictures of a size, and makes them zero: what lies outside the picture has to be. */
  #fit(width: number, height: number): void {
    const band = Math.min(height, Math.max(1, Math.floor(this.#bandPixels / width)));
    const known = width === this.#width && band === this.#band;
    if (!known) this.#place(width, band);
    for (const rows of this.#rows) {
      rows.first = -rows.reach;
      rows.end = 0;
      if (known) this.#clear(rows.origin, rows.reach * rows.bytes);
    }
  }

  #place(width: number, band: number): void {
    const layers = this.#layers;
    const arena = new Arena();
    arena.end = this.#start;
    this.#width = width;
    this.#band = band;
    const { modulus } = this;
    const vectors = Math.ceil(width / (4 * modulus));
    // An even number of cache lines would put all channels into a few sets of the cache.
    const bytes = 4 * modulus * vectors;
    const pitch = bytes % 128 === 0 ? bytes + 64 : bytes;
    const splitPitch = 16 * (vectors + 2);
    const channels = [layers[0]!.inputs, ...layers.map(({ outputs }) => outputs)];
    const most = Math.max(...channels);
    this.#plainPitch = 4 * roundUp(width, 16);
    this.#plain = arena.place(band * Math.max(channels[0]!, channels.at(-1)!) * this.#plainPitch);
    const split = arena.place(most * modulus * splitPitch) + 16;
    const products = arena.place(productsLength(most));
    const taps = layers.map(({ inputs }) => arena.place(12 * inputs));
    this.#records = channels.map(() => arena.place(4 * (LayerWord.plainPitch + 1)));
    this.#rows = layers.map(({ inputs, dilation: reach }) => {
      const bytes = 6 * inputs * pitch;
      const origin = arena.place((band + 3 * reach) * bytes + SLACK);
      return { bytes, reach, origin, first: -reach, end: 0 };
    });
    this.#grow(arena.end);
    this.#clear(this.#start, arena.end - this.#start);
    for (const [index, outs] of channels.entries()) {
      const layer = layers[index - 1];
      const record = new Int32Array(this.#core.memory.buffer, this.#records[index], LayerWord.plainPitch + 1);
      const nextDilation = layers[index]?.dilation ?? 0;
      const words = {
        outs,
        nextDilation,
        mirrored: +this.#mirrored,
        width,
        modulus,
        vectors,
        split,
        splitPitch,
        products,
        pitch,
        plainPitch: this.#plainPitch,
      };
      for (const [name, value] of Object.entries(words))
        record[LayerWord[name as keyof typeof words]] = value;
      if (!layer) continue;
      const { inputs: ins, dilation } = layer;
      const { weight, bias } = this.#weights[index - 1]!;
      record.set([ins, outs, weight, bias, taps[index - 1]!, +(layer.activation === "relu"), dilation]);
      const table = new Int32Array(this.#core.memory.buffer, taps[index - 1], 3 * ins);
      for (let k = 0; k < table.length; k++)
        table[k] = ((k % 3) - 1) * dilation * 6 * ins * pitch + Math.floor(k / 3) * pitch;
    }
  }

  /** The rows above the picture; zeros are there from the start. */
  #padAbove(rows: Rows): void {
    if (!this.#mirrored) return;
    for (let r = 1; r <= rows.reach; r++) this.#copyRows(rows, -r, r, 1);
  }

  /** The rows below the picture. */
  #padBelow(rows: Rows): void {
    if (!this.#mirrored) this.#clear(rowAddress(rows, rows.end), rows.reach * rows.bytes);
    else for (let r = 1; r <= rows.reach; r++) this.#copyRows(rows, rows.end - 1 + r, rows.end - 1 - r, 1);
  }

  /** Copies `count` rows to where row `to` is. */
  #copyRows(rows: Rows, to: number, from: number, count: number): void {
    const source = rowAddress(rows, from);
    const bytes = new Uint8Array(this.#core.memory.buffer);
    bytes.copyWithin(rowAddress(rows, to), source, source + count * rows.bytes);
  }

  #clear(address: number, bytes: number): void {
    new Uint8Array(this.#core.memory.buffer, address, bytes).fill(0);
  }

  #grow(end: number): void {
    const pages = Math.ceil(end / PAGE) - this.#core.memory.buffer.byteLength / PAGE;
    if (pages > 0) this.#core.memory.grow(pages);
  }

  #floats(address: number, length: number): Float32Array {
    return new Float32Array(this.#core.memory.buffer, address, length);
  }
}

/** The least number that four times each dilation divides. */
function modulusOf(layers: readonly ConvLayer[]): number {
  const fits = (modulus: number) => layers.every(({ dilation }) => modulus % (4 * dilation) === 0);
  let modulus = 4;
  while (!fits(modulus)) modulus += 4;
  return modulus;
}

function rowAddress({ origin, first, bytes }: Rows, row: number): number {
  return origin + (row - first) * bytes;
}
