/**
 * Learns to denoise one picture from that picture alone: a small network is trained on patches of it, and then takes its noise
 * away. Nothing is known beforehand but that the noise is independent from pixel to pixel.
 */
import type { Scenes } from "../data/images.ts";
import { sha256 } from "../data/sha256.ts";
import { createWith } from "../denoiser/denoiser.ts";
import { DataError, optionsFrom, requireNoOthers, requireOption, requireRunOptions } from "../errors.ts";
import type { Model } from "../model/model.ts";
import type { Layer } from "../network/spec.ts";
import {
  type CheckedPicture,
  checkPicture,
  copyOf,
  inGreyLevels,
  type Picture,
  type PictureValues,
  type Range,
  type SameKind,
} from "../pictures/picture.ts";
import type { Recipe } from "../training/recipes.ts";
import { checkOptions, requireWhole } from "../training/train-options.ts";
import { train } from "../training/trainer.ts";
import type { Mode } from "../wasm/detect.ts";
import { type FoundCurve, levelOfCurve, type NoiseCurve, noiseCurveOf } from "./noise-curve.ts";

/** How a picture is learned from. Every option has a default. */
export interface LearnOptions {
  /** The values of black and of white in the picture: see `DenoiseOptions`. */
  range?: Range | undefined;
  /**
   * The noise: its variance at a value x is gain·x + sigma², in grey levels. `"auto"`, the default, finds it in the picture,
   * and is an error where the noise of neighbouring pixels goes together.
   */
  noise?: "auto" | NoiseCurve | undefined;
  /** Steps of training, from 10 to 1,000,000. The time grows with them, and not with the picture. Default 2,000. */
  steps?: number | undefined;
  /** What all random numbers follow from: a 32-bit unsigned integer. Default 1. */
  seed?: number | undefined;
  /** Whether the same bytes in every engine, or speed, come first. Default `"reproducible"`. */
  mode?: Mode | undefined;
  /** How many threads to use, this one included. Default: one for each core. The result does not depend on it. */
  threads?: number | undefined;
  /** Only for web pages: the URL of the package's `thread-worker.js`: see `ResumeOptions`. */
  threadWorkerUrl?: string | URL | undefined;
  /** Aborts the work: the promise is rejected with the signal's reason. */
  signal?: AbortSignal | undefined;
  /** Called from time to time with the part of the work that is done, from 0 to 1. A promise that it returns is waited for. */
  onProgress?: ((done: number) => unknown) | undefined;
}

/** A picture that was denoised by a network that learned from it: size, channels and kind of array are those given. */
export interface Learned<Values extends PictureValues = PictureValues> extends Picture<SameKind<Values>> {
  /** Values of each pixel: 1 grey, 2 grey and alpha, 3 RGB, 4 RGBA. */
  readonly channels: 1 | 2 | 3 | 4;
  /** The noise that was given or found. */
  readonly noise: NoiseCurve;
  /** The network, for other pictures of the same kind and noise: give it to `createDenoiser`. */
  readonly model: Model;
}

/** Height and width of the patches, if the picture is as large. */
const SIDE = 48;
/** Pictures have to be as wide and high. */
const LEAST_SIDE = 16;
const BATCH = 4;
/** In grey levels of noise in mid grey. Below it there is nothing to learn. */
const LEAST_LEVEL = 0.5;
/** The correlation of neighbouring pixels above which their noise is not taken for independent. */
const MOST_CORRELATION = 0.15;
/** The part of the time that training takes. */
const TRAINING = 0.9;

/**
 * Learns from one noisy picture and denoises it. The mean over the picture's eight orientations is taken, so that a picture of
 * 512×768 pixels takes about half a minute on two threads (docs/learning-from-noise.md has times and what it cannot do).
 *
 * @throws DataError if the picture is broken or less than 16 pixels wide or high, no noise is found, or that of neighbouring
 * pixels goes together
 * @throws SpecError if an option is unknown, of the wrong type or out of range
 * @throws DivergenceError if the training diverges
 */
