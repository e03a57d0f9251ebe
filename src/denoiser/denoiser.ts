/// <reference lib="esnext.disposable" preserve="true" />
/** The denoiser: takes a picture and gives a denoised one. It holds no code for training. */
import weights from "../../build/models/photo.js";
import { DenoiseError, ModelFileError, requireOption, requireRunOptions } from "../errors.ts";
import { type ConvModel, convModelOf, decodeConvModel } from "../model/conv-model.ts";
import type { ModelLike } from "../model/model.ts";
import {
  checkPicture,
  copyOf,
  type Picture,
  type PictureValues,
  type SameKind,
} from "../pictures/picture.ts";
import { bundled } from "../wasm/bundled.ts";
import { type Mode, requireMode, type Variant } from "../wasm/detect.ts";
import { yieldToEventLoop } from "../wasm/event-loop.ts";
import { loadInference } from "../wasm/inference.ts";
import { bytesOf } from "../wasm/inlined.ts";
import { bytesBehind, type Remote, type WasmSource } from "../wasm/source.ts";
import { type ConvStream, createConvStream } from "./conv-stream.ts";
import { type FoundNoise, findNoise } from "./sigma.ts";

/** What a denoiser is built from. Every option has a default. */
export interface DenoiserOptions {
  /**
   * The model: the bytes of a model file, a Response, stream or URL that gives them, or a model in memory. Default: the
   * model that is bundled with this package.
   */
  model?: ModelLike | ArrayBufferView | ArrayBuffer | Remote | undefined;
  /**
   * The inference build of the WebAssembly core, used in place of the one that is inlined in the package: for runtimes
   * that forbid compiling from bytes.
   */
  wasm?: WasmSource | undefined;
  /** Default `"reproducible"`. */
  mode?: Mode | undefined;
}

/** How a picture is denoised. */
export interface DenoiseOptions {
  /**
   * Level of the noise in grey levels, at least 0: its standard deviation, or the root mean square of what it added to the
   * picture. `"auto"`, the default, takes what `estimateSigma` finds. With 0 the result is a copy of the picture.
   */
  sigma?: number | "auto" | undefined;
  /** The part of the noise that is removed, from 0 (none) to 1 (all). Default 1. */
  strength?: number | undefined;
  /**
   * Only for a denoiser in a worker: hands the picture's memory over to the worker instead of copying it, which leaves
   * the picture's `data` empty. The result is always handed over. Default `false`.
   */
  transfer?: boolean | undefined;
  /** Aborts the work: the promise is rejected with the signal's reason. */
  signal?: AbortSignal | undefined;
  /** Called from time to time with the part of the work that is done, from 0 to 1. */
  onProgress?: ((done: number) => void) | undefined;
}

/** A denoised picture: size, channels and kind of array are those of the picture that was given. */
export interface Denoised<Values extends PictureValues = PictureValues> extends Picture<SameKind<Values>> {
  /** Values of each pixel: 1 grey, 2 grey and alpha, 3 RGB, 4 RGBA. */
  readonly channels: number;
  /** The level of the noise, in grey levels, that was given or estimated. */
  readonly sigma: number;
  /**
   * Only where the result is a copy of the picture, and why: `"as-asked"` if `sigma` or `strength` was given as 0, or
   * what `"auto"` made of the picture. `"drawn"`: it has even areas, or patterns of few values, as drawings, pages of text,
   * screenshots and dithered pictures have. `"no-noise"`: it has less noise than can be told from texture.
   */
  readonly unchanged?: "as-asked" | "drawn" | "no-noise";
}

