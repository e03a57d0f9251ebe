import { readFile } from "node:fs/promises";
import { dirname } from "node:path";
import { Command, InvalidArgumentError, Option } from "commander";
import { removeAbandoned, requireWritableFolder, writeFileAtomic } from "../data/files.node.ts";
import { opaqueBytes } from "../data/photos.ts";
import type { Denoised, Denoiser } from "../denoiser/denoiser.ts";
import { createDenoiser } from "../denoiser/photo.ts";
import type { DenoiseOptions } from "../denoiser/request.ts";
import { DataError, printable } from "../errors.ts";
import { type Calibration, parseCalibration } from "../learning/calibration.ts";
import { calibratedDenoiser } from "../learning/denoise-calibrated.ts";
import { strongestLevel } from "../noise/noise.ts";
import { formatOf, formatOfName } from "../pictures/formats.ts";
import type { Picture, Range } from "../pictures/picture.ts";
import { decodeAny, encodeAny } from "../pictures/picture-files.node.ts";
import { encodePng } from "../pictures/png-encode.ts";
import type { FirstPicture } from "../pictures/sharp.node.ts";
import { pictureRows } from "../report/figures.ts";
import { recipes } from "../training/recipes.ts";
import type { Mode } from "../wasm/detect.ts";
import { computingCores } from "../wasm/workers.ts";
import { type Job, type JobOptions, jobsFrom, type Part, writtenBy } from "./denoise-jobs.ts";
import { Interrupted, Interrupts } from "./interrupted.ts";
import { jsonText } from "./json-text.ts";
import { learningDenoiser } from "./learning-denoiser.ts";
import { modelOption, modelsOf } from "./models.ts";
import { numberIn, rangeOption, wholeFrom, wholeIn } from "./option-values.ts";
import { inputBytes, RESULT_SUFFIX, STANDARD } from "./picture-sources.ts";
import { percentProgress } from "./progress.ts";
import { sideBySide } from "./side-by-side.ts";

interface Options extends JobOptions {
  sigma: number | "auto";
  calibration?: string;
  strength: number;
  quality: "standard" | "best";
  model?: string[];
  learn?: boolean;
  steps?: number;
  seed?: number;
  range?: Range;
  mode: Mode;
  threads?: number;
  maxPixels?: number;
  fileQuality?: number;
  json?: boolean;
}

/** `denoise-wasm denoise IN…`: denoises pictures and writes each in the format that its name says. */
export function denoiseCommand(): Command {
  return new Command("denoise")
    .description(
      "denoise pictures of any size: PNG and JPEG, and with the package sharp WebP, AVIF, TIFF, GIF and HEIF",
    )
    .argument("[in...]", "pictures, folders of pictures, quoted patterns of names, or - for standard input")
    .option(
      "--manifest <file>",
      "in place of these, a file with a picture's path in each line, relative to its folder",
    )
    .option(
      "--part <K-of-N>",
      "of the manifest, every Nth line from line K on: the work of one of N machines",
      partFrom,
    )
    .option(
      "-o, --out <path>",
      "the file to write, whose ending says the format; a folder, if several pictures go in; or - for standard output " +
        "(default: beside each picture, in its format)",
    )
    .option("--suffix <text>", "what is added to the names of results beside their pictures", RESULT_SUFFIX)
    .option("--recursive", "take the pictures in folders inside folders, too")
    .option("--force", "write over results that exist; without it they are left, and the others are made")
    .option(
      "--file-quality <quality>",
      "quality of JPEG, WebP and AVIF files that are written, 1 to 100; at 100, WebP loses nothing, as by default " +
        "where a WebP file comes in that lost nothing (default: 92)",
      wholeIn(1, 100),
    )
    .option(
      "--sigma <levels>",
      "strength of the noise in grey levels, or auto: found from the picture",
      sigmaFrom,
      "auto",
    )
    .addOption(
      new Option(
        "--calibration <file>",
        "what calibrate wrote of such noise, in place of its strength",
      ).conflicts(["sigma", "learn"]),
    )
    .addOption(rangeOption())
    .option("--strength <part>", "how much of the noise to take away, 0 to 1", numberIn(0, 1), 1)
    .addOption(
      new Option("--quality <quality>", "best: the mean of eight orientations, in eight times the time")
        .choices(["standard", "best"])
        .argParser(qualityFrom)
        .default("standard"),
    )
    .addOption(modelOption())
    .addOption(
      new Option(
        "--learn",
        "learn each picture's noise from that picture alone, in about a minute",
      ).conflicts(["model", "strength", "quality"]),
    )
    .option("--steps <n>", "steps that --learn trains for (default: 2000)", wholeFrom)
    .option("--seed <n>", "what the random numbers of --learn follow from (default: 1)", wholeFrom)
    .addOption(
      new Option("--mode <mode>", "reproducible: the same bytes in every engine; fast: the quickest build")
        .choices(["reproducible", "fast"])
        .default("reproducible"),
    )
    .option(
      "--threads <n>",
      "threads to denoise on (default: one a core); the result does not depend on it",
      wholeFrom,
    )
    .option("--max-pixels <n>", "most pixels that a picture may have (default: 2^27)", numberIn(1, Infinity))
    .option("--compare", "write a second picture beside each, before and after: NAME-compare.png")
    .option("--json", "print what was done as JSON, and no progress")
    .action(run);
}

