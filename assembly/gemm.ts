/**
 * Matrix multiply on panels. A panel holds 8 columns of a matrix, row after row: value (r, c) of a matrix of
 * R rows is at panel ⌊c/8⌋, byte r·32 + (c mod 8)·4. Batches, weights and gradients all live in panels, so
 * nothing is packed before a multiplication. Columns are padded to 8 with zeros, rows of a batch to 4.
 *
 * The register tile is 4 rows × 8 columns: 8 accumulators, 2 vectors of B and a broadcast of A in the 16
 * registers of x86-64. With fused multiply-add, whose latency of 4 cycles on 2 ports wants more sums under
 * way, 6 rows × 8 columns. The inner loops are not unrolled: V8 then keeps its address arithmetic in two
 * registers, and each unrolling that was tried was slower (docs/experiments.md).
 *
 * Every value of C is summed by one thread in one order, whatever the tile: runs of 112 products in ascending k,
 * then the runs. Rounding errors grow with the length of a run, so this more than halves those of a sum of 784
 * (docs/experiments.md).
 *
 * Method: register tiles over packed panels, after Goto and van de Geijn, "Anatomy of high-performance matrix
 * multiplication", ACM TOMS 34 (2008).
 */
import { multiplyAdd } from "./simd";

/** Bytes of B in a run of 112 values of k. */
export const RUN: usize = 112 * 32;
/** Bytes of 8 rows of B. */
const BLOCK: usize = 8 * 32;

/**
 * C[r, 0..7] = init[0..7] + Σ_k A[r, k] · B[k, 0..7]   for `rows` rows, a multiple of 4
 *
 * c: one panel, at its first row; a: panels of `stride` bytes, at the same row; b: one panel of
 * 8 × `panels` rows; init: 8 values.
 */
export function multiplyPanel(c: usize, a: usize, b: usize, init: usize, rows: i32, stride: usize, panels: i32): void {
  if (ASC_FEATURE_RELAXED_SIMD) {
    while (rows >= 12) {
      multiply6x8(c, a, b, init, stride, panels);
      multiply6x8(c + 192, a + 192, b, init, stride, panels);
      c += 384;
      a += 384;
      rows -= 12;
    }
  }
  while (rows > 0) {
    multiply4x8(c, a, b, init, stride, panels);
    c += 128;
    a += 128;
    rows -= 4;
  }
}

/** multiplyPanel for 4 rows. */
function multiply4x8(c: usize, a: usize, b: usize, init: usize, stride: usize, panels: i32): void {
  const zero = f32x4.splat(0);
  const init0 = v128.load(init);
  const init1 = v128.load(init, 16);
  v128.store(c, init0, 0);
  v128.store(c, init1, 16);
  v128.store(c, init0, 32);
  v128.store(c, init1, 48);
  v128.store(c, init0, 64);
  v128.store(c, init1, 80);
  v128.store(c, init0, 96);
  v128.store(c, init1, 112);
  const skip = stride - 32;
  for (const end = b + (<usize>panels << 8); b < end; ) {
    let c00 = zero, c01 = zero, c10 = zero, c11 = zero;
    let c20 = zero, c21 = zero, c30 = zero, c31 = zero;
    for (const runEnd = min(b + RUN, end); b < runEnd; a += skip) {
      for (const panelEnd = a + 32; a < panelEnd; a += 4, b += 32) {
        const b0 = v128.load(b);
        const b1 = v128.load(b, 16);
        const a0 = v128.load32_splat(a);
        c00 = multiplyAdd(a0, b0, c00);
        c01 = multiplyAdd(a0, b1, c01);
        const a1 = v128.load32_splat(a, 32);
        c10 = multiplyAdd(a1, b0, c10);
        c11 = multiplyAdd(a1, b1, c11);
        const a2 = v128.load32_splat(a, 64);
        c20 = multiplyAdd(a2, b0, c20);
        c21 = multiplyAdd(a2, b1, c21);
        const a3 = v128.load32_splat(a, 96);
        c30 = multiplyAdd(a3, b0, c30);
        c31 = multiplyAdd(a3, b1, c31);
      }
    }
    addTo(c, c00, c01);
    addTo(c + 32, c10, c11);
    addTo(c + 64, c20, c21);
    addTo(c + 96, c30, c31);
  }
}

