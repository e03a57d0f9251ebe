/** What the decoders of PNG and JPEG files have in common. */
import { DataError, optionsFrom, requireNoOthers, requireOption } from "../errors.ts";

/**
 * The kinds of array that hold a decoded picture's values: bytes, or, if the file has 16 bits per value, these, of which
 * 65,535 is white.
 */
export type DecodedValues = Uint8Array<ArrayBuffer> | Uint16Array<ArrayBuffer>;

/** Limits on a picture file that is decoded. */
export interface DecodeOptions {
  /** The most pixels that the picture may have; checked in the file's header before anything is unpacked. Default 2²⁷. */
  maxPixels?: number | undefined;
}

/**
 * Checks the size that a file's header gives.
 * @throws DataError if the picture has no pixels, or more than the limit
 * @throws SpecError if an option is unknown, or the limit is not a number of at least 0
 */
export function requireAllowedSize(
  { width, height }: { width: number; height: number },
  name: string,
  options: DecodeOptions | undefined,
): void {
  const { maxPixels = 2 ** 27, ...others } = optionsFrom(options);
  requireNoOthers(others);
  requireOption(
    "maxPixels",
    maxPixels,
    maxPixels >= 0 && typeof maxPixels === "number",
    "a number of at least 0",
  );
  if (width === 0 || height === 0) {
    throw new DataError(`${name} has no pixels (${width} × ${height}); give a picture that has some`);
  }
  if (width * height > maxPixels) {
    throw new DataError(
      `${name} has ${width} × ${height} pixels, more than the ${maxPixels} allowed; raise the limit (maxPixels) if you trust it`,
    );
  }
}

/** The error for a file that is broken. */
export function brokenFile(name: string, kind: "PNG" | "JPEG", what: string, cause?: unknown): DataError {
  return new DataError(`${name} is a broken ${kind} file: ${what}; get it anew or save it anew`, { cause });
}
