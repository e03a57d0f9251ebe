/** `denoise-wasm/png`: reads, denoises and writes PNG files, for runtimes without a decoder of their own. */

import type { Denoiser } from "./denoiser/denoiser.ts";
import type { DenoiseOptions } from "./denoiser/request.ts";
import { optionsFrom } from "./errors.ts";
import { type DecodeOptions, fileBytes } from "./pictures/decoding.ts";
import { decodePng } from "./pictures/png.ts";
import { encodePng } from "./pictures/png-encode.ts";

export type { Denoised, Denoiser } from "./denoiser/denoiser.ts";
export type { DenoiseOptions } from "./denoiser/request.ts";
export type { DecodedPicture, DecodedValues, DecodeOptions } from "./pictures/decoding.ts";
export type { PictureDensity, PictureMetadata, PictureText, PngColor } from "./pictures/metadata.ts";
export type { Picture, PictureValues, Range, SameKind } from "./pictures/picture.ts";
export { decodePng } from "./pictures/png.ts";
export { type EncodePngOptions, encodePng } from "./pictures/png-encode.ts";
export type { Variant } from "./wasm/detect.ts";

/** How a PNG file is denoised. */
export interface DenoisePngOptions extends Omit<DenoiseOptions, "range" | "transfer"> {
  /**
   * The most pixels that the picture may have. Default: 2²² (4 megapixels). A worker at the edge with 128 MB of memory has
   * to set less: 2¹⁹, or 2¹⁸ for pictures of 16 bits.
   */
  maxPixels?: DecodeOptions["maxPixels"];
}

/**
 * Denoises a PNG file. The new file is upright and has the same colours, bits per value and metadata, except that a palette
 * becomes RGB or RGBA, a transparent colour an alpha channel, and fewer than 8 bits become 8.
 * @throws DataError if the file is not a PNG, is broken, or has too many pixels; also if the picture does not fit the model
 * @throws SpecError if an option is of the wrong type or out of range
 */
export async function denoisePng(
  denoiser: Pick<Denoiser, "denoise">,
  bytes: Uint8Array | ArrayBuffer,
  options?: DenoisePngOptions,
): Promise<Uint8Array<ArrayBuffer>> {
  const { maxPixels = 2 ** 22, ...others } = optionsFrom(options);
  const file = fileBytes(bytes, "PNG");
  const picture = await decodePng(file, "The picture", { maxPixels });
  const clean = await denoiser.denoise(picture, { ...others, transfer: true });
  return encodePng(clean, { metadata: picture.metadata });
}
