/** `denoise-wasm/train`: trains and evaluates in any JavaScript runtime, without access to files or the network. */

export { type FashionMnistPart, type FileSource, loadFashionMnist } from "./data/fashion-mnist.ts";
export { type Idx, parseIdx } from "./data/idx.ts";
export type { Dataset, Images, LabelledImages, Photos, Scene, Scenes, TrainingSet } from "./data/images.ts";
export { loadPhotos, type Named, type PatchSize, testPatches } from "./data/photos.ts";
export {
  DataError,
  DenoiseError,
  DivergenceError,
  ModelFileError,
  OutputError,
  SpecError,
  ThreadError,
  UnsupportedRuntimeError,
} from "./errors.ts";
export { greyModel } from "./model/grey-model.ts";
export type { Model, ModelLike, Provenance } from "./model/model.ts";
export { decodeModel, encodeModel, type WeightFormat } from "./model/model-file.ts";
export { parseSpec } from "./network/parse-spec.ts";
export {
  type AddLayer,
  type Conv1x1Layer,
  type Conv3x3Layer,
  type DenseLayer,
  type Layer,
  type Parameter,
  type PixelLayer,
  parameterCount,
  parameters,
  type Spec,
} from "./network/spec.ts";
export { type CameraNoise, cameraNoise } from "./noise/camera.ts";
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
export { Purpose, Random } from "./noise/rng.ts";
export type { PictureDensity, PictureMetadata, PictureText, PngColor } from "./pictures/metadata.ts";
export type { Picture, PictureValues, Range } from "./pictures/picture.ts";
export { type EncodePngOptions, encodePng } from "./pictures/png-encode.ts";
export type { Evaluation, Quality } from "./quality/evaluate.ts";
export { mse, psnr, psnrOfMse, ssim } from "./quality/metrics.ts";
export {
  type EvaluateModelOptions,
  evaluateModel,
  type RunModelOptions,
  runModel,
} from "./quality/run-model.ts";
export { type PictureRow, type PictureRowsOptions, pictureRows } from "./report/figures.ts";
export { addNoise, levelOf } from "./training/checked-noise.ts";
export { type Checkpoint, decodeCheckpoint, encodeCheckpoint } from "./training/checkpoint.ts";
export { fineTuning } from "./training/fine-tuning.ts";
export { noisyOnlyRecipe } from "./training/noisy-only.ts";
export {
  type Adagrad,
  type Adam,
  autoencoderLayers,
  type Muon,
  type NoisyOnly,
  parseRecipe,
  type Recipe,
  recipes,
} from "./training/recipes.ts";
export type {
  Epoch,
  Progress,
  ResumeOptions,
  TrainingData,
  TrainOptions,
} from "./training/train-options.ts";
export { resume, type Training, train } from "./training/trainer.ts";
export { version } from "./version.ts";
export { hasRelaxedSimd, hasSimd, type Mode, type Variant } from "./wasm/detect.ts";
