/** Says what denoising a picture came to: how long it took, or why nothing was taken away. */
import type { Denoised } from "../src/browser.ts";
import { setText } from "./dom.ts";
import type { PictureQuality } from "./picture-messages.ts";

const reasons: Readonly<Record<NonNullable<Denoised["unchanged"]>, string>> = {
  "as-asked": "Nothing was taken away, as the noise level is set to 0.",
  drawn:
    "Nothing was taken away: this looks like a drawing or a screenshot. To denoise it all the same, set the noise level by hand.",
  "no-noise":
    "Nothing was taken away: no noise was found that can be told from texture. To denoise it all the same, set the noise level by hand.",
};

/** The strongest noise that the page's models for photographs learned, in grey levels. */
const LEARNED = 55;

export function outcomeInWords(
  { sigma, unchanged, seconds }: Pick<Denoised, "sigma" | "unchanged"> & { readonly seconds: number },
  pixels: number,
): string {
  if (unchanged) return reasons[unchanged];
  const time = seconds < 1 ? `${Math.round(seconds * 1000)} ms` : `${seconds.toFixed(1)} s`;
  const stronger =
    sigma > LEARNED
      ? ` The noise is stronger than the ${LEARNED} that the models have learned: some may stay.`
      : "";
  return `Denoised in ${time} (${(pixels / 1e6).toFixed(2)} megapixels).${stronger}`;
}

/** Shows the figures of the noisy or of the denoised picture. */
export function showQuality(name: "noisy" | "denoised", { psnr, ssim }: PictureQuality): void {
  setText(`${name}-psnr`, `${psnr.toFixed(2)} dB`);
  setText(`${name}-ssim`, ssim === undefined ? "–" : ssim.toFixed(3));
}
