/**
 * Products with the transpose of a matrix in panels (gemm.ts), which stays as it is: all values of k that a tile needs
 * are side by side. The tiles are those of gemm.ts, and so is what ends the steps of the 4×8 tile.
 */
import { multiplyAdd } from "../simd";

/** Values of k in a tile of xᵀ·dy, and panels whose values of k are a whole number of tiles. */
export const TRANSPOSED_TILE: i32 = ASC_FEATURE_RELAXED_SIMD ? 6 : 4;
export const TRANSPOSED_PANELS: i32 = ASC_FEATURE_RELAXED_SIMD ? 3 : 1;

/**
 * C[k, 0..7] = Σ_r A[r, k] · B[r, 0..7]   for TRANSPOSED_TILE values of k from `tile` · TRANSPOSED_TILE on, r in 0..`rows`
 *
 * c: as many rows of a panel; a: TRANSPOSED_PANELS panels of a batch, `stride` bytes each; b: one panel of a batch.
 * Two tiles of 4 are a panel of a, four tiles of 6 are three.
 */
// @ts-ignore: decorator
@inline
export function multiplyTransposedTile(c: usize, a: usize, b: usize, rows: i32, stride: usize, tile: i32): void {
  if (ASC_FEATURE_RELAXED_SIMD) {
    const pair = tile * 3;
    multiplyTransposed6x8(c, pairAt(a, stride, pair), pairAt(a, stride, pair + 1), pairAt(a, stride, pair + 2), b, rows);
  } else {
    multiplyTransposed4x8(c, a + (<usize>tile << 4), b, rows);
  }
}

/** Where two values of k of a row begin: four pairs a panel. */
// @ts-ignore: decorator
@inline
function pairAt(a: usize, stride: usize, pair: i32): usize {
  return a + <usize>(pair >> 2) * stride + (<usize>(pair & 3) << 3);
}

/** C[k, 0..7] = Σ_r A[r, k] · B[r, 0..7] for 4 values of k in one panel, r in 0..`rows` */
export function multiplyTransposed4x8(c: usize, a: usize, b: usize, rows: i32): void {
  let c00 = f32x4.splat(0), c01 = c00, c10 = c00, c11 = c00;
  let c20 = c00, c21 = c00, c30 = c00, c31 = c00;
  let k: v128, b0: v128, b1: v128;
  for (const end = b + (<usize>(rows & -8) << 5); b < end; b += 256) {
    b0 = v128.load(b); b1 = v128.load(b, 16);
    k = v128.load32_splat(a); c00 = multiplyAdd(k, b0, c00); c01 = multiplyAdd(k, b1, c01);
    k = v128.load32_splat(a, 4); c10 = multiplyAdd(k, b0, c10); c11 = multiplyAdd(k, b1, c11);
    k = v128.load32_splat(a, 8); c20 = multiplyAdd(k, b0, c20); c21 = multiplyAdd(k, b1, c21);
    k = v128.load32_splat(a, 12); c30 = multiplyAdd(k, b0, c30); c31 = multiplyAdd(k, b1, c31);
    a += 32; if (!a) break;
    b0 = v128.load(b, 32); b1 = v128.load(b, 48);
    k = v128.load32_splat(a); c00 = multiplyAdd(k, b0, c00); c01 = multiplyAdd(k, b1, c01);
    k = v128.load32_splat(a, 4); c10 = multiplyAdd(k, b0, c10); c11 = multiplyAdd(k, b1, c11);
    k = v128.load32_splat(a, 8); c20 = multiplyAdd(k, b0, c20); c21 = multiplyAdd(k, b1, c21);
    k = v128.load32_splat(a, 12); c30 = multiplyAdd(k, b0, c30); c31 = multiplyAdd(k, b1, c31);
    a += 32; if (!a) break;
    b0 = v128.load(b, 64); b1 = v128.load(b, 80);
    k = v128.load32_splat(a); c00 = multiplyAdd(k, b0, c00); c01 = multiplyAdd(k, b1, c01);
    k = v128.load32_splat(a, 4); c10 = multiplyAdd(k, b0, c10); c11 = multiplyAdd(k, b1, c11);
    k = v128.load32_splat(a, 8); c20 = multiplyAdd(k, b0, c20); c21 = multiplyAdd(k, b1, c21);
    k = v128.load32_splat(a, 12); c30 = multiplyAdd(k, b0, c30); c31 = multiplyAdd(k, b1, c31);
    a += 32; if (!a) break;
    b0 = v128.load(b, 96); b1 = v128.load(b, 112);
    k = v128.load32_splat(a); c00 = multiplyAdd(k, b0, c00); c01 = multiplyAdd(k, b1, c01);
    k = v128.load32_splat(a, 4); c10 = multiplyAdd(k, b0, c10); c11 = multiplyAdd(k, b1, c11);
    k = v128.load32_splat(a, 8); c20 = multiplyAdd(k, b0, c20); c21 = multiplyAdd(k, b1, c21);
    k = v128.load32_splat(a, 12); c30 = multiplyAdd(k, b0, c30); c31 = multiplyAdd(k, b1, c31);
    a += 32; if (!a) break;
    b0 = v128.load(b, 128); b1 = v128.load(b, 144);
    k = v128.load32_splat(a); c00 = multiplyAdd(k, b0, c00); c01 = multiplyAdd(k, b1, c01);
    k = v128.load32_splat(a, 4); c10 = multiplyAdd(k, b0, c10); c11 = multiplyAdd(k, b1, c11);
    k = v128.load32_splat(a, 8); c20 = multiplyAdd(k, b0, c20); c21 = multiplyAdd(k, b1, c21);
    k = v128.load32_splat(a, 12); c30 = multiplyAdd(k, b0, c30); c31 = multiplyAdd(k, b1, c31);
    a += 32; if (!a) break;
    b0 = v128.load(b, 160); b1 = v128.load(b, 176);
    k = v128.load32_splat(a); c00 = multiplyAdd(k, b0, c00); c01 = multiplyAdd(k, b1, c01);
    k = v128.load32_splat(a, 4); c10 = multiplyAdd(k, b0, c10); c11 = multiplyAdd(k, b1, c11);
    k = v128.load32_splat(a, 8); c20 = multiplyAdd(k, b0, c20); c21 = multiplyAdd(k, b1, c21);
    k = v128.load32_splat(a, 12); c30 = multiplyAdd(k, b0, c30); c31 = multiplyAdd(k, b1, c31);
    a += 32; if (!a) break;
    b0 = v128.load(b, 192); b1 = v128.load(b, 208);
    k = v128.load32_splat(a); c00 = multiplyAdd(k, b0, c00); c01 = multiplyAdd(k, b1, c01);
    k = v128.load32_splat(a, 4); c10 = multiplyAdd(k, b0, c10); c11 = multiplyAdd(k, b1, c11);
    k = v128.load32_splat(a, 8); c20 = multiplyAdd(k, b0, c20); c21 = multiplyAdd(k, b1, c21);
    k = v128.load32_splat(a, 12); c30 = multiplyAdd(k, b0, c30); c31 = multiplyAdd(k, b1, c31);
    a += 32; if (!a) break;
    b0 = v128.load(b, 224); b1 = v128.load(b, 240);
    k = v128.load32_splat(a); c00 = multiplyAdd(k, b0, c00); c01 = multiplyAdd(k, b1, c01);
    k = v128.load32_splat(a, 4); c10 = multiplyAdd(k, b0, c10); c11 = multiplyAdd(k, b1, c11);
    k = v128.load32_splat(a, 8); c20 = multiplyAdd(k, b0, c20); c21 = multiplyAdd(k, b1, c21);
    k = v128.load32_splat(a, 12); c30 = multiplyAdd(k, b0, c30); c31 = multiplyAdd(k, b1, c31);
    a += 32;
    if (!a) {
      c00 = f32x4.add(c00, c01); c10 = f32x4.add(c10, c11); c20 = f32x4.add(c20, c21); c30 = f32x4.add(c30, c31);
      break;
    }
  }
  for (const end = b + (<usize>(rows & 7) << 5); b < end; b += 32) {
    b0 = v128.load(b); b1 = v128.load(b, 16);
    k = v128.load32_splat(a); c00 = multiplyAdd(k, b0, c00); c01 = multiplyAdd(k, b1, c01);
    k = v128.load32_splat(a, 4); c10 = multiplyAdd(k, b0, c10); c11 = multiplyAdd(k, b1, c11);
    k = v128.load32_splat(a, 8); c20 = multiplyAdd(k, b0, c20); c21 = multiplyAdd(k, b1, c21);
    k = v128.load32_splat(a, 12); c30 = multiplyAdd(k, b0, c30); c31 = multiplyAdd(k, b1, c31);
    a += 32;
  }
  v128.store(c, c00);
  v128.store(c, c01, 16);
  v128.store(c, c10, 32);
  v128.store(c, c11, 48);
  v128.store(c, c20, 64);
  v128.store(c, c21, 80);
  v128.store(c, c30, 96);
  v128.store(c, c31, 112);
}

