/**
 * The discrete cosine transform of 8×8 values (ITU-T T.81, A.3.3) in whole numbers, by the method of Christoph Loeffler,
 * Adriaan Ligtenberg and George Moschytz, "Practical fast 1-D DCT algorithms with 11 multiplications", ICASSP 1989.
 * Constants have 13 bits after the point and the values between rows and columns 2, so that every result is that of
 * libjpeg's accurate integer transforms (jfdctint.c, jidctint.c), bit for bit.
 */

const { imul } = Math;
// Sums and products of cosines and sines of multiples of π/16, times √2 and 2¹³.
const C0_298 = 2446;
const C0_390 = 3196;
const C0_541 = 4433;
const C0_765 = 6270;
const C0_899 = 7373;
const C1_175 = 9633;
const C1_501 = 12299;
const C1_847 = 15137;
const C1_961 = 16069;
const C2_053 = 16819;
const C2_562 = 20995;
const C3_072 = 25172;

const between = new Int32Array(64);
/** The results of `odd`. */
const odds = new Int32Array(4);

/** The rotations that both directions have in common, of the four odd terms from the last to the first. */
function odd(a: number, b: number, c: number, d: number): void {
  const shared = imul(a + c + b + d, C1_175);
  const ad = imul(a + d, -C0_899);
  const bc = imul(b + c, -C2_562);
  const ac = imul(a + c, -C1_961) + shared;
  const bd = imul(b + d, -C0_390) + shared;
  odds[0] = imul(a, C0_298) + ad + ac;
  odds[1] = imul(b, C2_053) + bc + bd;
  odds[2] = imul(c, C3_072) + bc + ac;
  odds[3] = imul(d, C1_501) + ad + bd;
}

/**
 * Eight coefficients of `from`, `step` apart, into eight values of `between`. The results are shifted right by `shift`
 * bits, and rounded.
 */
function inverse(from: Int32Array, at: number, step: number, shift: number): void {
  const half = 1 << (shift - 1);
  const i2 = from[at + 2 * step]!;
  const i6 = from[at + 6 * step]!;
  const rotated = imul(i2 + i6, C0_541);
  const low = rotated - imul(i6, C1_847);
  const high = rotated + imul(i2, C0_765);
  const sum = ((from[at]! + from[at + 4 * step]!) << 13) + half;
  const difference = ((from[at]! - from[at + 4 * step]!) << 13) + half;
  const e0 = sum + high;
  const e1 = difference + low;
  const e2 = difference - low;
  const e3 = sum - high;
  odd(from[at + 7 * step]!, from[at + 5 * step]!, from[at + 3 * step]!, from[at + step]!);
  between[at] = (e0 + odds[3]!) >> shift;
  between[at + 7 * step] = (e0 - odds[3]!) >> shift;
  between[at + step] = (e1 + odds[2]!) >> shift;
  between[at + 6 * step] = (e1 - odds[2]!) >> shift;
  between[at + 2 * step] = (e2 + odds[1]!) >> shift;
  between[at + 5 * step] = (e2 - odds[1]!) >> shift;
  between[at + 3 * step] = (e3 + odds[0]!) >> shift;
  between[at + 4 * step] = (e3 - odds[0]!) >> shift;
}

/**
 * Transforms a block back, and puts its 8×8 values, from 0 to 255, into a plane.
 * @param coefficients 64, row after row, multiplied by their steps of quantisation; they are overwritten
 * @param to the place of the block's first value
 */
export function inverseBlock(
  coefficients: Int32Array,
  plane: Uint8Array | Uint8ClampedArray,
  to: number,
  stride: number,
): void {
  for (let column = 0; column < 8; column++) inverse(coefficients, column, 8, 11);
  for (let row = 0; row < 8; row++) {
    const at = 8 * row;
    inverse(between, at, 1, 18);
    for (let i = 0, out = to + row * stride; i < 8; i++) {
      const value = between[at + i]! + 128;
      plane[out + i] = value < 0 ? 0 : value > 255 ? 255 : value;
    }
  }
}

/** Puts the 8×8 equal values of a block into a plane, of which only the first coefficient is not 0. */
export function flatBlock(first: number, plane: Uint8Array, to: number, stride: number): void {
  const value = ((first + 4) >> 3) + 128;
  const limited = value < 0 ? 0 : value > 255 ? 255 : value;
  for (let row = 0, at = to; row < 8; row++, at += stride) plane.fill(limited, at, at + 8);
}

/** Eight values of `block`, `step` apart, into eight coefficients in their place. */
function forward(block: Int32Array, at: number, step: number, shift: number): void {
  const half = 1 << (shift - 1);
  const i1 = at + step;
  const i2 = at + 2 * step;
  const i3 = at + 3 * step;
  const i4 = at + 4 * step;
  const i5 = at + 5 * step;
  const i6 = at + 6 * step;
  const i7 = at + 7 * step;
  const s07 = block[at]! + block[i7]!;
  const d07 = block[at]! - block[i7]!;
  const s16 = block[i1]! + block[i6]!;
  const d16 = block[i1]! - block[i6]!;
  const s25 = block[i2]! + block[i5]!;
  const d25 = block[i2]! - block[i5]!;
  const s34 = block[i3]! + block[i4]!;
  const d34 = block[i3]! - block[i4]!;
  const outer = s07 + s34;
  const outerDifference = s07 - s34;
  const inner = s16 + s25;
  const innerDifference = s16 - s25;
  // The other terms are multiplied by 2¹³ and divided by 2 to the power of `shift`, so these are, too.
  block[at] = (((outer + inner) << 13) + half) >> shift;
  block[i4] = (((outer - inner) << 13) + half) >> shift;
  const rotated = imul(innerDifference + outerDifference, C0_541) + half;
  block[i2] = (rotated + imul(outerDifference, C0_765)) >> shift;
  block[i6] = (rotated - imul(innerDifference, C1_847)) >> shift;
  odd(d34, d25, d16, d07);
  block[i7] = (odds[0]! + half) >> shift;
  block[i5] = (odds[1]! + half) >> shift;
  block[i3] = (odds[2]! + half) >> shift;
  block[i1] = (odds[3]! + half) >> shift;
}

/** Transforms 64 values from −128 to 127, row after row, in place. The coefficients are 8 times those of T.81. */
export function forwardBlock(block: Int32Array): void {
  for (let row = 0; row < 8; row++) forward(block, 8 * row, 1, 11);
  for (let column = 0; column < 8; column++) forward(block, column, 8, 15);
}
