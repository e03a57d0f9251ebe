import { addTo, RUN } from "./gemm";
import { multiplyAdd } from "./simd";

/**
 * c[0..7] of each of `count` panels = init + Σ_k a[k] · B[k, 0..7]: multiplyPanel for a batch of one picture
 *
 * c, init: 8 × `count` values; a: 8 × `panels` values; b: `count` panels of 8 × `panels` rows. Bound by reading B,
 * so several panels of it are read side by side for each broadcast of a: four with fused multiply-add, else three, as
 * the V8 of Node 20 puts all loads of a loop's body first (docs/experiments.md). The sums are multiplyPanel's, bit for
 * bit.
 */
export function multiplyVector(c: usize, a: usize, b: usize, init: usize, panels: i32, count: i32): void {
  const bytes = <usize>panels << 8;
  memory.copy(c, init, <usize>count << 5);
  const wide = ASC_FEATURE_RELAXED_SIMD ? 4 : 3;
  for (; count >= wide; count -= wide) {
    if (ASC_FEATURE_RELAXED_SIMD) multiplyVector4(c, a, b, bytes);
    else multiplyVector3(c, a, b, bytes);
    b += bytes * wide;
    c += 32 * wide;
  }
  for (; count > 0; count--) {
    multiplyVector1(c, a, b, bytes);
    b += bytes;
    c += 32;
  }
}

/** c += a·B for four panels of `bytes` bytes. */
function multiplyVector4(c: usize, a: usize, b: usize, bytes: usize): void {
  let b1 = b + bytes, b2 = b1 + bytes, b3 = b2 + bytes;
  for (const end = b + bytes; b < end; ) {
    let c00 = f32x4.splat(0), c01 = c00, c10 = c00, c11 = c00, c20 = c00, c21 = c00, c30 = c00, c31 = c00;
    for (const runEnd = min(b + RUN, end); b < runEnd; a += 4, b += 32, b1 += 32, b2 += 32, b3 += 32) {
      const k = v128.load32_splat(a);
      c00 = multiplyAdd(k, v128.load(b), c00);
      c01 = multiplyAdd(k, v128.load(b, 16), c01);
      c10 = multiplyAdd(k, v128.load(b1), c10);
      c11 = multiplyAdd(k, v128.load(b1, 16), c11);
      c20 = multiplyAdd(k, v128.load(b2), c20);
      c21 = multiplyAdd(k, v128.load(b2, 16), c21);
      c30 = multiplyAdd(k, v128.load(b3), c30);
      c31 = multiplyAdd(k, v128.load(b3, 16), c31);
    }
    addTo(c, c00, c01);
    addTo(c + 32, c10, c11);
    addTo(c + 64, c20, c21);
    addTo(c + 96, c30, c31);
  }
}

/** c += a·B for three panels of `bytes` bytes. */
function multiplyVector3(c: usize, a: usize, b: usize, bytes: usize): void {
  let b1 = b + bytes, b2 = b1 + bytes;
  for (const end = b + bytes; b < end; ) {
    let c00 = f32x4.splat(0), c01 = c00, c10 = c00, c11 = c00, c20 = c00, c21 = c00;
    for (const runEnd = min(b + RUN, end); b < runEnd; a += 4, b += 32, b1 += 32, b2 += 32) {
      const k = v128.load32_splat(a);
      c00 = multiplyAdd(k, v128.load(b), c00);
      c01 = multiplyAdd(k, v128.load(b, 16), c01);
      c10 = multiplyAdd(k, v128.load(b1), c10);
      c11 = multiplyAdd(k, v128.load(b1, 16), c11);
      c20 = multiplyAdd(k, v128.load(b2), c20);
      c21 = multiplyAdd(k, v128.load(b2, 16), c21);
    }
    addTo(c, c00, c01);
    addTo(c + 32, c10, c11);
    addTo(c + 64, c20, c21);
  }
}

/** c += a·B for one panel of `bytes` bytes. */
function multiplyVector1(c: usize, a: usize, b: usize, bytes: usize): void {
  for (const end = b + bytes; b < end; ) {
    let c0 = f32x4.splat(0), c1 = c0;
    for (const runEnd = min(b + RUN, end); b < runEnd; a += 4, b += 32) {
      const k = v128.load32_splat(a);
      c0 = multiplyAdd(k, v128.load(b), c0);
      c1 = multiplyAdd(k, v128.load(b, 16), c1);
    }
    addTo(c, c0, c1);
  }
}
