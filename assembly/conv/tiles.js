/**
 * The register tiles of the Winograd products (winograd-products.ts), from which scripts/tiles.js writes
 * build/assembly/conv/tiles.ts. What each field means, and why the steps of a loop are ended or guarded:
 * scripts/tiles.d.ts. Layout of t, U and M: sizes.ts.
 *
 * The weights stand where A stands, and the pixels where B does: a step is one weight for each output, in the order of U,
 * channel after channel and kx = 0, 1, 2 for each. So the vectors come from the pixel to the left, the pixel itself and
 * the pixel to the right in turn, and three steps make a channel.
 */

/** @type {import("../../scripts/tiles.js").Tiles["imports"]} */
export const imports = {
  "conv/sizes": ["PRODUCTS", "SPAN_BYTES", "SPAN_PRODUCTS", "TRANSFORMED"],
};

const start = "let left = x - reach, right = x + reach;";

/** The pointer to the pixels of a step. */
const pixels = (step) => ["left", "x", "right"][step % 3];

/** The head of a loop of one channel, or more, to a turn. */
const channels = (end, bytes) =>
  `const end = x + ${end}; x < end; left += ${bytes}, x += ${bytes}, right += ${bytes}`;

/** @type {import("../../scripts/tiles.js").Tiles["tiles"]} */
export const tiles = {
  /**
   * M[o, v] = Σ_{i, kx} w[o, i, kx] · x[i, v + (kx − 1)·reach]   for 4 outputs and two vectors v, one of each span
   *
   * m: of the first output and the vector of the first span; x: that vector of channel 0 of t_p; reach: in bytes; w: a
   * panel of U; ins: channels of t_p. The columns of the tile are the spans. A turn is two channels; an odd one is left.
   */
  fourOutputs: {
    parameters: "m: usize, x: usize, reach: usize, w: usize, ins: i32",
    start,
    rows: 4,
    columns: 2,
    order: "ascending",
    a: (row) => ["w", 4 * row],
    moves: { w: 16 },
    b: (step, column) => [pixels(step), `${Math.floor(step / 3)} * TRANSFORMED + ${column} * SPAN_BYTES`],
    loops: [
      { head: channels("<usize>(ins >> 1) * (2 * TRANSFORMED)", "2 * TRANSFORMED"), steps: 6, form: "ended" },
      { head: channels("<usize>(ins & 1) * TRANSFORMED", "TRANSFORMED"), steps: 3, form: "ended" },
    ],
    c: (row, column) => ["m", `${row} * PRODUCTS + ${column} * SPAN_PRODUCTS`],
  },

  /** fourOutputs for 4 outputs from the panel at w4 and 2 from half a panel at w2, which go to `two` bytes after those */
  sixOutputs: {
    parameters: "m: usize, x: usize, reach: usize, w4: usize, w2: usize, two: usize, ins: i32",
    start,
    rows: 6,
    columns: 2,
    order: "descending",
    a: (row) => (row < 4 ? ["w4", 4 * row] : ["w2", 4 * (row - 4)]),
    moves: { w4: 16, w2: 16 },
    b: (step, column) => [pixels(step), `${column} * SPAN_BYTES`],
    loops: [{ head: channels("<usize>ins * TRANSFORMED", "TRANSFORMED"), steps: 3, form: "guarded" }],
    c: (row, column) => [row < 4 ? "m" : "m + two", `${row % 4} * PRODUCTS + ${column} * SPAN_PRODUCTS`],
  },

  /** fourOutputs for one output and the SPAN vectors from x on, which are the columns of the tile */
  oneOutput: {
    parameters: "m: usize, x: usize, reach: usize, w: usize, ins: i32",
    start,
    rows: 1,
    columns: 8,
    order: "descending",
    a: () => ["w", 0],
    moves: { w: 16 },
    b: (step, column) => [pixels(step), 16 * column],
    loops: [{ head: channels("<usize>ins * TRANSFORMED", "TRANSFORMED"), steps: 3, form: "guarded" }],
    c: (_row, column) => ["m", 16 * column],
  },
};
