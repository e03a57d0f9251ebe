/** The discrete Fourier transform, with sines and cosines that are the same in every engine. */
import { cosineOfPi } from "../noise/portable-math.ts";

/** Complex numbers: real and imaginary parts. */
export interface Complex {
  readonly re: Float64Array;
  readonly im: Float64Array;
}

/**
 * Transforms a square of `side` × `side` complex numbers in place: along its rows and then along its columns. `side` is a power
 * of two. The inverse is the same with re and im swapped, up to a factor of side².
 */
export function transformSquare(square: Complex, side: number): void {
  const cosines = Float64Array.from({ length: side / 2 }, (_, k) => cosineOfPi((2 * k) / side));
  const sines = Float64Array.from({ length: side / 2 }, (_, k) => cosineOfPi(Math.abs(0.5 - (2 * k) / side)));
  const line: Complex = { re: new Float64Array(side), im: new Float64Array(side) };
  const along = (start: number, step: number) => {
    for (let i = 0, at = start; i < side; i++, at += step) {
      line.re[i] = square.re[at]!;
      line.im[i] = square.im[at]!;
    }
    transformLine(line, cosines, sines);
    for (let i = 0, at = start; i < side; i++, at += step) {
      square.re[at] = line.re[i]!;
      square.im[at] = line.im[i]!;
    }
  };
  for (let row = 0; row < side; row++) along(row * side, 1);
  for (let column = 0; column < side; column++) along(column, side);
}

/** James Cooley and John Tukey's algorithm in radix 2, in place: X[k] = Σ x[n]·exp(−2πi·k·n / length). */
function transformLine({ re, im }: Complex, cosines: Float64Array, sines: Float64Array): void {
  const { length } = re;
  for (let i = 1, j = 0; i < length; i++) {
    let bit = length >> 1;
    for (; j & bit; bit >>= 1) j ^= bit;
    j ^= bit;
    if (i >= j) continue;
    [re[i], re[j]] = [re[j]!, re[i]!];
    [im[i], im[j]] = [im[j]!, im[i]!];
  }
  for (let size = 2; size <= length; size *= 2) {
    const [half, stride] = [size / 2, length / size];
    for (let start = 0; start < length; start += size) {
      for (let k = 0; k < half; k++) {
        const [cosine, sine] = [cosines[k * stride]!, sines[k * stride]!];
        const [a, b] = [start + k, start + k + half];
        const real = re[b]! * cosine + im[b]! * sine;
        const imaginary = im[b]! * cosine - re[b]! * sine;
        re[b] = re[a]! - real;
        im[b] = im[a]! - imaginary;
        re[a] = re[a]! + real;
        im[a] = im[a]! + imaginary;
      }
    }
  }
}