/** multiplyPanel for 6 rows. */
function multiply6x8(c: usize, a: usize, b: usize, init: usize, stride: usize, panels: i32): void {
  const zero = f32x4.splat(0);
  const init0 = v128.load(init);
  const init1 = v128.load(init, 16);
  v128.store(c, init0, 0);
  v128.store(c, init1, 16);
  v128.store(c, init0, 32);
  v128.store(c, init1, 48);
  v128.store(c, init0, 64);
  v128.store(c, init1, 80);
  v128.store(c, init0, 96);
  v128.store(c, init1, 112);
  v128.store(c, init0, 128);
  v128.store(c, init1, 144);
  v128.store(c, init0, 160);
  v128.store(c, init1, 176);
  const skip = stride - 32;
  for (const end = b + (<usize>panels << 8); b < end; ) {
    let c00 = zero, c01 = zero, c10 = zero, c11 = zero, c20 = zero, c21 = zero;
    let c30 = zero, c31 = zero, c40 = zero, c41 = zero, c50 = zero, c51 = zero;
    for (const runEnd = min(b + RUN, end); b < runEnd; a += skip) {
      for (const panelEnd = a + 32; a < panelEnd; a += 4, b += 32) {
        const b0 = v128.load(b);
        const b1 = v128.load(b, 16);
        const a0 = v128.load32_splat(a);
        c00 = multiplyAdd(a0, b0, c00);
        c01 = multiplyAdd(a0, b1, c01);
        const a1 = v128.load32_splat(a, 32);
        c10 = multiplyAdd(a1, b0, c10);
        c11 = multiplyAdd(a1, b1, c11);
        const a2 = v128.load32_splat(a, 64);
        c20 = multiplyAdd(a2, b0, c20);
        c21 = multiplyAdd(a2, b1, c21);
        const a3 = v128.load32_splat(a, 96);
        c30 = multiplyAdd(a3, b0, c30);
        c31 = multiplyAdd(a3, b1, c31);
        const a4 = v128.load32_splat(a, 128);
        c40 = multiplyAdd(a4, b0, c40);
        c41 = multiplyAdd(a4, b1, c41);
        const a5 = v128.load32_splat(a, 160);
        c50 = multiplyAdd(a5, b0, c50);
        c51 = multiplyAdd(a5, b1, c51);
      }
    }
    addTo(c, c00, c01);
    addTo(c + 32, c10, c11);
    addTo(c + 64, c20, c21);
    addTo(c + 96, c30, c31);
    addTo(c + 128, c40, c41);
    addTo(c + 160, c50, c51);
  }
}

/** c[0..7] += (low, high) */
// @ts-ignore: decorator
@inline
export function addTo(c: usize, low: v128, high: v128): void {
  v128.store(c, f32x4.add(v128.load(c), low));
  v128.store(c, f32x4.add(v128.load(c, 16), high), 16);
}

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

/**
 * C[k, 0..7] = Σ_r A[r, k] · B[r, 0..7] for 4 values of k in one panel
 *
 * The loops are nested as in multiply4x8 for V8's sake, which unrolls a loop the more the deeper it stands: on
 * Node 20 the sums run a tenth faster than in a single loop (docs/experiments.md).
 */
export function multiplyTransposed4x8(c: usize, a: usize, b: usize, rows: i32): void {
  let c00 = f32x4.splat(0), c01 = c00, c10 = c00, c11 = c00;
  let c20 = c00, c21 = c00, c30 = c00, c31 = c00;
  const end = b + (<usize>rows << 5);
  while (b < end) {
    for (const runEnd = min(b + RUN, end); b < runEnd; ) {
      for (const blockEnd = min(b + BLOCK, runEnd); b < blockEnd; a += 32, b += 32) {
        const b0 = v128.load(b);
        const b1 = v128.load(b, 16);
        const a0 = v128.load32_splat(a);
        c00 = multiplyAdd(a0, b0, c00);
        c01 = multiplyAdd(a0, b1, c01);
        const a1 = v128.load32_splat(a, 4);
        c10 = multiplyAdd(a1, b0, c10);
        c11 = multiplyAdd(a1, b1, c11);
        const a2 = v128.load32_splat(a, 8);
        c20 = multiplyAdd(a2, b0, c20);
        c21 = multiplyAdd(a2, b1, c21);
        const a3 = v128.load32_splat(a, 12);
        c30 = multiplyAdd(a3, b0, c30);
        c31 = multiplyAdd(a3, b1, c31);
      }
    }
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
