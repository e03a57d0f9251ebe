import { rmdir } from "node:fs/promises";
import { join } from "node:path";
import { Command, Option } from "commander";
import { pairsOf } from "../batches.ts";
import { denoiseAll, evaluate, quality } from "../evaluate.ts";
import { requireWritableFolder } from "../files.node.ts";
import { requireSsimSize } from "../metrics.ts";
import { networkOf } from "../model.ts";
import { Purpose } from "../rng.ts";
import { isConvolutional } from "../spec.ts";
import { type Epoch, train } from "../trainer.ts";
import type { Mode } from "../wasm/detect.ts";
import { denoiseByConvolutions } from "./bundled-convolutions.ts";
import { loadTrainingData } from "./data.ts";
import { profileStep } from "./profile-step.ts";
import { duration, trainingProgress } from "./progress.ts";
import { qualityHead, qualityRows, textTable, verdict } from "./quality-table.ts";
import { numberFrom, type RecipeOptions, recipeFrom, withRecipeOptions } from "./recipe-options.ts";
import { picturesInWords, type Run, reportOf, testInWords, writeRunFolder } from "./run-folder.ts";

interface Options extends RecipeOptions {
  data?: string;
  test?: string;
  seed: string;
  mode: Mode;
  threads?: string;
  out?: string;
  json?: boolean;
  profile?: boolean;
}

/** `denoise-wasm train`: a recipe on the data found, to a run folder. */
export function trainCommand(): Command {
  return withRecipeOptions(new Command("train").description("train a recipe and write a run folder"))
    .option(
      "--data <dir>",
      "a folder of PNG and JPEG pictures, or of Fashion-MNIST's four IDX files (default: the best found)",
    )
    .option("--test <dir>", "a folder of test pictures (default: the last tenth of those in --data, by name)")
    .option("--seed <n>", "start of every random number", "1")
    .addOption(
      new Option("--mode <mode>", "reproducible: the same bytes in every engine; fast: the quickest build")
        .choices(["reproducible", "fast"])
        .default("reproducible"),
    )
    .option("--threads <n>", "threads to train on (default: one a core); the result does not depend on it")
    .option("--out <dir>", "the run folder (default: runs/<recipe>-<time>)")
    .option("--json", "print the report as JSON")
    .option("--profile", "do not train: show where the time of a step goes")
    .action(run);
}

async function run(options: Options): Promise<void> {
  const recipe = await recipeFrom(options);
  const data = await loadTrainingData(recipe, options);
  requireSsimSize(data.test);
  const interrupt = new AbortController();
  const { mode } = options;
  const threads = options.threads === undefined ? undefined : numberFrom("--threads", options.threads);
  const seed = numberFrom("--seed", options.seed);
  if (options.profile) {
    console.log(await profileStep(recipe, data.train, { seed, mode, threads }));
    return;
  }
  const progress = trainingProgress(recipe.epochs);
  const training = train(recipe, data, {
    seed,
    mode,
    ...(threads !== undefined && { threads }),
    signal: interrupt.signal,
    onProgress: progress.report,
  });
  const folder =
    options.out ?? join("runs", `${recipe.name}-${new Date().toISOString().replace(/[:.]/g, "-")}`);
  await requireWritableFolder(folder);
  console.error(
    `Training ${recipe.name} on ${picturesInWords(recipe, data.train.count)} (${data.source}), seed ${seed}, ` +
      `${recipe.epochs} epochs.`,
  );
  const onInterrupt = () => interrupt.abort();
  process.once("SIGINT", onInterrupt).once("SIGTERM", onInterrupt);
  const epochs: Epoch[] = [];
  try {
    for await (const epoch of training) {
      if (epochs.length === 0 && threads !== undefined && training.threads! < threads) {
        console.error(`Only ${training.threads} of ${threads} threads could be started.`);
      }
      epochs.push(epoch);
      progress.epoch(epoch);
    }
    progress.stop();
    const seconds = epochs.reduce((sum, epoch) => sum + epoch.seconds, 0);
    const model = await training.model();
    const pairs = pairsOf(data.test, recipe.noise, seed, Purpose.testNoise);
    const denoised = denoiseAll(await networkOf(model, { batch: recipe.batch, mode }), pairs);
    const test = evaluate(pairs, denoised);
    const convolved = isConvolutional(recipe.spec) ? undefined : await denoiseByConvolutions(pairs);
    const run: Run = {
      recipe,
      mode,
      threads: training.threads!,
      data,
      model,
      epochs,
      seconds,
      test,
      noisy: pairs.noisy,
      denoised,
      ...(convolved && { convolutions: { denoised: convolved, test: quality(data.test, convolved) } }),
    };
    await writeRunFolder(folder, run);
    if (options.json) console.log(JSON.stringify(reportOf(run)));
    else console.log(summary(folder, run));
  } catch (error) {
    // Nothing is left behind where nothing was written.
    await rmdir(folder).catch(() => {});
    throw error;
  } finally {
    progress.stop();
    process.off("SIGINT", onInterrupt).off("SIGTERM", onInterrupt);
  }
}

function summary(folder: string, run: Run): string {
  const { epochs, seconds, threads, test, convolutions, model } = run;
  return [
    "",
    `${epochs.length} epochs in ${duration(seconds)} (build ${model.provenance.variant}, ${threads} ${threads === 1 ? "thread" : "threads"}); ` +
      `loss ${epochs[0]!.loss.toFixed(1)} in the first, ${epochs.at(-1)!.loss.toFixed(1)} in the last.`,
    "",
    `On ${testInWords(run)}:`,
    textTable(qualityHead, qualityRows(test, convolutions?.test)),
    "",
    verdict(test),
    "",
    `Picture:  ${join(folder, "figure.png")}`,
    `All of it: ${join(folder, "index.html")}`,
  ].join("\n");
}
