import { Activation } from "./opcodes";
import { multiplyAdd } from "./simd";

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
 * dx[i] = dx[i] · f′ over `bytes` bytes, a multiple of 16, where f′ follows from the layer's output y = f(…)
 *
 * Behind a sigmoid, gradients below 2⁻⁶⁰ (8.7e-19) become 0. Their squares, and their products with what other
 * saturated units put out, would be subnormal and take a hundred cycles each; they change no weight.
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
 * 1 / (1 + e⁻ˣ) in each lane, within 2.5 ulp of the exact value for x ≥ −64, 0 below: the 1e-28 that is lost
 * there is far under a float's last digit next to any other unit, and the products with it, which would be
 * subnormal and take a hundred cycles each, never arise. NaN stays NaN.
 */
// @ts-ignore: decorator
@inline
export function sigmoid(x: v128): v128 {
  const one = f32x4.splat(1);
  const t = f32x4.pmax(f32x4.neg(x), f32x4.splat(-64));
  const y = f32x4.div(one, f32x4.add(one, exponential(t)));
  return v128.andnot(y, f32x4.lt(x, f32x4.splat(-64)));
}

/**
 * eᵗ in each lane within 1 ulp or so for |t| ≤ 87; anything beyond. t = n·ln 2 + r, |r| ≤ ln 2 / 2, ln 2 split in
 * two so that r keeps its digits; eʳ by a polynomial of degree 6; 2ⁿ put into the exponent.
 * Coefficients: Cephes `expf` (Moshier).
 */
// @ts-ignore: decorator
@inline
function exponential(t: v128): v128 {
  // Adding 1.5 · 2²³ leaves n, rounded to the nearest integer, in the low bits.
  const shifted = multiplyAdd(t, f32x4.splat(1.44269504088896341), f32x4.splat(12582912));
  const n = f32x4.sub(shifted, f32x4.splat(12582912));
  let r = multiplyAdd(n, f32x4.splat(-0.693359375), t);
  r = multiplyAdd(n, f32x4.splat(2.12194440e-4), r);
  let p = f32x4.splat(1.9875691500e-4);
  p = multiplyAdd(p, r, f32x4.splat(1.3981999507e-3));
  p = multiplyAdd(p, r, f32x4.splat(8.3334519073e-3));
  p = multiplyAdd(p, r, f32x4.splat(4.1665795894e-2));
  p = multiplyAdd(p, r, f32x4.splat(1.6666665459e-1));
  p = multiplyAdd(p, r, f32x4.splat(5.0000001201e-1));
  p = f32x4.add(multiplyAdd(p, f32x4.mul(r, r), r), f32x4.splat(1));
  const scale = i32x4.shl(i32x4.add(shifted, i32x4.splat(127)), 23);
  return f32x4.mul(p, scale);
}
