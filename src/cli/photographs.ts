/** What the model that comes with the package makes of the two photographs of the repository. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { thisMachine } from "../data/fashion-mnist.node.ts";
import { opaqueBytes } from "../data/photos.ts";
import { createDenoiser } from "../denoiser/photo.ts";
import { addNoiseTo, type NoiseModel, noiseAt } from "../noise/noise.ts";
import { Purpose } from "../noise/rng.ts";
import { readPicture } from "../pictures/picture-files.node.ts";
import { psnr } from "../quality/metrics.ts";
import type { BeforeAndAfter } from "../report/before-and-after.ts";

/** A photograph with simulated noise, and what denoising with everything at its default makes of it. */
export interface DenoisedPhotograph extends BeforeAndAfter {
  /** What is in the picture, and its noise. */
  readonly name: string;
  /** Peak signal-to-noise ratio in dB: see `psnr`. */
  readonly psnr: { readonly noisy: number; readonly denoised: number };
}

interface Sample {
  readonly file: string;
  readonly name: string;
  readonly label: string;
  readonly noise: NoiseModel;
  readonly detail: BeforeAndAfter["detail"];
}

const samples: readonly Sample[] = [
  {
    file: "parrots.png",
    name: "parrot, Gaussian noise, σ = 25",
    label: "Gaussian\nnoise,\nσ = 25",
    noise: { model: "gaussian", sigma: 25 },
    detail: [50, 40],
  },
  {
    file: "lighthouse.png",
    name: "lighthouse, noise of a simulated camera",
    label: "noise of a\nsimulated\ncamera",
    noise: {
      model: "camera",
      gain: 0.014,
      readNoise: 3,
      whiteBalance: 1.8,
      toneCurve: { gamma: 2.2, contrast: 0.5 },
      mosaic: 1,
      chroma: 1.3,
      smoothing: { share: 1, luma: 0.5, chroma: 1.5 },
      jpeg: { share: 1, quality: 92, subsampled: 1 },
    },
    detail: [184, 4],
  },
];

/** The seed of the noise that is added. */
const SEED = 1;

/**
 * Adds noise to the photographs in the clone's folder `data/photographs` and denoises them, with everything at its default.
 * The noise is always the same.
 * @returns nothing where that folder is not, as in the npm package
 */
export async function denoisePhotographs(): Promise<DenoisedPhotograph[]> {
  const data = thisMachine().sampleFolder;
  const folder = data && join(data, "photographs");
  if (!folder || !existsSync(folder)) return [];
  using denoiser = await createDenoiser();
  const results: DenoisedPhotograph[] = [];
  for (const [index, { file, noise, ...sample }] of samples.entries()) {
    const clean = opaqueBytes(await readPicture(join(folder, file)));
    const values = new Float32Array(clean.data.length);
    const stream = { seed: SEED, purpose: Purpose.testNoise, index };
    addNoiseTo(clean, values, noiseAt(noise, stream.seed, stream.purpose, index), stream);
    const noisy = opaqueBytes({ ...clean, data: values });
    const { data } = await denoiser.denoise(noisy);
    const denoised = { ...noisy, data };
    const quality = { noisy: psnr(noisy.data, clean.data), denoised: psnr(data, clean.data) };
    results.push({ ...sample, noisy, denoised, psnr: quality });
  }
  return results;
}
