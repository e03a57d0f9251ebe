/** Inference only: image in, image out. */
import bundled from "../build/models/fashion-conv.js";
import { type ConvModel, convModelOf, decodeConvModel, type ModelLike } from "./conv-model.ts";
import { ConvStream, type RowCallback } from "./conv-stream.ts";
import { DataError, DenoiseError, ModelFileError, SpecError } from "./errors.ts";
import { yieldToEventLoop } from "./event-loop.ts";
import { checkImage, type Image, type ImageValues } from "./image.ts";
import { estimateSigma } from "./sigma.ts";
import { chooseVariant, type Mode, type Variant } from "./wasm/detect.ts";
import { bytesOf, loadInference, type WasmSource } from "./wasm/inference.ts";

export interface DenoiserOptions {
  /** The weights: a model file's bytes, a Response or URL of one, or a model in memory. Default: those bundled. */
  model?: ModelLike | Uint8Array | ArrayBuffer | Response | URL | string | undefined;
  /** The inference build of the core in place of the one inlined, where a runtime forbids compiling from bytes. */
  wasm?: WasmSource | undefined;
  /** Default `"reproducible"`. */
  mode?: Mode | undefined;
}

export interface DenoiseOptions {
  /** Standard deviation of the noise in grey levels, or `"auto"` (the default): see `estimateSigma`. With 0 nothing is changed. */
  sigma?: number | "auto" | undefined;
  /** How much of the noise to take away, 0 to 1; 1 if left out. */
  strength?: number | undefined;
  /**
   * In a worker (src/browser.ts): the picture's memory is handed over, not copied; its `data` is empty after that. The result is
   * always handed over.
   */
  transfer?: boolean | undefined;
  /** Ends the work; the promise is rejected with the signal's reason. */
  signal?: AbortSignal | undefined;
  /** Called with the part that is done, 0 to 1. */
  onProgress?: ((done: number) => void) | undefined;
}

/** A picture as it was given, denoised. */
export interface Denoised<Values extends ImageValues> extends Image<Values> {
  readonly channels: number;
  /** The noise level that it was denoised for. */
  readonly sigma: number;
}

export interface Denoiser {
  /** The build of the core that runs. */
  readonly variant: Variant;
  /**
   * Denoises a picture of any size: grey, RGB, or either with alpha, which is kept. A model of one channel takes
   * each colour by itself. The result is a new array of the same kind; bytes are rounded and cut off at 0 and 255,
   * float32 values are not. Works on after its caller: calls are taken one after the other, and the event loop gets
   * its turn at least every 25 ms or so. The memory needed does not grow with the picture.
   *
   * @throws DataError if the picture is empty, does not fit together, is not finite or has channels the model lacks
   * @throws SpecError if an option is out of range
   */
  denoise<Values extends ImageValues>(
    image: Image<Values>,
    options?: DenoiseOptions,
  ): Promise<Denoised<Values>>;
  /** Lets go of the memory; the denoiser can do nothing after that. */
  dispose(): void;
  [Symbol.dispose](): void;
}

/** Widest picture that is taken in one; wider ones are cut into columns that overlap. */
const MOST_COLUMNS = 2048;
/** Milliseconds between turns of the event loop. */
const PATIENCE = 20;

/**
 * Builds a denoiser.
 * @throws ModelFileError if the model cannot be read, is broken or is not of convolutions
 * @throws UnsupportedRuntimeError without WebAssembly SIMD
 */
export async function createDenoiser(options: DenoiserOptions = {}): Promise<Denoiser> {
  const variant = chooseVariant(options.mode ?? "reproducible");
  const model = await modelFrom(options.model);
  const core = await loadInference(options.wasm, variant);
  return new StreamingDenoiser(model, new ConvStream(core, model), variant);
}

class StreamingDenoiser implements Denoiser {
  #stream: ConvStream | undefined;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(
    readonly model: ConvModel,
    stream: ConvStream,
    readonly variant: Variant,
  ) {
    this.#stream = stream;
  }

  denoise<Values extends ImageValues>(
    image: Image<Values>,
    options: DenoiseOptions = {},
  ): Promise<Denoised<Values>> {
    const result = this.#turn.then(() => this.#denoise(image, options));
    this.#turn = result.catch(() => {});
    return result;
  }

  dispose(): void {
    this.#stream = undefined;
  }

  [Symbol.dispose](): void {
    this.dispose();
  }

  async #denoise<Values extends ImageValues>(
    image: Image<Values>,
    { sigma: asked = "auto", strength = 1, signal, onProgress }: DenoiseOptions,
  ): Promise<Denoised<Values>> {
    signal?.throwIfAborted();
    if (!this.#stream) throw new DenoiseError("The denoiser was disposed of. Create another one.");
    const { channels, colors } = checkImage(image);
    checkOptions(asked, strength);
    const { data, width, height } = image;
    checkSize(width, height, this.model);
    const groups = groupsOf(colors, this.model.channels);
    const sigma = asked === "auto" ? estimateSigma(image) : asked;
    const result = copyOf(data);
    if (sigma > 0 && strength > 0) {
      const { modulus } = this.#stream;
      const windows = windowsOf(width, modulus * this.model.layers.length, modulus);
      const total = windows.length * groups.length * height;
      let done = 0;
      let resumed = performance.now();
      for (const window of windows) {
        for (const group of groups) {
          const copy = this.#rowCopy(data, result, { width, channels, group, window, sigma, strength });
          const picture = { width: window.end - window.start, height, ...copy };
          for (const row of this.#stream.run(picture)) {
            if (performance.now() - resumed < PATIENCE) continue;
            onProgress?.((done + row) / total);
            await yieldToEventLoop();
            signal?.throwIfAborted();
            resumed = performance.now();
          }
          done += height;
        }
      }
    }
    onProgress?.(1);
    return { data: result, width, height, channels, sigma };
  }

  /** From the picture's rows to the network's input, and from its output back. */
  #rowCopy(data: ImageValues, result: ImageValues, copy: RowCopy): { write: RowCallback; read: RowCallback } {
    const { scale, noiseLevel, residual } = this.model;
    const { width, channels, group, window, sigma, strength } = copy;
    const { start, end, from, to } = window;
    const level = Math.fround(scale * sigma);
    const unscaled = 1 / scale;
    const values = result instanceof Uint8Array ? new Uint8ClampedArray(result.buffer) : result;
    return {
      write(row, floats, at, stride) {
        for (const [index, channel] of group.entries()) {
          let source = (row * width + start) * channels + channel;
          const target = at + index * stride;
          for (let i = target; i < target + end - start; i++, source += channels)
            floats[i] = scale * data[source]!;
        }
        if (noiseLevel)
          floats.fill(level, at + group.length * stride, at + group.length * stride + end - start);
      },
      read(row, floats, at, stride) {
        for (const [index, channel] of group.entries()) {
          let i = (row * width + from) * channels + channel;
          const first = at + index * stride + from - start;
          for (let source = first; source < first + to - from; source++, i += channels) {
            const output = unscaled * floats[source]!;
            const noise = residual ? output : data[i]! - output;
            values[i] = data[i]! - strength * noise;
          }
        }
      },
    };
  }
}

