/**
 * The transformations of inputs and outputs of F(4, 3), for 4 lanes at a time; winograd-weights.ts has that of the weights.
 * They are inlined, so that constant arguments cost nothing.
 */
import { multiplyAdd } from "../simd";

/**
 * t = Bᵀ v: six values from six values v that are the dilation apart. They are stored at t, t + plane, t + 2·plane, …
 *
 *        4  0 −5  0 1 0
 *        0 −4 −4  1 1 0
 *   Bᵀ = 0  4 −4 −1 1 0
 *        0 −2 −1  2 1 0
 *        0  2 −1 −2 1 0
 *        0  4  0 −5 0 1
 */
// @ts-ignore: decorator
@inline
export function storeInputs(t: usize, plane: usize, v0: v128, v1: v128, v2: v128, v3: v128, v4: v128, v5: v128): void {
  const even = multiplyAdd(f32x4.splat(-4), v2, v4);
  const odd = multiplyAdd(f32x4.splat(-4), v1, v3);
  const evenHalf = f32x4.sub(v4, v2);
  const difference = f32x4.sub(v3, v1);
  const oddHalf = f32x4.add(difference, difference);
  // 4 v₀ − 5 v₂ + v₄ = 4 (v₀ − v₂) + (v₄ − v₂), and in the same way for the last row of Bᵀ.
  v128.store(t, multiplyAdd(f32x4.splat(4), f32x4.sub(v0, v2), evenHalf));
  v128.store(t + plane, f32x4.add(even, odd));
  v128.store(t + 2 * plane, f32x4.sub(even, odd));
  v128.store(t + 3 * plane, f32x4.add(evenHalf, oddHalf));
  v128.store(t + 4 * plane, f32x4.sub(evenHalf, oddHalf));
  v128.store(t + 5 * plane, multiplyAdd(f32x4.splat(-4), difference, f32x4.sub(v5, v3)));
}

/**
 * y = max(floor, Aᵀ M + bias): the first `count` of 4 values, stored at y, y + step, …; M is read at m, m + plane, …
 *
 *        1 1  1 1  1 0
 *   Aᵀ = 0 1 −1 2 −2 0
 *        0 1  1 4  4 0
 *        0 1 −1 8 −8 1
 *
 * If `gate` is not 0, it is the distance in bytes from y to the gate, and y is multiplied with (gate > 0).
 */
// @ts-ignore: decorator
@inline
export function storeOutputs(
  y: usize, step: usize, count: i32, m: usize, plane: usize, bias: v128, floor: v128, gate: usize,
): void {
  const m1 = v128.load(m + plane);
  const m2 = v128.load(m + 2 * plane);
  const m3 = v128.load(m + 3 * plane);
  const m4 = v128.load(m + 4 * plane);
  const s1 = f32x4.add(f32x4.add(m1, m2), bias);
  const d1 = f32x4.add(f32x4.sub(m1, m2), bias);
  const s2 = f32x4.add(m3, m4);
  const d2 = f32x4.sub(m3, m4);
  storeOutput(y, f32x4.add(f32x4.add(v128.load(m), s1), s2), floor, gate);
  if (count > 1) storeOutput(y + step, multiplyAdd(f32x4.splat(2), d2, d1), floor, gate);
  if (count > 2) storeOutput(y + 2 * step, multiplyAdd(f32x4.splat(4), s2, s1), floor, gate);
  if (count > 3) {
    const sum = f32x4.add(multiplyAdd(f32x4.splat(8), d2, d1), v128.load(m + 5 * plane));
    storeOutput(y + 3 * step, sum, floor, gate);
  }
}

/**
 * A d: the gradient of M, from the gradients d of four outputs. The six values are stored at m, m + plane, …; Aᵀ is as in
 * storeOutputs.
 * @returns d₀ + d₁ + d₂ + d₃
 */
// @ts-ignore: decorator
@inline
export function storeGradients(m: usize, plane: usize, d0: v128, d1: v128, d2: v128, d3: v128): v128 {
  const even = f32x4.add(d0, d2);
  const odd = f32x4.add(d1, d3);
  const all = f32x4.add(even, odd);
  const four = f32x4.splat(4);
  const even4 = multiplyAdd(four, d2, d0);
  const half = multiplyAdd(four, d3, d1);
  const odd4 = f32x4.add(half, half);
  v128.store(m, d0);
  v128.store(m + plane, all);
  v128.store(m + 2 * plane, f32x4.sub(even, odd));
  v128.store(m + 3 * plane, f32x4.add(even4, odd4));
  v128.store(m + 4 * plane, f32x4.sub(even4, odd4));
  v128.store(m + 5 * plane, d3);
  return all;
}

/** Uses pmax, which is one instruction and keeps NaN; max is several instructions. */
// @ts-ignore: decorator
@inline
function storeOutput(y: usize, value: v128, floor: v128, gate: usize): void {
  value = f32x4.pmax(value, floor);
  if (gate) value = v128.and(value, f32x4.gt(v128.load(y + gate), f32x4.splat(0)));
  v128.store(y, value);
}
