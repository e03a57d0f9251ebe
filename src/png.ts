/** `denoise-wasm/png`: reads, denoises and writes PNG files, for runtimes without a decoder of their own. */

import type { DenoiseOptions, Denoiser } from "./denoiser/denoiser.ts";
import type { DecodeOptions } from "./pictures/decoding.ts";
import { decodePng } from "./pictures/png.ts";
import { encodePng } from "./pictures/png-encode.ts";

export type { Denoised, DenoiseOptions, Denoiser } from "./denoiser/denoiser.ts";
export type { DecodedPicture, DecodedValues, DecodeOptions } from "./pictures/decoding.ts";
export type { PictureDensity, PictureMetadata, PictureText, PngColor } from "./pictures/metadata.ts";
export type { Picture, PictureValues, SameKind } from "./pictures/picture.ts";
export { decodePng } from "./pictures/png.ts";
export { type EncodePngOptions, encodePng } from "./pictures/png-encode.ts";
export type { Variant } from "./wasm/detect.ts";

/** How a PNG file is denoised. */
export interface DenoisePngOptions extends Omit<DenoiseOptions, "transfer"> {
  /**
   * The most pixels that the picture may have. Default: 2²² (4 megapixels), so that the unpacked picture fits into the
   * 128 MB of memory that an edge worker has.
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
  { maxPixels = 2 ** 22, ...options }: DenoisePngOptions = {},
): Promise<Uint8Array<ArrayBuffer>> {
  const file = bytes instanceof Uint8Array ? bytes : new Uint8Array(bytes);
  const picture = await decodePng(file, "The picture", { maxPixels });
  return encodePng(await denoiser.denoise(picture, options), { metadata: picture.metadata });
}
