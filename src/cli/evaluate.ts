import { basename } from "node:path";
import { Command, InvalidArgumentError, Option } from "commander";
import { type Photos, photosOf } from "../data/images.ts";
import { readPhotos } from "../data/photo-folders.node.ts";
import { createDenoiser } from "../denoiser/photo.ts";
import { SpecError } from "../errors.ts";
import { type Model, requireFit } from "../model/model.ts";
import { networkOf } from "../model/model-network.ts";
import { isConvolutional } from "../network/spec.ts";
import { noiseName, noiseWithLevels } from "../noise/noise.ts";
import type { Picture } from "../pictures/picture.ts";
import classicalFilters from "../quality/classical-filters.json" with { type: "json" };
import { evaluateLevels, type LevelQuality, type Method, noisyMethods } from "../quality/evaluate-levels.ts";
import { evaluateModel } from "../quality/run-model.ts";
import { loadData } from "./data.ts";
import { evaluateSet, SET_LEVELS, type SetOptions } from "./evaluate-set.ts";
import { jsonText } from "./json-text.ts";
import { modelInWords, modelOf, modelsOf } from "./models.ts";
import { percentProgress } from "./progress.ts";
import { qualityHead, qualityRows, textTable, verdict } from "./quality-table.ts";
import { type ReportOptions, reportTo, withReportOptions } from "./report-output.ts";

interface Options extends Omit<SetOptions, "set">, ReportOptions {
  data?: string;
  pictures?: string;
  classic?: string;
  set?: string;
}

/** In grey levels, unless a set of photographs is measured. */
const LEVELS = [5, 10, 15, 25, 50, 75];
/** Options that mean nothing without --set, as commander calls them. */
const ofSets = ["noise", "jpeg", "grey", "quality", "bestSigma", "each", "saveNoisy"] as const;

/** `denoise-wasm evaluate [MODEL…]`: measures quality on test pictures; of convolutions, at several noise levels. */
export function evaluateCommand(): Command {
  return withReportOptions(new Command("evaluate"))
    .description(
      "measure a model on the test images: one of convolutions under several levels of noise and beside other filters, " +
        "one of dense layers under the noise it was trained on; both with its run's seed",
    )
    .argument(
      "[models...]",
      `${modelInWords}; with --set also several, of which each picture takes the first for as many colours as it has, ` +
        "or none, for photo",
    )
    .option("--data <dir>", "the folder that holds Fashion-MNIST's four IDX files (default: the best found)")
    .option("--pictures <dir>", "measure on a folder of PNG and JPEG files instead")
    .addOption(
      new Option(
        "--set <dir>",
        "measure a model of convolutions on a folder of photographs as the literature does, or, where its files are " +
          "called NAME_noisy and NAME_clean, on pairs of real noise",
      ).conflicts(["data", "pictures", "classic"]),
    )
    .option(
      "--levels <sigmas>",
      "levels of noise: standard deviations in grey levels; at mid grey, if the model was trained on other noise than " +
        "Gaussian. For a camera's noise Gaussian noise stands in, for a mixture its first model that has levels " +
        `(default: ${LEVELS}; with --set ${SET_LEVELS})`,
      levelsFrom,
    )
    .addOption(
      new Option(
        "--noise <model,key=x…|file>",
        "with --set: other noise than Gaussian, as for train; the model is not told its level",
      ).conflicts(["levels", "auto"]),
    )
    .option("--classic <model>", "a model of the classic recipe, to be measured beside it")
    .option("--auto", "measure the model also where it is not told the level of noise")
    .option(
      "--jpeg <qualities>",
      "with --set: save the noisy pictures as JPEG files of these qualities, 1 to 100, and denoise what is read from " +
        "them; the model is not told the level",
      qualitiesFrom,
    )
    .option("--grey", "with --set: turn colour pictures into grey ones first")
    .addOption(
      new Option(
        "--quality <quality>",
        "with --set: best, for the mean of eight orientations (default: standard)",
      ).choices(["standard", "best"]),
    )
    .option("--best-sigma", "with --set: look for the best level, where the model is not told one")
    .option("--each", "with --set: a row for every picture")
    .option(
      "--save-noisy <dir>",
      "with --set: write the pictures, clean and noisy, into a new folder of .npy files",
    )
    .option("--json", "print the figures as JSON")
    .action(run);
}

function levelsFrom(text: string): number[] {
  const levels = text.split(",").map((level) => (level.trim() === "" ? Number.NaN : Number(level)));
  if (levels.every((level) => level > 0 && level < Infinity)) return levels;
  throw new InvalidArgumentError("It has to be numbers above 0, such as 10,25,50.");
}

function qualitiesFrom(text: string): number[] {
  const qualities = text.split(",").map((quality) => (quality.trim() === "" ? Number.NaN : Number(quality)));
  if (qualities.every((quality) => Number.isInteger(quality) && quality >= 1 && quality <= 100))
    return qualities;
  throw new InvalidArgumentError("It has to be whole numbers from 1 to 100, such as 75,90.");
}

