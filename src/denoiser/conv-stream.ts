/**
 * A network of convolutions in the WebAssembly core. Pictures of any height go through it row by row
 * (assembly/stream/conv-stream.ts).
 */
import { DenoiseError } from "../errors.ts";
import type { ConvModel } from "../model/conv-model.ts";
import type { InferenceCore } from "../wasm/inference.ts";
import type { Window } from "./windows.ts";

const PAGE = 65_536;

/** Is told where a row of a picture lies: value (channel, column) is `floats[at + channel * stride + column]`. */
export type RowCallback = (row: number, floats: Float32Array, at: number, stride: number) => void;

/** A picture, or a window of one, that goes through the network: its size, its noise level, and callbacks for its rows. */
export interface StreamedRows {
  /** Column `start` of the picture is the first of a row. Of the output, only the columns [from, to) are wanted. */
  readonly window: Window;
  readonly height: number;
  /** The noise level as the network sees it. */
  readonly level: number;
  /** Writes a row of the picture into `floats`. */
  readonly write: RowCallback;
  /** Reads a row of the network's output from `floats`. Its columns outside [from, to) may hold anything. */
  readonly read: RowCallback;
}

/** A network that pictures can be run through, one after the other. */
export interface ConvStream {
  readonly model: ConvModel;
  /** How many rows the network takes of a picture of this height: more than there are if it needs a multiple of some number. */
  inputRows(height: number): number;
  /**
   * Runs the network over a picture of any size. The picture is continued to the right and below by its mirror image, as
   * far as the network needs, and every layer pads it as in training. After each row of input it yields the number of
   * output rows that have been read so far. Another picture may begin once this one has ended or has been given up.
   * @throws DenoiseError if there is not enough memory
   */
  run(rows: StreamedRows): Generator<number>;
}

/** Puts a model into a core that does not have one yet. @throws DenoiseError if there is not enough memory for it */
export function createConvStream(core: InferenceCore, model: ConvModel): ConvStream {
  const { layers, padding, channels, noiseLevel, multiple, least } = model;
  const { memory } = core;
  const grow = (end: number) => {
    const pages = Math.ceil(end / PAGE) - memory.buffer.byteLength / PAGE;
    try {
      if (pages > 0) memory.grow(pages);
    } catch (cause) {
      const need = `${Math.ceil(end / 1e6)} MB of WebAssembly memory`;
      throw new DenoiseError(`The model needs ${need}, which it did not get. Use a smaller one.`, { cause });
    }
  };
  const padded = (length: number) => Math.ceil(Math.max(length, least) / multiple) * multiple;
  grow(core.begin(layers.length, channels, +(padding === "reflect"), +noiseLevel));
  for (const layer of layers) {
    if (layer.type === "add") core.addSum(layer.from);
    else if (layer.type === "conv3x3" || layer.type === "conv1x1") {
      const { outputs, window, dilation, activation, weight, scale, biases } = layer;
      const end = core.addConvolution(window, outputs, dilation, +(activation === "relu"));
      const atBias = end + 4 * outputs;
      const atWeight = atBias + 4 * outputs;
      grow(atWeight + weight.byteLength);
      const put = (at: number, { buffer, byteOffset, byteLength }: ArrayBufferView) =>
        new Uint8Array(memory.buffer, at).set(new Uint8Array(buffer, byteOffset, byteLength));
      if (scale) put(end, scale);
      put(atBias, biases);
      put(atWeight, weight);
      core.setParameters(atWeight, weight.BYTES_PER_ELEMENT, end, atBias);
    } else core.addPixels(+(layer.type === "pixel-shuffle"));
  }
  return {
    model,
    inputRows: padded,
    *run({ window: { start, end, from, to }, height, level, write, read }) {
      const width = end - start;
      const columns = padded(width);
      const rows = padded(height);
      grow(core.fit(rows, columns, from - start, to - start));
      core.start(level);
      const floats = new Float32Array(memory.buffer);
      const stride = core.pitch.value / 4;
      let done = 0;
      for (let row = 0; row < rows; row++) {
        let at = core.input.value >>> 2;
        write(insideOf(row, height), floats, at, stride);
        for (let c = 0; c < channels; c++, at += stride) {
          for (let x = width; x < columns; x++) floats[at + x] = floats[at + insideOf(x, width)]!;
        }
        const next = Math.min(done + core.push(), height);
        at = core.output.value >>> 2;
        for (; done < next; done++, at += channels * stride) read(done, floats, at, stride);
        yield done;
      }
    },
  };
}

/**
 * Where position t of a picture that is continued by its mirror image comes from. Like PyTorch's "reflect", it does not
 * repeat the edge; what is further away than the mirror image reaches is what the mirror image ends with.
 */
export function insideOf(t: number, size: number): number {
  const distance = Math.abs(t);
  return distance < size ? distance : Math.max(0, 2 * (size - 1) - distance);
}
