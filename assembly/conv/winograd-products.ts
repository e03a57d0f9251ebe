/**
 * The products of Winograd's filtering in conv3x3.ts: for each p = 0..5
 *
 *   M_p[o, v] = Σ_{i, kx} U_p[o, i, kx] · t_p[i, v + (kx − 1)·reach]
 *
 * over the vectors v, of 4 lanes, of two spans: the register tile is 4 outputs × a vector of each; with fused
 * multiply-add, which wants more sums under way, 6 × 2. A channel of t_p is TRANSFORMED bytes: the two spans, each up to
 * SPAN vectors between one more on both sides. U is in panels (winograd-weights.ts), and M_p[o, v] is at
 * m + (p·⌈outs⌉₄ + o)·PRODUCTS + 16·v, the second span SPAN vectors behind the first.
 *
 * Why steps end and are guarded as they are: gemm.ts.
 */
import { multiplyAdd } from "../simd";
import * as sizes from "./sizes";

/** Bytes (sizes.ts): of a span of t, of a channel of t_p, of an output of M_p, of a span of it, of M_p. */
export const SPAN_BYTES: usize = <usize>sizes.SPAN_BYTES;
export const TRANSFORMED: usize = <usize>sizes.TRANSFORMED;
export const PRODUCTS: usize = <usize>sizes.PRODUCTS;
export const SPAN_PRODUCTS: usize = <usize>sizes.SPAN << 4;

/**
 * M from t_0, whose first pixel is at x, t_1 at x + plane, …; reach: in bytes
 *
 * There are `count` vectors in the first span and at most as many in the second, of which as many are computed.
 */
export function multiplyPlanes(m: usize, x: usize, plane: usize, u: usize, reach: usize, ins: i32, outs: i32, count: i32): void {
  const panel = <usize>sizes.transformedPanelBytes(ins);
  const weights = <usize>sizes.transformedPlaneBytes(outs, ins);
  const products = <usize>sizes.productsBytes(outs);
  const vectors = <usize>count << 4;
  for (let p = 0; p < 6; p++, x += plane, u += weights, m += products) {
    for (let v: usize = 0; v < vectors; v += 16) {
      let to = m + v;
      let w = u;
      let o = 4;
      if (ASC_FEATURE_RELAXED_SIMD) {
        for (; o + 8 <= outs; o += 12, to += 12 * PRODUCTS, w += 3 * panel) {
          sixOutputs(to, x + v, reach, w, w + panel, 4 * PRODUCTS, ins);
          sixOutputs(to + 8 * PRODUCTS, x + v, reach, w + 2 * panel, w + panel + 8, 0 - 2 * PRODUCTS, ins);
        }
      }
      for (; o <= outs; o += 4, to += 4 * PRODUCTS, w += panel) fourOutputs(to, x + v, reach, w, ins);
    }
    for (let o = outs & ~3; o < outs; o++) {
      const w = u + <usize>(o >> 2) * panel + (<usize>(o & 3) << 2);
      const to = m + <usize>o * PRODUCTS;
      oneOutput(to, x, reach, w, ins);
      oneOutput(to + SPAN_PRODUCTS, x + SPAN_BYTES, reach, w, ins);
    }
  }
}

