/** What the decoders of PNG and JPEG files have in common. */
import { DataError, optionsFrom, requireNoOthers, requireOption } from "../errors.ts";
import type { PictureMetadata } from "./metadata.ts";
import type { Picture } from "./picture.ts";

/**
 * The kinds of array that hold a decoded picture's values: bytes, or, if the file has 16 bits per value, these, of which
 * 65,535 is white.
 */
export type DecodedValues = Uint8Array<ArrayBuffer> | Uint16Array<ArrayBuffer>;

/** A picture that was read from a file, upright, and what else the file held. */
export interface DecodedPicture extends Required<Picture<DecodedValues>> {
  /** What `encodePng` and `encodeJpeg` write into the next file if it is given to them. */
  readonly metadata: PictureMetadata;
}

/** Limits on a picture file that is decoded. */
export interface DecodeOptions {
  /**
   * The most pixels that the picture may have; checked in the file's header before anything is unpacked. Default: 2²⁷,
   * but no more than fill 256 MiB and 256 bytes for each byte of the file, so that a small file cannot take much memory.
   */
  maxPixels?: number | undefined;
}

/**
 * Checks the size that a file's header gives.
 * @param cost the length of the file, and how many bytes a decoded pixel takes
 * @throws DataError if the picture has no pixels, or more than the limit
 * @throws SpecError if an option is unknown, or the limit is not a number of at least 0
 */
export function requireAllowedSize(
  { width, height }: { width: number; height: number },
  name: string,
  options: DecodeOptions | undefined,
  { fileBytes, pixelBytes }: { fileBytes: number; pixelBytes: number },
): void {
  const affordable = Math.min(2 ** 27, Math.floor((2 ** 28 + 256 * fileBytes) / pixelBytes));
  const { maxPixels: most = affordable, ...others } = optionsFrom(options);
  requireNoOthers(others);
  requireOption("maxPixels", most, typeof most === "number" && most >= 0, "a number of at least 0");
  if (width === 0 || height === 0) {
    throw new DataError(`${name} has no pixels (${width} × ${height}); give a picture that has some`);
  }
  if (width * height > most) {
    throw new DataError(
      `${name} has ${width} × ${height} pixels, more than the ${most} allowed; raise maxPixels if you trust it`,
    );
  }
}

/** The error for a file that is broken. */
export function brokenFile(name: string, kind: string, what: string, cause?: unknown): DataError {
  return new DataError(`${name} is a broken ${kind} file: ${what}; get or save it anew`, { cause });
}

/** The bytes of a picture file as they may be given. @throws SpecError if they are neither a view nor an ArrayBuffer */
export function fileBytes(bytes: Uint8Array | ArrayBuffer, format: string): Uint8Array {
  // An ArrayBuffer of another realm is no instance of this realm's class.
  const isBuffer = Object.prototype.toString.call(bytes) === "[object ArrayBuffer]";
  const isFile = ArrayBuffer.isView(bytes) || isBuffer;
  requireOption("bytes", bytes, isFile, `the bytes of a ${format} file in a Uint8Array or an ArrayBuffer`);
  return ArrayBuffer.isView(bytes) ? bytes : new Uint8Array(bytes);
}
