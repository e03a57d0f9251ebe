// Denoises a picture within a pipeline of sharp.
import { denoisePng } from "denoise-wasm/png";
import sharp from "sharp";
import { denoiser } from "./file.js";

/**
 * `await (await denoiseSharp(sharp("in.jpg"))).resize(800).webp().toFile("out.webp")`: denoise before you resize, since what
 * resizing leaves of the noise is harder to find. Put `.toColourspace("rgb16")` before to keep 16 bits.
 * @param {import("sharp").Sharp} image is left as it is
 * @param {import("denoise-wasm/png").DenoisePngOptions} [options]
 * @returns {Promise<import("sharp").Sharp>} the denoised picture, upright, with the profile of colours and Exif data of the first
 */
export async function denoiseSharp(image, options) {
  // PNG carries what belongs to a picture both ways; it is hardly compressed, since it is read again at once.
  const png = await image
    .clone()
    .keepMetadata()
    .png({ compressionLevel: 1, adaptiveFiltering: false })
    .toBuffer();
  return sharp(await denoisePng(denoiser, png, { maxPixels: Number.POSITIVE_INFINITY, ...options }));
}
