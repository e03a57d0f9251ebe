/**
 * The register tiles of the dense layers' products, from which scripts/tiles.js writes build/assembly/dense/tiles.ts.
 * What each field means, and why the steps of a loop are ended or guarded: scripts/tiles.d.ts. Layout of panels: gemm.ts.
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
   * c: one panel, at its first row; end: behind its last row, a multiple of 4 rows later; a: panels, at the same row as
   * c; b: one panel; init: 8 values, or 0 for what C holds; skip: bytes from the end of a row of a panel of A to that row
   * in the next panel; bytes: of this run in B, a multiple of 8 rows.
   *
   * A turn is a panel of A, so 8 values of k for one addition to the address of B. The address of A moves with each of
   * them, since a broadcast with an offset is two instructions in Node 20. There the four rows are four addresses, which
   * stay in registers.
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
   * multiplyRows4 with 6 rows a tile, for fused multiply-add; from c to end is a multiple of 6 rows
   *
   * 12 sums, 2 vectors of B and a broadcast are all of the 15 registers that V8 has.
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
   * The sums go over the rows of a batch, of which A and B have as many, so that what is a row of the tile is a value of
   * k, and these are side by side. Rows beyond a multiple of 8 have a loop of their own.
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
   * multiplyTransposed4x8 for 6 values of k: two at `a0`, two at `a1` and two at `a2`, so that they may lie in two panels
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
   * c, init: 8 values for each panel, `apart` · 32 bytes from one to the next; a: as many values as a panel has rows, a
   * multiple of 4; b: four panels of `bytes` bytes, each `apart` panels from the next.
   *
   * A turn of the outer loop is a run of k, as in multiplyPanel (gemm.ts); from the second on, what C holds is what is
   * added to. Columns 2i and 2i + 1 are panel i, so a step goes through the panels in descending order.
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
