/** `denoise-wasm/jpeg`: reads, denoises and writes JPEG files, in runtimes of every kind. */

import type { DenoiseOptions, Denoiser } from "./denoiser/denoiser.ts";
import type { DecodeOptions } from "./pictures/decoding.ts";
import { decodeJpeg } from "./pictures/jpeg.ts";
import { type EncodeJpegOptions, encodeJpeg } from "./pictures/jpeg-encode.ts";

export type { Denoised, DenoiseOptions, Denoiser } from "./denoiser/denoiser.ts";
export type { DecodedPicture, DecodedValues, DecodeOptions } from "./pictures/decoding.ts";
export { decodeJpeg } from "./pictures/jpeg.ts";
export { type EncodeJpegOptions, encodeJpeg } from "./pictures/jpeg-encode.ts";
export type { PictureDensity, PictureMetadata, PictureText, PngColor } from "./pictures/metadata.ts";
export type { Picture, PictureValues, SameKind } from "./pictures/picture.ts";
export type { Variant } from "./wasm/detect.ts";

/** How a JPEG file is denoised and written again. */
export interface DenoiseJpegOptions extends Omit<DenoiseOptions, "transfer"> {
  /** Quality and resolution of colours of the new file: see `EncodeJpegOptions`. */
  output?: Pick<EncodeJpegOptions, "quality" | "chroma"> | undefined;
  /**
   * The most pixels that the picture may have. Default: 2²² (4 megapixels), so that the unpacked picture fits into the
   * 128 MB of memory that an edge worker has.
   */
  maxPixels?: DecodeOptions["maxPixels"];
}

/**
 * Denoises a JPEG file. The new file is upright, and has the same colours and metadata; CMYK becomes RGB.
 * @throws DataError if the file is not a JPEG, is broken, is of a kind that `decodeJpeg` refuses, or has too many pixels;
 * also if the picture does not fit the model
 * @throws SpecError if an option is of the wrong type or out of range
 */
export async function denoiseJpeg(
  denoiser: Pick<Denoiser, "denoise">,
  bytes: Uint8Array | ArrayBuffer,
  { maxPixels = 2 ** 22, output, ...options }: DenoiseJpegOptions = {},
): Promise<Uint8Array<ArrayBuffer>> {
  const file = bytes instanceof Uint8Array ? bytes : new Uint8Array(bytes);
  const picture = decodeJpeg(file, "The picture", { maxPixels });
  return encodeJpeg(await denoiser.denoise(picture, options), { ...output, metadata: picture.metadata });
}
