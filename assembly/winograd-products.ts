/**
 * The products of Winograd's filtering in conv3x3.ts: for each p = 0..5
 *
 *   M_p[o, v] = Σ_k U_p[o, k] · t_p[v + taps[k]],   k = 0..3·ins − 1
 *
 * over vectors v of 4 lanes, a strip of them at a time. U is in panels (winograd-weights.ts), taps are distances in
 * bytes, and M_p[o, v] is at  m + (p·⌈outs⌉₄ + o)·PRODUCTS + 16·v.
 *
 * The register tile is 4 outputs × 2 vectors; with fused multiply-add, which wants more sums under way, 6 × 2. The loop
 * over taps is not unrolled: the V8 of Node 20 puts all loads of a loop's body first, so sums and loads together have
 * to fit 15 registers.
 */
import { STRIP } from "./opcodes";
import { multiplyAdd } from "./simd";
import { panelBytes, panelsBytes } from "./winograd-weights";

/** Bytes of an output's products in a strip; singleOutput writes 6 vectors too many. */
export const PRODUCTS: usize = (STRIP + 6) << 4;

/** Bytes of M_p. */
// @ts-ignore: decorator
@inline
export function productsBytes(outs: i32): usize {
  return <usize>((outs + 3) & ~3) * PRODUCTS;
}

/**
 * M from t_0 at x, t_1 at x + plane, …
 *
 * The vectors are `runs` runs of `run` successive ones, `gap` bytes between two runs.
 */
export function multiplyPlanes(
  m: usize, x: usize, plane: usize, u: usize, taps: usize, ins: i32, outs: i32, run: i32, runs: i32, gap: usize,
): void {
  const tapsEnd = taps + <usize>ins * 12;
  const panel = panelBytes(ins);
  for (let p = 0; p < 6; p++, x += plane, u += panelsBytes(outs, ins), m += productsBytes(outs)) {
    let xb = x;
    let ma = m;
    let rest = run;
    for (let left = run * runs; left > 0; left -= 2, ma += 32) {
      const xa = xb;
      let mb = ma;
      // The last tile may be half: it then computes the same vector twice.
      if (left > 1) {
        mb += 16;
        xb += 16;
        if (--rest == 0) {
          rest = run;
          xb += gap;
        }
      }
      let at: usize = 0;
      let w = u;
      let o = 4;
      if (ASC_FEATURE_RELAXED_SIMD) {
        for (; o + 8 <= outs; o += 12, at += 12 * PRODUCTS, w += 3 * panel) {
          const last = at + 8 * PRODUCTS;
          sixOutputs(ma + at, mb + at, xa, xb, w, w + panel, 4 * PRODUCTS, taps, tapsEnd);
          sixOutputs(
            ma + last, mb + last, xa, xb, w + 2 * panel, w + panel + 8, 0 - 2 * PRODUCTS, taps, tapsEnd,
          );
        }
      }
      for (; o <= outs; o += 4, at += 4 * PRODUCTS, w += panel) {
        fourOutputs(ma + at, mb + at, xa, xb, w, taps, tapsEnd);
      }
      xb += 16;
      if (--rest == 0) {
        rest = run;
        xb += gap;
      }
    }
    for (let o = outs & ~3; o < outs; o++) {
      const w = u + <usize>(o >> 2) * panel + (<usize>(o & 3) << 2);
      let to = m + <usize>o * PRODUCTS;
      let from = x;
      for (let r = 0; r < runs; r++, to += <usize>run << 4, from += (<usize>run << 4) + gap) {
        for (let at: usize = 0; at < <usize>run << 4; at += 112) singleOutput(to + at, from + at, w, taps, tapsEnd);
      }
    }
  }
}

/** m[o] = Σ_k w[o, k] · x[taps[k]] for 4 outputs and the vectors at xa and xb. */
function fourOutputs(ma: usize, mb: usize, xa: usize, xb: usize, w: usize, taps: usize, tapsEnd: usize): void {
  let c00 = f32x4.splat(0), c01 = c00, c10 = c00, c11 = c00, c20 = c00, c21 = c00, c30 = c00, c31 = c00;
  for (; taps < tapsEnd; ) {
    for (const end = min(taps + BLOCK, tapsEnd); taps < end; taps += 4, w += 16) {
      const offset = load<usize>(taps);
      const x0 = v128.load(xa + offset);
      const x1 = v128.load(xb + offset);
      const w0 = v128.load32_splat(w);
      c00 = multiplyAdd(w0, x0, c00);
      c01 = multiplyAdd(w0, x1, c01);
      const w1 = v128.load32_splat(w, 4);
      c10 = multiplyAdd(w1, x0, c10);
      c11 = multiplyAdd(w1, x1, c11);
      const w2 = v128.load32_splat(w, 8);
      c20 = multiplyAdd(w2, x0, c20);
      c21 = multiplyAdd(w2, x1, c21);
      const w3 = v128.load32_splat(w, 12);
      c30 = multiplyAdd(w3, x0, c30);
      c31 = multiplyAdd(w3, x1, c31);
    }
  }
  v128.store(ma, c00);
  v128.store(mb, c01);
  v128.store(ma, c10, PRODUCTS);
  v128.store(mb, c11, PRODUCTS);
  v128.store(ma, c20, 2 * PRODUCTS);
  v128.store(mb, c21, 2 * PRODUCTS);
  v128.store(ma, c30, 3 * PRODUCTS);
  v128.store(mb, c31, 3 * PRODUCTS);
}

