/**
 * The code of a helper: a worker thread that runs the network over windows of pictures for a team (team.ts). Where the
 * helper is made from text, scripts/build.js bundles this file into that text.
 */
import type { ConvModel } from "../model/conv-model.ts";
import { loadInference } from "../wasm/inference.ts";
import { type ConvStream, createConvStream } from "./conv-stream.ts";

/** The first message to a helper, which it answers once it is ready. */
export interface HelperSetup {
  readonly module: WebAssembly.Module;
  readonly model: ConvModel;
}

/**
 * Every other message to a helper: the next rows of a window, [rows, channels, columns]. It is answered by a Float32Array
 * of the rows of output that became possible, of the same shape.
 */
export interface SomeRows {
  /** With the first rows of a window: its size, and the noise level as the network sees it. */
  readonly begin: { readonly width: number; readonly height: number; readonly level: number } | undefined;
  readonly rows: Float32Array<ArrayBuffer>;
}

/** What a worker's port has in all runtimes. */
interface Port {
  postMessage(message: unknown, transfer?: ArrayBuffer[]): void;
  onmessage: ((event: { data: unknown }) => void) | null;
}

export function helperMain(port: Port): void {
  let stream: ConvStream;
  let channels: number;
  let width: number;
  let window: Generator<number>;
  let given: Float32Array;
  /** Where the next row of `given` begins. */
  let next: number;
  let results: Float32Array[];

  const begin = (size: { width: number; height: number; level: number }) => {
    width = size.width;
    window = stream.run({
      ...size,
      write(_, floats, at, stride) {
        for (let end = at + channels * stride; at < end; at += stride, next += width)
          floats.set(given.subarray(next, next + width), at);
      },
      read(_, floats, at, stride) {
        for (let end = at + channels * stride; at < end; at += stride)
          results.push(floats.slice(at, at + width));
      },
    });
  };

  port.onmessage = async ({ data }) => {
    const { module, model } = data as HelperSetup;
    if (module) {
      ({ channels } = model);
      stream = createConvStream(await loadInference(module), model);
      port.postMessage("ready");
      return;
    }
    const some = data as SomeRows;
    if (some.begin) begin(some.begin);
    given = some.rows;
    next = 0;
    results = [];
    while (next < given.length) window.next();
    const output = new Float32Array(results.length * width);
    results.forEach((values, index) => {
      output.set(values, index * width);
    });
    port.postMessage(output, [output.buffer]);
  };
}
