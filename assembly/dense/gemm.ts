/**
 * Matrix multiply on panels. A panel holds 8 columns of a matrix, row after row: value (r, c) is in panel ⌊c/8⌋, at
 * byte r·32 + (c mod 8)·4 of it. Batches, weights and gradients all lie in panels, so A and B are multiplied as they are,
 * without packing. Columns are padded with zeros to a multiple of 8, the rows of a batch to a multiple of 4.
 *
 * The register tile is 4 rows × 8 columns: 8 accumulators, 2 vectors of B and a broadcast of A, in the 16 registers of
 * x86-64. Fused multiply-add has a latency of 4 cycles on 2 ports and needs more independent sums, so the relaxed
 * builds also have a tile of 6 rows × 8 columns.
 *
 * Where multiply and add are two instructions, these alone are two thirds of the instructions that a core can start in
 * a cycle, which leaves little room for others. So the loop over k is unrolled, 8 values to a turn, in a form that the
 * compilers translate without needing more registers than there are. The unrolled tiles are generated from the
 * descriptions in tiles.js.
 *
 * Every value of C is summed by one thread in one order, whatever the tile: runs of 112 products in ascending k are
 * summed, and then the runs are added up. Rounding errors grow with the length of a run; runs of 112 more than halve
 * the error of a sum of 784 products (docs/experiments.md).
 *
 * Method: register tiles over packed panels, after Goto and van de Geijn, "Anatomy of high-performance matrix
 * multiplication", ACM TOMS 34 (2008).
 */
import { multiplyRows4, multiplyRows6 } from "../../build/assembly/dense/tiles";
import { RUN } from "./sizes";

/** How many panels of A a run has, and how many bytes of a panel of B. */
export const RUN_PANELS = RUN / 8;
export const RUN_BYTES: usize = RUN * 32;

/**
 * C[r, 0..7] = init[0..7] + Σ_k A[r, k] · B[k, 0..7]   for `rows` rows, a multiple of 4
 *
 * c: one panel of C, at the first of the rows; a: panels of `stride` bytes each, at the same row; b: one panel of
 * 8 × `panels` rows; panels: at least 1; init: 8 values.
 */
export function multiplyPanel(c: usize, a: usize, b: usize, init: usize, rows: i32, stride: usize, panels: i32): void {
  for (; panels > 0; panels -= RUN_PANELS) {
    multiplyRun(c, a, b, init, rows, stride, min(panels, RUN_PANELS));
    init = 0;
    a += <usize>RUN_PANELS * stride;
    b += RUN_BYTES;
  }
}

/** multiplyPanel for one run, of up to RUN_PANELS panels. If `init` is 0, the products are added to what C holds. */
export function multiplyRun(c: usize, a: usize, b: usize, init: usize, rows: i32, stride: usize, panels: i32): void {
  const bytes = <usize>panels << 8;
  let sixes: usize = 0;
  if (ASC_FEATURE_RELAXED_SIMD) {
    sixes = <usize>(rows / 12 * 12) << 5;
    multiplyRows6(c, c + sixes, a, b, init, stride - 32, bytes);
  }
  multiplyRows4(c + sixes, c + (<usize>rows << 5), a + sixes, b, init, stride - 32, bytes);
}
