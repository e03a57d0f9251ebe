/** The small and fast denoiser of photographs. */
import { colour, grey } from "../../build/models/photo-tiny.js";
import { createWith } from "./create.ts";
import type { Denoiser, DenoiserOptions } from "./denoiser.ts";

/**
 * Builds a denoiser whose models, if none are given, have a quarter of the size of those of `denoise-wasm`: for edge
 * functions and for video.
 * @throws SpecError if an option is of the wrong type
 * @throws ModelFileError if the model cannot be read, is broken, or is not made of convolutions
 * @throws UnsupportedRuntimeError if the WebAssembly core cannot be loaded, such as where the runtime lacks SIMD
 */
export function createDenoiser(options?: DenoiserOptions): Promise<Denoiser> {
  return createWith([colour, grey], options);
}
