/** How far the estimate of the noise is off. */
import { estimateSigma } from "../../src/denoiser/sigma.ts";
import { Purpose, Random } from "../../src/noise/rng.ts";

export interface PictureSet {
  readonly name: string;
  readonly pictures: readonly { data: Uint8Array; width: number; height: number; channels: number }[];
}

/** estimate / σ − 1 of each picture under noise of `sigma`, as it is or cut off and rounded to 8 bits. */
export function errorsOf({ pictures }: PictureSet, sigma: number, clipped: boolean): number[] {
  return pictures.map(({ data, ...size }, index) => {
    const noisy = new Float32Array(data.length);
    new Random(1, Purpose.testNoise, index).fillNormal(noisy, sigma);
    for (let i = 0; i < noisy.length; i++) noisy[i] = noisy[i]! + data[i]!;
    return estimateSigma({ ...size, data: clipped ? Uint8ClampedArray.from(noisy) : noisy }) / sigma - 1;
  });
}

export function medianOf(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]!;
}
