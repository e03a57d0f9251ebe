/** `denoise-wasm/learn`: all of `denoise-wasm`, and what learns from noisy pictures alone, without clean ones. */

export * from "./denoising.ts";
export { type FramesOptions, type MeanOfFrames, meanOfFrames } from "./learning/align-frames.ts";
export type { CalibrateOptions } from "./learning/calibrate.ts";
export {
  type CalibratedDenoiseOptions,
  type CalibratingDenoiser,
  createDenoiser,
} from "./learning/calibrating-denoiser.ts";
export { type Calibration, noiseLevels, parseCalibration } from "./learning/calibration.ts";
export {
  type LearnedFromFrames,
  type LearnFromFramesOptions,
  learnFromFrames,
} from "./learning/learn-from-frames.ts";
export { learnFromPicture } from "./learning/learn-from-picture.ts";
export type { Learned, LearnOptions, SoFar } from "./learning/learn-options.ts";
export type { NoiseCurve } from "./learning/noise-curve.ts";
export type { Shift } from "./learning/registration.ts";
export type { Model, Provenance } from "./model/model.ts";
export type { CameraNoise } from "./noise/camera.ts";
export type { MixtureNoise, Noise, NoiseModel, SingleNoise } from "./noise/noise.ts";
export type {
  GaussianNoise,
  PointwiseNoise,
  PoissonGaussianNoise,
  SaltAndPepperNoise,
  SpeckleNoise,
  UniformNoise,
} from "./noise/pointwise.ts";
export type { Ranged } from "./noise/ranged.ts";
