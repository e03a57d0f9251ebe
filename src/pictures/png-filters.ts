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
 */
export function filterRows(
  values: Uint8Array | Uint8ClampedArray,
  rowBytes: number,
  height: number,
  pixelBytes: number,
): Uint8Array<ArrayBuffer> {
  const filtered = new Uint8Array(height * (1 + rowBytes));
  const trial = new Uint8Array(rowBytes);
  for (let r = 0; r < height; r++) {
    const at = r * rowBytes;
    let least = Infinity;
    predictions.forEach((predict, filter) => {
      let sum = 0;
      for (let i = 0; i < rowBytes; i++) {
        const inside = i >= pixelBytes;
        const a = inside ? values[at + i - pixelBytes]! : 0;
        const b = r > 0 ? values[at + i - rowBytes]! : 0;
        const c = inside && r > 0 ? values[at + i - rowBytes - pixelBytes]! : 0;
        const difference = (values[at + i]! - predict(a, b, c)) & 255;
        trial[i] = difference;
        sum += difference < 128 ? difference : 256 - difference;
      }
      if (sum >= least) return;
      least = sum;
      filtered[at + r] = filter;
      filtered.set(trial, at + r + 1);
    });
  }
  return filtered;
}
