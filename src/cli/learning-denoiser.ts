import type { Denoiser } from "../denoiser/denoiser.ts";
import { learnFromPicture } from "../learning/learn-from-picture.ts";
import type { LearnOptions } from "../learning/learn-options.ts";
import { levelOfCurve } from "../learning/noise-curve.ts";

/** What `denoise --learn` denoises with: a network for each picture, which learns from that picture alone, one after the other. */
export function learningDenoiser(
  how: Pick<LearnOptions, "mode" | "threads" | "steps" | "seed">,
): Pick<Denoiser, "denoise" | "threads"> & Disposable {
  return {
    threads: 1,
    async denoise(picture, { sigma = "auto", range, signal, onProgress } = {}) {
      const noise = sigma === "auto" ? sigma : { gain: 0, sigma };
      const learned = await learnFromPicture(picture, { ...how, noise, range, signal, onProgress });
      const { data, width, height, channels } = learned;
      return { data, width, height, channels, sigma: levelOfCurve(learned.noise) };
    },
    [Symbol.dispose]() {},
  };
}
