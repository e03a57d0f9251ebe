/** The denoiser of photographs: what it is built from if no other model is given. */
import colour from "../../build/models/photo.js";
import grey from "../../build/models/photo-grey.js";
import { createWith, type Denoiser, type DenoiserOptions } from "./denoiser.ts";
import type { BundledModels } from "./models.ts";

/** Trained for photographs in colour and in grey. */
export const photoModels: BundledModels = [colour, grey];

/**
 * Builds a denoiser.
 * @throws SpecError if an option is of the wrong type
 * @throws ModelFileError if the model cannot be read, is broken, or is not made of convolutions
 * @throws UnsupportedRuntimeError if the WebAssembly core cannot be loaded, such as where the runtime lacks SIMD
 */
export function createDenoiser(options?: DenoiserOptions): Promise<Denoiser> {
  return createWith(photoModels, options);
}
