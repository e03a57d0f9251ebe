import { realpath, stat } from "node:fs/promises";
import { basename, dirname, extname, join, resolve } from "node:path";
import { Command, InvalidArgumentError, Option } from "commander";
import { requireWritableFolder, writeFileAtomic } from "../data/files.node.ts";
import { opaqueBytes } from "../data/photos.ts";
import type { Denoised, Denoiser } from "../denoiser/denoiser.ts";
import { createDenoiser } from "../denoiser/photo.ts";
import type { DenoiseOptions } from "../denoiser/request.ts";
import { DataError } from "../errors.ts";
import type { DecodedPicture } from "../pictures/decoding.ts";
import type { Picture } from "../pictures/picture.ts";
import { picturesIn, readPicture } from "../pictures/picture-files.node.ts";
import { encodePng } from "../pictures/png-encode.ts";
import { pictureRows } from "../report/figures.ts";
import type { Mode } from "../wasm/detect.ts";
import { computingCores } from "../wasm/workers.ts";
import { modelInWords, modelsOf } from "./models.ts";
import { percentProgress } from "./progress.ts";
import { sideBySide } from "./side-by-side.ts";

interface Options {
  out: string;
  sigma: number | "auto";
  strength: number;
  quality: "standard" | "best";
  model?: string[];
  mode: Mode;
  threads?: number;
  maxPixels?: number;
  compare?: boolean;
  json?: boolean;
}

interface Job {
  readonly input: string;
  readonly output: string;
}

/** `denoise-wasm denoise IN… -o OUT`: denoises pictures and writes them as PNG files. */
export function denoiseCommand(): Command {
  return new Command("denoise")
    .description("denoise PNG and JPEG pictures of any size")
    .argument("<in...>", "pictures, or folders of pictures")
    .requiredOption("-o, --out <path>", "the PNG file to write; a folder, if several pictures go in")
    .option(
      "--sigma <levels>",
      "strength of the noise in grey levels, or auto: found from the picture",
      sigmaFrom,
      "auto",
    )
    .option("--strength <part>", "how much of the noise to take away, 0 to 1", numberIn(0, 1), 1)
    .addOption(
      new Option("--quality <quality>", "best: the mean of eight orientations, in eight times the time")
        .choices(["standard", "best"])
        .default("standard"),
    )
    .option(
      "--model <name|file>",
      `${modelInWords}; given several times, each picture takes the first for as many colours as it has (default: photo)`,
      (name: string, names: string[] = []) => [...names, name],
    )
    .addOption(
      new Option("--mode <mode>", "reproducible: the same bytes in every engine; fast: the quickest build")
        .choices(["reproducible", "fast"])
        .default("reproducible"),
    )
    .option(
      "--threads <n>",
      "threads to denoise on (default: one a core); the result does not depend on it",
      threadsFrom,
    )
    .option("--max-pixels <n>", "most pixels that a picture may have (default: 2^27)", numberIn(1, Infinity))
    .option("--compare", "write a second picture beside each, before and after: NAME-compare.png")
    .option("--json", "print what was done as JSON, and no progress")
    .action(run);
}

/** A parser of numbers for commander, which reports a wrong number as wrong usage. */
function numberIn(least: number, greatest: number): (text: string) => number {
  return (text) => {
    const value = text.trim() === "" ? Number.NaN : Number(text);
    if (value >= least && value <= greatest) return value;
    throw new InvalidArgumentError(
      `It has to be a number of at least ${least}${greatest < Infinity ? ` and at most ${greatest}` : ""}.`,
    );
  };
}

function sigmaFrom(text: string): number | "auto" {
  return text === "auto" ? text : numberIn(0, Number.MAX_VALUE)(text);
}

function threadsFrom(text: string): number {
  const threads = numberIn(1, Infinity)(text);
  if (Number.isInteger(threads)) return threads;
  throw new InvalidArgumentError("It has to be a whole number.");
}

