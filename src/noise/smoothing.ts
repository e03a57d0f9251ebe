/** Smooths noise, as cameras do that resize pictures or remove some of the noise themselves. */

/**
 * The q of a kernel q^|k|, k being a distance in pixels, whose standard deviation is `deviation`: 2q / (1 − q)² is its
 * variance.
 */
function decayOf(deviation: number): number {
  const variance = deviation * deviation;
  return variance === 0 ? 0 : (variance + 1 - Math.sqrt(2 * variance + 1)) / variance;
}

/**
 * Smooths values in place, in rows and in columns, by the kernel (1 − q) / (1 + q)·q^|k|, whose sum is 1. Two passes do
 * that, one in each direction, at a cost that does not depend on q. What lies beyond a side is not known; a pass starts
 * from the first value times a factor that gives uncorrelated noise the same strength there as everywhere.
 * @param values [height, width, channels]; channels are 1 or 3
 * @param first the standard deviation of the kernel for channel 0, in pixels
 * @param others that for the other channels
 */
export function smooth(
  values: Float32Array,
  height: number,
  width: number,
  channels: number,
  first: number,
  others: number,
): void {
  const q0 = decayOf(first);
  const q1 = channels === 3 ? decayOf(others) : 0;
  if (q0 === 0 && q1 === 0) return;
  const there0 = Math.sqrt((1 - q0) / (1 + q0));
  const there1 = Math.sqrt((1 - q1) / (1 + q1));
  const back0 = Math.sqrt(1 + q0 * q0) / (1 + q0);
  const back1 = Math.sqrt(1 + q1 * q1) / (1 + q1);
  const stride = width * channels;
  const end = height * stride;
  for (let start = 0; start < end; start += stride) {
    along(values, start, start + stride, channels, q0, q1, there0, there1);
    along(values, start + stride - channels, start - channels, -channels, q0, q1, back0, back1);
  }
  across(values, 0, end, stride, channels, q0, q1, there0, there1);
  across(values, end - stride, -stride, -stride, channels, q0, q1, back0, back1);
}

/** One pass along a row: each pixel becomes q times the one before it plus 1 − q times itself. `step` is ±channels. */
function along(
  values: Float32Array,
  start: number,
  end: number,
  step: number,
  q0: number,
  q1: number,
  scale0: number,
  scale1: number,
): void {
  if (step === 1 || step === -1) {
    let value = values[start]! * scale0;
    values[start] = value;
    for (let at = start + step; at !== end; at += step) {
      value = q0 * value + (1 - q0) * values[at]!;
      values[at] = value;
    }
    return;
  }
  let a = values[start]! * scale0;
  let b = values[start + 1]! * scale1;
  let c = values[start + 2]! * scale1;
  for (let at = start; ; ) {
    values[at] = a;
    values[at + 1] = b;
    values[at + 2] = c;
    at += step;
    if (at === end) return;
    a = q0 * a + (1 - q0) * values[at]!;
    b = q1 * b + (1 - q1) * values[at + 1]!;
    c = q1 * c + (1 - q1) * values[at + 2]!;
  }
}

/** One pass across rows, of which `step` is ±stride: each becomes q times the one before it plus 1 − q times itself. */
function across(
  values: Float32Array,
  start: number,
  end: number,
  step: number,
  channels: number,
  q0: number,
  q1: number,
  scale0: number,
  scale1: number,
): void {
  const stride = step < 0 ? -step : step;
  const first = channels === 1 ? stride : 0;
  for (let i = 0; i < first; i++) values[start + i] = values[start + i]! * scale0;
  for (let i = first; i < stride; i += 3) {
    values[start + i] = values[start + i]! * scale0;
    values[start + i + 1] = values[start + i + 1]! * scale1;
    values[start + i + 2] = values[start + i + 2]! * scale1;
  }
  const [p0, p1] = [1 - q0, 1 - q1];
  for (let row = start + step; row !== end; row += step) {
    const before = row - step;
    for (let i = 0; i < first; i++) values[row + i] = q0 * values[before + i]! + p0 * values[row + i]!;
    for (let i = first; i < stride; i += 3) {
      values[row + i] = q0 * values[before + i]! + p0 * values[row + i]!;
      values[row + i + 1] = q1 * values[before + i + 1]! + p1 * values[row + i + 1]!;
      values[row + i + 2] = q1 * values[before + i + 2]! + p1 * values[row + i + 2]!;
    }
  }
}
