/**
 * Sizes of the convolutions: groups of rows, panels of weights, scratch. Valid AssemblyScript and valid TypeScript, so that
 * kernels and plans share them: division of whole numbers is written `(a / b) | 0`.
 */

/** Groups of four rows, `dilation` apart, in an image: what Winograd's filtering along the columns takes together. */
export function groupsOf(height: i32, dilation: i32): i32 {
  const rest = height % (4 * dilation);
  return ((height / (4 * dilation)) | 0) * dilation + (rest < dilation ? rest : dilation);
}

/** Vectors of 4 pixels in a row. */
export function vectorsOf(width: i32): i32 {
  return (width + 3) >> 2;
}

/** Bytes of a panel of 4 outputs of a weight [outs, ins, 3, 3] (conv3x3-weights.ts). */
export function weightPanelBytes(ins: i32): i32 {
  return (ins * 144 + 63) & ~63;
}

/** Bytes of such a weight: whole panels. */
export function weightBytes(outs: i32, ins: i32): i32 {
  return ((outs + 3) >> 2) * weightPanelBytes(ins);
}

/** Bytes of a panel of 4 outputs of a plane of the transformed weight U (winograd-weights.ts). */
export function transformedPanelBytes(ins: i32): i32 {
  return (ins * 48 + 63) & ~63;
}

/** Bytes of a plane of U: whole panels. */
export function transformedPlaneBytes(outs: i32, ins: i32): i32 {
  return ((outs + 3) >> 2) * transformedPanelBytes(ins);
}

/** Bytes of U: six planes. */
export function transformedBytes(outs: i32, ins: i32): i32 {
  return 6 * transformedPlaneBytes(outs, ins);
}

/*
 * Transformed rows t_p and products M_p (winograd-products.ts) lie in two spans of vectors of 4 pixels. A channel of t_p is
 * TRANSFORMED bytes; M_p[o, v] is at  m + (p·⌈outs⌉₄ + o)·PRODUCTS + 16·v,  the second span SPAN_PRODUCTS bytes behind.
 */

/** Vectors of a span: as many as the tile oneOutput has sums. */
export const SPAN: i32 = 8;

/** Bytes of a span of a transformed row, with a vector more on both sides. */
export const SPAN_BYTES: i32 = (SPAN + 2) * 16;

/** Bytes of a channel of a transformed row: two spans. */
export const TRANSFORMED: i32 = 2 * SPAN_BYTES;

/** Bytes of an output of the products: two spans and a vector more, so that planes are not 4,096 bytes apart. */
export const PRODUCTS: i32 = (2 * SPAN + 1) * 16;

/** Bytes from the first span of an output to the second. */
export const SPAN_PRODUCTS: i32 = SPAN * 16;

/** Bytes of the products of one plane. */
export function productsBytes(outs: i32): i32 {
  return ((outs + 3) & ~3) * PRODUCTS;
}

/** Groups of rows that conv3x3 takes at a time: two where all columns of both are two spans. */
export function groupsTogether(width: i32): i32 {
  return vectorsOf(width) <= SPAN ? 2 : 1;
}

/** Bytes of scratch of conv3x3 for each thread: a row of zeros, the transformed rows, their products. */
export function convolutionScratch(ins: i32, outs: i32): i32 {
  return (6 * ins + 1) * TRANSFORMED + 6 * productsBytes(outs);
}

/** Vectors that conv3x3WeightGradient takes at a time, so that a plane of them stays in the first-level cache. */
const BAND: i32 = 64;

/** Groups of rows that it takes at a time: as many as fit, at least one. */
export function bandOf(height: i32, width: i32, dilation: i32): i32 {
  const groups = groupsOf(height, dilation);
  const fit = (BAND / vectorsOf(width)) | 0;
  return fit < 1 ? 1 : fit < groups ? fit : groups;
}

/**
 * Bytes of its scratch for each thread, for `as` channels that are put next to each other and `bs` that are transformed: a
 * table of taps, a row of zeros, the transformed rows of a band, the band's vectors side by side, and their places.
 */
export function weightGradientScratch(as: i32, bs: i32, height: i32, width: i32, dilation: i32): i32 {
  const vectors = vectorsOf(width);
  const band = bandOf(height, width, dilation);
  const rows = (1 + 6 * bs * band) * (vectors + 2) * 16;
  const packed = 6 * ((as + 3) & ~3) * band * vectors * 16;
  return ((12 * bs + 63) & ~63) + rows + packed + 4 * band * vectors;
}

/** Bytes of the sums of a bias's gradient, behind those of its weight's. */
export function biasSumsBytes(channels: i32): i32 {
  return (channels * 4 + 63) & ~63;
}

/** Bytes of one chunk of conv3x3WeightGradient: the gradient of U for `as` × `bs` channels, then that of the bias. */
export function gradientChunkBytes(as: i32, bs: i32, sumOfB: bool): i32 {
  return transformedBytes(as, bs) + biasSumsBytes(sumOfB ? bs : as);
}
