/** Measures a denoiser on a set of photographs by the protocol of the literature, or on pairs of real noise. */
import type { TestPicture } from "../data/images.ts";
import type { Denoiser } from "../denoiser/denoiser.ts";
import type { DenoiseOptions } from "../denoiser/request.ts";
import type { Picture } from "../pictures/picture.ts";
import { bestLevels } from "./best-levels.ts";
import { meanSsim, psnr, requireSsimSize } from "./metrics.ts";
import { type Condition, noisyPicture } from "./test-conditions.ts";

/** How near a picture is to the clean one, or the means of that over the pictures of a set. */
export interface PhotoQuality {
  /** Peak signal-to-noise ratio, 10·log₁₀(255² / mean squared error over all values), in dB; infinite if they are equal. */
  readonly psnr: number;
  /** Structural similarity: see `ssim`; of a colour picture the mean over its channels. */
  readonly ssim: number;
}

/** The quality of a denoised picture, or the means over the pictures of a set. */
export interface DenoisedQuality extends PhotoQuality {
  /** The level of noise that was given or found, in grey levels. */
  readonly sigma: number;
}

/** What was measured on one picture, or the means over the pictures of a set. */
export interface Measured {
  /** The quality of the noisy picture, which is not clipped where the condition does not say so. */
  readonly noisy: PhotoQuality;
  /** The quality of the denoised picture, rounded and clipped to 0 to 255. */
  readonly denoised: DenoisedQuality;
  /** The quality with that one level for all pictures whose mean PSNR is the best. It is chosen with the clean pictures. */
  readonly bestOfSet?: DenoisedQuality;
  /** The quality with the level whose PSNR is the best for each picture by itself, chosen with the clean picture. */
  readonly bestOfEach?: DenoisedQuality;
}

/** What was measured on a set under one condition. */
export interface SetQuality {
  readonly condition: Condition;
  /** The means over the pictures of what was measured on each. */
  readonly mean: Measured;
  readonly pictures: readonly (Measured & { readonly name: string })[];
}

/** How a set is measured. */
export interface MeasureSetOptions {
  /** Whether to look for the best level too, where the denoiser is not told one. Default `false`. */
  readonly bestSigma?: boolean;
  /** What else `denoise` is called with, for every picture. */
  readonly settings?: Omit<DenoiseOptions, "sigma" | "transfer" | "signal" | "onProgress">;
  /** Is called with every noisy picture before it is denoised. */
  readonly onNoisy?: (
    noisy: Required<Picture<Uint8Array | Float32Array>>,
    picture: TestPicture,
    condition: Condition,
  ) => Promise<void>;
  /** Is called with the part of the work that is done, from 0 to 1. */
  readonly onProgress?: (part: number) => void;
}

/**
 * Measures a denoiser on a set of pictures under several conditions: PSNR and SSIM of every noisy picture and of what
 * becomes of it, and their means over the pictures.
 * @throws SpecError if a picture is smaller than 11×11
 */
export async function measureSet(
  denoiser: Denoiser,
  pictures: readonly TestPicture[],
  conditions: readonly Condition[],
  { onProgress, ...options }: MeasureSetOptions = {},
): Promise<SetQuality[]> {
  for (const { name, clean } of pictures) requireSsimSize(clean, `${name} has`);
  const results: SetQuality[] = [];
  for (const [step, condition] of conditions.entries()) {
    const report = (part: number) => onProgress?.((step + part) / conditions.length);
    const measured = await measureCondition(denoiser, pictures, condition, {
      ...options,
      onProgress: report,
    });
    results.push({ condition, mean: meanOf(measured), pictures: measured });
  }
  return results;
}

async function measureCondition(
  denoiser: Denoiser,
  pictures: readonly TestPicture[],
  condition: Condition,
  { bestSigma = false, settings, onNoisy, onProgress }: MeasureSetOptions,
): Promise<SetQuality["pictures"]> {
  const given: Required<Picture<Uint8Array | Float32Array>>[] = [];
  const run = async (index: number, sigma: number | "auto") => {
    const denoised = await denoiser.denoise(given[index]!, { ...settings, sigma });
    return { output: bytesOf(denoised.data), clean: pictures[index]!.clean, sigma: denoised.sigma };
  };
  const measure = async (index: number, asked: number | "auto"): Promise<DenoisedQuality> => {
    const { output, clean, sigma } = await run(index, asked);
    return { ...qualityOf(output, clean), sigma };
  };
  const measured: (Measured & { name: string })[] = [];
  const isSearched = bestSigma && !condition.told;
  for (const [index, picture] of pictures.entries()) {
    const noisy = noisyPicture(picture, condition, index);
    await onNoisy?.(noisy, picture, condition);
    given.push(noisy);
    measured.push({
      name: picture.name,
      noisy: qualityOf(noisy.data, picture.clean),
      denoised: await measure(index, condition.told ? condition.sigma! : "auto"),
    });
    onProgress?.(((index + 1) / pictures.length) * (isSearched ? FIRST_PART : 1));
  }
  if (!isSearched) return measured;
  const { ofSet, ofEach } = await bestLevels(
    measured.map(({ denoised }) => denoised),
    async (index, sigma) => {
      const { output, clean } = await run(index, sigma);
      return psnr(output, clean.data);
    },
    (part) => onProgress?.(FIRST_PART + (1 - FIRST_PART) * part),
  );
  return Promise.all(
    measured.map(async (one, index) => ({
      ...one,
      bestOfSet: await measure(index, ofSet),
      bestOfEach: await measure(index, ofEach[index]!),
    })),
  );
}

/** About how large a part of the work is done before the search for the best levels begins. */
const FIRST_PART = 0.05;

/** The values rounded, a half to the even neighbour, and clipped to 0 to 255. */
const bytesOf = (values: Uint8Array | Float32Array): Uint8Array =>
  values instanceof Uint8Array ? values : new Uint8Array(new Uint8ClampedArray(values).buffer);

function qualityOf(values: Uint8Array | Float32Array, clean: Required<Picture<Uint8Array>>): PhotoQuality {
  return { psnr: psnr(values, clean.data), ssim: meanSsim(values, clean.data, clean) };
}

function meanOf(pictures: readonly Measured[]): Measured {
  const mean = (of: (picture: Measured) => number) =>
    pictures.reduce((sum, picture) => sum + of(picture), 0) / pictures.length;
  const qualityBy = (key: "denoised" | "bestOfSet" | "bestOfEach"): DenoisedQuality => ({
    psnr: mean((picture) => picture[key]!.psnr),
    ssim: mean((picture) => picture[key]!.ssim),
    sigma: mean((picture) => picture[key]!.sigma),
  });
  return {
    noisy: { psnr: mean(({ noisy }) => noisy.psnr), ssim: mean(({ noisy }) => noisy.ssim) },
    denoised: qualityBy("denoised"),
    ...(pictures[0]!.bestOfSet && {
      bestOfSet: qualityBy("bestOfSet"),
      bestOfEach: qualityBy("bestOfEach"),
    }),
  };
}
