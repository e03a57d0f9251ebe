/** `denoise-wasm/learn`: all of `denoise-wasm`, and what learns from noisy pictures alone, without clean ones. */

export * from "./denoising.ts";
export { type Learned, type LearnOptions, learnFromPicture } from "./learning/learn-from-picture.ts";
export type { NoiseCurve } from "./learning/noise-curve.ts";
export type { Model, Provenance } from "./model/model.ts";