/** M[o] = Σ_{i, kx} w[o, i, kx] · x[i, kx] for 4 outputs and the vectors at x and a span behind it. */
function fourOutputs(m: usize, x: usize, reach: usize, w: usize, ins: i32): void {
  let c00 = f32x4.splat(0), c01 = c00, c10 = c00, c11 = c00, c20 = c00, c21 = c00, c30 = c00, c31 = c00;
  let x0: v128, x1: v128, k: v128;
  let left = x - reach, right = x + reach;
  for (
    const end = x + <usize>(ins >> 1) * (2 * TRANSFORMED); x < end;
    left += 2 * TRANSFORMED, x += 2 * TRANSFORMED, right += 2 * TRANSFORMED
  ) {
    x0 = v128.load(left); x1 = v128.load(left, SPAN_BYTES);
    k = v128.load32_splat(w); c00 = multiplyAdd(k, x0, c00); c01 = multiplyAdd(k, x1, c01);
    k = v128.load32_splat(w, 4); c10 = multiplyAdd(k, x0, c10); c11 = multiplyAdd(k, x1, c11);
    k = v128.load32_splat(w, 8); c20 = multiplyAdd(k, x0, c20); c21 = multiplyAdd(k, x1, c21);
    k = v128.load32_splat(w, 12); c30 = multiplyAdd(k, x0, c30); c31 = multiplyAdd(k, x1, c31);
    w += 16; if (!w) break;
    x0 = v128.load(x); x1 = v128.load(x, SPAN_BYTES);
    k = v128.load32_splat(w); c00 = multiplyAdd(k, x0, c00); c01 = multiplyAdd(k, x1, c01);
    k = v128.load32_splat(w, 4); c10 = multiplyAdd(k, x0, c10); c11 = multiplyAdd(k, x1, c11);
    k = v128.load32_splat(w, 8); c20 = multiplyAdd(k, x0, c20); c21 = multiplyAdd(k, x1, c21);
    k = v128.load32_splat(w, 12); c30 = multiplyAdd(k, x0, c30); c31 = multiplyAdd(k, x1, c31);
    w += 16; if (!w) break;
    x0 = v128.load(right); x1 = v128.load(right, SPAN_BYTES);
    k = v128.load32_splat(w); c00 = multiplyAdd(k, x0, c00); c01 = multiplyAdd(k, x1, c01);
    k = v128.load32_splat(w, 4); c10 = multiplyAdd(k, x0, c10); c11 = multiplyAdd(k, x1, c11);
    k = v128.load32_splat(w, 8); c20 = multiplyAdd(k, x0, c20); c21 = multiplyAdd(k, x1, c21);
    k = v128.load32_splat(w, 12); c30 = multiplyAdd(k, x0, c30); c31 = multiplyAdd(k, x1, c31);
    w += 16; if (!w) break;
    x0 = v128.load(left, TRANSFORMED); x1 = v128.load(left, TRANSFORMED + SPAN_BYTES);
    k = v128.load32_splat(w); c00 = multiplyAdd(k, x0, c00); c01 = multiplyAdd(k, x1, c01);
    k = v128.load32_splat(w, 4); c10 = multiplyAdd(k, x0, c10); c11 = multiplyAdd(k, x1, c11);
    k = v128.load32_splat(w, 8); c20 = multiplyAdd(k, x0, c20); c21 = multiplyAdd(k, x1, c21);
    k = v128.load32_splat(w, 12); c30 = multiplyAdd(k, x0, c30); c31 = multiplyAdd(k, x1, c31);
    w += 16; if (!w) break;
    x0 = v128.load(x, TRANSFORMED); x1 = v128.load(x, TRANSFORMED + SPAN_BYTES);
    k = v128.load32_splat(w); c00 = multiplyAdd(k, x0, c00); c01 = multiplyAdd(k, x1, c01);
    k = v128.load32_splat(w, 4); c10 = multiplyAdd(k, x0, c10); c11 = multiplyAdd(k, x1, c11);
    k = v128.load32_splat(w, 8); c20 = multiplyAdd(k, x0, c20); c21 = multiplyAdd(k, x1, c21);
    k = v128.load32_splat(w, 12); c30 = multiplyAdd(k, x0, c30); c31 = multiplyAdd(k, x1, c31);
    w += 16; if (!w) break;
    x0 = v128.load(right, TRANSFORMED); x1 = v128.load(right, TRANSFORMED + SPAN_BYTES);
    k = v128.load32_splat(w); c00 = multiplyAdd(k, x0, c00); c01 = multiplyAdd(k, x1, c01);
    k = v128.load32_splat(w, 4); c10 = multiplyAdd(k, x0, c10); c11 = multiplyAdd(k, x1, c11);
    k = v128.load32_splat(w, 8); c20 = multiplyAdd(k, x0, c20); c21 = multiplyAdd(k, x1, c21);
    k = v128.load32_splat(w, 12); c30 = multiplyAdd(k, x0, c30); c31 = multiplyAdd(k, x1, c31);
    w += 16;
    if (!w) {
      c00 = f32x4.add(c00, c01); c10 = f32x4.add(c10, c11); c20 = f32x4.add(c20, c21); c30 = f32x4.add(c30, c31);
      break;
    }
  }
  for (const end = x + <usize>(ins & 1) * TRANSFORMED; x < end; left += TRANSFORMED, x += TRANSFORMED, right += TRANSFORMED) {
    x0 = v128.load(left); x1 = v128.load(left, SPAN_BYTES);
    k = v128.load32_splat(w); c00 = multiplyAdd(k, x0, c00); c01 = multiplyAdd(k, x1, c01);
    k = v128.load32_splat(w, 4); c10 = multiplyAdd(k, x0, c10); c11 = multiplyAdd(k, x1, c11);
    k = v128.load32_splat(w, 8); c20 = multiplyAdd(k, x0, c20); c21 = multiplyAdd(k, x1, c21);
    k = v128.load32_splat(w, 12); c30 = multiplyAdd(k, x0, c30); c31 = multiplyAdd(k, x1, c31);
    w += 16; if (!w) break;
    x0 = v128.load(x); x1 = v128.load(x, SPAN_BYTES);
    k = v128.load32_splat(w); c00 = multiplyAdd(k, x0, c00); c01 = multiplyAdd(k, x1, c01);
    k = v128.load32_splat(w, 4); c10 = multiplyAdd(k, x0, c10); c11 = multiplyAdd(k, x1, c11);
    k = v128.load32_splat(w, 8); c20 = multiplyAdd(k, x0, c20); c21 = multiplyAdd(k, x1, c21);
    k = v128.load32_splat(w, 12); c30 = multiplyAdd(k, x0, c30); c31 = multiplyAdd(k, x1, c31);
    w += 16; if (!w) break;
    x0 = v128.load(right); x1 = v128.load(right, SPAN_BYTES);
    k = v128.load32_splat(w); c00 = multiplyAdd(k, x0, c00); c01 = multiplyAdd(k, x1, c01);
    k = v128.load32_splat(w, 4); c10 = multiplyAdd(k, x0, c10); c11 = multiplyAdd(k, x1, c11);
    k = v128.load32_splat(w, 8); c20 = multiplyAdd(k, x0, c20); c21 = multiplyAdd(k, x1, c21);
    k = v128.load32_splat(w, 12); c30 = multiplyAdd(k, x0, c30); c31 = multiplyAdd(k, x1, c31);
    w += 16;
    if (!w) {
      c00 = f32x4.add(c00, c01); c10 = f32x4.add(c10, c11); c20 = f32x4.add(c20, c21); c30 = f32x4.add(c30, c31);
      break;
    }
  }
  v128.store(m, c00);
  v128.store(m, c01, SPAN_PRODUCTS);
  v128.store(m, c10, PRODUCTS);
  v128.store(m, c11, PRODUCTS + SPAN_PRODUCTS);
  v128.store(m, c20, 2 * PRODUCTS);
  v128.store(m, c21, 2 * PRODUCTS + SPAN_PRODUCTS);
  v128.store(m, c30, 3 * PRODUCTS);
  v128.store(m, c31, 3 * PRODUCTS + SPAN_PRODUCTS);
}

