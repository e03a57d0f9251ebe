/**
 * How well `"auto"` finds the level of the noise, and what the pictures gain by it:
 *
 *     node bench/run.js sigma [--only TABLE]… [--data FASHION_MNIST_FOLDER] [--model FILE]
 *       [--pictures FOLDER]… [--clean FOLDER]… [--real FOLDER]… [--every N]
 *
 * TABLE is one of these; without --only, all are made:
 * - levels: for each set of clean pictures (Fashion-MNIST, drawn ones, --pictures), the median of |estimate / σ − 1| in
 *   percent under Gaussian noise, as it is, and cut off and rounded to 8 bits.
 * - harm: by how much the denoiser, with everything at its default, changes clean pictures (drawn ones, --pictures and
 *   --clean ones). Where one is changed by more than 0.5 grey levels, the command exits with 1.
 * - jpeg: what becomes of --pictures with Gaussian noise that went through JPEG.
 * - real: what becomes of --real ones, folders of pairs NAME_noisy.png and NAME_clean.png.
 *
 * The model is the one that comes with the package, or --model. Of each set, only every Nth picture is taken.
 */
import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { parseArgs } from "node:util";
import { findFashionMnist, loadFashionMnistFrom } from "../src/data/fashion-mnist.node.ts";
import { pictureAt } from "../src/data/images.ts";
import { readPhotos } from "../src/data/photo-folders.node.ts";
import { createDenoiser } from "../src/denoiser/photo.ts";
import { estimateSigma } from "../src/denoiser/sigma.ts";
import { compress } from "../src/noise/jpeg-artifacts.ts";
import { Purpose, Random } from "../src/noise/rng.ts";
import type { Picture } from "../src/pictures/picture.ts";
import { cleanGraphics } from "../test/support/clean-graphics.ts";
import { errorsOf, medianOf, type PictureSet } from "../test/support/sigma-errors.ts";
import { addTable, type Row } from "./report.ts";

const { values: options } = parseArgs({
  args: process.argv.slice(3),
  options: {
    data: { type: "string" },
    model: { type: "string" },
    only: { type: "string", multiple: true, default: ["levels", "harm", "jpeg", "real"] },
    clean: { type: "string", multiple: true, default: [] },
    pictures: { type: "string", multiple: true, default: [] },
    real: { type: "string", multiple: true, default: [] },
    every: { type: "string", default: "1" },
  },
});
const thinned = <One>(all: readonly One[]) => all.filter((_, i) => i % Number(options.every) === 0);
const isMade = (table: string) => options.only.includes(table);
async function setsOf(folders: readonly string[]): Promise<PictureSet[]> {
  const sets: PictureSet[] = [];
  for (const folder of folders)
    sets.push({ name: basename(folder), pictures: thinned(await readPhotos(folder)) });
  return sets;
}
const photos = await setsOf(options.pictures);
const drawn: PictureSet = { name: "drawn pictures", pictures: cleanGraphics() };

async function garments(): Promise<PictureSet> {
  const { test } = await loadFashionMnistFrom((await findFashionMnist(options)).folder);
  const pictures = Array.from({ length: test.count }, (_, i) => pictureAt(test, i));
  return { name: "Fashion-MNIST", pictures: thinned(pictures) };
}
for (const set of isMade("levels") ? [await garments(), drawn, ...photos] : []) {
  const noisy = set.pictures.filter((picture) => estimateSigma(picture) > 0).length;
  const rows = [false, true].map((clipped) => {
    const percent = (σ: number) => 100 * medianOf(errorsOf(set, σ, clipped).map(Math.abs));
    const levels = [3, 5, 7, 10, 15, 25, 40, 50, 75].map((σ) => [`σ ${σ}`, percent(σ)]);
    return { name: clipped ? "8 bits" : "as it is", ...Object.fromEntries(levels) };
  });
  addTable(`${set.name}: ${set.pictures.length} pictures, of which clean ${noisy} are found noisy`, rows);
}

const model = options.model === undefined ? undefined : readFileSync(options.model);
const denoiser = await createDenoiser({ model, mode: "fast" });
const squareOf = (a: Picture["data"], b: Picture["data"]) => {
  let sum = 0;
  for (const [i, value] of a.entries()) sum += (value - b[i]!) * (value - b[i]!);
  return sum / a.length;
};
const decibels = (square: number) => 10 * Math.log10((255 * 255) / square);
const meanOf = (values: readonly number[]) => values.reduce((sum, value) => sum + value) / values.length;

