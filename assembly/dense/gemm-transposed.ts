/**
 * Products with the transpose of a matrix in panels (gemm.ts). The matrix need not be transposed in memory, since the
 * values of k that a tile needs lie side by side in a row. The tiles have as many rows and columns as those of gemm.ts;
 * tiles.js describes them.
 */
import { multiplyTransposed4x8, multiplyTransposed6x8 } from "../../build/assembly/dense/tiles";

export { multiplyTransposed4x8 };

/** How many values of k a tile of xᵀ·dy has, and the least number of panels that a whole number of tiles covers. */
export const TRANSPOSED_TILE: i32 = ASC_FEATURE_RELAXED_SIMD ? 6 : 4;
export const TRANSPOSED_PANELS: i32 = ASC_FEATURE_RELAXED_SIMD ? 3 : 1;

/**
 * C[k, 0..7] = Σ_r A[r, k] · B[r, 0..7]   for TRANSPOSED_TILE values of k from `tile` · TRANSPOSED_TILE on, r in 0..`rows`
 *
 * c: TRANSPOSED_TILE rows of a panel; a: TRANSPOSED_PANELS panels of a batch, `stride` bytes each; b: one panel of a batch.
 * Two tiles of 4 cover one panel of a; four tiles of 6 cover three.
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

/** The address of a pair of values of k in the first row; a panel has four pairs. */
// @ts-ignore: decorator
@inline
function pairAt(a: usize, stride: usize, pair: i32): usize {
  return a + <usize>(pair >> 2) * stride + (<usize>(pair & 3) << 3);
}
