/** What must be the same bytes in every engine: runs here and, bundled, in each runtime. */

import type { Dataset, Photos } from "../../src/data/images.ts";
import { loadPhotos } from "../../src/data/photos.ts";
import { sha256 } from "../../src/data/sha256.ts";
import { encodeModel } from "../../src/model/model-file.ts";
import { cameraNoise } from "../../src/noise/camera.ts";
import { addNoise, type NoiseModel } from "../../src/noise/noise.ts";
import { Purpose, Random } from "../../src/noise/rng.ts";
import { decodeCheckpoint, encodeCheckpoint } from "../../src/training/checkpoint.ts";
import type { Recipe } from "../../src/training/recipes.ts";
import { resume, train } from "../../src/training/trainer.ts";
import { hasRelaxedSimd } from "../../src/wasm/detect.ts";
import { pictures, smallRecipe, smallUNetRecipe } from "./pictures.ts";

export interface Fingerprint {
  /** SHA-256 of a million noise values. */
  readonly noise: string;
  /** SHA-256 of pictures under noise of each model. */
  readonly noises: readonly string[];
  /** SHA-256 of the model file of a small training on patches of photographs. */
  readonly patches: string;
  /** SHA-256 of the model files of a small training of dense layers, on one to four threads. */
  readonly models: readonly string[];
  /** The same of a network of convolutions of two scales, with a skip connection. */
  readonly scales: readonly string[];
  /** On how many threads each of them was trained. */
  readonly threads: readonly number[];
  /** SHA-256 of the model files of a training of convolutions, and of the same one with an interruption. */
  readonly interrupted: readonly [string, string];
  /** Epochs that were left when it was interrupted: wherever it was when others first had a turn. */
  readonly epochsLeft: number;
  readonly relaxedSimd: boolean;
}

const noises: readonly NoiseModel[] = [
  { model: "gaussian", sigma: [0, 55] },
  { model: "uniform", sigma: [0, 55] },
  { model: "poisson-gaussian", gain: [0, 4], sigma: [0, 9] },
  { model: "salt-and-pepper", share: [0, 0.5] },
  { model: "speckle", contrast: [0, 0.5] },
  cameraNoise,
  {
    model: "mixture",
    of: [
      { share: 1, noise: { model: "gaussian", sigma: [0, 55] } },
      { share: 2, noise: cameraNoise },
    ],
  },
];

/** Two colour photographs of different sizes. */
function photographs(): Promise<Dataset<Photos>> {
  const photo = (width: number, height: number) => ({
    data: Uint8Array.from({ length: 3 * width * height }, (_, i) => (i * i + 31 * i) % 256),
    width,
    height,
    channels: 3 as const,
  });
  const patch = { height: 8, width: 8, channels: 1 };
  return loadPhotos({ train: [photo(20, 9), photo(11, 30)], test: [photo(8, 8)] }, patch);
}

const patchRecipe: Recipe = {
  ...smallRecipe({ size: [8, 8], units: [16, 64], epochs: 2, batch: 6 }),
  noise: { ...noises[2]!, drawn: "fresh" } as Recipe["noise"],
  order: "shuffled",
  flips: true,
  rotations: true,
  patchesPerEpoch: 20,
};

export async function fingerprint(): Promise<Fingerprint> {
  const values = new Float32Array(1_000_000);
  new Random(1, Purpose.trainingNoise, 0).fillNormal(values);
  const recipe = smallRecipe({ size: [4, 5], units: [13, 7, 20], epochs: 3, batch: 6 });
  const { models, threads } = await onThreads(recipe, [4, 5]);
  const { models: scales } = await onThreads(smallUNetRecipe({ size: [6, 10], batch: 6 }), [6, 10]);
  const { epochsLeft, interrupted } = await interruption();
  // RGB pictures of 20×20 pixels.
  const colours = { ...pictures(50, [20, 60]).train, width: 20, channels: 3 };
  const noisy = noises.map((noise) => addNoise(colours, noise, 1, Purpose.trainingNoise));
  const onPatches = await train(patchRecipe, await photographs(), { seed: 1, mode: "reproducible" }).model();
  return {
    noises: await Promise.all(noisy.map((values) => sha256(new Uint8Array(values.buffer)))),
    patches: await sha256(encodeModel(onPatches)),
    interrupted,
    epochsLeft,
    noise: await sha256(new Uint8Array(values.buffer)),
    models,
    scales,
    threads,
    relaxedSimd: hasRelaxedSimd(),
  };
}

/** The model files of a training on one to four threads, and on how many each was trained. */
async function onThreads(recipe: Recipe, size: readonly [number, number]) {
  const models: string[] = [];
  const started: number[] = [];
  for (const threads of [1, 2, 3, 4]) {
    const training = train(recipe, pictures(20, size), { seed: 1, mode: "reproducible", threads });
    models.push(await sha256(encodeModel(await training.model())));
    started.push(training.threads!);
  }
  return { models, threads: started };
}

async function interruption(): Promise<Pick<Fingerprint, "interrupted" | "epochsLeft">> {
  const recipe = smallUNetRecipe({ size: [4, 6], epochs: 1000, batch: 6 });
  const data = pictures(20, [4, 6]);
  const without = await train(recipe, data, { threads: 1 }).model();
  const stop = new AbortController();
  const training = train(recipe, data, { threads: 2, signal: stop.signal, onProgress: () => stop.abort() });
  await training.model().catch((error: unknown) => {
    if (!stop.signal.aborted) throw error;
  });
  const checkpoint = await decodeCheckpoint(await encodeCheckpoint(training.checkpoint()), "checkpoint");
  const model = await resume(checkpoint, data, { threads: 1 }).model();
  return {
    interrupted: [await sha256(encodeModel(without)), await sha256(encodeModel(model))],
    epochsLeft: recipe.epochs - checkpoint.epochs.length,
  };
}