/** The square error after denoising at a level. */
async function errorAt(noisy: Picture, clean: Picture, sigma: number | "auto"): Promise<number> {
  return squareOf((await denoiser.denoise(noisy, { sigma })).data, clean.data);
}

/** What a clean picture may be changed by, in grey levels, root mean square. */
const MOST_CHANGE = 0.5;
const harm: Row[] = [];
for (const { name, pictures } of isMade("harm") ? [drawn, ...photos, ...(await setsOf(options.clean))] : []) {
  const changes: number[] = [];
  for (const picture of pictures) changes.push(Math.sqrt(await errorAt(picture, picture, "auto")));
  const above = changes.filter((change) => change > MOST_CHANGE).length;
  harm.push({ name, pictures: changes.length, "most change": Math.max(...changes), "above 0.5": above });
  if (above > 0) process.exitCode = 1;
}
if (harm.length > 0)
  addTable("clean pictures: by how many grey levels they are changed (root mean square)", harm);

const compressed: Row[] = [];
for (const { name, pictures } of isMade("jpeg") ? photos : []) {
  for (const quality of [75, 90]) {
    for (const sigma of [5, 10, 20]) {
      const before: number[] = [];
      const after: number[] = [];
      for (const [index, clean] of pictures.entries()) {
        const noisy = jpegOf(withNoise(clean, sigma, index), quality);
        before.push(decibels(squareOf(noisy.data, clean.data)));
        after.push(decibels(await errorAt(noisy, clean, "auto")));
      }
      const worst = Math.min(...after.map((value, i) => value - before[i]!));
      const row = {
        name: `${name}, σ ${sigma}, quality ${quality}`,
        noisy: meanOf(before),
        auto: meanOf(after),
        worst,
      };
      compressed.push(row);
    }
  }
}
if (compressed.length > 0)
  addTable("JPEG of noisy pictures: mean PSNR in dB, and the worst change", compressed);

const real: Row[] = [];
for (const folder of isMade("real") ? options.real : []) {
  const all = await readPhotos(folder);
  const pairs = thinned(all.filter(({ name }) => name.endsWith("_noisy.png")));
  const levels = [1, 1.5, 2, 3, 4, 5, 6, 8, 10, 13, 17];
  const scores: { noisy: number; auto: number; at: number[]; ratio: number }[] = [];
  for (const noisy of pairs) {
    const clean = all.find(({ name }) => name === noisy.name.replace("_noisy.png", "_clean.png"))!;
    const at: number[] = [];
    for (const level of levels) at.push(decibels(await errorAt(noisy, clean, level)));
    const square = squareOf(noisy.data, clean.data);
    scores.push({
      noisy: decibels(square),
      auto: decibels(await errorAt(noisy, clean, "auto")),
      at,
      ratio: estimateSigma(noisy) / Math.sqrt(square),
    });
  }
  const means = levels.map((_, i) => meanOf(scores.map(({ at }) => at[i]!)));
  const best = Math.max(...means);
  real.push({
    name: basename(folder),
    pictures: scores.length,
    noisy: meanOf(scores.map(({ noisy }) => noisy)),
    auto: meanOf(scores.map(({ auto }) => auto)),
    "best level of the set": best,
    "which is": levels[means.indexOf(best)],
    "best of each": meanOf(scores.map(({ at }) => Math.max(...at))),
    "found / real level": medianOf(scores.map(({ ratio }) => ratio)),
  });
}
if (real.length > 0) addTable("real noise: mean PSNR in dB", real);

type Bytes = PictureSet["pictures"][number];

function withNoise(clean: Bytes, sigma: number, index: number): Bytes {
  const noise = new Float32Array(clean.data.length);
  new Random(1, Purpose.testNoise, index).fillNormal(noise, sigma);
  const data = Uint8ClampedArray.from(noise, (value, i) => value + clean.data[i]!);
  return { ...clean, data: new Uint8Array(data.buffer) };
}

function jpegOf({ data, width, height, channels }: Bytes, quality: number): Bytes {
  const values = Float32Array.from(data);
  compress(values, height, width, channels, { quality, subsampled: true, top: 0, left: 0 });
  return { data: Uint8Array.from(values), width, height, channels };
}
