/** Measures quality at several noise levels, for the table that `denoise-wasm evaluate` prints. */
import { addNoiseTo, type NoiseModel, noiseAt, noiseOfLevel } from "../noise/noise.ts";
import { Purpose } from "../noise/rng.ts";
import type { Picture } from "../pictures/picture.ts";
import { mse, psnrOfMse } from "./metrics.ts";

/** A method of denoising, with its name. */
export interface Method {
  readonly name: string;
  /** Whether its output is clamped to 0 to 255 before it is measured. */
  readonly clipped: boolean;
  /** @param noisy the noisy values, not clipped, which may not be changed */
  denoise(
    noisy: Float32Array,
    picture: Required<Picture<Uint8Array>>,
    sigma: number,
  ): ArrayLike<number> | Promise<ArrayLike<number>>;
}

export interface LevelQuality {
  /** In dB, from the mean over the pictures of their mean squared errors. */
  readonly psnr: number;
  /** In dB, the mean over the pictures of each picture's own PSNR. */
  readonly meanPsnr: number;
}

/** The noisy pictures themselves, as they are and clamped to 0 to 255. */
export const noisyMethods: readonly Method[] = [
  { name: "noisy", clipped: false, denoise: (noisy) => noisy },
  { name: "noisy, clipped", clipped: true, denoise: (noisy) => noisy },
];

/**
 * Adds noise of each level to the pictures, without clipping, and measures every method on them. The noise of picture i
 * is drawn from stream (seed, test noise, i) at every level.
 * @param noise the noise that is made stronger or weaker to have each level: see `noiseOfLevel`
 * @returns for each method, its quality at each level
 */
export async function evaluateLevels(
  methods: readonly Method[],
  pictures: readonly Required<Picture<Uint8Array>>[],
  noise: NoiseModel,
  levels: readonly number[],
  seed: number,
  onProgress: (part: number) => void = () => {},
): Promise<LevelQuality[][]> {
  const table: LevelQuality[][] = methods.map(() => []);
  for (const [step, sigma] of levels.entries()) {
    const model = noiseOfLevel(noise, sigma);
    const errors: number[][] = methods.map(() => []);
    for (const [index, picture] of pictures.entries()) {
      const { data } = picture;
      const noisy = new Float32Array(data.length);
      const stream = { seed, purpose: Purpose.testNoise, index };
      addNoiseTo(picture, noisy, noiseAt(model, seed, stream.purpose, index), stream);
      for (const [row, { clipped, denoise }] of methods.entries()) {
        const output = await denoise(noisy, picture, sigma);
        errors[row]!.push(mse(clipped ? Float32Array.from(output, clip) : output, data));
      }
      onProgress((step + (index + 1) / pictures.length) / levels.length);
    }
    for (const [row, list] of errors.entries()) {
      table[row]!.push({
        psnr: psnrOfMse(mean(list)),
        meanPsnr: mean(list.map((error) => psnrOfMse(error))),
      });
    }
  }
  return table;
}

const clip = (value: number): number => Math.min(255, Math.max(0, value));
const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;
