import { pixelsOf, type TrainingSet } from "../data/images.ts";
import { StepProfile } from "../network/profile.ts";
import { batchSource, requireTrainable } from "../training/batches.ts";
import { Optimizer } from "../training/optimizer.ts";
import type { Recipe } from "../training/recipes.ts";
import { networkFor } from "../training/training-state.ts";
import type { Mode } from "../wasm/detect.ts";
import { textTable } from "./quality-table.ts";

const WARM_UP = 20;
const SAMPLES = 200;

/** Trains on a recipe's first batch again and again, on one thread. @returns a table of where the time of a step goes */
export async function profileStep(
  recipe: Recipe,
  train: TrainingSet,
  { seed, mode }: { seed: number; mode: Mode },
): Promise<string> {
  const { batch } = recipe;
  requireTrainable(recipe, train, "the training set");
  const images =
    "photos" in train || "scenes" in train
      ? train
      : { ...train, count: batch, data: train.data.subarray(0, batch * pixelsOf(train)) };
  const network = await networkFor(recipe, batch, seed, { threads: 1, mode });
  try {
    batchSource(recipe, images, seed)(network, 1, 0, batch);
    new Optimizer(network, recipe).beforeStep(recipe.optimizer.learningRate);
    const profile = new StepProfile(network);
    for (let step = 0; step < WARM_UP + SAMPLES; step++) {
      if (step === WARM_UP) profile.clear();
      profile.sample();
    }
    const operations = profile.result();
    const total = operations.reduce((sum, { milliseconds }) => sum + milliseconds, 0);
    const rows = operations.map(({ operation, layer, flop, milliseconds, share }) => [
      layer ? `${operation} ${layer.inputs}×${layer.outputs}` : operation,
      milliseconds.toFixed(3),
      `${(100 * share).toFixed(1)} %`,
      flop ? (flop / milliseconds / 1e6).toFixed(1) : "",
    ]);
    return [
      `A step of ${batch} images, build ${network.variant}, on one thread, medians of ${SAMPLES}:`,
      textTable(["operation", "ms", "share", "GFLOP/s"], [...rows, ["all", total.toFixed(3), "100 %", ""]]),
    ].join("\n");
  } finally {
    await network.dispose();
  }
}
