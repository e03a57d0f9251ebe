/// <reference lib="esnext.disposable" preserve="true" />
/** The denoiser: takes a picture and gives a denoised one. */
import type { Picture, PictureValues, SameKind } from "../pictures/picture.ts";
import type { Mode, Variant } from "../wasm/detect.ts";
import type { WasmSource } from "../wasm/source.ts";
import type { ModelSource } from "./models.ts";
import type { DenoiseOptions } from "./request.ts";

/** What a denoiser is built from. Every option has a default. */
export interface DenoiserOptions {
  /**
   * The model, or several, of which each picture takes the first one for as many colours as it has, or else the first of
   * all. Default: the models for colour and for grey pictures that are bundled with this package.
   */
  model?: ModelSource | readonly ModelSource[] | undefined;
  /**
   * The inference build of the WebAssembly core, used in place of the one that is inlined in the package: for runtimes
   * that forbid compiling from bytes.
   */
  wasm?: WasmSource | undefined;
  /** Default `"reproducible"`. */
  mode?: Mode | undefined;
  /**
   * On how many threads pictures are denoised, this one included: a large picture is cut into windows, and of several
   * small ones that are waiting each goes to a thread of its own. The result is the same on any number. If some of them
   * cannot be started, fewer run, and only one in workerd and in the edge runtime of Vercel: see `Denoiser.threads`. Every
   * thread has memory of its own for the model and for a window of the picture. A page needs `createDenoiser` of
   * `denoise-wasm/browser` for more than one. Deno's process ends only when a denoiser with threads was disposed of.
   * Default 1.
   */
  threads?: number | undefined;
}

/** A denoised picture: size, channels and kind of array are those of the picture that was given. */
export interface Denoised<Values extends PictureValues = PictureValues> extends Picture<SameKind<Values>> {
  /** Values of each pixel: 1 grey, 2 grey and alpha, 3 RGB, 4 RGBA. */
  readonly channels: 1 | 2 | 3 | 4;
  /**
   * The level of the noise, in grey levels, that was given or estimated. The package's models learned levels up to 55: of
   * stronger noise some may stay.
   */
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
  /** The number of threads that run. It becomes smaller if a thread dies; the others then do its work. */
  readonly threads: number;
  /**
   * Denoises a picture of any size: grey, RGB, or either with alpha, which is kept unchanged. A picture whose three colours
   * are equal is a grey one. A model for grey pictures
   * denoises each colour by itself; a model for colour takes a grey picture as three equal colours. The result is a new
   * array of the same kind; integers are rounded and clamped to what the array can hold, float32 values are not. Several
   * calls are worked off in their order, on several threads also at the same time. While the network runs, the event loop
   * gets its turn about every 25 ms. Beside the result and a copy of the picture (see `transfer`), the memory needed does
   * not grow with the picture; but finding the level needs 4 bytes for each value, for a while, if `range` is not 0 to 255.
   *
   * @throws DataError if the picture has no pixels, its parts do not fit together, a value is not finite or further outside
   * of the range than a million grey levels, or 1 seems to be white where no range was given
   * @throws SpecError if an option is unknown, of the wrong type or out of range
   * @throws ModelFileError if the model puts out values that are not finite
   * @throws DenoiseError if the denoiser was disposed of, or there is not enough memory for the model's layers
   */
  denoise<Values extends PictureValues>(
    picture: Picture<Values>,
    options?: DenoiseOptions,
  ): Promise<Denoised<Values>>;
  /** Releases the memory and ends the threads. The denoiser cannot be used after that; calls that have not ended are rejected. */
  dispose(): void;
  [Symbol.dispose](): void;
}
