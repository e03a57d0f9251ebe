/**
 * The filters of PNG (ISO/IEC 15948, 9): each byte is stored as its difference from a prediction, which is made from the
 * bytes of the pixels to the left (a), above (b), and above left (c).
 */

function paeth(a: number, b: number, c: number): number {
  const toA = Math.abs(b - c);
  const toB = Math.abs(a - c);
  const toC = Math.abs(a + b - 2 * c);
  if (toA <= toB && toA <= toC) return a;
  return toB <= toC ? b : c;
}

const predictions: readonly ((a: number, b: number, c: number) => number)[] = [
  () => 0,
  (a) => a,
  (_, b) => b,
  (a, b) => (a + b) >> 1,
  paeth,
];

/** Turns a row of differences into values, in place. @returns false if there is no filter of this number */
export function unfilterRow(filter: number, row: Uint8Array, above: Uint8Array, pixelBytes: number): boolean {
  const predict = predictions[filter];
  if (!predict) return false;
  for (let i = 0; filter > 0 && i < row.length; i++) {
    const inside = i >= pixelBytes;
    const a = inside ? row[i - pixelBytes]! : 0;
    const c = inside ? above[i - pixelBytes]! : 0;
    row[i] = row[i]! + predict(a, above[i]!, c);
  }
  return true;
}

/**
 * Filters rows as PNG stores them: before each row stands the number of its filter. For each row, the filter with the
 * least sum of absolute differences is taken.
 * @param above the row above the first, zeros if there is none
 */
export function filterRows(
  values: Uint8Array | Uint8ClampedArray,
  above: Uint8Array | Uint8ClampedArray,
  pixelBytes: number,
): Uint8Array<ArrayBuffer> {
  const rowBytes = above.length;
  const height = values.length / rowBytes;
  const filtered = new Uint8Array(height * (1 + rowBytes));
  const trial = new Uint8Array(rowBytes);
  for (let r = 0; r < height; r++) {
    const row = values.subarray(r * rowBytes, (r + 1) * rowBytes);
    const at = r * (1 + rowBytes);
    let least = Infinity;
    predictions.forEach((predict, filter) => {
      let sum = 0;
      for (let i = 0; i < rowBytes; i++) {
        const inside = i >= pixelBytes;
        const a = inside ? row[i - pixelBytes]! : 0;
        const c = inside ? above[i - pixelBytes]! : 0;
        const difference = (row[i]! - predict(a, above[i]!, c)) & 255;
        trial[i] = difference;
        sum += difference < 128 ? difference : 256 - difference;
      }
      if (sum >= least) return;
      least = sum;
      filtered[at] = filter;
      filtered.set(trial, at + 1);
    });
    above = row;
  }
  return filtered;
}