/** The same for 6 values of k: two at `a0`, two at `a1` and two at `a2`, so that they may lie in two panels. */
function multiplyTransposed6x8(c: usize, a0: usize, a1: usize, a2: usize, b: usize, rows: i32): void {
  let c00 = f32x4.splat(0), c01 = c00, c10 = c00, c11 = c00, c20 = c00, c21 = c00;
  let c30 = c00, c31 = c00, c40 = c00, c41 = c00, c50 = c00, c51 = c00;
  for (const end = b + (<usize>rows << 5); b < end; a0 += 32, a1 += 32, a2 += 32, b += 32) {
    const b0 = v128.load(b);
    const b1 = v128.load(b, 16);
    const k0 = v128.load32_splat(a0);
    c00 = multiplyAdd(k0, b0, c00);
    c01 = multiplyAdd(k0, b1, c01);
    const k1 = v128.load32_splat(a0, 4);
    c10 = multiplyAdd(k1, b0, c10);
    c11 = multiplyAdd(k1, b1, c11);
    const k2 = v128.load32_splat(a1);
    c20 = multiplyAdd(k2, b0, c20);
    c21 = multiplyAdd(k2, b1, c21);
    const k3 = v128.load32_splat(a1, 4);
    c30 = multiplyAdd(k3, b0, c30);
    c31 = multiplyAdd(k3, b1, c31);
    const k4 = v128.load32_splat(a2);
    c40 = multiplyAdd(k4, b0, c40);
    c41 = multiplyAdd(k4, b1, c41);
    const k5 = v128.load32_splat(a2, 4);
    c50 = multiplyAdd(k5, b0, c50);
    c51 = multiplyAdd(k5, b1, c51);
  }
  v128.store(c, c00);
  v128.store(c, c01, 16);
  v128.store(c, c10, 32);
  v128.store(c, c11, 48);
  v128.store(c, c20, 64);
  v128.store(c, c21, 80);
  v128.store(c, c30, 96);
  v128.store(c, c31, 112);
  v128.store(c, c40, 128);
  v128.store(c, c41, 144);
  v128.store(c, c50, 160);
  v128.store(c, c51, 176);
}
