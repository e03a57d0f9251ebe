/**
 * 3×3 convolution, forward and backward, on images in rows (pixels.ts): value (image n, row r, channel c,
 * column s) of a buffer of C channels is at  origin + ((n·rows + r)·C + c)·pitch + 4s,  with a border of at
 * least the dilation d on all four sides. The border holds the padding, zeros or a reflection (padding.ts), so
 * no kernel knows of edges.
 *
 * Weights are in panels of 4 outputs: w[o][i][ky][kx] of PyTorch is value
 * (⌊o/4⌋·P + k)·4 + (o mod 4),  k = 9i + 3ky + kx,  P = 9·ins rounded up to a multiple of 4,
 * so a panel is whole cache lines. Outputs past the last and columns past 9·ins are 0.
 *
 * A table of taps, one for each channel count, pitch and dilation, makes one loop of the channels and the 3×3
 * window: taps[k] is the distance in bytes from a pixel of channel 0 to what weight k multiplies,
 * ((ky − 1)·d·ins + i)·pitch + (kx − 1)·4d.
 *
 * A vector is 4 pixels of a row, so that 1 or 3 channels cost no padding. The register tile is 2 vectors × 4
 * outputs; the vectors may lie anywhere in the image, so that no width leaves half a tile over. With fused
 * multiply-add, which wants more sums under way, it is 2 × 6. The loop over taps is not unrolled: the V8 of Node 20
 * puts all loads of a loop's body first, so sums and loads together have to fit 15 registers (unrolled 3 times
 * it spilled and took 1.3 times as long).
 *
 * Every value is summed by one thread in one order, whatever the tile and the number of threads.
 *
 * Method: direct convolution through a table of offsets, after Dukhan, "The indirect convolution algorithm",
 * arXiv:1907.02129 (2019); register tiles as in gemm.ts.
 */
import { Activation } from "./opcodes";
import { clearTails } from "./pixels";
import { multiplyAdd } from "./simd";

/** Bytes of 48 taps: the end of a loop as short is foreseen by the processor, that of a loop over 144 is not. */
const BLOCK: usize = 192;

/** Bytes of one panel of weights. */
// @ts-ignore: decorator
@inline
export function panelBytes(ins: i32): usize {
  return (<usize>ins * 144 + 63) & ~63;
}

/**
 * y[n, r, o, s] = f(bias[o] + Σ_k w[o, k] · x[n, r, 0, s : +taps[k]])
 * or, with gate ≠ 0,  y = (…) ∘ (gate > 0),  the gradient of a ReLU whose output is `gate`
 *
 * y, gate: images of `outs` channels; x: images of `ins` channels; w: panels; bias: `outs` values, rounded up
 * to 4. The layer's input gradient is this function with dy for x, the weights of conv3x3TransposeWeights and
 * zeros for bias.
 *
 * An item is a row of all channels. Wide rows are taken in strips, so that three rows of a strip stay in the
 * first-level cache. Columns between width and the next multiple of 4 are set to 0.
 */
export function conv3x3(
  y: usize, x: usize, w: usize, bias: usize, taps: usize, gate: usize, ins: i32, outs: i32, height: i32, width: i32,
  pitch: usize, rows: i32, activation: i32, first: i32, last: i32,
): void {
  const vectors = (width + 3) >> 2;
  const strip = max(8, STRIP / ins);
  const relu = activation == Activation.relu;
  const toGate = gate ? gate - y : 0;
  for (let column = 0; column < vectors; column += strip) {
    const count = min(strip, vectors - column);
    const xs = x + (<usize>column << 4);
    const ys = y + (<usize>column << 4);
    if (outs & ~3) groupedOutputs(ys, xs, w, bias, taps, toGate, ins, outs, height, count, pitch, rows, relu, first, last);
    if (outs & 3) singleOutputs(ys, xs, w, bias, taps, toGate, ins, outs, height, count, pitch, rows, relu, first, last);
  }
  if (width & 3) clearTails(y, outs, height, width, pitch, rows, first, last);
}

