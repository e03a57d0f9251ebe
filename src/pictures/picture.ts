import { DataError } from "../errors.ts";

/** A picture that came out of a file: row after row, channels interleaved, 0 (black) to 255 (white). */
export interface DecodedPicture {
  /** Bytes, or float32 where the file holds 16 bits a value: 65,535 becomes 255. */
  readonly data: Uint8Array<ArrayBuffer> | Float32Array<ArrayBuffer>;
  readonly width: number;
  readonly height: number;
  /** 1 grey, 2 grey and alpha, 3 RGB, 4 RGBA; alpha is not multiplied in. */
  readonly channels: 1 | 2 | 3 | 4;
}

export interface DecodeOptions {
  /** Most pixels a picture may have, looked up in the file's header before anything is unpacked; 2²⁷ if left out. */
  maxPixels?: number | undefined;
}

/** @throws DataError where a header's size is nothing, or more than the limit */
export function requireAllowedSize(
  { width, height }: { width: number; height: number },
  name: string,
  { maxPixels = 2 ** 27 }: DecodeOptions,
): void {
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
