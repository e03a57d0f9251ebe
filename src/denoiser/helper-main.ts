/**
 * The code of a helper: a worker thread that runs the network over windows of pictures for a team (team.ts), and denoises
 * small pictures from beginning to end. Where the helper is made from text, scripts/build.js bundles this file into that text.
 */
import type { ConvModel } from "../model/conv-model.ts";
import type { PictureValues } from "../pictures/picture.ts";
import { loadInference } from "../wasm/inference.ts";
import { type ConvStream, createConvStream, type StreamedRows } from "./conv-stream.ts";
import { denoisePicture, type Run } from "./denoise-picture.ts";
import type { Denoised } from "./denoiser.ts";
import type { Request } from "./request.ts";
import { windowsOf } from "./windows.ts";

/** The first message to a helper, which it answers once it is ready. */
export interface HelperSetup {
  readonly module: WebAssembly.Module;
  readonly models: readonly ConvModel[];
}

/** A message to a helper: a picture that it denoises alone. */
export interface SomePicture {
  readonly request: Omit<Request<PictureValues>, "signal" | "onProgress">;
}

/** The answer: the denoised picture; nothing if that failed. */
export interface SomeDenoised {
  readonly denoised: Denoised | undefined;
}

/** A message to a helper: the next rows of a window, [rows, channels, columns]. */
export interface SomeRows {
  /** With the first rows of a window. */
  readonly begin: Begin | undefined;
  readonly rows: Buffered;
  /** Memory for the answer. */
  readonly spare: Float32Array<ArrayBuffer> | undefined;
}

/** The number of the network that a window goes through, and what `StreamedRows` says of it. */
interface Begin extends Pick<StreamedRows, "window" | "height" | "level"> {
  readonly network: number;
}

/** The answer: those rows of output that became possible, and the memory in which the input came, for later use. */
export interface SomeOutput {
  readonly output: Buffered;
  readonly spare: Float32Array<ArrayBuffer>;
}

/** The first `length` values of a buffer. Buffers go to and fro, since it takes long until the engine frees old ones. */
export interface Buffered {
  readonly values: Float32Array<ArrayBuffer>;
  readonly length: number;
}

/** What a worker's port has in all runtimes. */
interface Port {
  postMessage(message: unknown, transfer?: ArrayBuffer[]): void;
  onmessage: ((event: { data: unknown }) => void) | null;
}

export function helperMain(port: Port): void {
  let streams: ConvStream[];
  let channels: number;
  let width: number;
  let window: Generator<number>;
  let given: Float32Array;
  /** Where the next row of `given` begins. */
  let next: number;
  let output: Float32Array<ArrayBuffer>;
  /** How many values of `output` are written. */
  let length: number;

  const begin = ({ network, ...size }: Begin) => {
    const stream = streams[network]!;
    width = size.window.end - size.window.start;
    channels = stream.model.channels;
    window = stream.run({
      ...size,
      write(_, floats, at, stride) {
        for (let end = at + channels * stride; at < end; at += stride, next += width)
          floats.set(given.subarray(next, next + width), at);
      },
      read(_, floats, at, stride) {
        if (length + channels * width > output.length) {
          const larger = new Float32Array(2 * (length + channels * width));
          larger.set(output);
          output = larger;
        }
        for (let end = at + channels * stride; at < end; at += stride, length += width)
          output.set(floats.subarray(at, at + width), length);
      },
    });
  };

  /** Takes all windows of a picture through a network. */
  const run: Run = async (network, width, _, rowsOf) => {
    const stream = streams[network]!;
    const { reach, multiple } = stream.model;
    for (const rows of windowsOf(width, reach, multiple).flatMap(rowsOf)) {
      for (const _ of stream.run(rows));
    }
  };

  const denoise = async ({ request }: SomePicture) => {
    const models = streams.map(({ model }) => model);
    const denoised = await denoisePicture(run, models, request as Request<PictureValues>).catch(
      () => undefined,
    );
    const answer: SomeDenoised = { denoised };
    port.postMessage(answer, denoised ? [denoised.data.buffer as ArrayBuffer] : []);
  };

  const take = async (data: unknown) => {
    const { module, models } = data as HelperSetup;
    if (module) {
      const streamOf = async (model: ConvModel) => createConvStream(await loadInference(module), model);
      streams = await Promise.all(models.map(streamOf));
      port.postMessage("ready");
      return;
    }
    if ((data as SomePicture).request) return denoise(data as SomePicture);
    const { begin: size, rows, spare } = data as SomeRows;
    if (size) begin(size);
    given = rows.values;
    next = 0;
    output = spare ?? new Float32Array(rows.length);
    length = 0;
    while (next < rows.length) window.next();
    const answer: SomeOutput = { output: { values: output, length }, spare: rows.values };
    port.postMessage(answer, [output.buffer, rows.values.buffer]);
  };

  /** Answers keep the order of the messages: Deno delivers a message while another one waits for a promise. */
  let turn: Promise<void> = Promise.resolve();
  port.onmessage = ({ data }) => {
    turn = turn.then(() => take(data));
  };
}
