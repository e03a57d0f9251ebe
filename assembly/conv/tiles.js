/**
 * Descriptions of the register tiles of the convolutions. scripts/tiles.js generates build/assembly/conv/tiles.ts from them. scripts/tiles.d.ts says what each field means, and why the steps of a loop are
 * "ended" or "guarded". sizes.ts describes the layout of t, U and M.
 *
 * The weights take the part of A, and the pixels that of B. In the first three tiles, which compute the Winograd products
 * (winograd-products.ts), a step is one weight for each output, in the order of U: channel after channel, and kx = 0, 1, 2
 * within a channel. So the steps use, in turn, the pixel to the left, the pixel itself and the pixel to the right, and three
 * steps are a channel. In the others (conv1x1.ts) a step is a channel.
 */

/** @type {import("../../scripts/tiles.js").Tiles["imports"]} */
export const imports = {
  "conv/sizes": ["PRODUCTS", "SPAN_BYTES", "SPAN_PRODUCTS", "TRANSFORMED"],
};

const start = "let left = x - reach, right = x + reach;";

/** The pointer to the pixels of a step. */
const pixels = (step) => ["left", "x", "right"][step % 3];

/** The head of a loop whose turns are one channel or more, of `bytes` bytes. */
const channels = (end, bytes) =>
  `const end = x + ${end}; x < end; left += ${bytes}, x += ${bytes}, right += ${bytes}`;

/** What a tile of a 1×1 convolution stores for a sum: with the output's bias, and not below `floor`. */
function activated(bias) {
  return (sum, row) => `f32x4.pmax(f32x4.add(v128.load32_splat(${bias}, ${4 * row}), ${sum}), floor)`;
}

/** @type {import("../../scripts/tiles.js").Tiles["tiles"]} */
export const tiles = {
  /**
   * M[o, v] = Σ_{i, kx} w[o, i, kx] · x[i, v + (kx − 1)·reach]   for two vectors v, one of each span, and for outputs four by four
   *
   * m: M of the first output and the first span's vector; x: the same vector of channel 0 of t_p; reach: in bytes; w: the
   * first output's panel of U; ins: channels of t_p; skip: bytes between the last channel of a panel and the next panel; end:
   * M of the output after the last. The two columns of the tile are the two spans. A turn is two channels; the second loop
   * takes the last channel if their number is odd.
   */
  fourOutputs: {
    parameters: "m: usize, x: usize, reach: usize, w: usize, ins: i32, skip: usize, end: usize",
    around: "const first = x; m < end; m += 4 * PRODUCTS, w += skip",
    start: `x = first; ${start}`,
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

  /** fourOutputs for 6 outputs alone: 4 of the panel at w4, and 2 of the half panel at w2, which are stored `two` bytes after m */
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

  /** fourOutputs for one output, and for the SPAN vectors that begin at x, which are the columns of the tile */
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

  /**
   * y[o, v] = max(floor, bias[o] + Σ_i w[o, i] · x[i, v])   for two successive vectors v, and for outputs four by four
   *
   * y: the first output's vectors, and `pitch` bytes further on the next output's; x: the same vectors of channel 0, and
   * `pitch` bytes further on those of the next channel; w: the first output's panel of the weight; bias: the outputs' values;
   * ins: channels of x; skip: bytes between the last channel of a panel and the next panel; end: y of the output after the last.
   */
  pointwise4x2: {
    parameters:
      "y: usize, x: usize, w: usize, bias: usize, floor: v128, pitch: usize, ins: i32, skip: usize, end: usize",
    around: "; y < end; y += 4 * pitch, w += skip, bias += 16",
    start: "let t = x;",
    rows: 4,
    columns: 2,
    order: "ascending",
    a: (row) => ["w", 4 * row],
    moves: { w: 16, t: "pitch" },
    b: (_step, column) => ["t", 16 * column],
    loops: [
      { head: "const end = w + (<usize>(ins & -4) << 4); w < end; ", steps: 4, form: "ended" },
      { head: "const end = w + (<usize>(ins & 3) << 4); w < end; ", steps: 1, form: "plain" },
    ],
    c: (row, column) => [`y + ${row} * pitch`, 16 * column],
    stored: activated("bias"),
  },

  /** pointwise4x2 for 6 outputs alone: 4 of the panel at w4, and 2 of the half panel at w2, whose vectors are at y2 */
  pointwise6x2: {
    parameters:
      "y: usize, y2: usize, x: usize, w4: usize, w2: usize, bias: usize, bias2: usize, floor: v128, pitch: usize, ins: i32",
    rows: 6,
    columns: 2,
    order: "descending",
    a: (row) => (row < 4 ? ["w4", 4 * row] : ["w2", 4 * (row - 4)]),
    moves: { w4: 16, w2: 16, x: "pitch" },
    b: (_step, column) => ["x", 16 * column],
    loops: [
      { head: "const end = w4 + (<usize>(ins & -4) << 4); w4 < end; ", steps: 4, form: "guarded" },
      { head: "const end = w4 + (<usize>(ins & 3) << 4); w4 < end; ", steps: 1, form: "plain" },
    ],
    c: (row, column) => [row < 4 ? `y + ${row} * pitch` : `y2 + ${row - 4} * pitch`, 16 * column],
    stored: (sum, row) => activated(row < 4 ? "bias" : "bias2")(sum, row % 4),
  },

  /** pointwise4x2 for one vector and 4 outputs */
  pointwise4x1: {
    parameters: "y: usize, x: usize, w: usize, bias: usize, floor: v128, pitch: usize, ins: i32",
    rows: 4,
    columns: 1,
    order: "ascending",
    a: (row) => ["w", 4 * row],
    moves: { w: 16, x: "pitch" },
    b: () => ["x", 0],
    loops: [{ head: "const end = w + (<usize>ins << 4); w < end; ", steps: 1, form: "plain" }],
    c: (row) => [`y + ${row} * pitch`, 0],
    stored: activated("bias"),
  },

  /** pointwise4x2 for one output and one vector; w: the output's first value in its panel */
  pointwise1x1: {
    parameters: "y: usize, x: usize, w: usize, bias: usize, floor: v128, pitch: usize, ins: i32",
    rows: 1,
    columns: 1,
    order: "ascending",
    a: () => ["w", 0],
    moves: { w: 16, x: "pitch" },
    b: () => ["x", 0],
    loops: [{ head: "const end = w + (<usize>ins << 4); w < end; ", steps: 1, form: "plain" }],
    c: () => ["y", 0],
    stored: activated("bias"),
  },
};
