/** The small network that learns from noisy pictures and then denoises them. */
import type { Scenes } from "../data/images.ts";
import { sha256 } from "../data/sha256.ts";
import { createWith } from "../denoiser/create.ts";
import type { Denoised } from "../denoiser/denoiser.ts";
import { DataError } from "../errors.ts";
import type { Model } from "../model/model.ts";
import type { Layer } from "../network/spec.ts";
import type { Picture, PictureValues } from "../pictures/picture.ts";
import type { Recipe } from "../training/recipes.ts";
import { train } from "../training/trainer.ts";
import type { Running } from "./learn-options.ts";
import { levelOfCurve, type NoiseCurve } from "./noise-curve.ts";

/** Height and width of the patches, if the pictures are as large. */
const SIDE = 48;
/** Pictures have to be as wide and high. */
const LEAST_SIDE = 16;
const BATCH = 4;
/** The part of the time that training takes. */
const TRAINING = 0.9;
/** A level in grey levels for noise that was not found: the network is not told it. */
const SOME_LEVEL = 1;

/** Trains a network on a scene, and denoises a picture with it: the mean over the picture's eight orientations. */
export async function learnAndDenoise<Values extends PictureValues>(
  picture: Picture<Values>,
  set: Scenes,
  noise: NoiseCurve,
  running: Running,
): Promise<{ denoised: Denoised<Values>; model: Model }> {
  const { range, mode, onProgress } = running;
  const { model, threads } = await learnNetwork(set, noise, {
    ...running,
    onProgress: (done, soFar) => onProgress?.(TRAINING * done, soFar),
  });
  using denoiser = await createWith([], { model, mode, threads });
  const denoised = await denoiser.denoise(picture, {
    sigma: levelOfCurve(noise) || SOME_LEVEL,
    quality: "best",
    range,
    signal: running.running.signal,
    onProgress: (done) => onProgress?.(TRAINING + (1 - TRAINING) * done),
  });
  return { denoised, model };
}

/** Trains a network on a scene. @returns it, and the number of threads that ran */
export async function learnNetwork(
  set: Scenes,
  noise: NoiseCurve,
  { steps, seed, mode, running, onProgress }: Omit<Running, "range">,
): Promise<{ model: Model; threads: number }> {
  const { frames, width, height } = set.scenes[0]!;
  const digests = frames.map(({ buffer, byteOffset, byteLength }) =>
    sha256(new Uint8Array(buffer, byteOffset, byteLength)),
  );
  let [before, errors] = [0, 0];
  const training = train(
    recipeFor({ width, height, channels: set.channels }, noise, steps),
    {
      name: frames.length === 1 ? "one picture" : `${frames.length} frames`,
      sha256: await sha256(new TextEncoder().encode((await Promise.all(digests)).join("\n"))),
      train: set,
    },
    {
      ...running,
      seed,
      mode,
      onProgress({ images, imagesPerEpoch, loss }) {
        const newLoss = (loss * images - errors) / (images - before);
        [before, errors] = [images, loss * images];
        return onProgress?.(images / imagesPerEpoch, { loss: newLoss, model: () => training.snapshot() });
      },
    },
  );
  return { model: await training.model(), threads: training.threads ?? 1 };
}

/** The recipe of a network that learns from pictures of this size. */
function recipeFor(
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
