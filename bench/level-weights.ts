/**
 * Trains the network that tells the level of the noise from a picture's blocks, and writes its weights into
 * src/denoiser/block-level-weights.ts:
 *
 *     node bench/run.js level-weights --pictures FOLDER… [--every N] [--steps N]
 *
 * The pictures are clean photographs, of which every third is made grey. To them come the drawn ones of the tests, and plain
 * areas. Each is taken without noise, whose level is 0, and with Gaussian noise, the same after JPEG, and a camera's noise,
 * whose level is the root mean square of the difference to the clean picture (for Gaussian noise without JPEG, σ, also
 * where values are cut off). Every eighth picture is kept for the table that is printed. The loss is the relative error.
 * A level of JPEG or a camera's noise that is too low costs more than one that is too high, as it does in what the
 * denoiser makes of them; and a level found in a clean picture costs most.
 */
import { writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { readPhotos } from "../src/data/photo-folders.node.ts";
import { inputsOf } from "../src/denoiser/block-level.ts";
import { blocksOf } from "../src/denoiser/blocks.ts";
import { addCameraNoise, cameraNoise, drawCamera } from "../src/noise/camera.ts";
import { compress } from "../src/noise/jpeg-artifacts.ts";
import { power } from "../src/noise/portable-math.ts";
import { Purpose, Random } from "../src/noise/rng.ts";
import type { Picture } from "../src/pictures/picture.ts";
import { cleanGraphics } from "../test/support/clean-graphics.ts";
import { addTable } from "./report.ts";

const { values: options } = parseArgs({
  args: process.argv.slice(3),
  options: {
    pictures: { type: "string", multiple: true, default: [] },
    every: { type: "string", default: "1" },
    steps: { type: "string", default: "24000" },
  },
});

type Bytes = Required<Picture<Uint8Array>>;
const kinds = ["clean", "clean, JPEG", "Gaussian", "Gaussian, 8 bits", "Gaussian, JPEG", "camera"] as const;
interface Example {
  readonly values: Float64Array;
  /** What the network's answer is multiplied by. */
  readonly deviation: number;
  readonly level: number;
  readonly kind: (typeof kinds)[number];
  readonly isKept: boolean;
}

/** What an error costs: of a level that is too low, and of one that is too high. */
const costs: Record<Example["kind"], { low: number; high: number }> = {
  clean: { low: 0, high: 6 },
  "clean, JPEG": { low: 0, high: 0.25 },
  Gaussian: { low: 1, high: 1 },
  "Gaussian, 8 bits": { low: 1, high: 1 },
  "Gaussian, JPEG": { low: 1.5, high: 0.5 },
  camera: { low: 2.25, high: 0.75 },
};
/** A level that costs nothing in a clean picture. */
const EVEN_CLEAN = 1;
const HIDDEN = 12;
const UNIT = 1 / 32;
const BATCH = 512;
const examples: Example[] = [];
const photos: Bytes[] = [];
for (const folder of options.pictures) photos.push(...(await readPhotos(folder)));
const chosen = photos
  .filter((_, i) => i % Number(options.every) === 0)
  .map((photo, i) => (i % 3 ? photo : greyOf(photo)));
for (const [index, picture] of [...chosen, ...cleanGraphics().map(opaque), ...plains()].entries())
  addExamples(picture, index);

/** The picture with every kind of noise. */
function addExamples(picture: Bytes, index: number): void {
  const { data: clean, width, height, channels } = picture;
  const random = new Random(1, Purpose.testNoise, index);
  const between = (least: number, most: number) => least + random.uniform() * (most - least);
  const add = (kind: Example["kind"], data: Picture["data"], level: number) => {
    const noisy = { data, width, height, channels };
    const colors = channels === 1 ? 1 : 3;
    const { natural, drawn } = blocksOf(noisy, { channels: colors, distinct: colors });
    if (natural.length < 12 || drawn * 2 >= natural.length) return;
    const { values, deviation } = inputsOf(natural, channels === 3);
    examples.push({ values: Float64Array.from(values), deviation, level, kind, isKept: index % 8 === 0 });
  };
  const asJpeg = (values: ArrayLike<number>, quality: number) => {
    const data = Float32Array.from(values);
    compress(data, height, width, channels, {
      quality: Math.round(quality),
      subsampled: random.uniform() < 0.5,
      top: 0,
      left: 0,
    });
    return data;
  };
  const noisy = new Float32Array(clean.length);
  const withNoise = () => {
    const sigma = 2 * power(50, random.uniform());
    random.fillNormal(noisy, sigma);
    for (let i = 0; i < noisy.length; i++) noisy[i] = noisy[i]! + clean[i]!;
    return sigma;
  };
  add("clean", clean, 0);
  add("clean, JPEG", asJpeg(clean, between(85, 98)), 0);
  add("Gaussian", noisy, withNoise());
  for (let i = 0; i < 2; i++) {
    const sigma = withNoise();
    const bytes = Uint8ClampedArray.from(noisy);
    add("Gaussian, 8 bits", bytes, sigma);
    const data = asJpeg(bytes, between(60, 98));
    add("Gaussian, JPEG", data, distance(data, clean));
  }
  for (let i = 0; i < 5; i++) {
    const level = addCameraNoise(picture, noisy, drawCamera(cameraNoise, random), random);
    if (level > 1) add("camera", noisy, level);
  }
}

function distance(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += (a[i]! - b[i]!) * (a[i]! - b[i]!);
  return Math.sqrt(sum / a.length);
}

function greyOf({ data, width, height, channels }: Bytes): Bytes {
  const colour = channels < 3 ? 0 : 1;
  const grey = Uint8Array.from({ length: width * height }, (_, i) => data[i * channels + colour]!);
  return { data: grey, width, height, channels: 1 };
}

/** The picture on white, without alpha. */
function opaque(picture: Bytes): Bytes {
  const { data, width, height, channels } = picture;
  if (channels !== 4) return picture;
  const rgb = Uint8Array.from({ length: 3 * width * height }, (_, i) => {
    const pixel = 4 * Math.floor(i / 3);
    return data[pixel + 3]! === 255 ? data[pixel + (i % 3)]! : 255;
  });
  return { data: rgb, width, height, channels: 3 };
}

/** Areas of one colour and ramps, some of them black or white. */
function plains(): Bytes[] {
  const random = new Random(2, Purpose.testNoise, 0);
  return Array.from({ length: 80 }, (_, index) => {
    const channels = index % 2 ? 3 : 1;
    const [width, height] = [192, 160];
    const level = Array.from({ length: channels }, () =>
      Math.min(255, Math.max(0, random.uniform() * 360 - 50)),
    );
    const slope = Array.from({ length: channels }, () => (index % 4 < 2 ? 0 : random.uniform() - 0.5));
    const data = Uint8ClampedArray.from({ length: width * height * channels }, (_, i) => {
      const c = i % channels;
      return level[c]! + slope[c]! * (Math.floor(i / channels) % width);
    });
    return { data: new Uint8Array(data.buffer), width, height, channels };
  });
}

const trained = examples.filter(({ isKept }) => !isKept);
const inputs = trained[0]!.values.length;
const count = HIDDEN * (inputs + 2) + 1;
const random = new Random(3, Purpose.initialization, 0);
const weights = new Float64Array(count);
for (let i = 0; i < HIDDEN * (inputs + 1); i++) weights[i] = (2 * random.uniform() - 1) / Math.sqrt(inputs);
for (let i = HIDDEN * (inputs + 1); i < count - 1; i++)
  weights[i] = (2 * random.uniform() - 1) / Math.sqrt(HIDDEN);
weights[count - 1] = 1;
const [mean, square, average] = [new Float64Array(count), new Float64Array(count), weights.slice()];
const steps = Number(options.steps);
for (let step = 1; step <= steps; step++) {
  // In the second half, the loss is that of rounded weights.
  const used = step > steps / 2 ? rounded(weights) : weights;
  const gradient = new Float64Array(count);
  for (let i = 0; i < BATCH; i++)
    addGradient(trained[Math.floor(random.uniform() * trained.length)]!, used, gradient);
  const norm = Math.sqrt(gradient.reduce((sum, g) => sum + (g / BATCH) * (g / BATCH), 0));
  const clip = 1 / BATCH / Math.max(1, norm);
  const rate = step < 300 ? step / 300 : (steps - step) / steps;
  for (let i = 0; i < count; i++) {
    const g = gradient[i]! * clip;
    mean[i] = 0.9 * mean[i]! + 0.1 * g;
    square[i] = 0.99 * square[i]! + 0.01 * g * g;
    const size = Math.sqrt(square[i]! / (1 - power(0.99, step))) + 1e-8;
    weights[i] = weights[i]! - (0.004 * rate * mean[i]!) / (1 - power(0.9, step)) / size;
    average[i] = average[i]! + (weights[i]! - average[i]!) * Math.max(0.005, 1 / step);
  }
  if (step % Math.ceil(steps / 10) === 0) console.log(`${step} steps`);
}

/** The answer, with the hidden units' values in `hidden`. */
function answerTo(values: Float64Array, used: Float64Array, hidden: Float64Array): number {
  let answer = used[count - 1]!;
  for (let unit = 0; unit < HIDDEN; unit++) {
    const at = unit * (inputs + 1);
    let sum = used[at + inputs]!;
    for (let i = 0; i < inputs; i++) sum += used[at + i]! * values[i]!;
    hidden[unit] = Math.max(0, sum);
    answer += hidden[unit]! * used[HIDDEN * (inputs + 1) + unit]!;
  }
  return answer;
}

function addGradient(
  { values, deviation, level, kind }: Example,
  used: Float64Array,
  gradient: Float64Array,
): void {
  const hidden = new Float64Array(HIDDEN);
  const found = deviation * answerTo(values, used, hidden);
  const { low, high } = costs[kind];
  // An answer below 0 counts as 0; where it is too low, it is pulled up all the same.
  const isLow = level > 0 && found < level;
  if (!isLow && found <= (level || EVEN_CLEAN)) return;
  const slope = ((isLow ? -low : high) * deviation) / (level + 1);
  gradient[count - 1] = gradient[count - 1]! + slope;
  for (let unit = 0; unit < HIDDEN; unit++) {
    if (hidden[unit] === 0) continue;
    const output = HIDDEN * (inputs + 1) + unit;
    gradient[output] = gradient[output]! + slope * hidden[unit]!;
    const back = slope * used[output]!;
    const at = unit * (inputs + 1);
    for (let i = 0; i < inputs; i++) gradient[at + i] = gradient[at + i]! + back * values[i]!;
    gradient[at + inputs] = gradient[at + inputs]! + back;
  }
}

function rounded(values: Float64Array): Float64Array {
  return values.map((value) => UNIT * Math.min(127, Math.max(-127, Math.round(value / UNIT))));
}

const final = rounded(average);
const hidden = new Float64Array(HIDDEN);
const rows = kinds.flatMap((kind) => {
  const kept = examples.filter((one) => one.isKept && one.kind === kind);
  const found = kept.map((one) => Math.max(0, one.deviation * answerTo(one.values, final, hidden)));
  const isClean = kind.startsWith("clean");
  const measures = found.map((value, i) => (isClean ? value : value / kept[i]!.level)).sort((a, b) => a - b);
  const at = (part: number) => measures[Math.floor(part * (measures.length - 1))];
  return {
    name: `${kind}: ${isClean ? "level" : "level / right one"}`,
    n: kept.length,
    "10 %": at(0.1),
    median: at(0.5),
    "90 %": at(0.9),
  };
});
addTable(`levels found in pictures that were kept back; trained on ${trained.length} examples`, rows);
const text = Buffer.from(Int8Array.from(final, (value) => value / UNIT).buffer).toString("base64");
writeFileSync(
  "src/denoiser/block-level-weights.ts",
  `/** The weights of \`levelOfBlocks\`, int8 in base64. \`bench/level-weights.ts\` trains them. */\nexport const weights =\n  "${text}";\n`,
);
