import { addTo, RUN_BYTES } from "./gemm";
import { multiplyAdd } from "./simd";

/**
 * c[0..7] of each of `count` panels = init + Σ_k a[k] · B[k, 0..7]: multiplyPanel for a batch of one picture
 *
 * c, init: 8 × `count` values; a: 8 × `panels` values; b: `count` panels of 8 × `panels` rows. Bound by reading B,
 * so several panels of it are read side by side for each broadcast of a: four with fused multiply-add, else three, as
 * the V8 of Node 20 puts all loads of a block first (docs/experiments.md). Steps end as they do in gemm.ts, and the
 * sums are multiplyPanel's, bit for bit.
 */
export function multiplyVector(c: usize, a: usize, b: usize, init: usize, panels: i32, count: i32): void {
  const bytes = <usize>panels << 8;
  memory.copy(c, init, <usize>count << 5);
  if (ASC_FEATURE_RELAXED_SIMD) {
    for (; count >= 4; count -= 4) {
      multiplyVector4(c, a, b, bytes);
      b += bytes * 4;
      c += 128;
    }
  }
  for (; count >= 3; count -= 3) {
    multiplyVector3(c, a, b, bytes);
    b += bytes * 3;
    c += 96;
  }
  if (count == 2) multiplyVector2(c, a, b, bytes);
  else if (count == 1) multiplyVector1(c, a, b, bytes);
}

