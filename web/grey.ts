/** Grey pictures in RGBA. */
import { luma } from "../src/data/photos.ts";

/** Luma of each pixel of RGBA, 0 to 255. */
export function greyOf({ data }: { data: Uint8ClampedArray }): Uint8Array {
  return Uint8Array.from({ length: data.length / 4 }, (_, pixel) =>
    luma(data[4 * pixel]!, data[4 * pixel + 1]!, data[4 * pixel + 2]!),
  );
}

/** Whether every pixel of RGBA has three equal colours. */
export function isGrey(data: Uint8ClampedArray): boolean {
  for (let i = 0; i < data.length; i += 4) {
    if (data[i] !== data[i + 1] || data[i] !== data[i + 2]) return false;
  }
  return true;
}
