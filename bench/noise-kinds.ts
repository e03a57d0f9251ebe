/** Kinds of noise that benchmarks add to clean pictures. Values are grey levels, neither rounded nor cut off. */
import { Purpose, Random } from "../src/noise/rng.ts";
import type { Picture } from "../src/pictures/picture.ts";
import { psnr } from "../src/quality/metrics.ts";

/** A kind of noise, and the transform that makes it even, with a standard deviation of 25. */
export interface Kind {
  add(value: number, random: Random): number;
  to(value: number): number;
  back(value: number): number;
}

const normals = new Float32Array(2);
function normal(random: Random): number {
  random.fillNormal(normals);
  return normals[0]!;
}

/** How many photons come if `mean` are expected: Knuth's way. */
function photons(mean: number, random: Random): number {
  const least = Math.exp(-mean);
  let count = 0;
  for (let product = random.uniform(); product > least; product *= random.uniform()) count++;
  return count;
}

/** Photons of which `peak` make white, and Gaussian noise of `sigma` grey levels. */
export function poisson(peak: number, sigma = 0): Kind {
  const gain = 255 / peak;
  const read = (sigma / gain) ** 2;
  return {
    add: (value, random) => gain * photons(value / gain, random) + (sigma && sigma * normal(random)),
    to: (value) => 50 * Math.sqrt(Math.max(0, value / gain + 3 / 8 + read)),
    back(value) {
      const d = Math.max(value / 25, 2 * Math.sqrt(3 / 8));
      const root = Math.sqrt(1.5);
      return gain * (d ** 2 / 4 + root / 4 / d - 11 / 8 / d ** 2 + (5 * root) / 8 / d ** 3 - 1 / 8 - read);
    },
  };
}

export const gaussian = (sigma: number): Kind => ({
  add: (value, random) => value + sigma * normal(random),
  to: (value) => (25 / sigma) * value,
  back: (value) => (sigma / 25) * value,
});

/** Gaussian noise in linear light, of which 1 is white, under a tone curve. */
export const underGamma = (sigma: number): Kind => ({
  add: (value, random) => 255 * Math.max(0, (value / 255) ** 2.2 + sigma * normal(random)) ** (1 / 2.2),
  to: (value) => (25 / sigma) * (value / 255) ** 2.2,
  back: (value) => 255 * Math.max(0, (sigma / 25) * value) ** (1 / 2.2),
});

/** Each value times 1 and Gaussian noise. Where it is dark, the logarithm has to end somewhere: 4 grey levels below black. */
export const speckle = (contrast: number): Kind => ({
  add: (value, random) => value * (1 + contrast * normal(random)),
  to: (value) => (25 / contrast) * Math.log(Math.max(1, value + 4)),
  back: (value) => Math.exp((contrast / 25) * value + contrast ** 2 / 2) - 4,
});

/** A picture with noise of a kind: the same for the same number. */
export function noisyOf(clean: Picture<Uint8Array>, kind: Kind, number: number): Picture<Float32Array> {
  const random = new Random(1, Purpose.testNoise, number);
  return { ...clean, data: Float32Array.from(clean.data, (value) => kind.add(value, random)) };
}

/** The PSNR in dB of what was made of a picture, cut off at black and white. */
export const quality = (clean: Picture<Uint8Array>, data: Float32Array): number =>
  psnr(
    clean.data,
    data.map((value) => Math.min(255, Math.max(0, value))),
  );