/** fourOutputs for 4 outputs from the panel at w4 and 2 from half a panel at w2, which go to `two` bytes after those. */
function sixOutputs(m: usize, x: usize, reach: usize, w4: usize, w2: usize, two: usize, ins: i32): void {
  let c00 = f32x4.splat(0), c01 = c00, c10 = c00, c11 = c00, c20 = c00, c21 = c00;
  let c30 = c00, c31 = c00, c40 = c00, c41 = c00, c50 = c00, c51 = c00;
  let x0: v128, x1: v128, k: v128;
  let left = x - reach, right = x + reach;
  for (const end = x + <usize>ins * TRANSFORMED; x < end; left += TRANSFORMED, x += TRANSFORMED, right += TRANSFORMED) {
    if (w4) {
      x0 = v128.load(left); x1 = v128.load(left, SPAN_BYTES);
      k = v128.load32_splat(w2, 4); c50 = multiplyAdd(k, x0, c50); c51 = multiplyAdd(k, x1, c51);
      k = v128.load32_splat(w2); c40 = multiplyAdd(k, x0, c40); c41 = multiplyAdd(k, x1, c41);
      k = v128.load32_splat(w4, 12); c30 = multiplyAdd(k, x0, c30); c31 = multiplyAdd(k, x1, c31);
      k = v128.load32_splat(w4, 8); c20 = multiplyAdd(k, x0, c20); c21 = multiplyAdd(k, x1, c21);
      k = v128.load32_splat(w4, 4); c10 = multiplyAdd(k, x0, c10); c11 = multiplyAdd(k, x1, c11);
      k = v128.load32_splat(w4); c00 = multiplyAdd(k, x0, c00); c01 = multiplyAdd(k, x1, c01);
    }
    w4 += 16; w2 += 16;
    if (w4) {
      x0 = v128.load(x); x1 = v128.load(x, SPAN_BYTES);
      k = v128.load32_splat(w2, 4); c50 = multiplyAdd(k, x0, c50); c51 = multiplyAdd(k, x1, c51);
      k = v128.load32_splat(w2); c40 = multiplyAdd(k, x0, c40); c41 = multiplyAdd(k, x1, c41);
      k = v128.load32_splat(w4, 12); c30 = multiplyAdd(k, x0, c30); c31 = multiplyAdd(k, x1, c31);
      k = v128.load32_splat(w4, 8); c20 = multiplyAdd(k, x0, c20); c21 = multiplyAdd(k, x1, c21);
      k = v128.load32_splat(w4, 4); c10 = multiplyAdd(k, x0, c10); c11 = multiplyAdd(k, x1, c11);
      k = v128.load32_splat(w4); c00 = multiplyAdd(k, x0, c00); c01 = multiplyAdd(k, x1, c01);
    }
    w4 += 16; w2 += 16;
    if (w4) {
      x0 = v128.load(right); x1 = v128.load(right, SPAN_BYTES);
      k = v128.load32_splat(w2, 4); c50 = multiplyAdd(k, x0, c50); c51 = multiplyAdd(k, x1, c51);
      k = v128.load32_splat(w2); c40 = multiplyAdd(k, x0, c40); c41 = multiplyAdd(k, x1, c41);
      k = v128.load32_splat(w4, 12); c30 = multiplyAdd(k, x0, c30); c31 = multiplyAdd(k, x1, c31);
      k = v128.load32_splat(w4, 8); c20 = multiplyAdd(k, x0, c20); c21 = multiplyAdd(k, x1, c21);
      k = v128.load32_splat(w4, 4); c10 = multiplyAdd(k, x0, c10); c11 = multiplyAdd(k, x1, c11);
      k = v128.load32_splat(w4); c00 = multiplyAdd(k, x0, c00); c01 = multiplyAdd(k, x1, c01);
    }
    w4 += 16; w2 += 16;
  }
  v128.store(m, c00);
  v128.store(m, c01, SPAN_PRODUCTS);
  v128.store(m, c10, PRODUCTS);
  v128.store(m, c11, PRODUCTS + SPAN_PRODUCTS);
  v128.store(m, c20, 2 * PRODUCTS);
  v128.store(m, c21, 2 * PRODUCTS + SPAN_PRODUCTS);
  v128.store(m, c30, 3 * PRODUCTS);
  v128.store(m, c31, 3 * PRODUCTS + SPAN_PRODUCTS);
  m += two;
  v128.store(m, c40);
  v128.store(m, c41, SPAN_PRODUCTS);
  v128.store(m, c50, PRODUCTS);
  v128.store(m, c51, PRODUCTS + SPAN_PRODUCTS);
}

