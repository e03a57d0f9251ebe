import { existsSync } from "node:fs";
import { Command } from "commander";
import { writeFileAtomic } from "../data/files.node.ts";
import { OutputError, printable } from "../errors.ts";
import { createDenoiser } from "../learning/calibrating-denoiser.ts";
import { noiseLevels, sureKnots } from "../learning/calibration.ts";
import type { Picture } from "../pictures/picture.ts";
import { readPicture } from "../pictures/picture-files.node.ts";
import { RESULT_SUFFIX, sourcesOf } from "./denoise-jobs.ts";
import { Interrupts } from "./interrupted.ts";
import { jsonText } from "./json-text.ts";
import { modelOption, modelsOf } from "./models.ts";
import { wholeFrom } from "./option-values.ts";
import { percentProgress } from "./progress.ts";
import { textTable } from "./quality-table.ts";

interface Options {
  out: string;
  recursive?: boolean;
  force?: boolean;
  model?: string[];
  spread?: boolean;
  steps?: number;
  seed?: number;
  json?: boolean;
}

/** The most pictures that are read: each stays in memory. More of one source hardly tell more. */
const MOST_PICTURES = 16;

/** `denoise-wasm calibrate IN… -o OUT`: learns the noise of pictures of one source. */
export function calibrateCommand(): Command {
  return new Command("calibrate")
    .description(
      "learn from noisy pictures of one source how strong their noise is at each brightness, for denoise --calibration",
    )
    .argument("<in...>", "pictures, folders of pictures, or quoted patterns of names")
    .requiredOption("-o, --out <file>", "the JSON file to write")
    .option("--recursive", "take the pictures in folders inside folders, too")
    .option("--force", "write over a file that exists")
    .addOption(modelOption())
    .option(
      "--spread",
      "the noise of neighbouring pixels is alike, as in JPEG files: learn from every second pixel",
    )
    .option("--steps <n>", "crops to learn from (default: 600)", wholeFrom)
    .option("--seed <n>", "which crops are taken (default: 1)", wholeFrom)
    .option("--json", "print the noise at five values as JSON, and no progress")
    .action(run);
}

async function run(inputs: string[], { out, force, recursive, json, ...options }: Options): Promise<void> {
  if (!force && existsSync(out))
    throw new OutputError(`${out} exists; give --force to write over it, or another name.`);
  const sources = await Promise.all(
    inputs.map((input) => sourcesOf(input, { suffix: RESULT_SUFFIX, recursive: recursive === true })),
  );
  const paths = sources.flat().map(({ path }) => path);
  const count = Math.min(MOST_PICTURES, paths.length);
  const chosen = Array.from({ length: count }, (_, i) => paths[Math.floor((i * paths.length) / count)]!);
  const model = options.model && (await modelsOf(options.model)).map(({ model }) => model);
  using denoiser = await createDenoiser({ model });
  using interrupts = new Interrupts();
  const pictures: Picture[] = [];
  for (const path of chosen) {
    interrupts.signal.throwIfAborted();
    pictures.push(await readPicture(path));
  }
  const progress = json ? undefined : percentProgress();
  const { spread, steps, seed } = options;
  const onProgress = (part: number) => progress?.report("calibration", part);
  const settings = { spread, steps, seed, signal: interrupts.signal, onProgress };
  const calibration = await denoiser.calibrate(pictures, settings).finally(() => progress?.stop());
  await writeFileAtomic(out, Buffer.from(`${JSON.stringify(calibration)}\n`));
  const values = shown.map((knot) => Math.round(calibration.places[knot]!));
  const levels = noiseLevels(calibration, values);
  const noise = values.map((value, i) => ({ value, sigma: levels[i]! }));
  const { spread: isSpread } = calibration;
  if (json) return console.log(jsonText({ out, pictures: chosen, spread: isSpread, noise }));
  const rows = noise.map(({ value, sigma }) => [`${value}`, sigma.toFixed(1)]);
  console.log(`${textTable(["grey level", "noise"], rows)}\n`);
  if (isSpread) console.log(`${SPREAD}\n`);
  const from = `${count === paths.length ? "" : `${count} of `}${paths.length}`;
  console.log(printable(`${out}: from ${from} ${paths.length === 1 ? "picture" : "pictures"}`));
}

/** What is printed where the noise is not of the kind that calibration is for. */
const SPREAD =
  "The noise of neighbouring pixels goes together, as cameras and JPEG files leave it. Every second pixel was learned from; " +
  "denoise may do better without --calibration.";

const [FIRST, LAST] = sureKnots;
/** The knots at which the noise is printed: from dark to light. */
const shown = [0, 1, 2, 3, 4].map((step) => Math.round(FIRST + (step / 4) * (LAST - FIRST)));