async function run(inputs: string[], options: Options): Promise<void> {
  const jobs = await jobsFrom(inputs, options);
  const model = options.model && (await modelsOf(options.model)).map(({ model }) => model);
  const { mode, threads = computingCores() } = options;
  using denoiser = await createDenoiser({ model, mode, threads });
  await requireWritableFolder(dirname(jobs[0]!.output));
  const interrupt = new AbortController();
  const onInterrupt = () => interrupt.abort();
  process.once("SIGINT", onInterrupt).once("SIGTERM", onInterrupt);
  const progress = options.json ? undefined : percentProgress();
  const done: (Job & Pick<Denoised, "sigma" | "unchanged">)[] = [];
  let failed = 0;
  const begin = async (job: Job) => {
    interrupt.signal.throwIfAborted();
    const picture = await readPicture(job.input, { maxPixels: options.maxPixels });
    const onProgress = (part: number) => {
      if (job === jobs[done.length + failed]) progress?.report(job.input, part);
    };
    const { sigma, strength, quality } = options;
    const settings = { sigma, strength, quality, signal: interrupt.signal, onProgress };
    return {
      pixels: picture.width * picture.height,
      outcome: denoisePicture(picture, job.output, denoiser, settings, options.compare),
    };
  };
  try {
    for await (const result of sideBySide(jobs, denoiser.threads, begin)) {
      progress?.stop();
      if (result.status === "fulfilled") {
        done.push({ ...result.item, ...result.value });
        const { sigma, unchanged = "as-asked" } = result.value;
        const what = reasons[unchanged] ?? `σ = ${sigma.toFixed(1)}`;
        if (!options.json) console.log(`${result.item.input} → ${result.item.output}  (${what})`);
      } else if (!interrupt.signal.aborted) {
        const error: unknown = result.reason;
        // If a picture is broken, the others are denoised all the same.
        if (!(error instanceof DataError)) throw error;
        console.error(`${error.name}: ${error.message}`);
        failed++;
      }
    }
  } finally {
    progress?.stop();
    process.off("SIGINT", onInterrupt).off("SIGTERM", onInterrupt);
  }
  if (interrupt.signal.aborted && done.length + failed < jobs.length) {
    console.error(`Interrupted; ${done.length} of ${jobs.length} pictures were written.`);
    process.exitCode = 130;
    return;
  }
  if (options.json) console.log(JSON.stringify(done));
  if (failed > 0) process.exitCode = 1;
}

/** What is printed of a picture that was not changed. */
const reasons = {
  "as-asked": undefined,
  drawn: "unchanged: it looks drawn, not photographed; give --sigma to denoise it all the same",
  "no-noise": "unchanged: no noise was found",
};

/** Denoises a picture and writes it, with what its file held beside it. @returns the noise level that was given or found, and why nothing was changed, if so */
async function denoisePicture(
  picture: DecodedPicture,
  output: string,
  denoiser: Denoiser,
  options: DenoiseOptions,
  compare = false,
): Promise<Pick<Denoised, "sigma" | "unchanged">> {
  const clean = await denoiser.denoise(picture, options);
  await writeFileAtomic(output, await encodePng(clean, { metadata: picture.metadata }));
  if (compare) await writeFileAtomic(compareName(output), await comparison(picture, clean));
  const { sigma, unchanged } = clean;
  return { sigma, ...(unchanged && { unchanged }) };
}

/** A PNG file with the picture before and after denoising, side by side. */
function comparison(before: Picture, after: Picture): Promise<Uint8Array> {
  const pictures = [before, after].map((picture) => opaqueBytes(picture));
  const row = { label: "", pictures: pictures.map(({ data }) => data) };
  return encodePng(pictureRows([row], { ...pictures[0]!, columnLabels: ["before", "denoised"] }));
}

const compareName = (output: string): string => output.replace(/\.png$/i, "-compare.png");

/**
 * The files to read, each with the file to write.
 * @throws DataError if two pictures would be written to the same file, or an input would be overwritten
 */
async function jobsFrom(inputs: readonly string[], { out, compare }: Options): Promise<Job[]> {
  const paths: string[] = [];
  for (const input of inputs) paths.push(...((await isFolder(input)) ? await picturesIn(input) : [input]));
  const intoFolder =
    inputs.length > 1 || (await isFolder(inputs[0]!)) || /[/\\]$/.test(out) || (await isFolder(out));
  if (!intoFolder && extname(out).toLowerCase() !== ".png") {
    throw new DataError(
      `${out} does not end in .png; results are PNG files: give it that ending, or "/" for a folder`,
    );
  }
  const jobs = paths.map((input) => ({
    input,
    output: intoFolder ? join(out, `${basename(input, extname(input))}.png`) : out,
  }));
  const sources = new Map<string, string>();
  for (const { input } of jobs) sources.set(await canonical(input), input);
  const targets = new Map<string, string>();
  for (const { input, output } of jobs) {
    for (const path of compare ? [output, compareName(output)] : [output]) {
      const place = await canonical(path);
      if (sources.has(place)) {
        throw new DataError(
          `${path} would overwrite the picture ${sources.get(place)}; write to another place`,
        );
      }
      const other = targets.get(place);
      if (other !== undefined) {
        throw new DataError(
          `${other} and ${input} would both become ${path}; rename one, or denoise them one by one`,
        );
      }
      targets.set(place, input);
    }
  }
  return jobs;
}

async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

/** The path with symbolic links resolved, as far as it exists. */
async function canonical(path: string): Promise<string> {
  return realpath(path).catch(async () => {
    const parent = dirname(resolve(path));
    return parent === resolve(path) ? parent : join(await canonical(parent), basename(path));
  });
}
