/**
 * The weights for Winograd's filtering along columns. For each column (a, b, c) of a 3×3 kernel, U = G (a, b, c) with
 *
 *             6  0  0
 *            −4 −4 −4
 *   24 · G = −4  4 −4
 *             1  2  4
 *             1 −2  4
 *             0  0 24
 *
 * computed in float64 and rounded once. U is six planes, each in panels of 4 outputs: value (⌊o/4⌋·P + k)·4 + (o mod 4) of
 * plane p is U_p[o, i, kx], with k = 3i + kx and P = 3·ins rounded up to a multiple of 4.
 */

import { transformedPanelBytes, transformedPlaneBytes } from "./sizes";

/**
 * U from a weight [outs, ins, 3, 3] without gaps. `size` is the bytes of a value: 4 for float32, 2 for float16, 1 for int8.
 * An int8 is multiplied with its output's float32 in `scale`. u: zeros at first, since padding is not written.
 */
export function transformWeights(u: usize, weight: usize, size: i32, scale: usize, outs: i32, ins: i32): void {
  const plane = <usize>transformedPlaneBytes(outs, ins);
  const step = <usize>size;
  for (let o = 0; o < outs; o++, scale += 4) {
    let at = u + <usize>(o >> 2) * <usize>transformedPanelBytes(ins) + (<usize>(o & 3) << 2);
    for (let i = 0; i < ins; i++, weight += 6 * step) {
      for (const end = weight + 3 * step; weight < end; weight += step, at += 16) {
        const a = valueAt(weight, size, scale);
        const b = valueAt(weight + 3 * step, size, scale);
        const c = valueAt(weight + 6 * step, size, scale);
        storeTransformed(at, plane, a, b, c);
      }
    }
  }
}

/** The six values of G (a, b, c) at u, u + plane, … */
export function storeTransformed(u: usize, plane: usize, a: f64, b: f64, c: f64): void {
  store<f32>(u, <f32>(a / 4));
  store<f32>((u += plane), <f32>((a + b + c) / -6));
  store<f32>((u += plane), <f32>((a - b + c) / -6));
  store<f32>((u += plane), <f32>((a + 2 * b + 4 * c) / 24));
  store<f32>((u += plane), <f32>((a - 2 * b + 4 * c) / 24));
  store<f32>(u + plane, <f32>c);
}

/** The float32 that a value of a weight, given as to `transformWeights`, stands for. */
export function valueAt(at: usize, size: i32, scale: usize): f64 {
  if (size == 1) return <f64>(<f32>load<i8>(at) * load<f32>(scale));
  if (size == 4) return <f64>load<f32>(at);
  // These are the bits of a float32 that is 2¹¹² times too small.
  const bits = <u32>load<u16>(at);
  return <f64>reinterpret<f32>(((bits & 0x8000) << 16) | ((bits & 0x7fff) << 13)) * 5192296858534827628530496329220096.0;
}