/** Fetches the row that the window of row `x` ends with and, with `all`, those from its middle on. */
function fetchWindow(x: usize, taps: usize, ins: i32, pitch: usize, vectors: i32, all: bool): void {
  const below = x + load<usize>(taps, 28);
  for (let row = all ? x : below; row <= below; row += <usize>ins * pitch) fetchRow(row, ins, pitch, vectors);
}

/**
 * Loads a byte of each cache line of a row. The tiles' own loads come in an order that no prefetcher foresees, so
 * outside the second-level cache they wait one after the other; these wait together (docs/experiments.md).
 */
function fetchRow(row: usize, channels: i32, pitch: usize, vectors: i32): void {
  for (const end = row + <usize>channels * pitch; row < end; row += pitch) {
    for (let line = row; line < row + (<usize>vectors << 4); line += 64) load<u8>(line);
  }
}

/** Vectors of a strip times channels: 3 rows of it are 26 KB. */
const STRIP: i32 = 560;

/** conv3x3 for the outputs in whole groups of 4, in a strip of `vectors` vectors. */
function groupedOutputs(
  y: usize, x: usize, w: usize, bias: usize, taps: usize, gate: usize, ins: i32, outs: i32, height: i32, vectors: i32,
  pitch: usize, rows: i32, relu: bool, first: i32, last: i32,
): void {
  const tapsEnd = taps + <usize>ins * 36;
  const panel = panelBytes(ins);
  const xRow = <usize>ins * pitch;
  const yRow = <usize>outs * pitch;
  let image = first / height;
  let row = first - image * height;
  let xNext = x + <usize>(image * rows + row) * xRow;
  let yNext = y + <usize>(image * rows + row) * yRow;
  let rest = vectors;
  fetchWindow(xNext, taps, ins, pitch, vectors, true);
  for (let left = (last - first) * vectors; left > 0; left -= 2) {
    let xa = xNext, xb = xNext, ya = yNext, yb = yNext;
    // The last tile may be half: it then computes the same vector twice.
    for (let second = 0; second < min(left, 2); second++) {
      xb = xNext;
      yb = yNext;
      xNext += 16;
      yNext += 16;
      if (--rest == 0) {
        rest = vectors;
        if (++row == height) {
          row = 0;
          image++;
        }
        xNext = x + <usize>(image * rows + row) * xRow;
        yNext = y + <usize>(image * rows + row) * yRow;
        if (left > 2) {
          fetchWindow(xNext, taps, ins, pitch, vectors, row == 0);
          if (gate) fetchRow(yNext + gate, outs, pitch, vectors);
        }
      }
    }
    let wo = w;
    let b = bias;
    let o = 0;
    if (ASC_FEATURE_RELAXED_SIMD) {
      for (; o + 12 <= outs; o += 12) {
        const half = <usize>6 * pitch;
        sixOutputs(ya, yb, xa, xb, wo, wo + panel, 0, 4, b, taps, tapsEnd, gate, pitch, relu);
        sixOutputs(
          ya + half, yb + half, xa, xb, wo + 2 * panel, wo + panel + 8, 2, 0, b + 24, taps, tapsEnd, gate, pitch, relu,
        );
        ya += 12 * pitch;
        yb += 12 * pitch;
        wo += 3 * panel;
        b += 48;
      }
    }
    for (; o + 4 <= outs; o += 4) {
      let c00 = v128.load32_splat(b), c01 = c00;
      let c10 = v128.load32_splat(b, 4), c11 = c10;
      let c20 = v128.load32_splat(b, 8), c21 = c20;
      let c30 = v128.load32_splat(b, 12), c31 = c30;
      let wk = wo;
      for (let tap = taps; tap < tapsEnd; ) {
        for (const end = min(tap + BLOCK, tapsEnd); tap < end; tap += 4, wk += 16) {
          const offset = load<usize>(tap);
          const x0 = v128.load(xa + offset);
          const x1 = v128.load(xb + offset);
          const w0 = v128.load32_splat(wk);
          c00 = multiplyAdd(w0, x0, c00);
          c01 = multiplyAdd(w0, x1, c01);
          const w1 = v128.load32_splat(wk, 4);
          c10 = multiplyAdd(w1, x0, c10);
          c11 = multiplyAdd(w1, x1, c11);
          const w2 = v128.load32_splat(wk, 8);
          c20 = multiplyAdd(w2, x0, c20);
          c21 = multiplyAdd(w2, x1, c21);
          const w3 = v128.load32_splat(wk, 12);
          c30 = multiplyAdd(w3, x0, c30);
          c31 = multiplyAdd(w3, x1, c31);
        }
      }
      storePair(ya, yb, c00, c01, gate, relu);
      storePair(ya + pitch, yb + pitch, c10, c11, gate, relu);
      storePair(ya + 2 * pitch, yb + 2 * pitch, c20, c21, gate, relu);
      storePair(ya + 3 * pitch, yb + 3 * pitch, c30, c31, gate, relu);
      ya += 4 * pitch;
      yb += 4 * pitch;
      wo += panel;
      b += 16;
    }
  }
}

