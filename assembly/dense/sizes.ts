/**
 * Sizes of panels (gemm.ts) and of the scratch of the dense layers' kernels. Valid AssemblyScript and valid TypeScript,
 * so that kernels and plans share them: division of whole numbers is written `(a / b) | 0`.
 */

/** Panels of 8 columns in a matrix. */
export function panelsOf(columns: i32): i32 {
  return (columns + 7) >> 3;
}

/** Bytes of a panel of a batch: rows of 8 float32, rounded up to a multiple of 4 rows. */
export function batchPanelBytes(rows: i32): i32 {
  return ((rows + 3) & ~3) << 5;
}

/** Groups of 4 rows in a panel of a batch of so many bytes. */
export function rowGroupsOf(panelBytes: i32): i32 {
  return panelBytes >> 7;
}

/** Products that are summed before the next begin a sum of their own (gemm.ts). */
export const RUN: i32 = 112;

/** Bytes of scratch of denseInputGradient for each thread: a panel of Wᵀ for one run. */
export const TRANSPOSED_PANEL: i32 = RUN * 32;

/** Bytes of the tile of a gradient that denseWeightGradientAdagrad holds. */
export const TILE_SCRATCH: i32 = 192;

/** Its scratch for each thread: the tile, a list of rows, and gathered rows of a panel of dy and of up to three of x. */
export function weightGradientScratch(panelBytes: i32): i32 {
  return TILE_SCRATCH + 5 * panelBytes;
}
