/**
 * What is learned from the noisy picture alone, and from several noisy frames of a scene, without any clean picture:
 *
 *     node bench/run.js noisy-alone --pictures FOLDER… [--only TABLE]… [--every N]
 *
 * TABLE is one of these, both by default:
 * - picture: the mean PSNR of `learnFromPicture`, which is not told the noise, beside that of the package's model, which is
 *   told its level where it is Gaussian
 * - frames: 2, 4 and 8 frames with Gaussian noise of 25 grey levels, shifted by up to 8 pixels each way: the mean PSNR of
 *   one frame, of the registered mean, of what the package's model makes of it, and of `learnFromFrames`. All are parts of
 *   the picture, 32 pixels narrower and lower than it.
 *
 * Noise is neither rounded nor cut off. Of each folder, only every Nth picture is taken. Both learn on two threads.
 */
import { basename } from "node:path";
import { parseArgs } from "node:util";
import { readPhotos } from "../src/data/photo-folders.node.ts";
import { createDenoiser } from "../src/denoiser/photo.ts";
import { meanOfFrames } from "../src/learning/align-frames.ts";
import { learnFromFrames } from "../src/learning/learn-from-frames.ts";
import { learnFromPicture } from "../src/learning/learn-from-picture.ts";
import { Purpose, Random } from "../src/noise/rng.ts";
import { gaussian, noisyOf, poisson, quality } from "./noise-kinds.ts";
import { addTable } from "./report.ts";

const { values: options } = parseArgs({
  args: process.argv.slice(3),
  options: {
    pictures: { type: "string", multiple: true, default: [] },
    only: { type: "string", multiple: true, default: ["picture", "frames"] },
    every: { type: "string", default: "1" },
  },
});

type Clean = Awaited<ReturnType<typeof readPhotos>>[number];

const range = [0, 255] as const;
const settings = { range, threads: 2 };
/** How far frames are shifted, at most. */
const MOST_SHIFT = 8;
const MARGIN = 2 * MOST_SHIFT;
using denoiser = await createDenoiser({ threads: 2 });

/** Gives the result of some work, and how many seconds of wall clock and of processor time it took. */
async function timed<Result>(work: () => Promise<Result>) {
  const began = performance.now();
  const before = process.cpuUsage();
  const result = await work();
  const { user, system } = process.cpuUsage(before);
  return { result, seconds: (performance.now() - began) / 1000, processor: (user + system) / 1e6 };
}

/** The means of columns of numbers; of each picture's numbers, a line on the standard error tells. */
class Means {
  readonly #sums = new Map<string, number>();
  #count = 0;

  add(what: string, figures: Record<string, number>): void {
    this.#count++;
    for (const [name, figure] of Object.entries(figures))
      this.#sums.set(name, (this.#sums.get(name) ?? 0) + figure);
    const words = Object.entries(figures).map(([name, figure]) => `${name} ${figure.toFixed(2)}`);
    console.error(`${what}: ${words.join(", ")}`);
  }

  /** With two decimals. */
  row(name: string): { name: string } {
    const means = [...this.#sums].map(([column, sum]) => [column, (sum / this.#count).toFixed(2)]);
    return { name, ...Object.fromEntries(means) };
  }
}

async function fromPictures(pictures: readonly Clean[]): Promise<{ name: string }[]> {
  const kinds = { "σ = 25": gaussian(25), "σ = 50": gaussian(50), "Poisson, peak 50": poisson(50) };
  const rows = [];
  for (const [name, kind] of Object.entries(kinds)) {
    const means = new Means();
    const sigma = name.startsWith("σ") ? Number(name.slice(4)) : "auto";
    for (const [index, clean] of pictures.entries()) {
      const noisy = noisyOf(clean, kind, index);
      const { result, seconds, processor } = await timed(() => learnFromPicture(noisy, settings));
      const known = await denoiser.denoise(noisy, { range, sigma });
      means.add(`${basename(clean.name)}, ${name}`, {
        "noisy, dB": quality(clean, noisy.data),
        "learned from it alone, dB": quality(clean, result.data),
        "photo, dB": quality(clean, known.data),
        seconds,
        "processor seconds": processor,
      });
    }
    rows.push(means.row(name));
  }
  return rows;
}

/** A picture without its margin, moved by so many pixels. */
function part(clean: Clean, right: number, down: number): Clean {
  const width = clean.width - 2 * MARGIN;
  const height = clean.height - 2 * MARGIN;
  const line = clean.width * clean.channels;
  const data = new Uint8Array(width * height * clean.channels);
  for (let row = 0; row < height; row++) {
    const from = (row + MARGIN - down) * line + (MARGIN - right) * clean.channels;
    data.set(clean.data.subarray(from, from + width * clean.channels), row * width * clean.channels);
  }
  return { ...clean, data, width, height };
}

async function fromFrames(pictures: readonly Clean[]): Promise<{ name: string }[]> {
  const counts = [2, 4, 8];
  const means = counts.map(() => new Means());
  for (const [index, picture] of pictures.entries()) {
    const random = new Random(1, Purpose.augmentation, index);
    const shift = () => Math.floor(random.uniform() * (2 * MOST_SHIFT + 1)) - MOST_SHIFT;
    const clean = part(picture, 0, 0);
    const shifts = counts.at(-1)! - 1;
    const parts = [clean, ...Array.from({ length: shifts }, () => part(picture, shift(), shift()))];
    const frames = parts.map((one, n) => noisyOf(one, gaussian(25), 100 * index + n));
    for (const [n, count] of counts.entries()) {
      const some = frames.slice(0, count);
      const mean = meanOfFrames(some, { range });
      const sigma = 25 / Math.sqrt(count);
      const learned = await learnFromFrames(some, settings);
      means[n]!.add(`${basename(clean.name)}, ${count} frames`, {
        "one frame, dB": quality(clean, frames[0]!.data),
        "mean, dB": quality(clean, mean.data),
        "mean, then photo, dB": quality(clean, (await denoiser.denoise(mean, { range, sigma })).data),
        "learned from the frames alone, dB": quality(clean, learned.data),
      });
    }
  }
  return counts.map((count, n) => means[n]!.row(String(count)));
}

const tables = { picture: fromPictures, frames: fromFrames };
for (const folder of options.pictures) {
  const pictures = (await readPhotos(folder)).filter((_, i) => i % Number(options.every) === 0);
  for (const [name, table] of Object.entries(tables)) {
    if (!options.only.includes(name)) continue;
    addTable(`${name}, ${basename(folder)}, ${pictures.length} pictures`, await table(pictures));
  }
}
