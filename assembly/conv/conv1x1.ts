/**
 * 1×1 convolution and both its gradients, on images in rows (pixels.ts): a matrix product for each row, whose columns are the
 * pixels. PyTorch's w[o][i] is value (⌊o/4⌋·P + i)·4 + (o mod 4) of the weight, with P = ins rounded up to a multiple of 4, so
 * it lies in panels of 4 outputs, which are whole cache lines. Values for outputs past the last and for i from `ins` on are 0.
 *
 * The register tile is 4 outputs × 2 vectors of 4 pixels; the relaxed builds also have one of 6 × 2, since fused multiply-add
 * needs more independent sums. tiles.js describes the tiles. Every value is summed by one thread in one order: over the
 * channels in ascending order, then the bias is added.
 */
import { pointwise1x1, pointwise4x1, pointwise4x2, pointwise6x2 } from "../../build/assembly/conv/tiles";
import { Activation } from "../constants";
import { addLanes, multiplyAdd, sumLanes } from "../simd";
import { clearTails, rowStart } from "./pixels";
import { bandOf1x1, biasSumsBytes, vectorsOf, weightBytes, weightPanelBytes } from "./sizes";

/**
 * y[n, r, o, s] = f(bias[o] + Σ_i w[o, i] · x[n, r, i, s])
 * or, if gate ≠ 0,  y = (…) ∘ (gate > 0),  which is the gradient of a ReLU whose output is `gate`
 *
 * y, gate: images of `outs` channels; x: images of `ins` channels; w: in panels; bias: `outs` values. The layer's input
 * gradient is this function with dy for x, the weights of conv1x1TransposeWeights and a bias of zeros. An item is a row of all
 * channels. Columns between width and the next multiple of 4 are set to 0.
 */
export function conv1x1(
  y: usize, x: usize, w: usize, bias: usize, gate: usize, ins: i32, outs: i32, height: i32, width: i32, pitch: usize, rows: i32,
  activation: i32, first: i32, last: i32,
): void {
  const floor = f32x4.splat(activation == Activation.relu ? 0 : -Infinity);
  const vectors = vectorsOf(width);
  const pairs = <usize>(vectors >> 1) << 5;
  for (let item = first; item < last; item++) {
    const from = rowStart(x, item, ins, height, pitch, rows);
    const to = rowStart(y, item, outs, height, pitch, rows);
    for (let at: usize = 0; at < pairs; at += 32) multiplyPair(to + at, from + at, w, bias, floor, pitch, ins, outs);
    if (vectors & 1) multiplyVector(to + pairs, from + pairs, w, bias, floor, pitch, ins, outs);
    if (gate) closeRow(to, rowStart(gate, item, outs, height, pitch, rows), outs, pitch, width);
  }
  if (width & 3) clearTails(y, outs, height, width, pitch, rows, first, last);
}

/** conv1x1 for two successive vectors of a row. */
function multiplyPair(y: usize, x: usize, w: usize, bias: usize, floor: v128, pitch: usize, ins: i32, outs: i32): void {
  const panel = <usize>weightPanelBytes(ins, 1);
  const four = 4 * pitch;
  let o = 4;
  if (ASC_FEATURE_RELAXED_SIMD) {
    for (; o + 8 <= outs; o += 12, y += 3 * four, w += 3 * panel, bias += 48) {
      pointwise6x2(y, y + four, x, w, w + panel, bias, bias + 16, floor, pitch, ins);
      pointwise6x2(y + 2 * four, y + four + 2 * pitch, x, w + 2 * panel, w + panel + 8, bias + 32, bias + 24, floor, pitch, ins);
    }
  }
  const fours = <usize>((outs - o + 4) >> 2);
  const end = y + fours * four;
  pointwise4x2(y, x, w, bias, floor, pitch, ins, panel - (<usize>ins << 4), end);
  w += fours * panel;
  bias += fours << 4;
  y = end;
  for (o = outs & ~3; o < outs; o++, y += pitch, w += 4, bias += 4) {
    pointwise1x1(y, x, w, bias, floor, pitch, ins);
    pointwise1x1(y + 16, x + 16, w, bias, floor, pitch, ins);
  }
}

/** conv1x1 for one vector of a row. */
function multiplyVector(y: usize, x: usize, w: usize, bias: usize, floor: v128, pitch: usize, ins: i32, outs: i32): void {
  const panel = <usize>weightPanelBytes(ins, 1);
  let o = 4;
  for (; o <= outs; o += 4, y += 4 * pitch, w += panel, bias += 16) pointwise4x1(y, x, w, bias, floor, pitch, ins);
  for (o -= 4; o < outs; o++, y += pitch, w += 4, bias += 4) pointwise1x1(y, x, w, bias, floor, pitch, ins);
}

/** y = y ∘ (gate > 0) for a row of all channels. */
function closeRow(y: usize, gate: usize, channels: i32, pitch: usize, width: i32): void {
  const zero = f32x4.splat(0);
  const toGate = gate - y;
  for (let c = 0; c < channels; c++, y += pitch) {
    for (let at = y, end = y + (<usize>width << 2); at < end; at += 16) {
      v128.store(at, v128.and(v128.load(at), f32x4.gt(v128.load(at + toGate), zero)));
    }
  }
}