export async function learnFromPicture<Values extends PictureValues>(
  picture: Picture<Values>,
  options?: LearnOptions,
): Promise<Learned<Values>> {
  const {
    range,
    noise: given = "auto",
    steps = 2000,
    seed = 1,
    mode = "reproducible",
    ...others
  } = optionsFrom(options);
  const { threads, threadWorkerUrl, signal, onProgress, ...unknown } = others;
  requireNoOthers(unknown);
  requireRunOptions(signal, onProgress);
  requireWhole("steps", steps, 10, 1_000_000);
  const running = {
    ...(threads !== undefined && { threads }),
    ...(threadWorkerUrl !== undefined && { threadWorkerUrl }),
    ...(signal && { signal }),
  };
  checkOptions(running);
  signal?.throwIfAborted();
  const checked = checkPicture(picture, range);
  // The caller may change the picture while the training runs.
  const kept = { ...picture, data: copyOf(picture.data) } as unknown as Picture<Values>;
  const noise = given === "auto" ? foundNoise(kept, checked) : requireCurve(given);
  const data = colorsOf(kept, checked);
  const { width, height } = picture;
  const set: Scenes = { scenes: [{ frames: [data], width, height }], count: 1, channels: checked.distinct };
  const training = train(
    pictureRecipe({ width, height, channels: checked.distinct }, noise, steps),
    { name: "one picture", sha256: await sha256(new Uint8Array(data.buffer)), train: set },
    {
      ...running,
      seed,
      mode,
      onProgress: ({ images, imagesPerEpoch }) => onProgress?.((TRAINING * images) / imagesPerEpoch),
    },
  );
  const model = await training.model();
  const denoiser = await createWith([], { model, mode, threads: training.threads ?? 1 });
  try {
    const denoised = await denoiser.denoise(kept, {
      sigma: levelOfCurve(noise),
      quality: "best",
      range,
      signal,
      onProgress: (done) => onProgress?.(TRAINING + (1 - TRAINING) * done),
    });
    return { data: denoised.data, width, height, channels: denoised.channels, noise, model };
  } finally {
    denoiser.dispose();
  }
}

/** The recipe of a network that learns from one picture of this size. */
function pictureRecipe(
  { width, height, channels }: { width: number; height: number; channels: number },
  noise: NoiseCurve,
  steps: number,
): Recipe {
  const side = Math.min(SIDE, width, height);
  if (side < LEAST_SIDE)
    throw new DataError(
      `The picture is ${width}×${height}; one to learn from has at least ${LEAST_SIDE} pixels each way.`,
    );
  return {
    name: "one-picture",
    spec: {
      input: { height: side, width: side, channels },
      white: 1,
      layers: [...[1, 2, 2, 1].map((dilation) => layer(24, dilation, "relu")), layer(channels, 1, "linear")],
      residual: true,
      initialization: { weights: "he", biases: 0, lastLayer: 0 },
    },
    noise: { model: "poisson-gaussian", ...noise, drawn: "fresh" },
    noisyOnly: { strength: 0.8 },
    loss: "mse",
    optimizer: { type: "muon", learningRate: 0.01, beta1: 0.95, beta2: 0.99, epsilon: 1e-8 },
    schedule: { type: "cosine", warmUp: 20 },
    averaging: { decay: 0.995 },
    epochs: 1,
    batch: BATCH,
    order: "shuffled",
    flips: true,
    rotations: true,
    patchesPerEpoch: BATCH * steps,
  };
}

function layer(channels: number, dilation: number, activation: "relu" | "linear"): Layer {
  return { type: "conv3x3", channels, dilation, activation, bias: false };
}

/** The colours of a picture in grey levels, without alpha, and only the first of three that are equal. */
function colorsOf(
  { data, width, height }: Picture,
  { channels, distinct, black, step }: CheckedPicture,
): Float32Array<ArrayBuffer> {
  const values = new Float32Array(width * height * distinct);
  for (let i = 0; i < values.length; i++) {
    const pixel = Math.floor(i / distinct);
    values[i] = (data[pixel * channels + (i % distinct)]! - black) / step;
  }
  return values;
}

/** The noise of a picture. @throws DataError if it is too weak, or not independent from pixel to pixel */
function foundNoise(picture: Picture, checked: CheckedPicture): NoiseCurve {
  const found: FoundCurve | undefined = noiseCurveOf(inGreyLevels(picture, checked), checked);
  if (!found || levelOfCurve(found) < LEAST_LEVEL)
    throw new DataError("No noise is found in the picture. Give the noise as `noise` if there is some.");
  const { gain, sigma, correlation } = found;
  if (correlation > MOST_CORRELATION)
    throw new DataError(
      `The noise of neighbouring pixels goes together (correlation ${correlation.toFixed(2)}), as JPEG, smoothing and mosaics ` +
        "leave it: a network would learn to keep it. Take the picture before that; or make it half as large; or give the noise as `noise` to learn all the same.",
    );
  return { gain: Math.fround(gain), sigma: Math.fround(sigma) };
}

/** @throws SpecError if this is no noise */
function requireCurve(noise: NoiseCurve): NoiseCurve {
  const { gain, sigma, ...others } = optionsFrom(noise);
  requireNoOthers(others);
  const isNumber = (value: number) => Number.isFinite(value) && value >= 0 && value <= 1e6;
  const isCurve = isNumber(gain) && isNumber(sigma) && gain + sigma > 0;
  requireOption(
    "noise",
    noise,
    isCurve,
    '"auto" or { gain, sigma }, neither below 0 nor above a million, and not both 0',
  );
  return { gain, sigma };
}
