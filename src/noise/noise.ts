/** Models of noise, how strong their noise is, and how it is drawn from a seed. */
import { type Images, pictureAt, pixelsOf, requirePictures } from "../data/images.ts";
import { SpecError } from "../errors.ts";
import type { Picture } from "../pictures/picture.ts";
import { addCameraNoise, type CameraNoise, type CameraPictureNoise, drawCamera } from "./camera.ts";
import {
  addPointwiseNoise,
  MID_GREY,
  type PointwiseNoise,
  type PointwisePictureNoise,
  strengthOf,
  withNumbers,
} from "./pointwise.ts";
import { drawFrom } from "./ranged.ts";
import { Purpose, Random } from "./rng.ts";

/** The noise of a recipe: its model, and when it is drawn. */
export type Noise = NoiseModel & {
  /**
   * "once": each picture keeps the noise that it was given before the first epoch. "fresh": a picture gets new noise each
   * time it is shown.
   */
  drawn: "once" | "fresh";
};

/** A model of noise. */
export type NoiseModel = SingleNoise | MixtureNoise;

/** A model of noise that is no mixture. */
export type SingleNoise = PointwiseNoise | CameraNoise;

/** Several models of noise: each picture has noise of one of them, which is drawn by their shares. */
export interface MixtureNoise {
  /** The kind of noise. */
  model: "mixture";
  /** One model or more. */
  of: {
    /** Above 0. The chance of a model is its share divided by the sum of all shares. */
    share: number;
    /** The model. It cannot be a mixture itself. */
    noise: SingleNoise;
  }[];
}

/** The noise of one picture: a model with all that has been drawn for the picture but the noise itself. */
export type PictureNoise = PointwisePictureNoise | CameraPictureNoise;

/** A description of noise for people, such as "gaussian, σ = 10". */
export function noiseName(noise: NoiseModel): string {
  if (noise.model === "mixture") {
    const sum = sharesOf(noise);
    const parts = noise.of.map(
      (part) => `${((100 * part.share) / sum).toFixed(0)} % ${noiseName(part.noise)}`,
    );
    return `mixture: ${parts.join("; ")}`;
  }
  const { model, ...parameters } = noise;
  return [model, ...partsOf(parameters)].join(", ");
}

/** The names and values of parameters; those of a group stand in brackets after its name. */
function partsOf(parameters: object): string[] {
  return Object.entries(parameters)
    .filter(([name]) => name !== "drawn")
    .map(([name, value]) => {
      const symbol = name === "sigma" ? "σ" : name;
      if (typeof value === "number") return `${symbol} = ${value}`;
      return `${symbol} ${Array.isArray(value) ? value.join(" to ") : `(${partsOf(value).join(", ")})`}`;
    });
}

const sharesOf = (noise: MixtureNoise): number => noise.of.reduce((sum, { share }) => sum + share, 0);

/**
 * The noise of picture `index`. The model of a mixture and the numbers of ranges are drawn from stream (seed,
 * `Purpose.level` + purpose, index).
 */
export function noiseAt(noise: NoiseModel, seed: number, purpose: number, index: number): PictureNoise {
  const random = new Random(seed, Purpose.level + purpose, index);
  const single = noise.model === "mixture" ? drawPart(noise, random) : noise;
  return single.model === "camera"
    ? drawCamera(single, random)
    : withNumbers(single, (range) => drawFrom(range, random));
}

function drawPart(noise: MixtureNoise, random: Random): SingleNoise {
  let rest = random.uniform() * sharesOf(noise);
  const chosen = noise.of.find(({ share }) => {
    rest -= share;
    return rest < 0;
  });
  // What rounding leaves over goes to the last model.
  return (chosen ?? noise.of.at(-1)!).noise;
}

/** `levelOf` of `denoise-wasm/train`, without its checks. @throws SpecError if it is a camera's noise */
export function levelOf(noise: NoiseModel, seed: number, purpose: number, index: number): number {
  const one = noiseAt(noise, seed, purpose, index);
  if (one.model !== "camera") return strengthOf(one);
  throw new SpecError(
    "The level of a camera's noise is known only when the noise has been added: use the levels that addNoise fills.",
  );
}

