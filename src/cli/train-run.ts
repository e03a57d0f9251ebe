/** A run of `denoise-wasm train`: from its beginning, or from a checkpoint, to a complete run folder. */

import { join } from "node:path";
import type { Dataset, TrainingSet } from "../data/images.ts";
import { SpecError } from "../errors.ts";
import type { Model } from "../model/model.ts";
import { networkOf } from "../model/model-network.ts";
import { isConvolutional } from "../network/spec.ts";
import { Purpose } from "../noise/rng.ts";
import { denoiseByConvolutions } from "../quality/bundled-convolutions.ts";
import { denoiseAll } from "../quality/denoise-all.ts";
import { evaluate, quality } from "../quality/evaluate.ts";
import { requireSsimSize } from "../quality/metrics.ts";
import { epochSize } from "../training/batch-source.ts";
import { pairsOf } from "../training/batches.ts";
import type { Checkpoint } from "../training/checkpoint.ts";
import type { Recipe } from "../training/recipes.ts";
import type { ResumeOptions } from "../training/train-options.ts";
import { resume, type Training, train } from "../training/trainer.ts";
import type { Mode } from "../wasm/detect.ts";
import { Interrupted, Interrupts } from "./interrupted.ts";
import { jsonText } from "./json-text.ts";
import { denoisePhotographs } from "./photographs.ts";
import { duration, trainingProgress } from "./progress.ts";
import { qualityHead, qualityRows, textTable } from "./quality-table.ts";
import { RunCheckpoint } from "./run-checkpoint.ts";
import {
  gainInWords,
  picturesInWords,
  type Run,
  reportOf,
  testInWords,
  verdictOf,
  writeRunFolder,
} from "./run-folder.ts";

/** What a run needs to start. */
export interface Start {
  readonly recipe: Recipe;
  readonly seed: number;
  readonly mode: Mode;
  readonly data: Dataset<TrainingSet>;
  readonly folder: string;
  /** The checkpoint to go on from, if the run was interrupted. */
  readonly checkpoint?: Checkpoint;
  /** The model whose weights the run begins with, if it begins with such. */
  readonly from?: Model;
}

interface RunOptions {
  readonly threads: number | undefined;
  /** The time between two checkpoints. */
  readonly minutes: number;
  readonly json: boolean | undefined;
}

/**
 * Trains, evaluates, and writes the run folder, which nobody else may have meanwhile: see `withRunFolder`. If it ends early, it
 * writes a checkpoint to go on from.
 */
export async function trainRun(start: Start, { threads, minutes, json }: RunOptions): Promise<void> {
  const { recipe, seed, mode, data, folder, checkpoint: saved, from } = start;
  requireSsimSize(data.test);
  using interrupts = new Interrupts();
  const checkpoint = new RunCheckpoint(folder, minutes);
  const done = saved
    ? saved.epochs.length + (saved.position.batches * recipe.batch) / epochSize(recipe, data.train.count)
    : 0;
  const progress = trainingProgress(recipe.epochs, done);
  const options: ResumeOptions = {
    ...(threads !== undefined && { threads }),
    signal: interrupts.signal,
    onProgress: (now) => {
      progress.report(now);
      return checkpoint.writeWhenDue(training);
    },
  };
  const training: Training = saved
    ? resume(saved, data, options)
    : train(recipe, data, { ...options, seed, mode, ...(from && { from }) });
  console.error(
    `${saved ? "Going on with" : "Training"} ${recipe.name} on ${picturesInWords(recipe, data.train.count)} (${data.source}), ` +
      `seed ${seed}, ${saved ? `${saved.epochs.length} of ` : ""}${recipe.epochs} epochs${saved ? " done" : ""}.`,
  );
  try {
    let first = true;
    for await (const epoch of training) {
      if (first && threads !== undefined && training.threads! < threads) {
        console.error(`Only ${training.threads} of ${threads} threads could be started.`);
      }
      first = false;
      progress.epoch(epoch);
    }
    progress.stop();
    const run = await evaluateRun(start, training);
    await writeRunFolder(folder, run);
    await checkpoint.remove();
    if (json) console.log(jsonText(reportOf(run)));
    else console.log(summary(folder, run));
  } catch (error) {
    progress.stop();
    throw await keep(training, checkpoint, error);
  } finally {
    progress.stop();
  }
}

async function evaluateRun({ recipe, seed, mode, data }: Start, training: Training): Promise<Run> {
  const model = await training.model();
  const { epochs } = training;
  const pairs = pairsOf(data.test, recipe.noise, seed, Purpose.testNoise);
  const denoised = denoiseAll(await networkOf(model, { batch: recipe.batch, mode }), pairs);
  const isDense = !isConvolutional(recipe.spec);
  const convolved = isDense ? await denoiseByConvolutions(pairs) : undefined;
  return {
    recipe,
    mode,
    threads: training.threads!,
    data,
    model,
    epochs,
    seconds: epochs.reduce((sum, epoch) => sum + epoch.seconds, 0),
    test: evaluate(pairs, denoised),
    noisy: pairs.noisy,
    denoised,
    ...(convolved && { convolutions: { denoised: convolved, test: quality(data.test, convolved) } }),
    photographs: isDense ? await denoisePhotographs() : [],
  };
}

/**
 * Writes a checkpoint of a run that ended early, if there is a state to go on from, and says how to go on. If that fails,
 * an older checkpoint is kept.
 * @returns the error that the run ends with
 */
async function keep(training: Training, checkpoint: RunCheckpoint, error: unknown): Promise<unknown> {
  const interrupted = error instanceof Interrupted;
  let reason = error;
  await checkpoint.write(training).catch((failure: unknown) => {
    // A SpecError means that there is no state to go on from.
    if (interrupted && !(failure instanceof SpecError)) reason = failure;
  });
  if (!checkpoint.exists) return reason;
  if (reason === error && interrupted)
    return new Interrupted(`Interrupted; ${checkpoint.remedy}`, error.code);
  console.error(`The run folder has a checkpoint; ${checkpoint.remedy}`);
  return reason;
}

function summary(folder: string, run: Run): string {
  const { epochs, seconds, threads, test, convolutions, model, photographs } = run;
  return [
    "",
    `${epochs.length} epochs in ${duration(seconds)} (build ${model.provenance.variant}, ${threads} ${threads === 1 ? "thread" : "threads"}); ` +
      `loss ${epochs[0]!.loss.toFixed(1)} in the first, ${epochs.at(-1)!.loss.toFixed(1)} in the last.`,
    "",
    `On ${testInWords(run)}:`,
    textTable(qualityHead, qualityRows(test, convolutions?.test)),
    "",
    verdictOf(run),
    "",
    `Picture:  ${join(folder, "figure.png")}`,
    `All of it: ${join(folder, "index.html")}`,
    ...photographsInWords(folder, photographs),
  ].join("\n");
}

/** What the bundled model made of the photographs, in lines. */
function photographsInWords(folder: string, photographs: Run["photographs"]): string[] {
  if (photographs.length === 0) return [];
  return [
    "",
    "What this package is for, denoising photographs, by the model that comes with it:",
    ...photographs.map((one) => `  ${gainInWords(one)}`),
    `Picture:  ${join(folder, "photographs.png")}`,
  ];
}
