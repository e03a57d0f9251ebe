import { Activation } from "../constants";
import { multiplyAdd } from "../simd";

/** y[i] = f(y[i]) over `bytes` bytes, a multiple of 16, in place. */
export function activate(y: usize, bytes: usize, activation: i32): void {
  const end = y + bytes;
  if (activation == Activation.sigmoid) {
    for (; y < end; y += 16) v128.store(y, sigmoid(v128.load(y)));
  } else if (activation == Activation.relu) {
    const zero = f32x4.splat(0);
    for (; y < end; y += 16) v128.store(y, f32x4.max(v128.load(y), zero));
  }
}

/**
 * dx[i] = dx[i] · f′ over `bytes` bytes, a multiple of 16; f′ is computed from the layer's output y = f(…)
 *
 * For a sigmoid, gradients below 2⁻⁶⁰ (8.7e-19) become 0. Their squares, and their products with the outputs of other
 * saturated units, would be subnormal numbers, which take a hundred cycles each, and they are too small to change a weight.
 */
export function activationGradient(dx: usize, y: usize, bytes: usize, activation: i32): void {
  const end = dx + bytes;
  if (activation == Activation.sigmoid) {
    const one = f32x4.splat(1);
    const least = f32x4.splat(reinterpret<f32>((127 - 60) << 23));
    for (; dx < end; dx += 16, y += 16) {
      const h = v128.load(y);
      const g = f32x4.mul(v128.load(dx), f32x4.mul(h, f32x4.sub(one, h)));
      v128.store(dx, v128.andnot(g, f32x4.lt(f32x4.abs(g), least)));
    }
  } else if (activation == Activation.relu) {
    const zero = f32x4.splat(0);
    for (; dx < end; dx += 16, y += 16) {
      v128.store(dx, v128.and(v128.load(dx), f32x4.gt(v128.load(y), zero)));
    }
  }
}

/**
 * Constants, kept in memory: V8 builds a vector constant with four instructions at each use, where a load is one.
 * The coefficients of the exponential are those of Cephes `expf` (Moshier).
 */
const CONSTANTS = memory.data<f32>([
  -64,
  1.44269504088896341, // 1 / ln 2
  12582912, // 1.5 · 2²³: after adding it to x, the low bits hold x rounded to an integer
  -0.693359375, // −ln 2, in two parts
  2.12194440e-4,
  1.9875691500e-4,
  1.3981999507e-3,
  8.3334519073e-3,
  4.1665795894e-2,
  1.6666665459e-1,
  5.0000001201e-1,
  1,
]);

// @ts-ignore: decorator
@inline
function constant(index: usize): v128 {
  return v128.load32_splat(CONSTANTS + (index << 2));
}

/**
 * 1 / (1 + e⁻ˣ) in each lane, within 2.5 ulp of the exact value for x ≥ −64, and 0 below. What is lost there is
 * about 1e-28 at most, far below the last digit of any sum that it would enter; and products with it, which would be subnormal
 * numbers and take a hundred cycles each, never arise. NaN stays NaN.
 */
// @ts-ignore: decorator
@inline
export function sigmoid(x: v128): v128 {
  const one = constant(11);
  const t = f32x4.pmax(f32x4.neg(x), constant(0));
  const y = f32x4.div(one, f32x4.add(one, exponential(t)));
  return v128.andnot(y, f32x4.lt(x, constant(0)));
}

/**
 * eᵗ in each lane, within about 1 ulp for |t| ≤ 87 and undefined beyond. t is written as n·ln 2 + r with |r| ≤ ln 2 / 2,
 * where ln 2 is split in two so that r keeps its digits; eʳ is a polynomial of degree 6, and 2ⁿ goes into the exponent bits.
 */
// @ts-ignore: decorator
@inline
function exponential(t: v128): v128 {
  const shifted = multiplyAdd(t, constant(1), constant(2));
  const n = f32x4.sub(shifted, constant(2));
  let r = multiplyAdd(n, constant(3), t);
  r = multiplyAdd(n, constant(4), r);
  let p = constant(5);
  p = multiplyAdd(p, r, constant(6));
  p = multiplyAdd(p, r, constant(7));
  p = multiplyAdd(p, r, constant(8));
  p = multiplyAdd(p, r, constant(9));
  p = multiplyAdd(p, r, constant(10));
  p = f32x4.add(multiplyAdd(p, f32x4.mul(r, r), r), constant(11));
  const scale = i32x4.shl(i32x4.add(shifted, i32x4.splat(127)), 23);
  return f32x4.mul(p, scale);
}
