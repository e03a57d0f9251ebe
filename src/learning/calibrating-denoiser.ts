import { createWith } from "../denoiser/create.ts";
import { disposedOf } from "../denoiser/crew.ts";
import type { Denoised, Denoiser, DenoiserOptions } from "../denoiser/denoiser.ts";
import { bundledFiles, type ModelSource } from "../denoiser/models.ts";
import { photoModels } from "../denoiser/photo-models.ts";
import type { DenoiseOptions } from "../denoiser/request.ts";
import { optionsFrom } from "../errors.ts";
import type { ModelLike } from "../model/model.ts";
import { decodeWeights } from "../model/model-file.ts";
import type { Picture, PictureValues } from "../pictures/picture.ts";
import { bytesBehind } from "../wasm/source.ts";
import { type CalibrateOptions, calibrate } from "./calibrate.ts";
import type { Calibration } from "./calibration.ts";
import { denoiseCalibrated } from "./denoise-calibrated.ts";

/** How a picture is denoised, by the level of its noise or by a calibration. */
export interface CalibratedDenoiseOptions extends DenoiseOptions {
  /** What `calibrate` learned of such noise. `sigma` is then left out. */
  calibration?: Calibration | undefined;
}

/** A denoiser that learns what the noise of pictures is like, without clean ones. */
export interface CalibratingDenoiser extends Denoiser {
  /**
   * Learns from noisy pictures of one source how strong their noise is at each brightness. The noise may be of any strength and
   * depend on brightness in any way, but has to be independent from pixel to pixel: not that of a JPEG file, and not that of a
   * camera that made colours from a mosaic. It takes some seconds, for pictures of any size, on one thread; the event loop
   * gets its turn about every 25 ms, and at first after each look at a whole picture. The same pictures, options and models give
   * the same calibration in every engine.
   *
   * @param pictures one or more, or parts of them, each at least 16 pixels wide and high
   * @throws DataError if a picture is broken or too small, all values are equal, or 1 seems to be white where no range was given
   * @throws SpecError if there is no picture, or an option is unknown, of the wrong type or out of range
   * @throws DenoiseError if the denoiser was disposed of
   */
  calibrate(pictures: readonly Picture[], options?: CalibrateOptions): Promise<Calibration>;
  /**
   * As `Denoiser.denoise`. With a calibration, `sigma` of the result is the root mean square of the noise that the calibration
   * expects in it, and about 8 bytes more for each value of the picture are needed for a while.
   * @throws DataError also if the calibration is none
   */
  denoise<Values extends PictureValues>(
    picture: Picture<Values>,
    options?: CalibratedDenoiseOptions,
  ): Promise<Denoised<Values>>;
}

/**
 * Builds a denoiser that can also be calibrated.
 * @throws SpecError if an option is of the wrong type
 * @throws ModelFileError if the model cannot be read, is broken, or is not made of convolutions
 * @throws UnsupportedRuntimeError if the WebAssembly core cannot be loaded, such as where the runtime lacks SIMD
 */
export async function createDenoiser(options?: DenoiserOptions): Promise<CalibratingDenoiser> {
  const { model, ...others } = optionsFrom(options);
  const given = Array.isArray(model) ? [...(model as readonly ModelSource[])] : [model as ModelSource];
  const sources = model === undefined ? await bundledFiles(photoModels) : await Promise.all(given.map(kept));
  // This checks the sources, too.
  const denoiser = await createWith(photoModels, { ...others, model: sources });
  const models = await Promise.all(sources.map(weightsOf));
  const { variant } = denoiser;
  let isDisposed = false;
  const dispose = () => {
    isDisposed = true;
    denoiser.dispose();
  };
  return {
    variant,
    get threads() {
      return denoiser.threads;
    },
    async calibrate(pictures, options) {
      if (isDisposed) throw disposedOf();
      return calibrate(models, pictures, options);
    },
    async denoise(picture, options) {
      const { calibration, ...others } = optionsFrom(options);
      if (calibration === undefined) return denoiser.denoise(picture, others);
      return denoiseCalibrated(denoiser, picture, calibration, others);
    },
    dispose,
    [Symbol.dispose]: dispose,
  };
}

/** A model's source that can be read more than once. What cannot be read stays as it is, for `createWith` to tell of it. */
async function kept(source: ModelSource): Promise<ModelSource> {
  if (typeof source === "string" || source instanceof URL) return source;
  try {
    return await bytesBehind(source);
  } catch {
    return source;
  }
}

/** The model of a source that was already found to hold one. */
async function weightsOf(source: ModelSource): Promise<ModelLike> {
  const model = await bytesBehind(source);
  if ("spec" in model) return model;
  const bytes = ArrayBuffer.isView(model)
    ? new Uint8Array(model.buffer, model.byteOffset, model.byteLength)
    : new Uint8Array(model);
  return decodeWeights(bytes, "the model");
}