/** Denoises pictures with one model. It holds memory until it is disposed of. */
export interface Denoiser {
  /** The build of the WebAssembly core that this denoiser runs. */
  readonly variant: Variant;
  /**
   * Denoises a picture of any size: grey, RGB, or either with alpha, which is kept unchanged. A model for grey pictures
   * denoises each colour by itself; a model for colour takes a grey picture as three equal colours. The result is a new array of the same kind; bytes are rounded and clamped to 0 to
   * 255, float32 values are not. Several calls are worked off one after the other. While the network runs, the event
   * loop gets its turn about every 25 ms. Beside the result, the memory needed does not grow with the picture.
   *
   * @throws DataError if the picture has no pixels, its parts do not fit together, or a value is not finite
   * @throws SpecError if an option is of the wrong type or out of range
   * @throws DenoiseError if the denoiser was disposed of, or there is not enough memory for the model's layers
   */
  denoise<Values extends PictureValues>(
    picture: Picture<Values>,
    options?: DenoiseOptions,
  ): Promise<Denoised<Values>>;
  /** Releases the memory. The denoiser cannot be used after that. */
  dispose(): void;
  [Symbol.dispose](): void;
}

/** The widest picture, in pixels, that goes through the network whole. Wider ones are cut into overlapping windows. */
const MOST_COLUMNS = 2048;
/** The network runs for this many milliseconds before the event loop gets its next turn. */
const PATIENCE = 20;

/**
 * Builds a denoiser.
 * @throws SpecError if an option is of the wrong type
 * @throws ModelFileError if the model cannot be read, is broken, or is not made of convolutions
 * @throws UnsupportedRuntimeError if the WebAssembly core cannot be loaded, such as where the runtime lacks SIMD
 */
export async function createDenoiser(options: DenoiserOptions = {}): Promise<Denoiser> {
  const { mode = "reproducible" } = options;
  requireMode(mode);
  const { variant, wasm } = bundled(mode);
  // The engine compiles the core while the model is being read.
  const [core, model] = await Promise.all([
    loadInference(options.wasm ?? wasm?.()),
    modelFrom(options.model),
  ]);
  let stream: ConvStream | undefined = createConvStream(core, model);
  let turn: Promise<unknown> = Promise.resolve();
  const dispose = () => {
    stream = undefined;
  };
  return {
    variant,
    denoise(picture, options) {
      const result = turn.then(() => {
        if (!stream) throw new DenoiseError("The denoiser was disposed of. Create another one.");
        return denoise(stream, model, picture, options);
      });
      turn = result.catch(() => {});
      return result;
    },
    dispose,
    [Symbol.dispose]: dispose,
  };
}

async function denoise<Values extends PictureValues>(
  stream: ConvStream,
  model: ConvModel,
  picture: Picture<Values>,
  { sigma: asked = "auto", strength = 1, signal, onProgress }: DenoiseOptions = {},
): Promise<Denoised<Values>> {
  requireRunOptions(signal, onProgress);
  signal?.throwIfAborted();
  const isLevel = asked === "auto" || (Number.isFinite(asked) && asked >= 0);
  requireOption("sigma", asked, isLevel, '"auto" or a number of at least 0');
  const isPart = Number.isFinite(strength) && strength >= 0 && strength <= 1;
  requireOption("strength", strength, isPart, "a number from 0 to 1");
  const checked = checkPicture(picture);
  const { channels, colors, distinct } = checked;
  const { data, width, height } = picture;
  const groups = channelGroups(distinct, model.channels);
  // Where the three colours are equal, the first is denoised, and the others become its copies.
  const copied = distinct < colors;
  const averaged = model.channels > distinct;
  const { sigma, noiseless }: FoundNoise = asked === "auto" ? findNoise(picture, checked) : { sigma: asked };
  const result = copyOf(data);
  const windows = sigma * strength > 0 ? windowsOf(width, model.reach, model.multiple) : [];
  const { scale, residual } = model;
  const level = Math.fround(scale * sigma);
  const unscaled = 1 / scale;
  const values = result instanceof Uint8Array ? new Uint8ClampedArray(result.buffer) : result;
  let done = 0;
  let resumed = performance.now();
  for (const { start, end, from, to } of windows) {
    for (const group of groups) {
      const count = end - start;
      const rows = stream.run({
        width: count,
        height,
        level,
        write(row, floats, at, stride) {
          let target = at;
          for (const channel of group) {
            let source = (row * width + start) * channels + channel;
            for (let i = 0; i < count; i++, source += channels) floats[target + i] = scale * data[source]!;
            target += stride;
          }
        },
        read(row, floats, at, stride) {
          let source = at - start;
          for (const channel of averaged ? [0] : group) {
            let i = (row * width + from) * channels + channel;
            for (let x = from; x < to; x++, i += channels) {
              let output = unscaled * floats[source + x]!;
              if (averaged) {
                const others = floats[source + stride + x]! + floats[source + 2 * stride + x]!;
                output = (output + unscaled * others) / 3;
              }
              const noise = residual ? output : data[i]! - output;
              values[i] = data[i]! - strength * noise;
              if (copied) values[i + 1] = values[i + 2] = values[i]!;
            }
            source += stride;
          }
        },
      });
      for (const row of rows) {
        if (performance.now() - resumed < PATIENCE) continue;
        onProgress?.((done + row / height) / (windows.length * groups.length));
        await yieldToEventLoop();
        signal?.throwIfAborted();
        resumed = performance.now();
      }
      done++;
    }
  }
  onProgress?.(1);
  const unchanged = noiseless ?? (windows.length === 0 ? "as-asked" : undefined);
  return { data: result, width, height, channels, sigma, ...(unchanged && { unchanged }) };
}

