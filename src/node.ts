/** `denoise-wasm/node`: data sets, pictures, models and checkpoints in files on disk. */
import { readFile } from "node:fs/promises";
import { writeFileAtomic } from "./data/files.node.ts";
import { ModelFileError, shown } from "./errors.ts";
import type { Model } from "./model/model.ts";
import { decodeModel, encodeModel, type WeightFormat } from "./model/model-file.ts";
import { type Checkpoint, decodeCheckpoint, encodeCheckpoint } from "./training/checkpoint.ts";

export {
  type DownloadOptions,
  type DownloadProgress,
  type DownloadResult,
  downloadFashionMnist,
} from "./data/download.node.ts";
export { type FoundFashionMnist, findFashionMnist, loadFashionMnistFrom } from "./data/fashion-mnist.node.ts";
export type {
  Dataset,
  Images,
  LabelledImages,
  Photos,
  Scene,
  Scenes,
  TrainingSet,
} from "./data/images.ts";
export { loadPhotosFrom, type PhotoFolderOptions, readPhotos } from "./data/photo-folders.node.ts";
export type { Named, PatchSize } from "./data/photos.ts";
export type { Model, ModelLike, Provenance } from "./model/model.ts";
export type { WeightFormat } from "./model/model-file.ts";
export type {
  AddLayer,
  Conv1x1Layer,
  Conv3x3Layer,
  DenseLayer,
  Layer,
  PixelLayer,
  Spec,
} from "./network/spec.ts";
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
export type { DecodedPicture, DecodedValues, DecodeOptions } from "./pictures/decoding.ts";
export type { PictureDensity, PictureMetadata, PictureText, PngColor } from "./pictures/metadata.ts";
export type { Picture, PictureValues, Range } from "./pictures/picture.ts";
export { readPicture } from "./pictures/picture-files.node.ts";
export { type EncodePngOptions, encodePng } from "./pictures/png-encode.ts";
export type { Checkpoint } from "./training/checkpoint.ts";
export type { Adagrad, Adam, Muon, NoisyOnly, Recipe } from "./training/recipes.ts";
export type { Mode, Variant } from "./wasm/detect.ts";

/**
 * Writes a model file. If that fails, an older file of that name is left as it was.
 * @param format how the weights are stored: "f32" (the default), "f16" or "i8"
 * @throws OutputError if the file cannot be written
 * @throws SpecError if the model lacks a tensor, or a weight is too large for float16
 */
export async function saveModel(model: Model, path: string, format: WeightFormat = "f32"): Promise<void> {
  return writeFileAtomic(path, encodeModel(model, format));
}

/** Reads a model file with weights of any format. @throws ModelFileError if it cannot be read or is not a model */
export async function loadModel(path: string): Promise<Model> {
  return decodeModel(await readBytes(path, "Name a model file."), path);
}

/**
 * Writes a checkpoint file. If that fails, an older file of that name is left as it was.
 * @throws OutputError if the file cannot be written
 * @throws SpecError if the checkpoint lacks a tensor, or its recipe or run is not valid
 */
export async function saveCheckpoint(checkpoint: Checkpoint, path: string): Promise<void> {
  return writeFileAtomic(path, await encodeCheckpoint(checkpoint));
}

/** Reads a checkpoint file. @throws ModelFileError if it cannot be read or is not a checkpoint */
export async function loadCheckpoint(path: string): Promise<Checkpoint> {
  return decodeCheckpoint(await readBytes(path, "Name the file of a checkpoint."), path);
}

async function readBytes(path: string, remedy: string): Promise<Uint8Array> {
  const isPath = typeof path === "string" || (path as unknown) instanceof URL;
  if (!isPath) throw new ModelFileError(`${shown(path)} cannot be read: it is no path. ${remedy}`);
  try {
    return await readFile(path);
  } catch (error) {
    throw new ModelFileError(`${path} cannot be read: ${(error as Error).message}. ${remedy}`, {
      cause: error,
    });
  }
}
