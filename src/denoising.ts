/** What the entries `denoise-wasm` and `denoise-wasm/tiny` have in common: everything but the models that they carry. */

export type { Denoised, Denoiser, DenoiserOptions } from "./denoiser/denoiser.ts";
export type { ModelSource } from "./denoiser/models.ts";
export type { DenoiseOptions } from "./denoiser/request.ts";
export { type EstimateOptions, estimateSigma } from "./denoiser/sigma.ts";
export { DataError, DenoiseError, ModelFileError, SpecError, UnsupportedRuntimeError } from "./errors.ts";
export type { ModelLike } from "./model/model.ts";
export type {
  AddLayer,
  Conv1x1Layer,
  Conv3x3Layer,
  DenseLayer,
  Layer,
  PixelLayer,
  Spec,
} from "./network/spec.ts";
export { blend } from "./pictures/blend.ts";
export type { Picture, PictureValues, Range, SameKind } from "./pictures/picture.ts";
export type { Mode, Variant } from "./wasm/detect.ts";
export type { CompiledModule, Remote, WasmSource } from "./wasm/source.ts";