/** The columns [start, end) go through the network. Those in [from, to) come out as if the whole picture had done so. */
interface Window {
  readonly start: number;
  readonly end: number;
  readonly from: number;
  readonly to: number;
}

/**
 * Windows over a picture's columns. At the picture's edges a window ends where the picture does, so that every layer
 * pads it there as it pads the whole picture. At its other ends, padding in the wrong place spoils `reach` columns, so
 * neighbouring windows overlap by 2 · `reach` columns. Windows begin and end at multiples of `multiple`, and so does `reach`.
 */
export function windowsOf(width: number, reach: number, multiple = 1, most = MOST_COLUMNS): Window[] {
  const inner = Math.max(most - 2 * reach, 2 * reach);
  const count = width <= inner + 2 * reach ? 1 : Math.ceil((width - 2 * reach) / inner);
  const size = Math.ceil((width - 2 * reach) / count / multiple) * multiple + 2 * reach;
  const windows: Window[] = [];
  for (let from = 0; from < width; from = windows.at(-1)!.to) {
    const start = Math.max(0, from - reach);
    const end = Math.min(width, start + size);
    windows.push({ start, end, from, to: end === width ? width : end - reach });
  }
  return windows;
}

/**
 * The picture's channels in groups that go through the network together. A colour model takes a grey picture as three equal
 * channels, and what it makes of these is averaged.
 */
function channelGroups(distinct: 1 | 3, modelChannels: 1 | 3): number[][] {
  if (modelChannels === 1) return [[0], [1], [2]].slice(0, distinct);
  return [distinct === 1 ? [0, 0, 0] : [0, 1, 2]];
}

async function modelFrom(source: DenoiserOptions["model"]): Promise<ConvModel> {
  if (source === undefined) {
    if (weights === undefined)
      throw new ModelFileError(
        "This bundle has no weights. Pass a model file's bytes or address as `model`.",
      );
    return decodeConvModel(bytesOf(weights), "the bundled model");
  }
  const isSource = typeof source === "string" || Object(source) === source;
  requireOption("model", source, isSource, "a model, its bytes, or where they are");
  const { url = source } = source as Response;
  const name = typeof url === "string" || url instanceof URL ? `${url}` : "the model";
  let model: ModelLike | ArrayBufferView | ArrayBuffer;
  try {
    model = await bytesBehind(source);
  } catch (cause) {
    throw new ModelFileError(`${name} cannot be fetched: ${(cause as Error).message}. Check the address.`, {
      cause,
    });
  }
  if ("spec" in model) return convModelOf(model, name);
  const bytes = ArrayBuffer.isView(model)
    ? new Uint8Array(model.buffer, model.byteOffset, model.byteLength)
    : new Uint8Array(model);
  return decodeConvModel(bytes, name);
}
