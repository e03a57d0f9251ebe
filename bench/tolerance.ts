/** How far float32 runs may be off. `length`: numbers summed one after the other on the way to the network's output. */

/** float32: the distance from 1 to the next number. */
export const EPSILON = 2 ** -23;

/** Of the loss of step `step` (from 1), as a fraction: length of its sums × ε. */
export function lossTolerance(length: number, step: number): number {
  return step * length * EPSILON;
}

/** Of an output, as a fraction of the outputs' Frobenius norm. */
export function outputTolerance(length: number): number {
  return length * EPSILON;
}

/** ‖a − b‖ / ‖b‖, Frobenius. */
export function relativeError(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) throw new Error(`${a.length} values, not ${b.length}`);
  let difference = 0;
  let norm = 0;
  for (let i = 0; i < b.length; i++) {
    difference += (a[i]! - b[i]!) ** 2;
    norm += b[i]! ** 2;
  }
  return Math.sqrt(difference / norm);
}
