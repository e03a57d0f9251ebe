/** Quality over levels of noise: what the table of `denoise-wasm evaluate` holds. */
import { addNoiseTo, type NoiseModel, noiseOfLevel } from "../noise/noise.ts";
import { Purpose } from "../noise/rng.ts";
import type { Picture } from "../pictures/picture.ts";
import { mse, psnrOfMse } from "./metrics.ts";

/** One way to a clean picture, and what it is called. */
export interface Method {
  readonly name: string;
  /** Whether what it puts out is cut off at 0 and 255. */
  readonly clipped: boolean;
  /** @param noisy not clipped; may not be changed */
  denoise(
    noisy: Float32Array,
    picture: Required<Picture<Uint8Array>>,
    sigma: number,
  ): ArrayLike<number> | Promise<ArrayLike<number>>;
}

export interface LevelQuality {
  /** Of the mean over the pictures of their mean squared errors, in dB. */
  readonly psnr: number;
  /** Mean over the pictures of their own, in dB. */
  readonly meanPsnr: number;
}

/** The noisy pictures themselves, as they are and cut off. */
export const noisyMethods: readonly Method[] = [
  { name: "noisy", clipped: false, denoise: (noisy) => noisy },
  { name: "noisy, clipped", clipped: true, denoise: (noisy) => noisy },
];

/**
 * Adds noise of each level to the pictures, not clipped, and measures every method on it. Picture i has the noise of
 * stream (seed, test noise, i), scaled.
 * @param noise whose levels they are: see `noiseOfLevel`
 * @returns a list of methods, each a list of levels
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
      addNoiseTo(data, noisy, model, { seed, purpose: Purpose.testNoise, index });
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
