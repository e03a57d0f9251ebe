/** Runs and evaluates trained models, dense or of convolutions, on pictures of one size. */
import { type Images, requirePictures } from "../data/images.ts";
import { DataError, ModelFileError, optionsFrom, requireNoOthers, requireOption } from "../errors.ts";
import { type Model, type ModelLike, requireFit } from "../model/model.ts";
import { networkOf } from "../model/model-network.ts";
import { parse } from "../network/parse.ts";
import type { NoiseModel } from "../noise/noise.ts";
import { MOST_NOISE, NoiseSchema } from "../noise/noise-schema.ts";
import { Purpose } from "../noise/rng.ts";
import { MOST_LEVELS } from "../pictures/picture.ts";
import { type Pairs, pairsOf } from "../training/batches.ts";
import { type Mode, requireMode } from "../wasm/detect.ts";
import { denoiseAll } from "./denoise-all.ts";
import { type Evaluation, evaluate } from "./evaluate.ts";
import { requireSsimSize } from "./metrics.ts";

/** How many pictures go through the network together. */
const BATCH = 100;

/** How a model is run. */
export interface RunModelOptions {
  /**
   * The noise level in grey levels, from 0 to a million: one for all pictures, or one for each. Models whose spec has `noiseLevel`
   * need it; others do not use it.
   */
  sigma?: number | ArrayLike<number>;
  /** Whether the same bytes in every engine, or speed, come first. Default `"reproducible"`. */
  mode?: Mode;
}

/**
 * Runs a model on noisy pictures. They have to have the size of the model's `spec.input`; a denoiser (`createDenoiser`)
 * takes pictures of any size.
 * @returns the denoised pictures, neither rounded nor clipped
 * @throws SpecError if the pictures do not fit the model, or an option is missing, of the wrong type or out of range
 * @throws DataError if the parts of the pictures do not fit together, or a value is not finite or beyond a million grey levels
 * @throws ModelFileError if the model puts out values that are not finite
 */
export async function runModel(
  model: ModelLike,
  noisy: Images<Uint8Array | Float32Array>,
  options?: RunModelOptions,
): Promise<Images<Float32Array>> {
  const { sigma, mode = "reproducible", ...others } = optionsFrom(options);
  requireNoOthers(others);
  requireMode(mode);
  requirePictures(noisy, "The pictures", ["Uint8Array", "Float32Array"]);
  const { count, height, width, channels, data } = noisy;
  const wrong = data.findIndex((value) => !(Math.abs(value) <= MOST_LEVELS));
  if (wrong >= 0)
    throw new DataError(
      `The pictures' value ${wrong} is ${data[wrong]}. Give finite values, of which 255 is white.`,
    );
  const levels = levelsOf(model, count, sigma);
  const images = { data: new Uint8Array(), count, height, width, channels };
  return {
    ...images,
    data: await run(model, { images, noisy: Float32Array.from(data), sigma: levels }, mode),
  };
}

/** How a model is evaluated. */
export interface EvaluateModelOptions {
  /** The noise that is added to the pictures. Default: the noise that the model was trained on. */
  noise?: NoiseModel;
  /** The seed that the noise is drawn from, a 32-bit unsigned integer. Default: the seed of the model's training. */
  seed?: number;
  /** Whether the same bytes in every engine, or speed, come first. Default `"reproducible"`. */
  mode?: Mode;
}

/**
 * Adds noise to clean pictures, denoises them by the model, and measures the noisy and the denoised pictures against the
 * clean ones. The pictures have to have the size of the model's `spec.input`.
 * @throws SpecError if the pictures do not fit the model or are smaller than 11×11, or an option is not valid
 * @throws DataError if the parts of the pictures do not fit together
 * @throws ModelFileError if the model puts out values that are not finite
 */
export async function evaluateModel(
  model: Model,
  images: Images,
  options?: EvaluateModelOptions,
): Promise<Evaluation> {
  const {
    noise = model.noise,
    seed = model.provenance.seed,
    mode = "reproducible",
    ...others
  } = optionsFrom(options);
  requireNoOthers(others);
  parse(NoiseSchema, { drawn: "fresh", ...noise }, "noise");
  const isSeed = Number.isInteger(seed) && seed >= 0 && seed < 2 ** 32;
  requireOption("seed", seed, isSeed, `a whole number from 0 to ${2 ** 32 - 1}`);
  requireMode(mode);
  requirePictures(images, "The pictures");
  requireSsimSize(images);
  const pairs = pairsOf(images, noise, seed, Purpose.testNoise);
  return evaluate(pairs, await run(model, pairs, mode));
}

async function run(model: ModelLike, pairs: Pairs, mode: Mode): Promise<Float32Array> {
  const { images } = pairs;
  requireFit(model.spec, images, "The model");
  const network = await networkOf(model, { batch: Math.min(BATCH, images.count), mode });
  const denoised = denoiseAll(network, pairs);
  if (!denoised.every(Number.isFinite))
    throw new ModelFileError(
      "The model puts out values that are not finite for these pictures. Use another model.",
    );
  return denoised;
}

/** The noise level of each picture. @throws SpecError if the model needs it and it is missing, or it is not valid */
function levelsOf({ spec }: ModelLike, count: number, sigma: RunModelOptions["sigma"]): Float32Array {
  const levels =
    typeof sigma === "number" ? new Float32Array(count).fill(sigma) : Float32Array.from(sigma ?? []);
  const isRight = levels.length === count && levels.every((level) => level >= 0 && level <= MOST_NOISE);
  const isNeeded = spec.noiseLevel || sigma !== undefined;
  requireOption(
    "sigma",
    sigma,
    isRight || !isNeeded,
    `a number from 0 to ${MOST_NOISE}, or ${count} of them`,
  );
  return levels;
}