/**
 * Six outputs of two vectors: 4 from the panel at w4, stored from channel `four` of y on, and 2 from half a
 * panel at w2, from channel `two` on.
 */
function sixOutputs(
  ya: usize, yb: usize, xa: usize, xb: usize, w4: usize, w2: usize, four: usize, two: usize, bias: usize,
  taps: usize, tapsEnd: usize, gate: usize, pitch: usize, relu: bool,
): void {
  const b4 = bias + (four << 2);
  const b2 = bias + (two << 2);
  let c00 = v128.load32_splat(b4), c01 = c00;
  let c10 = v128.load32_splat(b4, 4), c11 = c10;
  let c20 = v128.load32_splat(b4, 8), c21 = c20;
  let c30 = v128.load32_splat(b4, 12), c31 = c30;
  let c40 = v128.load32_splat(b2), c41 = c40;
  let c50 = v128.load32_splat(b2, 4), c51 = c50;
  while (taps < tapsEnd) {
    for (const end = min(taps + BLOCK, tapsEnd); taps < end; taps += 4, w4 += 16, w2 += 16) {
      const offset = load<usize>(taps);
      const x0 = v128.load(xa + offset);
      const x1 = v128.load(xb + offset);
      const w0 = v128.load32_splat(w4);
      c00 = multiplyAdd(w0, x0, c00);
      c01 = multiplyAdd(w0, x1, c01);
      const w1 = v128.load32_splat(w4, 4);
      c10 = multiplyAdd(w1, x0, c10);
      c11 = multiplyAdd(w1, x1, c11);
      const w2nd = v128.load32_splat(w4, 8);
      c20 = multiplyAdd(w2nd, x0, c20);
      c21 = multiplyAdd(w2nd, x1, c21);
      const w3 = v128.load32_splat(w4, 12);
      c30 = multiplyAdd(w3, x0, c30);
      c31 = multiplyAdd(w3, x1, c31);
      const w40 = v128.load32_splat(w2);
      c40 = multiplyAdd(w40, x0, c40);
      c41 = multiplyAdd(w40, x1, c41);
      const w5 = v128.load32_splat(w2, 4);
      c50 = multiplyAdd(w5, x0, c50);
      c51 = multiplyAdd(w5, x1, c51);
    }
  }
  let y0 = ya + four * pitch;
  let y1 = yb + four * pitch;
  storePair(y0, y1, c00, c01, gate, relu);
  storePair(y0 + pitch, y1 + pitch, c10, c11, gate, relu);
  storePair(y0 + 2 * pitch, y1 + 2 * pitch, c20, c21, gate, relu);
  storePair(y0 + 3 * pitch, y1 + 3 * pitch, c30, c31, gate, relu);
  y0 = ya + two * pitch;
  y1 = yb + two * pitch;
  storePair(y0, y1, c40, c41, gate, relu);
  storePair(y0 + pitch, y1 + pitch, c50, c51, gate, relu);
}

