/** The denoiser of photographs. */
import { createWith } from "./create.ts";
import type { Denoiser, DenoiserOptions } from "./denoiser.ts";
import { photoModels } from "./photo-models.ts";

/**
 * Builds a denoiser.
 * @throws SpecError if an option is of the wrong type
 * @throws ModelFileError if the model cannot be read, is broken, or is not made of convolutions
 * @throws UnsupportedRuntimeError if the WebAssembly core cannot be loaded, such as where the runtime lacks SIMD
 */
export function createDenoiser(options?: DenoiserOptions): Promise<Denoiser> {
  return createWith(photoModels, options);
}
