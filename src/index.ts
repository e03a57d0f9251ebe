/** `denoise-wasm`: pictures in, clean pictures out, anywhere; nothing of training. */

export {
  createDenoiser,
  type Denoised,
  type DenoiseOptions,
  type Denoiser,
  type DenoiserOptions,
} from "./denoiser.ts";
export { DataError, DenoiseError, ModelFileError, SpecError, UnsupportedRuntimeError } from "./errors.ts";
export type { Image, ImageValues } from "./image.ts";
export { estimateSigma } from "./sigma.ts";
export type { Mode, Variant } from "./wasm/detect.ts";
