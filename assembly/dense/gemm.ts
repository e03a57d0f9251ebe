/**
 * Matrix multiply on panels. A panel holds 8 columns of a matrix, row after row: value (r, c) of a matrix of
 * R rows is at panel ⌊c/8⌋, byte r·32 + (c mod 8)·4. Batches, weights and gradients all live in panels, so
 * nothing is packed before a multiplication. Columns are padded to 8 with zeros, rows of a batch to 4.
 *
 * The register tile is 4 rows × 8 columns: 8 accumulators, 2 vectors of B and a broadcast of A in the 16
 * registers of x86-64. With fused multiply-add, whose latency of 4 cycles on 2 ports wants more sums under
 * way, 6 rows × 8 columns.
 *
 * Where multiply and add are two instructions, these alone fill two thirds of what a core takes in a cycle, so that
 * little else fits beside them. So the loop over k is written out, 8 values to a turn, in a form that the compilers
 * translate without more sums and loads under way than there are registers. That is generated: tiles.js describes the
 * tiles.
 *
 * Every value of C is summed by one thread in one order, whatever the tile: runs of 112 products in ascending k,
 * then the runs. Rounding errors grow with the length of a run, so this more than halves those of a sum of 784
 * (docs/experiments.md).
 *
 * Method: register tiles over packed panels, after Goto and van de Geijn, "Anatomy of high-performance matrix
 * multiplication", ACM TOMS 34 (2008).
 */
import { multiplyRows4, multiplyRows6 } from "../../build/assembly/dense/tiles";
import { RUN } from "./sizes";

/** Panels of A, and bytes of B, in a run. */
export const RUN_PANELS = RUN / 8;
export const RUN_BYTES: usize = RUN * 32;

/**
 * C[r, 0..7] = init[0..7] + Σ_k A[r, k] · B[k, 0..7]   for `rows` rows, a multiple of 4
 *
 * c: one panel, at its first row; a: panels of `stride` bytes, at the same row; b: one panel of
 * 8 × `panels` rows, at least one; init: 8 values.
 */
export function multiplyPanel(c: usize, a: usize, b: usize, init: usize, rows: i32, stride: usize, panels: i32): void {
  for (; panels > 0; panels -= RUN_PANELS) {
    multiplyRun(c, a, b, init, rows, stride, min(panels, RUN_PANELS));
    init = 0;
    a += <usize>RUN_PANELS * stride;
    b += RUN_BYTES;
  }
}

/** multiplyPanel for one run, of up to RUN_PANELS panels. init: 0 stands for what C holds. */
export function multiplyRun(c: usize, a: usize, b: usize, init: usize, rows: i32, stride: usize, panels: i32): void {
  const bytes = <usize>panels << 8;
  let sixes: usize = 0;
  if (ASC_FEATURE_RELAXED_SIMD) {
    sixes = <usize>(rows / 12 * 12) << 5;
    multiplyRows6(c, c + sixes, a, b, init, stride - 32, bytes);
  }
  multiplyRows4(c + sixes, c + (<usize>rows << 5), a + sixes, b, init, stride - 32, bytes);
}