function qualityFrom(text: string): string {
  if (text === "standard" || text === "best") return text;
  throw new InvalidArgumentError(
    "It has to be standard or best; --file-quality is that of files that are written.",
  );
}

/** The part of a manifest that "3-of-10" stands for. */
function partFrom(text: string): Part {
  const [, number, of] = /^(\d+)-of-(\d+)$/.exec(text)?.map(Number) ?? [];
  if (number !== undefined && of !== undefined && number >= 1 && number <= of) return { number, of };
  throw new InvalidArgumentError("It has to be as 3-of-10, from 1-of-10 to 10-of-10.");
}

function sigmaFrom(text: string): number | "auto" {
  return text === "auto" ? text : numberIn(0, Number.MAX_VALUE)(text);
}

async function run(inputs: string[], options: Options, command: Command): Promise<void> {
  const { manifest, part } = options;
  if (manifest === undefined && inputs.length === 0) command.error("error: missing required argument 'in'");
  if (manifest !== undefined && inputs.length > 0)
    command.error("error: name pictures, or a file that lists them by --manifest");
  if (part && manifest === undefined) command.error("error: option '--part' needs --manifest FILE");
  for (const name of ["steps", "seed"] as const)
    if (options[name] !== undefined && !options.learn)
      command.error(`error: option '--${name}' needs --learn`);
  const { jobs, present, clashes } = await jobsFrom(inputs, options);
  // What is written to standard output is a picture, and nothing else.
  const say = jobs[0]?.output === STANDARD ? console.error : console.log;
  if (present.length > 0) {
    const which = present.length === 1 ? present[0]!.output : `${present.length} results`;
    console.error(`${which} already there; --force makes ${present.length === 1 ? "it" : "them"} anew.`);
  }
  await removeAbandoned([...jobs, ...present].flatMap(writtenBy));
  for (const { name, message } of clashes) console.error(`${name}: ${printable(message)}`);
  if (clashes.length > 0) process.exitCode = 1;
  if (jobs.length === 0) {
    if (options.json) console.log("[]");
    return;
  }
  const model = options.model && (await modelsOf(options.model)).map(({ model }) => model);
  /** The strongest noise that the model learned. */
  const learned = options.learn
    ? Infinity
    : Math.max(...(model ?? [recipes.photo]).map(({ noise }) => strongestLevel(noise)));
  const { mode, threads = computingCores() } = options;
  const calibration =
    options.calibration === undefined ? undefined : await readCalibration(options.calibration);
  using denoiser = options.learn
    ? learningDenoiser({ mode, threads, steps: options.steps, seed: options.seed })
    : withCalibration(await createDenoiser({ model, mode, threads }), calibration);
  for (const folder of new Set(jobs.map(({ output }) => dirname(output))))
    await requireWritableFolder(folder);
  using interrupts = new Interrupts();
  const progress = options.json ? undefined : percentProgress();
  const done: (Job & Outcome)[] = [];
  let failed = 0;
  const begin = async (job: Job) => {
    interrupts.signal.throwIfAborted();
    const [bytes, name] = await inputBytes(job.input);
    const picture = await decodeAny(bytes, name, { maxPixels: options.maxPixels });
    // Standard output has no name that says the format.
    const named = job.output === STANDARD ? `standard output.${formatOf(bytes)}` : job.output;
    const onProgress = (part: number) => {
      if (job === jobs[done.length + failed]) progress?.report(job.input, part);
    };
    const { sigma, strength, quality, range } = options;
    const settings = { sigma, strength, quality, range, signal: interrupts.signal, onProgress };
    return {
      pixels: picture.width * picture.height,
      outcome: denoisePicture(picture, job, denoiser, settings, { ...options, named, bytes }),
    };
  };
  try {
    for await (const result of sideBySide(jobs, denoiser.threads, begin)) {
      progress?.stop();
      if (result.status === "fulfilled") {
        done.push({ ...result.item, ...result.value });
        const { sigma, unchanged = "as-asked", pictures = 1 } = result.value;
        const which = pictures > 1 ? `the first of ${pictures} pictures; ` : "";
        const stronger =
          sigma > learned ? `: stronger than the ${learned} that the model learned, some may stay` : "";
        const what = which + (reasons[unchanged] ?? `σ = ${sigma.toFixed(1)}${stronger}`);
        if (!options.json) say(printable(`${result.item.input} → ${result.item.output}  (${what})`));
      } else if (!interrupts.signal.aborted) {
        const error: unknown = result.reason;
        // If a picture is broken, the others are denoised all the same.
        if (!(error instanceof DataError)) throw error;
        const { input } = result.item;
        const which = error.message.includes(input) ? "" : `${input}: `;
        console.error(`${error.name}: ${printable(which + error.message)}`);
        failed++;
      }
    }
  } finally {
    progress?.stop();
  }
  const { reason } = interrupts;
  if (reason && done.length + failed < jobs.length)
    throw new Interrupted(
      `Interrupted; ${done.length} of ${jobs.length} pictures were written.`,
      reason.code,
    );
  if (options.json) say(jsonText(done));
  if (failed > 0) process.exitCode = 1;
}

