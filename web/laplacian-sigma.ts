/** The difference of two Laplacians, which leaves little of a picture but its noise (Immerkær 1996); its norm is 6. */
const window = [1, -2, 1, -2, 4, -2, 1, -2, 1];
const NORM = 6;
/** The median of |x| for x from N(0, 1). */
const MEDIAN = 0.6745;

/** The standard deviation of the green channel's noise in grey levels, by the median absolute deviation. */
export function laplacianSigma({ data, width, height }: ImageData): number {
  if (width < 3 || height < 3) return 0;
  const details = new Float32Array((width - 2) * (height - 2));
  let count = 0;
  for (let y = 1; y < height - 1; y++) {
    for (let x = 1; x < width - 1; x++) {
      let sum = 0;
      // Where the noise was cut off at black or white, it cannot be measured.
      const centre = data[4 * (y * width + x) + 1]!;
      if (centre === 0 || centre === 255) continue;
      for (let k = 0; k < 9; k++) {
        sum += window[k]! * data[4 * ((y + Math.floor(k / 3) - 1) * width + x + (k % 3) - 1) + 1]!;
      }
      details[count++] = Math.abs(sum);
    }
  }
  const sorted = details.subarray(0, count).sort();
  return count === 0 ? 0 : sorted[count >> 1]! / (NORM * MEDIAN);
}