/**
 * The noise that stands for another one where its level has to be set: the noise itself, or the first of a mixture whose
 * level can be set. For a camera's noise, whose level cannot, and mixtures of nothing else it is Gaussian noise.
 */
export function noiseWithLevels(noise: NoiseModel): PointwiseNoise {
  const parts = noise.model === "mixture" ? noise.of.map((part) => part.noise) : [noise];
  return parts.find((part) => part.model !== "camera") ?? { model: "gaussian", sigma: MID_GREY };
}

/** `noiseWithLevels` at the upper ends of its ranges. */
const strongest = (noise: NoiseModel) =>
  withNumbers(noiseWithLevels(noise), (range) => (typeof range === "number" ? range : Math.max(...range)));

/** The level of the strongest noise of a model whose level can be set (`noiseWithLevels`), in grey levels. */
export const strongestLevel = (noise: NoiseModel): number => strengthOf(strongest(noise));

/**
 * Noise that has one level for all pictures: of `noiseWithLevels`, the upper ends of its ranges, made stronger or weaker.
 * @param level above 0, in grey levels
 * @throws SpecError if noise of this model cannot be that strong
 */
export function noiseOfLevel(noise: NoiseModel, level: number): PointwiseNoise {
  const most = strongest(noise);
  if (most.model === "gaussian" || most.model === "uniform") return { ...most, sigma: level };
  const reached = strengthOf(most);
  if (reached === 0) throw new SpecError(`${noiseName(most)} is no noise: it has no other levels.`);
  const factor = level / reached;
  switch (most.model) {
    case "poisson-gaussian":
      return { ...most, gain: most.gain * factor * factor, sigma: most.sigma * factor };
    case "speckle":
      return { ...most, contrast: most.contrast * factor };
    case "salt-and-pepper": {
      if (level > MID_GREY) {
        throw new SpecError(
          `Salt-and-pepper noise has levels up to ${MID_GREY}, where no value is left; ${level} is more.`,
        );
      }
      return { ...most, share: most.share * factor * factor };
    }
  }
}

/** Where the noise of a picture is drawn from: the streams of these three numbers. */
export interface NoiseStream {
  readonly seed: number;
  readonly purpose: number;
  readonly index: number;
}

/**
 * Fills `noisy` with the values of a picture plus noise that `noiseAt` has drawn for it; the result is not clipped, except
 * that a camera's values are from 0 to 255.
 * @returns the level of the noise, in grey levels: see `levelOf`; for a camera's noise the root of its mean square
 */
export function addNoiseTo(
  clean: Required<Picture<Uint8Array>>,
  noisy: Float32Array,
  noise: PictureNoise,
  { seed, purpose, index }: NoiseStream,
): number {
  const random = new Random(seed, purpose, index);
  if (noise.model === "camera") return addCameraNoise(clean, noisy, noise, random);
  addPointwiseNoise(clean.data, noisy, noise, random);
  return strengthOf(noise);
}

/**
 * `addNoise` of `denoise-wasm/train`, without its checks of the noise, the seed and the purpose.
 * @throws SpecError if pictures for a camera's noise are neither grey nor RGB
 * @throws DataError if the parts of the set do not fit together
 */
export function addNoise(
  images: Images,
  noise: NoiseModel,
  seed: number,
  purpose: number,
  levels: Float32Array = new Float32Array(images.count),
): Float32Array {
  requirePictures(images, "The pictures");
  const size = pixelsOf(images);
  const noisy = new Float32Array(images.data.length);
  for (let index = 0; index < images.count; index++) {
    const values = noisy.subarray(index * size, (index + 1) * size);
    const one = noiseAt(noise, seed, purpose, index);
    levels[index] = addNoiseTo(pictureAt(images, index), values, one, { seed, purpose, index });
  }
  return noisy;
}
