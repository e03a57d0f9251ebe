/**
 * How well the strength of noise is told from a picture alone:
 *
 *     node bench/run.js sigma [--data FASHION_MNIST_FOLDER] [--pictures FOLDER]…
 *
 * For each set and level the median of |estimate / σ − 1| over its pictures in percent, noise as it is, and cut off and
 * rounded to 8 bits; for clean pictures, how many are found to have noise.
 */
import { basename } from "node:path";
import { parseArgs } from "node:util";
import { findFashionMnist, loadFashionMnistFrom } from "../src/data/fashion-mnist.node.ts";
import { pictureAt } from "../src/data/images.ts";
import { readPhotos } from "../src/data/photo-folders.node.ts";
import { estimateSigma } from "../src/denoiser/sigma.ts";
import { errorsOf, medianOf, type PictureSet } from "../test/support/sigma-errors.ts";
import { addTable } from "./report.ts";

const { values: options } = parseArgs({
  args: process.argv.slice(3),
  options: { data: { type: "string" }, pictures: { type: "string", multiple: true, default: [] } },
});
const { test } = await loadFashionMnistFrom((await findFashionMnist(options)).folder);
const all = Array.from({ length: test.count }, (_, i) => pictureAt(test, i));
const sets: PictureSet[] = [{ name: "Fashion-MNIST", pictures: all }];
for (const folder of options.pictures)
  sets.push({ name: basename(folder), pictures: await readPhotos(folder) });
for (const set of sets) {
  const noisy = set.pictures.filter((picture) => estimateSigma(picture) > 0).length;
  const rows = [false, true].map((clipped) => {
    const percent = (σ: number) => 100 * medianOf(errorsOf(set, σ, clipped).map(Math.abs));
    const levels = [3, 5, 7, 10, 15, 25, 40, 50].map((σ) => [`σ ${σ}`, percent(σ)]);
    return { name: clipped ? "8 bits" : "as it is", ...Object.fromEntries(levels) };
  });
  addTable(`${set.name}: ${set.pictures.length} pictures, of which clean ${noisy} are found noisy`, rows);
}