/** fourOutputs for 4 outputs from the panel at w4, to ma and mb, and 2 from half a panel at w2, to `two` bytes after those. */
function sixOutputs(
  ma: usize, mb: usize, xa: usize, xb: usize, w4: usize, w2: usize, two: usize, taps: usize, tapsEnd: usize,
): void {
  let c00 = f32x4.splat(0), c01 = c00, c10 = c00, c11 = c00, c20 = c00, c21 = c00;
  let c30 = c00, c31 = c00, c40 = c00, c41 = c00, c50 = c00, c51 = c00;
  let x0: v128, x1: v128, k: v128, offset: usize;
  while (taps < tapsEnd) {
    for (const end = min(taps + BLOCK, tapsEnd); taps < end; taps += 12) {
      if (w4) {
        offset = load<usize>(taps); x0 = v128.load(xa + offset); x1 = v128.load(xb + offset);
        k = v128.load32_splat(w2, 4); c50 = multiplyAdd(k, x0, c50); c51 = multiplyAdd(k, x1, c51);
        k = v128.load32_splat(w2); c40 = multiplyAdd(k, x0, c40); c41 = multiplyAdd(k, x1, c41);
        k = v128.load32_splat(w4, 12); c30 = multiplyAdd(k, x0, c30); c31 = multiplyAdd(k, x1, c31);
        k = v128.load32_splat(w4, 8); c20 = multiplyAdd(k, x0, c20); c21 = multiplyAdd(k, x1, c21);
        k = v128.load32_splat(w4, 4); c10 = multiplyAdd(k, x0, c10); c11 = multiplyAdd(k, x1, c11);
        k = v128.load32_splat(w4); c00 = multiplyAdd(k, x0, c00); c01 = multiplyAdd(k, x1, c01);
      }
      w4 += 16; w2 += 16;
      if (w4) {
        offset = load<usize>(taps, 4); x0 = v128.load(xa + offset); x1 = v128.load(xb + offset);
        k = v128.load32_splat(w2, 4); c50 = multiplyAdd(k, x0, c50); c51 = multiplyAdd(k, x1, c51);
        k = v128.load32_splat(w2); c40 = multiplyAdd(k, x0, c40); c41 = multiplyAdd(k, x1, c41);
        k = v128.load32_splat(w4, 12); c30 = multiplyAdd(k, x0, c30); c31 = multiplyAdd(k, x1, c31);
        k = v128.load32_splat(w4, 8); c20 = multiplyAdd(k, x0, c20); c21 = multiplyAdd(k, x1, c21);
        k = v128.load32_splat(w4, 4); c10 = multiplyAdd(k, x0, c10); c11 = multiplyAdd(k, x1, c11);
        k = v128.load32_splat(w4); c00 = multiplyAdd(k, x0, c00); c01 = multiplyAdd(k, x1, c01);
      }
      w4 += 16; w2 += 16;
      if (w4) {
        offset = load<usize>(taps, 8); x0 = v128.load(xa + offset); x1 = v128.load(xb + offset);
        k = v128.load32_splat(w2, 4); c50 = multiplyAdd(k, x0, c50); c51 = multiplyAdd(k, x1, c51);
        k = v128.load32_splat(w2); c40 = multiplyAdd(k, x0, c40); c41 = multiplyAdd(k, x1, c41);
        k = v128.load32_splat(w4, 12); c30 = multiplyAdd(k, x0, c30); c31 = multiplyAdd(k, x1, c31);
        k = v128.load32_splat(w4, 8); c20 = multiplyAdd(k, x0, c20); c21 = multiplyAdd(k, x1, c21);
        k = v128.load32_splat(w4, 4); c10 = multiplyAdd(k, x0, c10); c11 = multiplyAdd(k, x1, c11);
        k = v128.load32_splat(w4); c00 = multiplyAdd(k, x0, c00); c01 = multiplyAdd(k, x1, c01);
      }
      w4 += 16; w2 += 16;
    }
  }
  v128.store(ma, c00);
  v128.store(mb, c01);
  v128.store(ma, c10, PRODUCTS);
  v128.store(mb, c11, PRODUCTS);
  v128.store(ma, c20, 2 * PRODUCTS);
  v128.store(mb, c21, 2 * PRODUCTS);
  v128.store(ma, c30, 3 * PRODUCTS);
  v128.store(mb, c31, 3 * PRODUCTS);
  ma += two;
  mb += two;
  v128.store(ma, c40);
  v128.store(mb, c41);
  v128.store(ma, c50, PRODUCTS);
  v128.store(mb, c51, PRODUCTS);
}

/** Bytes of 48 taps: the processor foresees the end of a loop as short. */
const BLOCK: usize = 192;

/** m = Σ_k w[k] · x[taps[k]] for one output and 7 vectors. */
function singleOutput(m: usize, x: usize, w: usize, taps: usize, tapsEnd: usize): void {
  let c0 = f32x4.splat(0), c1 = c0, c2 = c0, c3 = c0, c4 = c0, c5 = c0, c6 = c0;
  for (; taps < tapsEnd; taps += 4, w += 16) {
    const xt = x + load<usize>(taps);
    const wv = v128.load32_splat(w);
    c0 = multiplyAdd(wv, v128.load(xt), c0);
    c1 = multiplyAdd(wv, v128.load(xt, 16), c1);
    c2 = multiplyAdd(wv, v128.load(xt, 32), c2);
    c3 = multiplyAdd(wv, v128.load(xt, 48), c3);
    c4 = multiplyAdd(wv, v128.load(xt, 64), c4);
    c5 = multiplyAdd(wv, v128.load(xt, 80), c5);
    c6 = multiplyAdd(wv, v128.load(xt, 96), c6);
  }
  v128.store(m, c0);
  v128.store(m, c1, 16);
  v128.store(m, c2, 32);
  v128.store(m, c3, 48);
  v128.store(m, c4, 64);
  v128.store(m, c5, 80);
  v128.store(m, c6, 96);
}
