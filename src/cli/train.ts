import { join } from "node:path";
import { Command, Option } from "commander";
import { ModelFileError, OutputError, SpecError } from "../errors.ts";
import { startingModel } from "../training/fine-tuning.ts";
import type { Mode } from "../wasm/detect.ts";
import { type DataOptions, loadTrainingData, loadTrainingDataAgain } from "./data.ts";
import { modelInWords, modelOf } from "./models.ts";
import { noisySourceOf, recipeForNoisy } from "./noisy-data.ts";
import { numberFrom, rangeOption } from "./option-values.ts";
import { profileStep } from "./profile-step.ts";
import { type RecipeOptions, recipeFrom, withRecipeOptions } from "./recipe-options.ts";
import { RunCheckpoint } from "./run-checkpoint.ts";
import { holdsRunFiles } from "./run-folder.ts";
import { withRunFolder } from "./run-lock.ts";
import { type Start, trainRun } from "./train-run.ts";

interface Options extends RecipeOptions, DataOptions {
  from?: string;
  seed: string;
  mode: Mode;
  threads?: string;
  out?: string;
  force?: boolean;
  checkpointEvery: string;
  resume?: string;
  json?: boolean;
  profile?: boolean;
}

/** The options that may go with `--resume`. All others set what the checkpoint already sets. */
const besideResume = ["data", "test", "threads", "checkpointEvery", "json"];

/** `denoise-wasm train`: trains a recipe and writes a run folder, or goes on with an interrupted run. */
export function trainCommand(): Command {
  const command = withRecipeOptions(
    new Command("train").description("train a recipe and write a run folder, or go on with one"),
  )
    .option(
      "--data <dir>",
      "a folder of PNG and JPEG pictures, given once for each, or of Fashion-MNIST's four IDX files (default: the best found)",
      (folder: string, others: string[] | undefined) => [...(others ?? []), folder],
    )
    .option(
      "--noisy-only",
      "the pictures in --data are noisy, and there are no clean ones: learn from them alone (recipe: noisy-only). Their noise is " +
        "found, unless --sigma or --noise says it",
    )
    .addOption(
      new Option(
        "--pairs",
        "learn from noisy frames alone: each folder in --data holds two frames or more of one scene",
      ).conflicts("noisyOnly"),
    )
    .addOption(rangeOption())
    .option("--test <dir>", "a folder of test pictures (default: the last tenth of those in --data, by name)")
    .option("--from <name|file>", `go on from the weights of ${modelInWords}`)
    .option("--seed <n>", "start of every random number", "1")
    .addOption(
      new Option("--mode <mode>", "reproducible: the same bytes in every engine; fast: the quickest build")
        .choices(["reproducible", "fast"])
        .default("reproducible"),
    )
    .option("--threads <n>", "threads to train on (default: one a core); the result does not depend on it")
    .option("-o, --out <dir>", "the run folder (default: runs/<recipe>-<time>)")
    .option("--force", "write over what a run has left in that folder")
    .option("--checkpoint-every <minutes>", "how often the run folder gets what --resume goes on from", "5")
    .option("--json", "print the report as JSON")
    .addOption(
      new Option("--profile", "do not train: show where the time of a step goes, on one thread").conflicts(
        "threads",
      ),
    );
  const settled = command.options.map((option) => option.attributeName());
  return command
    .addOption(
      new Option(
        "--resume <run>",
        `go on with the run in this folder, with its own recipe, seed, mode and data; beside --data, --test, --threads, ` +
          "--checkpoint-every and --json only",
      ).conflicts(settled.filter((name) => !besideResume.includes(name))),
    )
    .action(run);
}

async function run(options: Options): Promise<void> {
  const threads = options.threads === undefined ? undefined : numberFrom("--threads", options.threads);
  const minutes = numberFrom("--checkpoint-every", options.checkpointEvery);
  if (!(minutes > 0)) throw new SpecError(`--checkpoint-every is ${minutes}; it has to be above 0 minutes.`);
  const { resume, force, profile, json } = options;
  const how = { threads, minutes, json };
  if (resume !== undefined) {
    requireCheckpoint(resume);
    return withRunFolder(resume, async () => trainRun(await goOn(resume, options), how));
  }
  const start = await begin(options);
  const { recipe, seed, mode, data, folder } = start;
  if (profile) return console.log(await profileStep(recipe, data.train, { seed, mode }));
  await withRunFolder(folder, () => {
    // Another run may have ended there meanwhile.
    if (!force) requireNoRun(folder);
    return trainRun(start, how);
  });
}

/** Starts a new run. */
async function begin(options: Options): Promise<Start> {
  const from = options.from === undefined ? undefined : await modelOf(options.from);
  const isNoisy = options.noisyOnly || options.pairs;
  if (options.range && !isNoisy)
    throw new SpecError("--range goes with --noisy-only or --pairs; other pictures are read as bytes.");
  const named = await recipeFrom(isNoisy ? noisyOptions(options, from !== undefined) : options, from);
  const data = await loadTrainingData(named, options);
  const isGiven = options.sigma !== undefined || options.noise !== undefined;
  const recipe = isNoisy ? recipeForNoisy(named, data.train, isGiven) : named;
  const seed = numberFrom("--seed", options.seed);
  const folder =
    options.out ?? join("runs", `${recipe.name}-${new Date().toISOString().replace(/[:.]/g, "-")}`);
  if (!options.force) requireNoRun(folder);
  return {
    recipe,
    seed,
    mode: options.mode,
    data,
    folder,
    ...(from && { from: startingModel(recipe, from) }),
  };
}

/** The options of a recipe for noisy pictures: `--sigma` alone says that their noise is Gaussian. */
function noisyOptions(options: Options, hasModel: boolean): Options {
  const { recipe, noise, sigma } = options;
  return {
    ...options,
    ...(recipe === undefined && !hasModel && { recipe: "noisy-only" }),
    ...(noise === undefined && sigma !== undefined && { noise: `gaussian,sigma=${sigma}` }),
  };
}

/** @throws OutputError if the folder holds an interrupted run or a finished one */
function requireNoRun(folder: string): void {
  const checkpoint = new RunCheckpoint(folder);
  const otherwise = "or choose another folder, or give --force to write over it.";
  if (checkpoint.exists)
    throw new OutputError(`${folder} holds an interrupted run: ${checkpoint.remedy}; ${otherwise}`);
  if (holdsRunFiles(folder))
    throw new OutputError(`${folder} holds a run, or files of the same names: ${otherwise.slice(3)}`);
}

/** @throws ModelFileError if the folder holds no interrupted run */
function requireCheckpoint(folder: string): void {
  if (new RunCheckpoint(folder).exists) return;
  throw new ModelFileError(
    `${folder} holds no checkpoint.safetensors: its run is complete, or there is none. Name the folder of an interrupted run.`,
  );
}

/** Goes on with a run that was interrupted. @throws ModelFileError if it has meanwhile been completed */
async function goOn(folder: string, { data: folders, test }: DataOptions): Promise<Start> {
  requireCheckpoint(folder);
  const saved = await new RunCheckpoint(folder).load();
  const { recipe, seed, mode, data } = saved;
  return {
    recipe,
    seed,
    mode,
    data: await (folders === undefined
      ? loadTrainingDataAgain(recipe, data.source)
      : loadTrainingData(recipe, {
          ...noisySourceOf(data.source ?? ""),
          noisyOnly: recipe.noisyOnly !== undefined,
          data: folders,
          test,
        })),
    folder,
    checkpoint: saved,
  };
}
