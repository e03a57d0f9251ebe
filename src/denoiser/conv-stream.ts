/**
 * A network of 3×3 convolutions in the WebAssembly core. Pictures of any height go through it row by row
 * (assembly/stream/conv-stream.ts).
 */
import type { ConvModel } from "../model/conv-model.ts";
import type { InferenceCore } from "../wasm/inference.ts";

const PAGE = 65_536;

/** Is told where a row of a picture lies: value (channel, column) is `floats[at + channel * stride + column]`. */
export type RowCallback = (row: number, floats: Float32Array, at: number, stride: number) => void;

/** A picture that goes through the network: its size, and callbacks for its rows. */
export interface StreamedRows {
  readonly width: number;
  readonly height: number;
  /** Writes a row of the network's input into `floats`. */
  readonly write: RowCallback;
  /** Reads a row of the network's output from `floats`. */
  readonly read: RowCallback;
}

/** A network that pictures can be run through, one after the other. */
export interface ConvStream {
  /**
   * Runs the network over a picture, which every layer pads as in training. After each row of input it yields the
   * number of output rows that have been read so far. Another picture may begin once this one has ended or has been
   * given up. If borders are mirrored, the picture has to be wider and higher than every dilation.
   */
  run(rows: StreamedRows): Generator<number>;
}

/** Puts a model into a core that does not have one yet. */
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
