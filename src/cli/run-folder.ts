import { existsSync } from "node:fs";
import { join } from "node:path";
import { writeFileAtomic } from "../data/files.node.ts";
import { type Dataset, pixelsOf, samplesOf, type TrainingSet, valuesAt } from "../data/images.ts";
import { TESTED_ON } from "../data/photo-folders.node.ts";
import type { Model } from "../model/model.ts";
import { encodeModel } from "../model/model-file.ts";
import { parameterCount } from "../network/spec.ts";
import { noiseName } from "../noise/noise.ts";
import { encodePng } from "../pictures/png-encode.ts";
import type { Evaluation, Quality } from "../quality/evaluate.ts";
import { beforeAndAfter } from "../report/before-and-after.ts";
import { pictureRows } from "../report/figures.ts";
import { lossChart } from "../report/loss-chart.ts";
import { runPage } from "../report/run-page.ts";
import type { Recipe } from "../training/recipes.ts";
import type { Epoch } from "../training/train-options.ts";
import type { Mode } from "../wasm/detect.ts";
import type { DenoisedPhotograph } from "./photographs.ts";
import { duration } from "./progress.ts";
import { qualityHead, qualityRows, verdict } from "./quality-table.ts";

/** A finished training, with all that its report is made from. */
export interface Run {
  readonly recipe: Recipe;
  readonly mode: Mode;
  readonly threads: number;
  readonly data: Dataset<TrainingSet>;
  readonly model: Model;
  readonly epochs: readonly Epoch[];
  /** The sum of the epochs' seconds. */
  readonly seconds: number;
  readonly test: Evaluation;
  /** The noisy test pictures, [count, pixels]. */
  readonly noisy: Float32Array;
  /** The denoised test pictures, [count, pixels]. */
  readonly denoised: Float32Array;
  /** The same pictures denoised by the bundled network of convolutions. Only if dense layers were trained. */
  readonly convolutions?: { readonly denoised: Float32Array; readonly test: Quality };
  /** Photographs denoised by the bundled model for them. Only in a clone, and if dense layers were trained. */
  readonly photographs: readonly DenoisedPhotograph[];
}

/** A phrase for what a recipe is trained on, given a training set of `count` pictures. */
export function picturesInWords({ patchesPerEpoch }: Recipe, count: number): string {
  const pictures = `${count.toLocaleString("en")} images`;
  return patchesPerEpoch === undefined
    ? pictures
    : `${patchesPerEpoch.toLocaleString("en")} patches an epoch of ${pictures}`;
}

/** A phrase for what a run was tested on. */
export function testInWords({ data: { train, test } }: Pick<Run, "data">): string {
  const count = test.count.toLocaleString("en");
  return "photos" in train
    ? `${count} patches of ${test.width}×${test.height} of test images`
    : `${count} test images`;
}

/** A sentence that says what the figures of a run's test mean. */
export function verdictOf({ recipe, data, test }: Pick<Run, "recipe" | "data" | "test">): string {
  return recipe.noisyOnly && !data.source.includes(TESTED_ON)
    ? "These figures do not say how good the model is: the test pictures are noisy themselves, and are taken for the truth here, " +
        "under more such noise. --test names a folder of clean ones."
    : verdict(test);
}

/** The contents of `report.json`. */
export function reportOf({ recipe, mode, threads, data, model, epochs, seconds, test, convolutions }: Run) {
  const { seed, variant, packageVersion } = model.provenance;
  return {
    recipe,
    parameters: parameterCount(recipe.spec),
    data: {
      name: data.name,
      source: data.source,
      sha256: data.sha256,
      trainingImages: data.train.count,
      testImages: data.test.count,
    },
    seed,
    mode,
    threads,
    variant,
    packageVersion,
    runtime: { node: process.version, platform: process.platform, arch: process.arch },
    seconds,
    epochs: epochs.map(({ number, loss, seconds }) => ({ number, loss, seconds })),
    test,
    ...(convolutions && { convolutions: convolutions.test }),
  };
}

