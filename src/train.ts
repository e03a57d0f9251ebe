/** `denoise-wasm/train`: train and evaluate anywhere; no files, no network. */

export { type Checkpoint, decodeCheckpoint, encodeCheckpoint } from "./checkpoint.ts";
export { loadFashionMnist } from "./data/fashion-mnist.ts";
export { parseIdx } from "./data/idx.ts";
export type { Dataset, Images, LabelledImages, Photos, Raster } from "./data/images.ts";
export { loadPhotos, type Photo, testPatches } from "./data/photos.ts";
export { encodePng } from "./data/png.ts";
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
export { denoiseAll, type Evaluation, evaluate, type Quality } from "./evaluate.ts";
export { type Picture, pictureRows } from "./figures.ts";
export { mse, psnr, psnrOfMse, ssim } from "./metrics.ts";
export { type Model, networkOf, type Provenance } from "./model.ts";
export { decodeModel, encodeModel, type WeightFormat } from "./model-file.ts";
export { addNoise, levelOf, type Noise, type NoiseModel } from "./noise.ts";
export { autoencoderLayers, parseRecipe, type Recipe, recipes } from "./recipes.ts";
export { Purpose, Random } from "./rng.ts";
export { parameterCount, parameters, parseSpec, type Spec } from "./spec.ts";
export {
  type Epoch,
  type Progress,
  type ResumeOptions,
  resume,
  type Training,
  type TrainingData,
  type TrainOptions,
  train,
} from "./trainer.ts";
export { version } from "./version.ts";
export { hasRelaxedSimd, hasSimd, type Mode, type Variant } from "./wasm/detect.ts";
