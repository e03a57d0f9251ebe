/**
 * How well the strength of noise is told from a picture alone:
 *
 *     node bench/run.js sigma [--data FASHION_MNIST_FOLDER] [--pictures FOLDER]…
 *
 * For each set and level the median of |estimate / σ − 1| over its pictures, and of estimate / σ − 1; for clean
 * pictures, how many are found to have noise. Noise as it is, and cut off and rounded to 8 bits.
 */
import { basename } from "node:path";
import { parseArgs } from "node:util";
import { findFashionMnist, loadFashionMnistFrom } from "../src/data/fashion-mnist.node.ts";
import { pictureAt } from "../src/data/images.ts";
import { readPhotos } from "../src/data/photo-folders.node.ts";
import { estimateSigma } from "../src/denoiser/sigma.ts";
import { errorsOf, medianOf, type PictureSet } from "../test/support/sigma-errors.ts";
import { printTable } from "./report.ts";

const levels = [3, 5, 7, 10, 15, 25, 40, 50];
const { values: options } = parseArgs({
  args: process.argv.slice(3),
  options: { data: { type: "string" }, pictures: { type: "string", multiple: true, default: [] } },
});
const { test } = await loadFashionMnistFrom((await findFashionMnist(options)).folder);
const all = Array.from({ length: test.count }, (_, i) => pictureAt(test, i));
const sets: PictureSet[] = [{ name: "Fashion-MNIST", pictures: all }];
for (const folder of options.pictures) {
  sets.push({ name: basename(folder), pictures: await readPhotos(folder) });
}
const percent = (value: number) => (100 * value).toFixed(1);
for (const set of sets) {
  const clean = set.pictures.map(estimateSigma);
  const noisy = clean.filter((sigma) => sigma > 0).length;
  printTable(
    `${set.name}, ${clean.length} pictures, errors in percent; clean: ${noisy} found noisy, the most ${Math.max(...clean).toFixed(1)}`,
    ["", ...levels.map((sigma) => `σ ${sigma}`)],
    [false, true].map((clipped) => [
      clipped ? "8 bits" : "as it is",
      ...levels.map((sigma) => {
        const errors = errorsOf(set, sigma, clipped);
        return `${percent(medianOf(errors.map(Math.abs)))} (${percent(medianOf(errors))})`;
      }),
    ]),
  );
}
