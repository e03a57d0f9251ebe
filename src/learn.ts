/** `denoise-wasm/learn`: all of `denoise-wasm`, and what learns from noisy pictures alone, without clean ones. */

export * from "./denoising.ts";
export type { CalibrateOptions } from "./learning/calibrate.ts";
export { type Calibration, noiseLevels, parseCalibration } from "./learning/calibration.ts";
export {
  createDenoiser,
  type LearningDenoiseOptions,
  type LearningDenoiser,
} from "./learning/learning-denoiser.ts";
