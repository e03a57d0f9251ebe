import { DataError } from "../errors.ts";
import type { DecodedValues, DecodeOptions } from "./decoding.ts";
import { decodeJpeg, isJpeg } from "./jpeg.ts";
import type { Picture } from "./picture.ts";
import { decodePng, isPng } from "./png.ts";

/**
 * Decodes a PNG or JPEG file, recognised by its content: see `decodePng` and `decodeJpeg`.
 *
 * @param name what the file is called in errors
 * @throws DataError if it is neither, broken, refused, or larger than allowed
 */
export async function decodePicture(
  bytes: Uint8Array,
  name: string,
  options: DecodeOptions = {},
): Promise<Required<Picture<DecodedValues>>> {
  if (isPng(bytes)) return decodePng(bytes, name, options);
  if (isJpeg(bytes)) return decodeJpeg(bytes, name, options);
  const what = bytes.length === 0 ? "is empty" : "is neither a PNG nor a JPEG file";
  throw new DataError(`${name} ${what}; give a PNG or JPEG`);
}
