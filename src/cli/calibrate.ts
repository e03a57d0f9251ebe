import { Command } from "commander";
import { writeFileAtomic } from "../data/files.node.ts";
import { DataError, printable } from "../errors.ts";
import { LEAST_SIDE } from "../learning/calibrate.ts";
import { createDenoiser } from "../learning/calibrating-denoiser.ts";
import { CALIBRATED_LEVEL, noiseLevels, sureKnots } from "../learning/calibration.ts";
import { checkPicture, type Picture, type Range } from "../pictures/picture.ts";
import { decodeAny } from "../pictures/picture-files.node.ts";
import { requireNoInput } from "./denoise-jobs.ts";
import { Interrupts } from "./interrupted.ts";
import { jsonText } from "./json-text.ts";
import { modelOption, modelsOf } from "./models.ts";
import { rangeOption, wholeFrom } from "./option-values.ts";
import { requireFree } from "./paths.ts";
import { inputBytes, RESULT_SUFFIX, sourcesOf } from "./picture-sources.ts";
import { percentProgress } from "./progress.ts";
import { textTable } from "./quality-table.ts";

interface Options {
  out: string;
  recursive?: boolean;
  force?: boolean;
  model?: string[];
  range?: Range;
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
    .argument("<in...>", "pictures, folders of pictures, quoted patterns of names, or - for standard input")
    .requiredOption("-o, --out <file>", "the JSON file to write")
    .option("--recursive", "take the pictures in folders inside folders, too")
    .option("--force", "write over a file that exists")
    .addOption(modelOption())
    .addOption(rangeOption())
    .option(
      "--spread",
      "the noise of neighbouring pixels is alike, as in JPEG files: learn from every second pixel",
    )
    .option("--steps <n>", "crops to learn from (default: 600)", wholeFrom)
    .option("--seed <n>", "which crops are taken (default: 1)", wholeFrom)
    .option("--json", "print the noise at five values as JSON, and no progress")
    .action(run);
}

async function run(inputs: string[], options: Options): Promise<void> {
  const { out, force, recursive, json, range, spread, steps, seed } = options;
  await requireFree(out, force);
  const sources = await Promise.all(
    inputs.map((input) => sourcesOf(input, { suffix: RESULT_SUFFIX, recursive: recursive === true })),
  );
  const paths = sources.flat().map(({ path }) => path);
  if (force) await requireNoInput(out, paths);
  const count = Math.min(MOST_PICTURES, paths.length);
  const chosen = Array.from({ length: count }, (_, i) => paths[Math.floor((i * paths.length) / count)]!);
  const model = options.model && (await modelsOf(options.model)).map(({ model }) => model);
  using denoiser = await createDenoiser({ model });
  using interrupts = new Interrupts();
  const pictures: Picture[] = [];
  const used: string[] = [];
  const least = spread ? 2 * LEAST_SIDE : LEAST_SIDE;
  for (const path of chosen) {
    interrupts.signal.throwIfAborted();
    try {
      const [bytes, name] = await inputBytes(path);
      const picture = await decodeAny(bytes, name);
      checkPicture(picture, range);
      const { width, height } = picture;
      if (Math.min(width, height) < least)
        throw new DataError(
          `${name} is ${width}×${height}; give pictures of at least ${least} pixels each way`,
        );
      pictures.push(picture);
      used.push(path);
    } catch (error) {
      // If a picture is broken, the others are learned from all the same.
      if (!(error instanceof DataError)) throw error;
      const which = error.message.includes(path) ? "" : `${path}: `;
      console.error(`${error.name}: ${printable(which + error.message)}`);
      process.exitCode = 1;
    }
  }
  if (pictures.length === 0) return;
  const progress = json ? undefined : percentProgress();
  const onProgress = (part: number) => progress?.report("calibration", part);
  const settings = { range, spread, steps, seed, signal: interrupts.signal, onProgress };
  const calibration = await denoiser.calibrate(pictures, settings).finally(() => progress?.stop());
  await writeFileAtomic(out, Buffer.from(`${JSON.stringify(calibration)}\n`));
  const places = shown.map((knot) => calibration.places[knot]!);
  const levels = noiseLevels(calibration, places);
  const noise = places.map((place, i) => ({ value: rounded(place), sigma: rounded(levels[i]!) }));
  const { spread: isSpread } = calibration;
  if (json) return console.log(jsonText({ out, pictures: used, spread: isSpread, noise }));
  const rows = noise.map(({ value, sigma }) => [`${value}`, `${sigma}`]);
  console.log(`${textTable(["grey level", "noise"], rows)}\n`);
  if (isSpread) console.log(`${SPREAD}\n`);
  if (calibration.values[LAST]! - calibration.values[FIRST]! > MOST_LEVELS * CALIBRATED_LEVEL)
    console.log(`${WEAK}\n`);
  const from = `${used.length === paths.length ? "" : `${used.length} of `}${paths.length}`;
  console.log(printable(`${out}: from ${from} ${paths.length === 1 ? "picture" : "pictures"}`));
}

/** What is printed where the noise is not of the kind that calibration is for. */
const SPREAD =
  "The noise of neighbouring pixels goes together, as cameras and JPEG files leave it. Every second pixel was learned from; " +
  "denoise may do better without --calibration.";

/** What is printed where hardly any noise was found. */
const WEAK =
  "The noise is weak beside what the pictures show. Where they are full of detail, denoising may leave them worse than they are.";
/** Noise is weak if the pictures' values, without the darkest and the brightest, are so many times as far apart. */
const MOST_LEVELS = 64;

/** To three significant digits: the pictures may fill little of their range. */
const rounded = (value: number) => Number(value.toPrecision(3));

const [FIRST, LAST] = sureKnots;
/** The knots at which the noise is printed: from dark to light. */
const shown = [0, 1, 2, 3, 4].map((step) => Math.round(FIRST + (step / 4) * (LAST - FIRST)));