/** The names of a run folder's files. */
const files = {
  model: "model.safetensors",
  report: "report.json",
  chart: "loss.svg",
  figure: "figure.png",
  photographs: "photographs.png",
  page: "index.html",
};

/** Whether a folder holds a file of the name of a run's, of a finished run or of something else. */
export function holdsRunFiles(folder: string): boolean {
  return Object.values(files).some((name) => existsSync(join(folder, name)));
}

/**
 * Writes the files of a finished run; photographs.png only if there are any.
 * @throws OutputError
 */
export async function writeRunFolder(folder: string, run: Run): Promise<void> {
  const { recipe, data, epochs, seconds, test, convolutions, model, photographs } = run;
  const losses = epochs.map(({ loss }) => loss);
  await writeFileAtomic(join(folder, files.model), encodeModel(model));
  await writeFileAtomic(join(folder, files.report), `${JSON.stringify(reportOf(run), null, 2)}\n`);
  await writeFileAtomic(
    join(folder, files.chart),
    lossChart({
      title: `${recipe.name}: mean squared error over ${picturesInWords(recipe, data.train.count)}`,
      losses,
      test: [{ epoch: epochs.length, value: test.denoised.mse }],
    }),
  );
  await writeFileAtomic(join(folder, files.figure), await figureOf(run));
  if (photographs.length > 0) {
    await writeFileAtomic(join(folder, files.photographs), await encodePng(beforeAndAfter(photographs)));
  }
  await writeFileAtomic(
    join(folder, files.page),
    runPage({
      title: `denoise-wasm: ${recipe.name}`,
      facts: [
        [
          "Data",
          `${data.name}, ${data.source}: trained on ${picturesInWords(recipe, data.train.count)}, tested on ${testInWords(run)}`,
        ],
        ["Network", `${parameterCount(recipe.spec).toLocaleString("en")} parameters`],
        ["Noise", noiseName(recipe.noise)],
        [
          "Training",
          `${epochs.length} epochs, batches of ${recipe.batch}, ${duration(seconds)}, build “${model.provenance.variant}”`,
        ],
        ["Seed", String(model.provenance.seed)],
        ["Loss", `${losses[0]!.toFixed(1)} in the first epoch, ${losses.at(-1)!.toFixed(1)} in the last`],
      ],
      table: { head: qualityHead, rows: qualityRows(test, convolutions?.test) },
      note: verdictOf(run),
      ...(photographs.length > 0 && { photographs: photographs.map(gainInWords) }),
    }),
  );
}

/** What denoising did to a photograph. */
export function gainInWords({ name, psnr }: DenoisedPhotograph): string {
  return `${name}: ${psnr.noisy.toFixed(2)} dB noisy, ${psnr.denoised.toFixed(2)} dB denoised`;
}

/** A figure with a few test pictures: original, noisy, denoised, and for dense layers denoised by convolutions too. */
function figureOf({ data, noisy, denoised, convolutions }: Run): Promise<Uint8Array> {
  const { test, classNames } = data;
  const size = pixelsOf(test);
  const columns = samplesOf(data);
  const from = (pictures: Float32Array) =>
    columns.map((index) => pictures.subarray(index * size, (index + 1) * size));
  return encodePng(
    pictureRows(
      [
        { label: "original", pictures: columns.map((index) => valuesAt(test, index)) },
        { label: "noisy", pictures: from(noisy) },
        { label: "denoised", pictures: from(denoised) },
        ...(convolutions ? [{ label: "fashion-\nconv", pictures: from(convolutions.denoised) }] : []),
      ],
      {
        width: test.width,
        height: test.height,
        channels: test.channels,
        ...(classNames.length > 0 && {
          columnLabels: columns.map((index) => classNames[test.labels[index]!]!),
        }),
      },
    ),
  );
}
