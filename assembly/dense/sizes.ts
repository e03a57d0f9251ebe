/**
 * Sizes of panels (gemm.ts) and of the scratch of the dense layers' kernels, shared by the kernels and by the plans of
 * src/network. Valid AssemblyScript and valid TypeScript; a division of whole numbers is therefore written `(a / b) | 0`.
 */

/** How many panels of 8 columns a matrix of `columns` columns has. */
export function panelsOf(columns: i32): i32 {
  return (columns + 7) >> 3;
}

/** Bytes of a panel of a batch: a row is 8 float32, and the rows are rounded up to a multiple of 4. */
export function batchPanelBytes(rows: i32): i32 {
  return ((rows + 3) & ~3) << 5;
}

/** How many groups of 4 rows a batch's panel of `panelBytes` bytes has. */
export function rowGroupsOf(panelBytes: i32): i32 {
  return panelBytes >> 7;
}

/** How many products are added up in one run; the runs are then added to each other (gemm.ts). */
export const RUN: i32 = 112;

/** Bytes of scratch that denseInputGradient needs for each thread: one run of a panel of Wᵀ. */
export const TRANSPOSED_PANEL: i32 = RUN * 32;

/** Bytes of the tile of the gradient that denseWeightGradientAdagrad keeps in scratch. */
export const TILE_SCRATCH: i32 = 192;

/**
 * Bytes of scratch that it needs for each thread: the tile, a list of rows, and the gathered rows of a panel of dy and of
 * up to three panels of x.
 */
export function weightGradientScratch(panelBytes: i32): i32 {
  return TILE_SCRATCH + 5 * panelBytes;
}