// @ts-ignore: decorator
@inline
function storePair(ya: usize, yb: usize, a: v128, b: v128, gate: usize, relu: bool): void {
  v128.store(ya, finish(a, ya, gate, relu));
  v128.store(yb, finish(b, yb, gate, relu));
}

/** What follows the sum; `gate` is the distance from y to the gate, or 0. pmax is one instruction and keeps NaN, max is several. */
// @ts-ignore: decorator
@inline
function finish(sum: v128, y: usize, gate: usize, relu: bool): v128 {
  if (relu) sum = f32x4.pmax(sum, f32x4.splat(0));
  if (gate) sum = v128.and(sum, f32x4.gt(v128.load(y + gate), f32x4.splat(0)));
  return sum;
}

/**
 * conv3x3 for the 1 to 3 outputs that are left over, one at a time. The tile is 7 vectors of a row: 7 sums, 7
 * loads and the weight are all that 15 registers hold.
 */
function singleOutputs(
  y: usize, x: usize, w: usize, bias: usize, taps: usize, gate: usize, ins: i32, outs: i32, height: i32, vectors: i32,
  pitch: usize, rows: i32, relu: bool, first: i32, last: i32,
): void {
  const tapsEnd = taps + <usize>ins * 36;
  const start = outs & ~3;
  const panel = w + <usize>(start >> 2) * panelBytes(ins);
  for (let item = first; item < last; item++) {
    const image = item / height;
    const rowInImage = item - image * height;
    const row = <usize>(image * rows + rowInImage);
    fetchWindow(x + row * <usize>ins * pitch, taps, ins, pitch, vectors, item == first || rowInImage == 0);
    for (let o = start; o < outs; o++) {
      const init = v128.load32_splat(bias + (<usize>o << 2));
      let yv = y + (row * <usize>outs + <usize>o) * pitch;
      let xv = x + row * <usize>ins * pitch;
      for (let left = vectors; left > 0; left -= 7, yv += 112, xv += 112) {
        let c0 = init, c1 = init, c2 = init, c3 = init, c4 = init, c5 = init, c6 = init;
        let wk = panel + (<usize>(o & 3) << 2);
        for (let tap = taps; tap < tapsEnd; tap += 4, wk += 16) {
          const xt = xv + load<usize>(tap);
          const wv = v128.load32_splat(wk);
          c0 = multiplyAdd(wv, v128.load(xt), c0);
          c1 = multiplyAdd(wv, v128.load(xt, 16), c1);
          c2 = multiplyAdd(wv, v128.load(xt, 32), c2);
          c3 = multiplyAdd(wv, v128.load(xt, 48), c3);
          c4 = multiplyAdd(wv, v128.load(xt, 64), c4);
          c5 = multiplyAdd(wv, v128.load(xt, 80), c5);
          c6 = multiplyAdd(wv, v128.load(xt, 96), c6);
        }
        v128.store(yv, finish(c0, yv, gate, relu));
        if (left > 1) v128.store(yv, finish(c1, yv + 16, gate, relu), 16);
        if (left > 2) v128.store(yv, finish(c2, yv + 32, gate, relu), 32);
        if (left > 3) v128.store(yv, finish(c3, yv + 48, gate, relu), 48);
        if (left > 4) v128.store(yv, finish(c4, yv + 64, gate, relu), 64);
        if (left > 5) v128.store(yv, finish(c5, yv + 80, gate, relu), 80);
        if (left > 6) v128.store(yv, finish(c6, yv + 96, gate, relu), 96);
      }
    }
  }
}
