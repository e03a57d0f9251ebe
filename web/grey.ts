/** Converts RGBA pictures to grey, and recognises grey ones. */
import { luma } from "../src/data/photos.ts";

/** The luma of each pixel of an RGBA picture, 0 to 255. */
export function greyOf({ data }: { data: Uint8ClampedArray }): Uint8Array {
  return Uint8Array.from({ length: data.length / 4 }, (_, pixel) =>
    luma(data[4 * pixel]!, data[4 * pixel + 1]!, data[4 * pixel + 2]!),
  );
}

/** Whether red, green and blue are equal in every pixel of an RGBA picture. */
export function isGrey(data: Uint8ClampedArray): boolean {
  for (let i = 0; i < data.length; i += 4) {
    if (data[i] !== data[i + 1] || data[i] !== data[i + 2]) return false;
  }
  return true;
}
