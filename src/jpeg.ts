/** `denoise-wasm/jpeg`: reads, denoises and writes JPEG files, in runtimes of every kind. */

import type { Denoiser } from "./denoiser/denoiser.ts";
import type { DenoiseOptions } from "./denoiser/request.ts";
import { optionsFrom } from "./errors.ts";
import { type DecodeOptions, fileBytes } from "./pictures/decoding.ts";
import { decodeJpeg } from "./pictures/jpeg.ts";
import { type EncodeJpegOptions, encodeJpeg } from "./pictures/jpeg-encode.ts";

export type { Denoised, Denoiser } from "./denoiser/denoiser.ts";
export type { DenoiseOptions } from "./denoiser/request.ts";
export type { DecodedPicture, DecodedValues, DecodeOptions } from "./pictures/decoding.ts";
export { decodeJpeg } from "./pictures/jpeg.ts";
export { type EncodeJpegOptions, encodeJpeg } from "./pictures/jpeg-encode.ts";
export type { PictureDensity, PictureMetadata, PictureText, PngColor } from "./pictures/metadata.ts";
export type { Picture, PictureValues, Range, SameKind } from "./pictures/picture.ts";
export type { Variant } from "./wasm/detect.ts";

/** How a JPEG file is denoised and written again. */
export interface DenoiseJpegOptions extends Omit<DenoiseOptions, "range" | "transfer"> {
  /** Quality and resolution of colours of the new file: see `EncodeJpegOptions`. */
  output?: Pick<EncodeJpegOptions, "quality" | "chroma"> | undefined;
  /**
   * The most pixels that the picture may have. Default: 2²² (4 megapixels). A worker at the edge with 128 MB of memory has
   * to set less: 2¹⁹, or 2¹⁸ for pictures of 16 bits.
   */
  maxPixels?: DecodeOptions["maxPixels"];
}

/**
 * Denoises a JPEG file. The new file is upright, and has the same colours and metadata; CMYK becomes RGB. If nothing was changed (see
 * `Denoised.unchanged`), the file was upright, and no `output` is given, it is a copy of the file as it was.
 * @throws DataError if the file is not a JPEG, is broken, is of a kind that `decodeJpeg` refuses, or has too many pixels;
 * also if the picture does not fit the model
 * @throws SpecError if an option is of the wrong type or out of range
 */
export async function denoiseJpeg(
  denoiser: Pick<Denoiser, "denoise">,
  bytes: Uint8Array | ArrayBuffer,
  options?: DenoiseJpegOptions,
): Promise<Uint8Array<ArrayBuffer>> {
  const { maxPixels = 2 ** 22, output, ...others } = optionsFrom(options);
  const file = fileBytes(bytes, "JPEG");
  const picture = decodeJpeg(file, "The picture", { maxPixels });
  const clean = await denoiser.denoise(picture, { ...others, transfer: true });
  if (clean.unchanged && !output && (picture.metadata.orientation ?? 1) === 1) return Uint8Array.from(file);
  return encodeJpeg(clean, { ...output, metadata: picture.metadata });
}
