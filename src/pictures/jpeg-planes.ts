/** Splits a picture into the planes that a JPEG file stores, with the roundings of libjpeg (jccolor.c, jcsample.c). */
import type { Picture } from "./picture.ts";

/** A plane on whole blocks of 8×8 values. */
export interface Plane {
  readonly values: Uint8Array;
  readonly stride: number;
}

/**
 * The planes of a picture: grey, or luma at full resolution and two of colour. All are as large as whole units of
 * 8 · `across` × 8 · `down` pixels need; what lies outside the picture repeats its last column and row.
 * @param across how many pixels beside one another share a value of colour, 1 or 2
 * @param down the same for pixels below one another
 */
export function planesOf(
  { data: bytes, width, height, channels }: Required<Picture<Uint8Array | Uint8ClampedArray>>,
  colors: 1 | 3,
  across: number,
  down: number,
): Plane[] {
  const stride = Math.ceil(width / (8 * across)) * 8 * across;
  const rows = Math.ceil(height / (8 * down)) * 8 * down;
  const planes = Array.from({ length: colors }, () => new Uint8Array(stride * rows));
  for (let y = 0; y < rows; y++) {
    const row = Math.min(y, height - 1) * width;
    for (let x = 0; x < stride; x++) {
      const from = (row + Math.min(x, width - 1)) * channels;
      const to = y * stride + x;
      const red = bytes[from]!;
      if (colors === 1) {
        planes[0]![to] = red;
        continue;
      }
      const green = bytes[from + 1]!;
      const blue = bytes[from + 2]!;
      // The constants of BT.601 times 2¹⁶; 128 is added to the components of colour.
      planes[0]![to] = (19_595 * red + 38_470 * green + 7471 * blue + 32_768) >> 16;
      planes[1]![to] = (-11_059 * red - 21_709 * green + 32_768 * blue + 8_421_375) >> 16;
      planes[2]![to] = (32_768 * red - 27_439 * green - 5329 * blue + 8_421_375) >> 16;
    }
  }
  return planes.map((values, i) =>
    i === 0 || across === 1 ? { values, stride } : thinned(values, stride, rows, down),
  );
}

/** Means of two values beside one another, and of two below one another if `down` is 2. */
function thinned(values: Uint8Array, stride: number, rows: number, down: number): Plane {
  const half = stride / 2;
  const means = new Uint8Array((half * rows) / down);
  for (let y = 0, to = 0; y < rows; y += down) {
    for (let x = 0; x < half; x++, to++) {
      const at = y * stride + 2 * x;
      const pair = values[at]! + values[at + 1]!;
      // Halves are rounded up in every other column, so that none of them is preferred.
      means[to] =
        down === 1
          ? (pair + (x & 1)) >> 1
          : (pair + values[at + stride]! + values[at + stride + 1]! + 1 + (x & 1)) >> 2;
    }
  }
  return { values: means, stride: half };
}