const withCalibration = (denoiser: Denoiser, calibration: Calibration | undefined): Denoiser =>
  calibration ? calibratedDenoiser(denoiser, calibration) : denoiser;

/** @throws DataError if the file cannot be read, or holds no calibration */
async function readCalibration(path: string): Promise<Calibration> {
  const text = await readFile(path, "utf8").catch((cause) => {
    throw new DataError(`${path} cannot be read: ${cause.message}; name a file that calibrate wrote`, {
      cause,
    });
  });
  return parseCalibration(text, path);
}

/** What is printed of a picture that was not changed. */
const reasons = {
  "as-asked": undefined,
  drawn: "unchanged: it looks drawn, not photographed; give --sigma to denoise it all the same",
  "no-noise": "unchanged: no noise was found",
};

/** What became of a picture; `pictures` is how many its file holds, if there are more than the one that was read. */
type Outcome = Pick<Denoised, "sigma" | "unchanged"> & { readonly pictures?: number };

/**
 * Denoises a picture and writes it, with what its file held beside it. If nothing of it was changed, and nothing has to be for the file,
 * it is the same file.
 * @param options.named a name whose ending says the format
 * @param options.bytes the file of the picture
 * @returns the noise level that was given or found, and why nothing was changed, if so
 */
async function denoisePicture(
  picture: FirstPicture,
  { output, comparison }: Job,
  denoiser: Pick<Denoiser, "denoise">,
  settings: DenoiseOptions,
  { fileQuality, named, bytes }: Pick<Options, "fileQuality"> & { named: string; bytes: Uint8Array },
): Promise<Outcome> {
  const clean = await denoiser.denoise(picture, { ...settings, transfer: !comparison });
  const { metadata, pictures } = picture;
  const isSame =
    clean.unchanged &&
    (metadata.orientation ?? 1) === 1 &&
    pictures === 1 &&
    formatOf(bytes) === formatOfName(named);
  const file = isSame
    ? bytes
    : await encodeAny(clean, named, { metadata, quality: fileQuality, like: bytes });
  if (output === STANDARD) await written(file);
  else await writeFileAtomic(output, file);
  if (comparison) await writeFileAtomic(comparison, await beforeAndAfter(picture, clean, settings.range));
  const { sigma, unchanged } = clean;
  return { sigma, ...(unchanged && { unchanged }), ...(pictures > 1 && { pictures }) };
}

/** Writes to standard output. */
function written(file: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(file, (error) => (error ? reject(error) : resolve()));
  });
}

/** A PNG file with the picture before and after denoising, side by side. */
function beforeAndAfter(before: Picture, after: Picture, range: Range | undefined): Promise<Uint8Array> {
  const pictures = [before, after].map((picture) => opaqueBytes(picture, range));
  const row = { label: "", pictures: pictures.map(({ data }) => data) };
  return encodePng(pictureRows([row], { ...pictures[0]!, columnLabels: ["before", "denoised"] }));
}
