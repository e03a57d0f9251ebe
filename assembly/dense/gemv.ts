import { RUN_BYTES } from "./gemm";
import { multiplyAdd } from "../simd";

/**
 * c[0..7] of each of `count` panels = init + Σ_k a[k] · B[k, 0..7]: multiplyPanel for a batch of one picture
 *
 * c, init: 8 × `count` values; a: 8 × `panels` values; b: `count` panels of 8 × `panels` rows. Each value of B is used
 * once, and a core takes two loads a cycle, so four panels of B share a broadcast of a: one of each quarter of B, so
 * that B is read in four long streams. The sums are multiplyPanel's, bit for bit.
 */
export function multiplyVector(c: usize, a: usize, b: usize, init: usize, panels: i32, count: i32): void {
  const bytes = <usize>panels << 8;
  const quarter = <usize>count >> 2;
  for (let i: usize = 0; i < quarter; i++) {
    multiplyVector4(c + (i << 5), a, b + i * bytes, init + (i << 5), bytes, quarter);
  }
  for (let i = quarter << 2; i < <usize>count; i++) {
    multiplyVector1(c + (i << 5), a, b + i * bytes, init + (i << 5), bytes);
  }
}

/**
 * c = init + a·B for four panels of `bytes` bytes, each `apart` panels from the next
 *
 * Steps are guarded as in multiplyRows6 (gemm.ts).
 */
function multiplyVector4(c: usize, a: usize, b: usize, init: usize, bytes: usize, apart: usize): void {
  const step = apart * bytes;
  const out = apart << 5;
  let b0 = b, b1 = b0 + step, b2 = b1 + step, b3 = b2 + step;
  for (const end = b0 + bytes; b0 < end; init = c) {
    let c00 = f32x4.splat(0), c01 = c00, c10 = c00, c11 = c00, c20 = c00, c21 = c00, c30 = c00, c31 = c00;
    let k: v128;
    for (const runEnd = min(b0 + RUN_BYTES, end); b0 < runEnd; b0 += 128, b1 += 128, b2 += 128, b3 += 128) {
      if (a) {
        k = v128.load32_splat(a);
        c30 = multiplyAdd(k, v128.load(b3), c30); c31 = multiplyAdd(k, v128.load(b3, 16), c31);
        c20 = multiplyAdd(k, v128.load(b2), c20); c21 = multiplyAdd(k, v128.load(b2, 16), c21);
        c10 = multiplyAdd(k, v128.load(b1), c10); c11 = multiplyAdd(k, v128.load(b1, 16), c11);
        c00 = multiplyAdd(k, v128.load(b0), c00); c01 = multiplyAdd(k, v128.load(b0, 16), c01);
      }
      a += 4;
      if (a) {
        k = v128.load32_splat(a);
        c30 = multiplyAdd(k, v128.load(b3, 32), c30); c31 = multiplyAdd(k, v128.load(b3, 48), c31);
        c20 = multiplyAdd(k, v128.load(b2, 32), c20); c21 = multiplyAdd(k, v128.load(b2, 48), c21);
        c10 = multiplyAdd(k, v128.load(b1, 32), c10); c11 = multiplyAdd(k, v128.load(b1, 48), c11);
        c00 = multiplyAdd(k, v128.load(b0, 32), c00); c01 = multiplyAdd(k, v128.load(b0, 48), c01);
      }
      a += 4;
      if (a) {
        k = v128.load32_splat(a);
        c30 = multiplyAdd(k, v128.load(b3, 64), c30); c31 = multiplyAdd(k, v128.load(b3, 80), c31);
        c20 = multiplyAdd(k, v128.load(b2, 64), c20); c21 = multiplyAdd(k, v128.load(b2, 80), c21);
        c10 = multiplyAdd(k, v128.load(b1, 64), c10); c11 = multiplyAdd(k, v128.load(b1, 80), c11);
        c00 = multiplyAdd(k, v128.load(b0, 64), c00); c01 = multiplyAdd(k, v128.load(b0, 80), c01);
      }
      a += 4;
      if (a) {
        k = v128.load32_splat(a);
        c30 = multiplyAdd(k, v128.load(b3, 96), c30); c31 = multiplyAdd(k, v128.load(b3, 112), c31);
        c20 = multiplyAdd(k, v128.load(b2, 96), c20); c21 = multiplyAdd(k, v128.load(b2, 112), c21);
        c10 = multiplyAdd(k, v128.load(b1, 96), c10); c11 = multiplyAdd(k, v128.load(b1, 112), c11);
        c00 = multiplyAdd(k, v128.load(b0, 96), c00); c01 = multiplyAdd(k, v128.load(b0, 112), c01);
      }
      a += 4;
    }
    add(c, init, c00, c01);
    add(c + out, init + out, c10, c11);
    add(c + 2 * out, init + 2 * out, c20, c21);
    add(c + 3 * out, init + 3 * out, c30, c31);
  }
}

/** c = init + a·B for one panel of `bytes` bytes. */
function multiplyVector1(c: usize, a: usize, b: usize, init: usize, bytes: usize): void {
  for (const end = b + bytes; b < end; init = c) {
    let c0 = f32x4.splat(0), c1 = c0;
    for (const runEnd = min(b + RUN_BYTES, end); b < runEnd; a += 4, b += 32) {
      const k = v128.load32_splat(a);
      c0 = multiplyAdd(k, v128.load(b), c0);
      c1 = multiplyAdd(k, v128.load(b, 16), c1);
    }
    add(c, init, c0, c1);
  }
}

/** c[0..7] = init[0..7] + (low, high) */
// @ts-ignore: decorator
@inline
function add(c: usize, init: usize, low: v128, high: v128): void {
  v128.store(c, f32x4.add(v128.load(init), low));
  v128.store(c, f32x4.add(v128.load(init, 16), high), 16);
}