/** wt[i][o] = w[o][i].  w: `outs` × `ins`; wt: `ins` × `outs`; both in panels. Padding is set to 0. An item is a panel of wt. */
export function conv1x1TransposeWeights(wt: usize, w: usize, ins: i32, outs: i32, first: i32, last: i32): void {
  const from = <usize>weightPanelBytes(ins, 1);
  const to = <usize>weightPanelBytes(outs, 1);
  wt += <usize>first * to;
  for (let panel = first; panel < last; panel++, wt += to) {
    memory.fill(wt, 0, to);
    for (let lane = 0; lane < 4; lane++) {
      const i = (panel << 2) + lane;
      if (i == ins) break;
      for (let o = 0; o < outs; o++) {
        const source = w + <usize>(o >> 2) * from + (<usize>i << 4) + (<usize>(o & 3) << 2);
        store<f32>(wt + (<usize>o << 4) + (<usize>lane << 2), load<f32>(source));
      }
    }
  }
}

/**
 * S[o, i]  (+)= Σ_{r, s} dy[r, o, s] · x[r, i, s]
 * sums[o]  (+)= Σ_{r, s} dy[r, o, s]
 *
 * over the images `first` to `last` − 1. The result is added to what `chunk` holds, unless this `begins` a chunk: then it is
 * cleared first. conv3x3-gradient.ts says what chunks are for.
 *
 * chunk: S in panels, as a weight, then the sums, `gradientChunkBytes1x1` bytes together (sizes.ts); dy: images of `outs`
 * channels, zero from `width` to the next multiple of 4; x: images of `ins` channels.
 *
 * A band of rows is summed at a time, in 4 lanes, and then the bands are added up, so that no float32 sum has more than a few
 * hundred terms. The register tile is 4 outputs × 2 inputs; each lane sums a quarter of the pixels.
 */
export function conv1x1WeightGradient(
  chunk: usize, dy: usize, x: usize, outs: i32, ins: i32, height: i32, width: i32, pitch: usize, rows: i32, begins: bool,
  first: i32, last: i32,
): void {
  const vectors = vectorsOf(width);
  const panel = <usize>weightPanelBytes(ins, 1);
  const sums = chunk + <usize>weightBytes(outs, ins, 1);
  if (begins) memory.fill(chunk, 0, <usize>weightBytes(outs, ins, 1) + <usize>biasSumsBytes(outs));
  const band = bandOf1x1(width);
  for (let image = first; image < last; image++) {
    for (let row = 0; row < height; row += band) {
      const count = min(band, height - row);
      const a = dy + <usize>((image * rows + row) * outs) * pitch;
      const b = x + <usize>((image * rows + row) * ins) * pitch;
      let to = chunk;
      for (let o = 0; o < outs; o += 4, to += panel) {
        const four = a + <usize>o * pitch;
        const left = outs - o;
        addPanel(to, four, b, <usize>outs * pitch, <usize>ins * pitch, min(left, 4), ins, pitch, count, vectors);
        addSums(sums + (<usize>o << 2), four, <usize>outs * pitch, min(left, 4), pitch, count, vectors);
      }
    }
  }
}

/**
 * to[i][0..3] += Σ_{r, v, lane} a[r][0..3][v][lane] · b[r][i][v][lane]   for i < ins
 *
 * a: the first row's first of `outs` channels, 1 to 4; b: the first row's first channel. For channels past the last, 0 is added.
 */
function addPanel(
  to: usize, a: usize, b: usize, aStep: usize, bStep: usize, outs: i32, ins: i32, pitch: usize, rows: i32, vectors: i32,
): void {
  // A channel that does not exist is read as the first one, and its sums are dropped.
  const p1 = outs > 1 ? pitch : 0;
  const p2 = outs > 2 ? 2 * pitch : 0;
  const p3 = outs > 3 ? 3 * pitch : 0;
  const mask = i32x4.gt_s(i32x4.splat(outs), i32x4(0, 1, 2, 3));
  const bytes = <usize>vectors << 4;
  for (let i = 0; i < ins; i += 2, b += 2 * pitch, to += 32) {
    const pair = i + 1 < ins;
    const next = pair ? pitch : 0;
    let c00 = f32x4.splat(0), c01 = c00, c10 = c00, c11 = c00;
    let c20 = c00, c21 = c00, c30 = c00, c31 = c00;
    let rowA = a, rowB = b;
    for (let r = 0; r < rows; r++, rowA += aStep, rowB += bStep) {
      let at = rowA;
      let x = rowB;
      for (const end = rowA + bytes; at < end; at += 16, x += 16) {
        const x0 = v128.load(x);
        const x1 = v128.load(x + next);
        const a0 = v128.load(at);
        c00 = multiplyAdd(a0, x0, c00);
        c01 = multiplyAdd(a0, x1, c01);
        const a1 = v128.load(at + p1);
        c10 = multiplyAdd(a1, x0, c10);
        c11 = multiplyAdd(a1, x1, c11);
        const a2 = v128.load(at + p2);
        c20 = multiplyAdd(a2, x0, c20);
        c21 = multiplyAdd(a2, x1, c21);
        const a3 = v128.load(at + p3);
        c30 = multiplyAdd(a3, x0, c30);
        c31 = multiplyAdd(a3, x1, c31);
      }
    }
    v128.store(to, f32x4.add(v128.load(to), v128.and(mask, sumLanes(c00, c10, c20, c30))));
    if (pair) v128.store(to, f32x4.add(v128.load(to, 16), v128.and(mask, sumLanes(c01, c11, c21, c31))), 16);
  }
}

/** sums[o] += Σ_{r, v, lane} a[r][o][v][lane]   for o < outs */
function addSums(sums: usize, a: usize, step: usize, outs: i32, pitch: usize, rows: i32, vectors: i32): void {
  for (let o = 0; o < outs; o++, a += pitch, sums += 4) {
    let lanes = f32x4.splat(0);
    let row = a;
    for (let r = 0; r < rows; r++, row += step) {
      for (let at = row, end = row + (<usize>vectors << 4); at < end; at += 16) lanes = f32x4.add(lanes, v128.load(at));
    }
    addLanes(sums, lanes);
  }
}