/** c += a·B for four panels of `bytes` bytes. */
function multiplyVector4(c: usize, a: usize, b: usize, bytes: usize): void {
  let b1 = b + bytes, b2 = b1 + bytes, b3 = b2 + bytes;
  for (const end = b + bytes; b < end; ) {
    let c00 = f32x4.splat(0), c01 = c00, c10 = c00, c11 = c00, c20 = c00, c21 = c00, c30 = c00, c31 = c00;
    for (const runEnd = min(b + RUN_BYTES, end); b < runEnd; a += 4, b += 32, b1 += 32, b2 += 32, b3 += 32) {
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
  const zero = f32x4.splat(0);
  let b0 = b, b1 = b0 + bytes, b2 = b1 + bytes;
  let k: v128;
  for (const end = b + bytes; b0 < end; ) {
    let c00 = zero, c01 = zero, c10 = zero, c11 = zero, c20 = zero, c21 = zero;
    for (const runEnd = min(b0 + RUN_BYTES, end); b0 < runEnd; b0 += 256, b1 += 256, b2 += 256) {
      k = v128.load32_splat(a);
      c00 = multiplyAdd(k, v128.load(b0), c00); c01 = multiplyAdd(k, v128.load(b0, 16), c01);
      c10 = multiplyAdd(k, v128.load(b1), c10); c11 = multiplyAdd(k, v128.load(b1, 16), c11);
      c20 = multiplyAdd(k, v128.load(b2), c20); c21 = multiplyAdd(k, v128.load(b2, 16), c21);
      a += 4; if (!a) break;
      k = v128.load32_splat(a);
      c00 = multiplyAdd(k, v128.load(b0, 32), c00); c01 = multiplyAdd(k, v128.load(b0, 48), c01);
      c10 = multiplyAdd(k, v128.load(b1, 32), c10); c11 = multiplyAdd(k, v128.load(b1, 48), c11);
      c20 = multiplyAdd(k, v128.load(b2, 32), c20); c21 = multiplyAdd(k, v128.load(b2, 48), c21);
      a += 4; if (!a) break;
      k = v128.load32_splat(a);
      c00 = multiplyAdd(k, v128.load(b0, 64), c00); c01 = multiplyAdd(k, v128.load(b0, 80), c01);
      c10 = multiplyAdd(k, v128.load(b1, 64), c10); c11 = multiplyAdd(k, v128.load(b1, 80), c11);
      c20 = multiplyAdd(k, v128.load(b2, 64), c20); c21 = multiplyAdd(k, v128.load(b2, 80), c21);
      a += 4; if (!a) break;
      k = v128.load32_splat(a);
      c00 = multiplyAdd(k, v128.load(b0, 96), c00); c01 = multiplyAdd(k, v128.load(b0, 112), c01);
      c10 = multiplyAdd(k, v128.load(b1, 96), c10); c11 = multiplyAdd(k, v128.load(b1, 112), c11);
      c20 = multiplyAdd(k, v128.load(b2, 96), c20); c21 = multiplyAdd(k, v128.load(b2, 112), c21);
      a += 4; if (!a) break;
      k = v128.load32_splat(a);
      c00 = multiplyAdd(k, v128.load(b0, 128), c00); c01 = multiplyAdd(k, v128.load(b0, 144), c01);
      c10 = multiplyAdd(k, v128.load(b1, 128), c10); c11 = multiplyAdd(k, v128.load(b1, 144), c11);
      c20 = multiplyAdd(k, v128.load(b2, 128), c20); c21 = multiplyAdd(k, v128.load(b2, 144), c21);
      a += 4; if (!a) break;
      k = v128.load32_splat(a);
      c00 = multiplyAdd(k, v128.load(b0, 160), c00); c01 = multiplyAdd(k, v128.load(b0, 176), c01);
      c10 = multiplyAdd(k, v128.load(b1, 160), c10); c11 = multiplyAdd(k, v128.load(b1, 176), c11);
      c20 = multiplyAdd(k, v128.load(b2, 160), c20); c21 = multiplyAdd(k, v128.load(b2, 176), c21);
      a += 4; if (!a) break;
      k = v128.load32_splat(a);
      c00 = multiplyAdd(k, v128.load(b0, 192), c00); c01 = multiplyAdd(k, v128.load(b0, 208), c01);
      c10 = multiplyAdd(k, v128.load(b1, 192), c10); c11 = multiplyAdd(k, v128.load(b1, 208), c11);
      c20 = multiplyAdd(k, v128.load(b2, 192), c20); c21 = multiplyAdd(k, v128.load(b2, 208), c21);
      a += 4; if (!a) break;
      k = v128.load32_splat(a);
      c00 = multiplyAdd(k, v128.load(b0, 224), c00); c01 = multiplyAdd(k, v128.load(b0, 240), c01);
      c10 = multiplyAdd(k, v128.load(b1, 224), c10); c11 = multiplyAdd(k, v128.load(b1, 240), c11);
      c20 = multiplyAdd(k, v128.load(b2, 224), c20); c21 = multiplyAdd(k, v128.load(b2, 240), c21);
      a += 4;
    }
    addTo(c, c00, c01);
    addTo(c + 32, c10, c11);
    addTo(c + 64, c20, c21);
  }
}

/** c += a·B for two panels of `bytes` bytes. */
function multiplyVector2(c: usize, a: usize, b: usize, bytes: usize): void {
  let b1 = b + bytes;
  for (const end = b + bytes; b < end; ) {
    let c00 = f32x4.splat(0), c01 = c00, c10 = c00, c11 = c00;
    for (const runEnd = min(b + RUN_BYTES, end); b < runEnd; a += 4, b += 32, b1 += 32) {
      const k = v128.load32_splat(a);
      c00 = multiplyAdd(k, v128.load(b), c00);
      c01 = multiplyAdd(k, v128.load(b, 16), c01);
      c10 = multiplyAdd(k, v128.load(b1), c10);
      c11 = multiplyAdd(k, v128.load(b1, 16), c11);
    }
    addTo(c, c00, c01);
    addTo(c + 32, c10, c11);
  }
}

/** c += a·B for one panel of `bytes` bytes. */
function multiplyVector1(c: usize, a: usize, b: usize, bytes: usize): void {
  for (const end = b + bytes; b < end; ) {
    let c0 = f32x4.splat(0), c1 = c0;
    for (const runEnd = min(b + RUN_BYTES, end); b < runEnd; a += 4, b += 32) {
      const k = v128.load32_splat(a);
      c0 = multiplyAdd(k, v128.load(b), c0);
      c1 = multiplyAdd(k, v128.load(b, 16), c1);
    }
    addTo(c, c0, c1);
  }
}