async function run(paths: string[], { set, ...options }: Options, command: Command): Promise<void> {
  const alone = set === undefined ? ofSets.find((name) => options[name] !== undefined) : undefined;
  if (alone !== undefined) {
    const { long } = command.options.find((option) => option.attributeName() === alone)!;
    command.error(`error: option '${long}' needs --set DIR`);
  }
  const [path, ...others] = paths;
  if (set === undefined && (path === undefined || others.length > 0))
    command.error("error: without --set it measures one model");
  const report = await reportTo(options);
  if (set !== undefined) return report(await evaluateSet(await modelsOf(paths), { ...options, set }));
  const model = await modelOf(path!);
  await report(
    isConvolutional(model.spec)
      ? await evaluateConvolutions(model, options)
      : await evaluateDense(path!, model, options),
  );
}

async function evaluateDense(path: string, model: Model, options: Options): Promise<string> {
  if (options.pictures !== undefined) {
    throw new SpecError(`${path} is of dense layers, for pictures of one size. Leave --pictures out.`);
  }
  const data = await loadData(options.data);
  requireFit(model.spec, data.test, path);
  const result = await evaluateModel(model, data.test);
  if (options.json) return jsonText(result);
  const what = `${result.images} test images (${data.source}), ${noiseName(model.noise)}:`;
  return `${what}\n${textTable(qualityHead, qualityRows(result))}\n\n${verdict(result)}`;
}

async function evaluateConvolutions(model: Model, options: Options): Promise<string> {
  const { levels = LEVELS } = options;
  const { name, pictures } = await picturesFrom(options);
  using denoiser = await createDenoiser({ model });
  const methods: Method[] = [...noisyMethods];
  if (options.classic !== undefined) methods.push(await classicMethod(options.classic, pictures[0]!));
  const toldOrNot = options.auto ? ["this model", "this model, not told σ"] : ["this model"];
  for (const [index, method] of toldOrNot.entries()) {
    methods.push({
      name: method,
      clipped: true,
      denoise: async (data, { width, height, channels }, sigma) =>
        (await denoiser.denoise({ data, width, height, channels }, { sigma: index === 0 ? sigma : "auto" }))
          .data,
    });
  }
  const progress = percentProgress();
  let table: LevelQuality[][];
  try {
    table = await evaluateLevels(methods, pictures, model.noise, levels, model.provenance.seed, (part) =>
      progress.report(name, part),
    );
  } finally {
    progress.stop();
  }
  const measured = methods.map((method, row) => ({ name: method.name, levels: table[row]! }));
  const kind = noiseWithLevels(model.noise).model;
  const filters = kind === "gaussian" ? filterRows(name, pictures.length, levels) : [];
  const own = measured.findIndex((row) => row.name === toldOrNot[0]);
  const rows: Row[] = [...measured.slice(0, own), ...filters, ...measured.slice(own)];
  if (options.json) return jsonText({ name, pictures: pictures.length, noise: kind, levels, rows });
  const head = ["PSNR in dB", ...levels.map((sigma) => `σ = ${sigma}`)];
  const cells = (figure: keyof LevelQuality) =>
    rows.map((row) => [row.name, ...row.levels.map((quality) => quality?.[figure].toFixed(2) ?? "")]);
  const noise = kind === "gaussian" ? "noise" : `${kind} noise (σ at mid grey)`;
  return [
    `${name}, ${pictures.length} pictures, ${noise} not clipped; of the mean squared error over all:`,
    `${textTable(head, cells("psnr"))}\n`,
    "Mean over the pictures of their own:",
    textTable(head, cells("meanPsnr")),
  ].join("\n");
}

interface Row {
  readonly name: string;
  /** The quality at each level, undefined where it was not measured. */
  readonly levels: readonly (LevelQuality | undefined)[];
}

async function picturesFrom({
  data,
  pictures,
}: Options): Promise<{ name: string; pictures: Photos["photos"] }> {
  if (pictures !== undefined) return { name: basename(pictures), pictures: await readPhotos(pictures) };
  const { name, test } = await loadData(data);
  return { name, pictures: photosOf(test).photos };
}

async function classicMethod(path: string, picture: Required<Picture<Uint8Array>>): Promise<Method> {
  const model = await modelOf(path);
  if (isConvolutional(model.spec))
    throw new SpecError(`${path} is of convolutions. Name one of dense layers.`);
  requireFit(model.spec, picture, path);
  const network = await networkOf(model, { batch: 1 });
  return {
    name: "classic recipe",
    clipped: true,
    denoise(noisy) {
      network.input.set(noisy);
      network.forward();
      return network.output;
    },
  };
}

const filterNames: Record<string, string> = {
  gaussian: "Gaussian blur",
  median: "median",
  nonLocalMeans: "non-local means",
  totalVariation: "total variation",
};

/** The quality of scikit-image's filters on this set, if it was measured (bench/peers/skimage_reference.py). */
function filterRows(set: string, pictures: number, levels: readonly number[]): Row[] {
  const found = classicalFilters.sets.find(({ name, images }) => name === set && images === pictures);
  if (!found) return [];
  return Object.entries(filterNames).map(([key, name]) => ({
    name,
    levels: levels.map((sigma) => {
      const level = found.levels.find((one) => one.sigma === sigma);
      return level?.filters[key as keyof typeof level.filters];
    }),
  }));
}
