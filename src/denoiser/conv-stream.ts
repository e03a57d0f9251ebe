/**
 * A network of 3×3 convolutions in the core, through which pictures of any height go row by row
 * (assembly/stream/conv-stream.ts).
 */
import type { ConvModel } from "../model/conv-model.ts";
import type { InferenceCore } from "../wasm/inference.ts";

const PAGE = 65_536;

/** Where a row of a picture lies in `floats`: value (channel, column) is `floats[at + channel * stride + column]`. */
export type RowCallback = (row: number, floats: Float32Array, at: number, stride: number) => void;

/** A picture on its way through the network: its size, and where its rows come from and go to. */
export interface StreamedRows {
  readonly width: number;
  readonly height: number;
  /** Writes a row of the network's input. */
  readonly write: RowCallback;
  /** Takes a row of its output. */
  readonly read: RowCallback;
}

/** A network that pictures can be run through, one after the other. */
export interface ConvStream {
  /**
   * Runs the network over a picture, padded around every layer as in training; yields the number of rows that were
   * read after each that was written. Another picture may begin when the last one is through or given up. Where
   * borders are mirrored, the picture has to be wider and higher than every dilation.
   */
  run(rows: StreamedRows): Generator<number>;
}

/** Puts a model into a core that has none. */
export function createConvStream(
  core: InferenceCore,
  { layers, padding }: Pick<ConvModel, "layers" | "padding">,
): ConvStream {
  const { memory } = core;
  const grow = (end: number) => {
    const pages = Math.ceil(end / PAGE) - memory.buffer.byteLength / PAGE;
    if (pages > 0) memory.grow(pages);
  };
  grow(core.begin(layers.length, +(padding === "reflect")));
  for (const { inputs, outputs, dilation, activation, weight, scale, bias } of layers) {
    const end = core.addLayer(inputs, outputs, dilation, +(activation === "relu"));
    const atBias = end + 4 * outputs;
    const atWeight = atBias + 4 * outputs;
    grow(atWeight + weight.byteLength);
    const put = (at: number, { buffer, byteOffset, byteLength }: ArrayBufferView) =>
      new Uint8Array(memory.buffer, at).set(new Uint8Array(buffer, byteOffset, byteLength));
    if (scale) put(end, scale);
    put(atBias, bias);
    put(atWeight, weight);
    core.setParameters(atWeight, weight.BYTES_PER_ELEMENT, end, atBias);
  }
  return {
    *run({ width, height, write, read }) {
      grow(core.fit(width));
      core.start(height);
      const floats = new Float32Array(memory.buffer);
      const stride = core.pitch.value / 4;
      let done = 0;
      for (let row = 0; row < height; row++) {
        write(row, floats, core.input.value / 4, stride);
        const end = done + core.push();
        let at = core.output.value / 4;
        for (; done < end; done++, at += layers.at(-1)!.outputs * stride) read(done, floats, at, stride);
        yield done;
      }
    },
  };
}
