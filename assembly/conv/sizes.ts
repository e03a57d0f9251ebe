/**
 * Sizes of the convolutions: groups of rows, panels of weights, scratch. They are shared by the kernels and by the plans of
 * src/network. Valid AssemblyScript and valid TypeScript; a division of whole numbers is therefore written `(a / b) | 0`.
 */

/** How many groups of four rows, `dilation` apart, an image has. Winograd's filtering takes the rows of a group together. */
export function groupsOf(height: i32, dilation: i32): i32 {
  const rest = height % (4 * dilation);
  return ((height / (4 * dilation)) | 0) * dilation + (rest < dilation ? rest : dilation);
}

/** How many vectors of 4 pixels a row has. */
export function vectorsOf(width: i32): i32 {
  return (width + 3) >> 2;
}

/** Bytes of a panel of 4 outputs of a weight whose windows have `taps` pixels: 9 (conv3x3-weights.ts) or 1 (conv1x1.ts). */
export function weightPanelBytes(ins: i32, taps: i32): i32 {
  return (ins * taps * 16 + 63) & ~63;
}

/** Bytes of a weight [outs, ins, height, width] in panels. */
export function weightBytes(outs: i32, ins: i32, taps: i32): i32 {
  return ((outs + 3) >> 2) * weightPanelBytes(ins, taps);
}

/** Bytes of a matrix in panels with as many rows and columns as a weight has outputs. */
export function squareBytes(outs: i32): i32 {
  const panels = (outs + 3) >> 2;
  return panels * panels * 64;
}

/** Bytes that the update of a weight by Muon needs: two squares, two weights and a number. */
export function muonScratch(outs: i32, ins: i32, taps: i32): i32 {
  return 2 * squareBytes(outs) + 2 * weightBytes(outs, ins, taps) + 64;
}

/** Bytes of a panel of 4 outputs of a plane of the transformed weight U (winograd-weights.ts). */
export function transformedPanelBytes(ins: i32): i32 {
  return (ins * 48 + 63) & ~63;
}

/** Bytes of a plane of U, which is a number of panels. */
export function transformedPlaneBytes(outs: i32, ins: i32): i32 {
  return ((outs + 3) >> 2) * transformedPanelBytes(ins);
}

/** Bytes of U: six planes. */
export function transformedBytes(outs: i32, ins: i32): i32 {
  return 6 * transformedPlaneBytes(outs, ins);
}

/*
 * Transformed rows t_p and products M_p (winograd-products.ts) lie in two spans. A span is up to SPAN vectors of 4 pixels. A
 * channel of t_p is TRANSFORMED bytes. M_p[o, v] of the first span is at  m + (p·⌈outs⌉₄ + o)·PRODUCTS + 16·v,  where ⌈outs⌉₄
 * is outs rounded up to a multiple of 4; the second span follows SPAN_PRODUCTS bytes after the first.
 */

/** The most vectors of a span: as many as the tile oneOutput (tiles.js) has sums. */
export const SPAN: i32 = 8;

/** Bytes of a span of a transformed row, with one more vector on each side. */
export const SPAN_BYTES: i32 = (SPAN + 2) * 16;

/** Bytes of a channel of a transformed row: two spans. */
export const TRANSFORMED: i32 = 2 * SPAN_BYTES;

/** Bytes of one output channel of the products: two spans, and one vector more so that planes are not 4,096 bytes apart. */
export const PRODUCTS: i32 = (2 * SPAN + 1) * 16;

/** Bytes from the first span of an output channel to the second. */
export const SPAN_PRODUCTS: i32 = SPAN * 16;

/** Bytes of the products of one plane. */
export function productsBytes(outs: i32): i32 {
  return ((outs + 3) & ~3) * PRODUCTS;
}

/** How many groups of rows conv3x3 takes at a time: two, if a span has room for all columns of a group. */
export function groupsTogether(width: i32): i32 {
  return vectorsOf(width) <= SPAN ? 2 : 1;
}

/** Bytes of scratch that conv3x3 needs for each thread: a row of zeros, the transformed rows and their products. */
export function convolutionScratch(ins: i32, outs: i32): i32 {
  return (6 * ins + 1) * TRANSFORMED + 6 * productsBytes(outs);
}

/** How many vectors conv3x3WeightGradient takes at a time. A plane of so many stays in the first-level cache. */
const BAND: i32 = 64;

/** How many groups of rows it takes at a time, which is a band: as many as have BAND vectors together, but at least one. */
export function bandOf(height: i32, width: i32, dilation: i32): i32 {
  const groups = groupsOf(height, dilation);
  const fit = (BAND / vectorsOf(width)) | 0;
  return fit < 1 ? 1 : fit < groups ? fit : groups;
}

/**
 * Bytes of scratch that it needs for each thread, for images a of `as` channels and b of `bs` channels: a table of taps, a row
 * of zeros, the transformed rows of a band of b, the packed vectors of a band of a, and a table of the vectors' places.
 */
export function weightGradientScratch(as: i32, bs: i32, height: i32, width: i32, dilation: i32): i32 {
  const vectors = vectorsOf(width);
  const band = bandOf(height, width, dilation);
  const rows = (1 + 6 * bs * band) * (vectors + 2) * 16;
  const packed = 6 * ((as + 3) & ~3) * band * vectors * 16;
  return ((12 * bs + 63) & ~63) + rows + packed + 4 * band * vectors;
}

/** Bytes of the sums of a bias's gradient, which follow those of the weight's gradient. */
export function biasSumsBytes(channels: i32): i32 {
  return (channels * 4 + 63) & ~63;
}

/** Bytes of one chunk's sums in conv3x3WeightGradient: the gradient of U for `as` × `bs` channels, then that of the bias. */
export function gradientChunkBytes(as: i32, bs: i32, sumOfB: bool): i32 {
  return transformedBytes(as, bs) + biasSumsBytes(sumOfB ? bs : as);
}

/** How many vectors conv1x1WeightGradient sums at a time, at least: so few that they stay in the first-level cache. */
const BAND_1X1: i32 = 32;

/** How many rows it sums at a time, which is a band: as many as have BAND_1X1 vectors together, but at least one. */
export function bandOf1x1(width: i32): i32 {
  const fit = (BAND_1X1 / vectorsOf(width)) | 0;
  return fit < 1 ? 1 : fit;
}

/** Bytes of one chunk's sums in conv1x1WeightGradient: the gradient of the weight, then that of the bias. */
export function gradientChunkBytes1x1(outs: i32, ins: i32): i32 {
  return weightBytes(outs, ins, 1) + biasSumsBytes(outs);
}
