/**
 * What calibration gains where the noise is not what models were trained on:
 *
 *     node bench/run.js calibration --pictures FOLDER… [--only KIND]… [--every N]
 *
 * For each kind of noise, the mean PSNR of the noisy pictures; of what the denoiser of the package makes of them with
 * everything at its default; with a calibration made from the same noisy picture; and with the noise known, behind the
 * transform that makes its strength even (for Gaussian noise none; for Poisson noise, alone and with Gaussian noise, that of
 * Anscombe, with the closed form of its exact unbiased inverse by Mäkitalo and Foi, IEEE Transactions on Image Processing
 * 2011 and 2013; for noise in linear light the tone curve backwards; for speckle the logarithm). Noise is neither rounded nor
 * cut off, but for light below 0. Of each folder, only every Nth picture is taken.
 */
import { basename } from "node:path";
import { parseArgs } from "node:util";
import { readPhotos } from "../src/data/photo-folders.node.ts";
import { createDenoiser } from "../src/learning/calibrating-denoiser.ts";
import { gaussian, type Kind, noisyOf, poisson, quality, speckle, underGamma } from "./noise-kinds.ts";
import { addTable, type Row } from "./report.ts";

const { values: options } = parseArgs({
  args: process.argv.slice(3),
  options: {
    pictures: { type: "string", multiple: true, default: [] },
    only: { type: "string", multiple: true },
    every: { type: "string", default: "1" },
  },
});

const kinds: Record<string, Kind> = {
  "Poisson, peak 10": poisson(10),
  "Poisson, peak 30": poisson(30),
  "Poisson, peak 60": poisson(60),
  "Poisson, peak 60, and Gaussian, σ = 10": poisson(60, 10),
  "Gaussian, 5 % of linear light, γ = 2.2": underGamma(0.05),
  "speckle, 20 %": speckle(0.2),
  "Gaussian, σ = 25": gaussian(25),
  "Gaussian, σ = 8": gaussian(8),
};

const range = [0, 255] as const;
using denoiser = await createDenoiser();
for (const folder of options.pictures) {
  const pictures = (await readPhotos(folder)).filter((_, i) => i % Number(options.every) === 0);
  const rows: Row[] = [];
  for (const [name, kind] of Object.entries(kinds)) {
    if (options.only && !options.only.includes(name)) continue;
    const sums = [0, 0, 0, 0, 0];
    for (const [index, clean] of pictures.entries()) {
      const noisy = noisyOf(clean, kind, index);
      const start = performance.now();
      const calibration = await denoiser.calibrate([noisy], { range });
      const seconds = (performance.now() - start) / 1000;
      const even = await denoiser.denoise({ ...noisy, data: noisy.data.map(kind.to) }, { sigma: 25, range });
      const results = [
        noisy.data,
        (await denoiser.denoise(noisy, { range })).data,
        (await denoiser.denoise(noisy, { range, calibration })).data,
        even.data.map(kind.back),
      ];
      for (const [n, data] of results.entries()) sums[n]! += quality(clean, data);
      sums[4]! += seconds;
    }
    const [before, auto, calibrated, known, seconds] = sums.map((sum) => sum / pictures.length);
    rows.push({
      noise: name,
      "noisy, dB": before!.toFixed(2),
      auto: auto!.toFixed(2),
      calibrated: calibrated!.toFixed(2),
      known: known!.toFixed(2),
      seconds: seconds!.toFixed(1),
    });
    console.error(rows.at(-1));
  }
  addTable(`Calibration, ${basename(folder)}, ${pictures.length} pictures`, rows);
}
