import { DataError } from "../errors.ts";
import type { DecodedPicture, DecodeOptions } from "./decoding.ts";
import { decodeJpeg, isJpeg } from "./jpeg.ts";
import { decodePng, isPng } from "./png.ts";

/**
 * Decodes a PNG or JPEG file, which is told apart by its content: see `decodePng` and `decodeJpeg`.
 *
 * @param name what errors call the file
 * @throws DataError if the file is neither, is broken, is of a kind that is refused, or has too many pixels
 * @throws SpecError if `maxPixels` is not a number of at least 0
 */
export async function decodePicture(
  bytes: Uint8Array,
  name: string,
  options: DecodeOptions = {},
): Promise<DecodedPicture> {
  if (isPng(bytes)) return decodePng(bytes, name, options);
  if (isJpeg(bytes)) return decodeJpeg(bytes, name, options);
  const what = bytes.length === 0 ? "is empty" : "is neither a PNG nor a JPEG file";
  throw new DataError(`${name} ${what}; give a PNG or JPEG`);
}
