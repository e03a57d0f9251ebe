/** What the decoders of picture files have in common. */
import { DataError, requireOption } from "../errors.ts";

/** What the values of a file are kept in: bytes, or float32 where the file has 16 bits a value (65,535 becomes 255). */
export type DecodedValues = Uint8Array<ArrayBuffer> | Float32Array<ArrayBuffer>;

/** What is accepted of a picture file. */
export interface DecodeOptions {
  /** Most pixels a picture may have, looked up in the file's header before anything is unpacked; 2²⁷ if left out. */
  maxPixels?: number | undefined;
}

/** @throws DataError where a header's size is nothing, or more than the limit; SpecError where the limit is no number */
export function requireAllowedSize(
  { width, height }: { width: number; height: number },
  name: string,
  { maxPixels = 2 ** 27 }: DecodeOptions,
): void {
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

/** What is thrown for a file that cannot be decoded as it is. */
export function brokenFile(name: string, kind: "PNG" | "JPEG", what: string, cause?: unknown): DataError {
  return new DataError(`${name} is a broken ${kind} file: ${what}; get it anew or save it anew`, { cause });
}
