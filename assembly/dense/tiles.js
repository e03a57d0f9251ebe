/**
 * Descriptions of the register tiles of the dense layers' products. scripts/tiles.js generates
 * build/assembly/dense/tiles.ts from them. scripts/tiles.d.ts says what each field means, and why the steps of a loop are
 * "ended" or "guarded". gemm.ts describes the layout of panels.
 */

/** @type {import("../../scripts/tiles.js").Tiles["imports"]} */
export const imports = { "dense/sizes": ["RUN"] };

/** @type {import("../../scripts/tiles.js").Tiles["tiles"]} */
export const tiles = {
  /**
   * multiplyRun (gemm.ts) for the rows of C up to `end`, 4 at a time
   *
   *   C[r, 0..7] = init[0..7] + Σ_k A[r, k] · B[k, 0..7]
   *
   * c: one panel of C, at the first of the rows; end: where the rows end, a multiple of 4 rows after c; a: panels of A, at
   * the same row as c; b: one panel of B; init: 8 values, or 0 to add to what C holds; skip: bytes from the end of a row
   * in one panel of A to the same row in the next; bytes: the bytes of B in this run, a multiple of 8 rows.
   *
   * A turn of the loop over k is one panel of A: 8 values of k, for one addition to the address of B. The address of A
   * moves after each value of k, since Node 20 needs two instructions for a broadcast with a constant offset. It keeps
   * the addresses of the four rows in four registers.
   */
  multiplyRows4: {
    parameters: "c: usize, end: usize, a: usize, b: usize, init: usize, skip: usize, bytes: usize",
    around: "; c < end; c += 128, a += 128",
    start: "let at = a, row = b;",
    rows: 4,
    columns: 2,
    order: "ascending",
    a: (row) => ["at", 32 * row],
    moves: { at: 4 },
    b: (step, column) => ["row", 32 * step + 16 * column],
    loops: [
      { head: "const rowEnd = b + bytes; row < rowEnd; at += skip, row += 256", steps: 8, form: "ended" },
    ],
    c: (row, column) => ["c", 32 * row + 16 * column],
    init: (column) => ["init", 16 * column],
    initOrC: true,
  },

  /**
   * multiplyRows4 with 6 rows to a tile, for fused multiply-add; there are a multiple of 6 rows from c to end
   *
   * 12 sums, 2 vectors of B and a broadcast take all 15 registers that V8 has.
   */
  multiplyRows6: {
    parameters: "c: usize, end: usize, a: usize, b: usize, init: usize, skip: usize, bytes: usize",
    around: "; c < end; c += 192, a += 192",
    start: "let at = a, row = b;",
    rows: 6,
    columns: 2,
    order: "descending",
    a: (row) => ["at", 32 * row],
    moves: { at: 4 },
    b: (step, column) => ["row", 32 * step + 16 * column],
    loops: [
      { head: "const rowEnd = b + bytes; row < rowEnd; at += skip, row += 256", steps: 8, form: "guarded" },
    ],
    c: (row, column) => ["c", 32 * row + 16 * column],
    init: (column) => ["init", 16 * column],
    initOrC: true,
  },

  /**
   * C[k, 0..7] = Σ_r A[r, k] · B[r, 0..7]   for 4 values of k in one panel, r in 0..`rows`
   *
   * c: 4 rows of a panel; a: one panel of a batch, at the first of the values of k; b: one panel of a batch.
   *
   * The sum runs over the rows of the batch, so a row of the tile is one value of k, and the tile's values of k lie side by
   * side in each row of A. The second loop takes the rows that are left over from a multiple of 8.
   */
  multiplyTransposed4x8: {
    parameters: "c: usize, a: usize, b: usize, rows: i32",
    rows: 4,
    columns: 2,
    order: "ascending",
    a: (row) => ["a", 4 * row],
    moves: { a: 32 },
    b: (step, column) => ["b", 32 * step + 16 * column],
    loops: [
      { head: "const end = b + (<usize>(rows & -8) << 5); b < end; b += 256", steps: 8, form: "ended" },
      { head: "const end = b + (<usize>(rows & 7) << 5); b < end; b += 32", steps: 1, form: "plain" },
    ],
    c: (row, column) => ["c", 32 * row + 16 * column],
  },

  /**
   * multiplyTransposed4x8 for 6 values of k: two at `a0`, two at `a1` and two at `a2`, since they may lie in two panels
   */
  multiplyTransposed6x8: {
    parameters: "c: usize, a0: usize, a1: usize, a2: usize, b: usize, rows: i32",
    rows: 6,
    columns: 2,
    order: "ascending",
    a: (row) => [`a${row >> 1}`, 4 * (row & 1)],
    moves: { a0: 32, a1: 32, a2: 32 },
    b: (_step, column) => ["b", 16 * column],
    loops: [{ head: "const end = b + (<usize>rows << 5); b < end; b += 32", steps: 1, form: "plain" }],
    c: (row, column) => ["c", 32 * row + 16 * column],
  },

  /**
   * c[0..7] = init[0..7] + Σ_k a[k] · B[k, 0..7]   for four panels of B
   *
   * c, init: 8 values for each panel, `apart` · 32 bytes from one panel's to the next; a: as many values as a panel of B has
   * rows, a multiple of 4; b: four panels of `bytes` bytes, each `apart` panels after the one before.
   *
   * A turn of the outer loop is a run of k, as in multiplyPanel (gemm.ts). From the second run on, the sums are added to
   * what C holds. Columns 2i and 2i + 1 of the tile are panel i, so a step goes through the panels in descending order.
   */
  multiplyVector4: {
    parameters: "c: usize, a: usize, b: usize, init: usize, bytes: usize, apart: usize",
    before:
      "const step = apart * bytes, out = apart << 5; let b0 = b, b1 = b0 + step, b2 = b1 + step, b3 = b2 + step;",
    around: "const end = b0 + bytes; b0 < end; init = c",
    rows: 1,
    columns: 8,
    order: [6, 7, 4, 5, 2, 3, 0, 1],
    a: () => ["a", 0],
    moves: { a: 4 },
    b: (step, column) => [`b${column >> 1}`, 32 * step + 16 * (column & 1)],
    loops: [
      {
        head: "const runEnd = min(b0 + RUN * 32, end); b0 < runEnd; b0 += 128, b1 += 128, b2 += 128, b3 += 128",
        steps: 4,
        form: "guarded",
      },
    ],
    c: (_row, column) => [`c + ${column >> 1} * out`, 16 * (column & 1)],
    init: (column) => [`init + ${column >> 1} * out`, 16 * (column & 1)],
  },

  /** multiplyVector4 for one panel of `bytes` bytes */
  multiplyVector1: {
    parameters: "c: usize, a: usize, b: usize, init: usize, bytes: usize",
    around: "const end = b + bytes; b < end; init = c",
    rows: 1,
    columns: 2,
    order: "ascending",
    a: () => ["a", 0],
    moves: { a: 4 },
    b: (_step, column) => ["b", 16 * column],
    loops: [{ head: "const runEnd = min(b + RUN * 32, end); b < runEnd; b += 32", steps: 1, form: "plain" }],
    c: (_row, column) => ["c", 16 * column],
    init: (column) => ["init", 16 * column],
  },
};