/** Columns [start, end) that go through the network, of which [from, to) are those of the whole picture. */
interface Window {
  readonly start: number;
  readonly end: number;
  readonly from: number;
  readonly to: number;
}

interface RowCopy {
  readonly width: number;
  readonly channels: number;
  readonly group: readonly number[];
  readonly window: Window;
  readonly sigma: number;
  readonly strength: number;
}

/**
 * Windows over a picture's columns, those but the last of equal width. At the picture's edges they end where it
 * does, so that what lies around it is there for every layer; elsewhere they overlap by what is spoiled around a window.
 * All begin at multiples of `step`, which divides `halo`, and hand over there.
 */
export function windowsOf(width: number, halo: number, step: number, most = MOST_COLUMNS): Window[] {
  const count = width <= most ? 1 : Math.ceil((width - 2 * halo) / (most - 2 * halo));
  const size = Math.ceil((width - 2 * halo) / count / step) * step + 2 * halo;
  const windows: Window[] = [];
  for (let from = 0; from < width; from = windows.at(-1)!.to) {
    const start = Math.max(0, from - halo);
    const end = Math.min(width, start + size);
    windows.push({ start, end, from, to: end === width ? width : end - halo });
  }
  return windows;
}

/** Which of a picture's channels go through the network together. @throws DataError where they do not fit it */
function groupsOf(colors: 1 | 3, modelChannels: number): number[][] {
  const all = [0, 1, 2].slice(0, colors);
  if (modelChannels === colors) return [all];
  if (modelChannels === 1) return all.map((channel) => [channel]);
  throw new DataError("The model is for RGB pictures and this one is grey. Use a model for grey pictures.");
}

/** A new array of the same kind. (A Buffer's `slice` is none.) */
function copyOf<Values extends ImageValues>(data: Values): Values {
  if (data instanceof Float32Array) return new Float32Array(data) as ImageValues as Values;
  return (data instanceof Uint8ClampedArray ? new Uint8ClampedArray(data) : new Uint8Array(data)) as Values;
}

/** @throws DataError where a picture is too small to be mirrored as far as the model sees */
function checkSize(width: number, height: number, { padding, layers }: ConvModel): void {
  const reach = Math.max(...layers.map(({ dilation }) => dilation));
  if (padding === "zeros" || Math.min(width, height) > reach) return;
  throw new DataError(
    `The picture has ${width} × ${height} pixels; this model needs more than ${reach} each way. Use a larger picture.`,
  );
}

function checkOptions(sigma: unknown, strength: unknown): void {
  if (sigma !== "auto" && !(typeof sigma === "number" && sigma >= 0 && sigma < Infinity)) {
    throw new SpecError(`sigma has to be "auto" or a number of at least 0, but is ${sigma}.`);
  }
  if (!(typeof strength === "number" && strength >= 0 && strength <= 1)) {
    throw new SpecError(`strength has to be a number from 0 to 1, but is ${strength}.`);
  }
}

async function modelFrom(source: DenoiserOptions["model"]): Promise<ConvModel> {
  if (source === undefined) {
    if (bundled === undefined) {
      throw new ModelFileError(
        "This build has no weights in it. Pass a model file's bytes or address as `model`.",
      );
    }
    return decodeConvModel(bytesOf(bundled), "the bundled model");
  }
  if (source instanceof Uint8Array) return decodeConvModel(source, "the model");
  if (source instanceof ArrayBuffer) return decodeConvModel(new Uint8Array(source), "the model");
  if (typeof source === "string" || source instanceof URL)
    return fetched(await get(String(source)), String(source));
  if ("arrayBuffer" in source) return fetched(source, source.url || "the model");
  return convModelOf(source, "the model");
}

async function get(url: string): Promise<Response> {
  try {
    return await fetch(url);
  } catch (cause) {
    throw new ModelFileError(`${url} cannot be fetched: ${(cause as Error).message}. Check the address.`, {
      cause,
    });
  }
}

async function fetched(response: Response, name: string): Promise<ConvModel> {
  if (!response.ok)
    throw new ModelFileError(`${name} answered with status ${response.status}. Check the address.`);
  return decodeConvModel(new Uint8Array(await response.arrayBuffer()), name);
}