/** M = Σ_{i, kx} w[i, kx] · x[i, kx] for one output and the SPAN vectors from x on. */
function oneOutput(m: usize, x: usize, reach: usize, w: usize, ins: i32): void {
  let c0 = f32x4.splat(0), c1 = c0, c2 = c0, c3 = c0, c4 = c0, c5 = c0, c6 = c0, c7 = c0;
  let k: v128;
  let left = x - reach, right = x + reach;
  for (const end = x + <usize>ins * TRANSFORMED; x < end; left += TRANSFORMED, x += TRANSFORMED, right += TRANSFORMED) {
    if (w) {
      k = v128.load32_splat(w);
      c7 = multiplyAdd(k, v128.load(left, 112), c7);
      c6 = multiplyAdd(k, v128.load(left, 96), c6);
      c5 = multiplyAdd(k, v128.load(left, 80), c5);
      c4 = multiplyAdd(k, v128.load(left, 64), c4);
      c3 = multiplyAdd(k, v128.load(left, 48), c3);
      c2 = multiplyAdd(k, v128.load(left, 32), c2);
      c1 = multiplyAdd(k, v128.load(left, 16), c1);
      c0 = multiplyAdd(k, v128.load(left), c0);
    }
    w += 16;
    if (w) {
      k = v128.load32_splat(w);
      c7 = multiplyAdd(k, v128.load(x, 112), c7);
      c6 = multiplyAdd(k, v128.load(x, 96), c6);
      c5 = multiplyAdd(k, v128.load(x, 80), c5);
      c4 = multiplyAdd(k, v128.load(x, 64), c4);
      c3 = multiplyAdd(k, v128.load(x, 48), c3);
      c2 = multiplyAdd(k, v128.load(x, 32), c2);
      c1 = multiplyAdd(k, v128.load(x, 16), c1);
      c0 = multiplyAdd(k, v128.load(x), c0);
    }
    w += 16;
    if (w) {
      k = v128.load32_splat(w);
      c7 = multiplyAdd(k, v128.load(right, 112), c7);
      c6 = multiplyAdd(k, v128.load(right, 96), c6);
      c5 = multiplyAdd(k, v128.load(right, 80), c5);
      c4 = multiplyAdd(k, v128.load(right, 64), c4);
      c3 = multiplyAdd(k, v128.load(right, 48), c3);
      c2 = multiplyAdd(k, v128.load(right, 32), c2);
      c1 = multiplyAdd(k, v128.load(right, 16), c1);
      c0 = multiplyAdd(k, v128.load(right), c0);
    }
    w += 16;
  }
  v128.store(m, c0);
  v128.store(m, c1, 16);
  v128.store(m, c2, 32);
  v128.store(m, c3, 48);
  v128.store(m, c4, 64);
  v128.store(m, c5, 80);
  v128.store(m, c6, 96);
  v128.store(m, c7, 112);
}
