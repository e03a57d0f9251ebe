/**
 * A dense layer: y = f(x·W + bias). x: M × K, W: K × N, y: M × N, all in panels of 8 columns (gemm.ts), padded
 * with zeros to multiples of 8; M is padded to 4.
 *
 * Work is cut into items that write disjoint memory. Each function does the items `first` to `last` − 1.
 */
import { activate, activationGradient } from "./activations";
import { multiplyPanel, multiplyRun, RUN_PANELS } from "./gemm";
import { multiplyTransposed4x8, multiplyTransposedTile, TRANSPOSED_PANELS, TRANSPOSED_TILE } from "./gemm-transposed";
import { multiplyVector } from "./gemv";
import { Activation } from "../constants";
import { adagradBytes } from "../optimizers";
import { transpose8x8 } from "./panels";
import { TILE_SCRATCH } from "./sizes";

/**
 * y = f(x·W + bias)
 *
 * An item is 4 rows of one panel of y. The bias is added to the first run of products (gemm.ts). f is applied to the items of
 * one panel right after they are computed, while they are in the first-level cache.
 */
export function denseForward(
  y: usize, x: usize, w: usize, bias: usize, stride: usize, inPanels: i32, outColumns: i32, activation: i32,
  first: i32, last: i32,
): void {
  const groups = <i32>(stride >> 7);
  while (first < last) {
    const panel = first / groups;
    const group = first - panel * groups;
    const count = min(groups - group, last - first);
    const row = <usize>group << 7;
    const bytes = <usize>count << 7;
    const out = y + <usize>panel * stride + row;
    multiplyPanel(out, x + row, w + ((<usize>panel * <usize>inPanels) << 8), bias + (<usize>panel << 5), count << 2, stride, inPanels);
    activate(out, bytes, activation);
    // Padding has to be 0, and sigmoid(0) is not.
    if (activation == Activation.sigmoid) clearColumns(out, bytes, outColumns - (panel << 3));
    first += count;
  }
}

/** denseForward for a batch of one picture, whose panels are 32 bytes each. An item is one panel of y. */
export function denseForwardVector(
  y: usize, x: usize, w: usize, bias: usize, inPanels: i32, outColumns: i32, activation: i32, first: i32, last: i32,
): void {
  const out = y + (<usize>first << 5);
  const bytes = <usize>(last - first) << 5;
  if (bytes == 0) return;
  multiplyVector(out, x, w + ((<usize>first * <usize>inPanels) << 8), bias + (<usize>first << 5), inPanels, last - first);
  activate(out, bytes, activation);
  if (activation == Activation.sigmoid) clearColumns(out + bytes - 32, 32, outColumns - ((last - 1) << 3));
}

/** panel[r][columns..7] = 0 for the rows in `bytes` bytes. Does nothing if `columns` is 8 or more. */
function clearColumns(panel: usize, bytes: usize, columns: i32): void {
  if (columns >= 8) return;
  for (const end = panel + bytes; panel < end; panel += 32) {
    memory.fill(panel + (<usize>columns << 2), 0, <usize>(8 - columns) << 2);
  }
}

/**
 * dx = (dy·Wᵀ) ∘ f′(x), where x is the output of the activation f before this layer
 *
 * zeros: 8 zeros; scratch: this thread's own, room for one panel of Wᵀ of one run. Each thread transposes a panel of W
 * right before it uses it, so that Wᵀ comes from the first-level cache and never from another core.
 *
 * An item is 4 rows of one panel of dx.
 */
export function denseInputGradient(
  dx: usize, dy: usize, w: usize, x: usize, zeros: usize, scratch: usize, stride: usize, inPanels: i32, outPanels: i32,
  activation: i32, first: i32, last: i32,
): void {
  const groups = <i32>(stride >> 7);
  while (first < last) {
    const panel = first / groups;
    const group = first - panel * groups;
    const count = min(groups - group, last - first);
    const row = <usize>group << 7;
    const offset = <usize>panel * stride + row;
    for (let run = 0; run < outPanels; run += RUN_PANELS) {
      const panels = min(outPanels - run, RUN_PANELS);
      transposePanel(scratch, w + (<usize>(run * inPanels + panel) << 8), inPanels, panels);
      multiplyRun(dx + offset, dy + row + <usize>run * stride, scratch, run ? 0 : zeros, count << 2, stride, panels);
    }
    activationGradient(dx + offset, x + offset, <usize>count << 7, activation);
    first += count;
  }
}

/** wt = `outPanels` × 8 rows of one panel of Wᵀ: the 8 rows of W that begin at w become its 8 columns. */
function transposePanel(wt: usize, w: usize, inPanels: i32, outPanels: i32): void {
  for (const end = wt + (<usize>outPanels << 8); wt < end; wt += 256, w += <usize>inPanels << 8) transpose8x8(wt, w);
}

/** Bytes of a tile of dW. */
const TILE: usize = <usize>TRANSPOSED_TILE << 5;

/**
 * dW = xᵀ·dy,  dbias = Σ_rows dy
 *
 * An item is a block of 8 × 8 values of dW. The item of a panel's first block also computes the panel's dbias.
 */
export function denseWeightGradient(
  dw: usize, dbias: usize, dy: usize, x: usize, stride: usize, rows: i32, inPanels: i32, first: i32, last: i32,
): void {
  weightGradient(dw, 0, dbias, 0, 0, dy, x, stride, rows, inPanels, f32x4.splat(0), first, last);
}

/**
 * denseWeightGradient and Adagrad in one: W and bias are updated tile by tile. A tile of the gradient is held in `scratch`,
 * which stays in the first-level cache; the whole gradient is never stored. The square roots and divisions of one tile
 * overlap with the multiplications of the next.
 *
 * Rows of a panel of dy that are all 0 add nothing. Where at least a quarter of the rows are 0, they are left out. Behind
 * saturated sigmoids nearly all rows are 0: in the first layer of the classic recipe 95 % at the beginning, more later.
 * The other rows are summed in the same order as before, so every bit of a finite result is the same.
 *
 * scratch: weightGradientScratch of sizes.ts, this thread's own.
 */
export function denseWeightGradientAdagrad(
  w: usize, wSums: usize, bias: usize, biasSums: usize, scratch: usize, dy: usize, x: usize, stride: usize,
  rows: i32, inPanels: i32, rate: f32, first: i32, last: i32,
): void {
  weightGradient(w, wSums, bias, biasSums, scratch, dy, x, stride, rows, inPanels, f32x4.splat(rate), first, last);
}

/** With `scratch`, updates W and bias. Without it, `w` and `bias` are where their gradients are written. */
// @ts-ignore: decorator
@inline
function weightGradient(
  w: usize, wSums: usize, bias: usize, biasSums: usize, scratch: usize, dy: usize, x: usize, stride: usize,
  rows: i32, inPanels: i32, rates: v128, first: i32, last: i32,
): void {
  const list = scratch + TILE_SCRATCH;
  const dyGathered = list + stride;
  const xGathered = dyGathered + stride;
  while (first < last) {
    const panel = first / inPanels;
    const block = first - panel * inPanels;
    const end = min(last, first + inPanels - block);
    const dyPanel = dy + <usize>panel * stride;
    let dySummed = dyPanel;
    let summed = rows;
    let gathered = false;
    if (scratch) {
      const active = listRows(list, dyPanel, rows);
      if (active == 0) first = end;
      gathered = active * 4 <= rows * 3;
      if (gathered) {
        gatherRows(dyGathered, dyPanel, list, active);
        dySummed = dyGathered;
        summed = active;
      }
    }
    for (let xPanel = x + <usize>block * stride; first < end; ) {
      const blocks = end - first >= TRANSPOSED_PANELS ? TRANSPOSED_PANELS : 1;
      let from = xPanel;
      if (gathered) {
        from = xGathered;
        for (let i: usize = 0; i < <usize>blocks; i++) gatherRows(from + i * stride, xPanel + i * stride, list, summed);
      }
      updateBlocks(w, wSums, scratch, from, dySummed, stride, summed, <usize>first << 8, blocks, rates);
      xPanel += <usize>blocks * stride;
      first += blocks;
    }
    // This comes last, since the panel of dy is in the first-level cache by then.
    if (block == 0) {
      const offset = <usize>panel << 5;
      sumRows(scratch ? scratch : bias + offset, dyPanel, rows);
      if (scratch) adagradBytes(bias + offset, biasSums + offset, scratch, 32, rates);
    }
  }
}

/** Computes `blocks` blocks of dW, which is TRANSPOSED_PANELS or 1, tile by tile, from byte `offset` of w on. */
// @ts-ignore: decorator
@inline
function updateBlocks(
  w: usize, wSums: usize, scratch: usize, x: usize, dy: usize, stride: usize, rows: i32, offset: usize, blocks: i32, rates: v128,
): void {
  if (blocks == TRANSPOSED_PANELS) {
    for (let tile = 0; tile < (TRANSPOSED_PANELS << 3) / TRANSPOSED_TILE; tile++, offset += TILE) {
      const to = scratch ? scratch : w + offset;
      multiplyTransposedTile(to, x, dy, rows, stride, tile);
      if (scratch) adagradBytes(w + offset, wSums + offset, to, TILE, rates);
    }
  } else {
    for (let half: usize = 0; half < 32; half += 16, offset += 128) {
      const to = scratch ? scratch : w + offset;
      multiplyTransposed4x8(to, x + half, dy, rows);
      if (scratch) adagradBytes(w + offset, wSums + offset, to, 128, rates);
    }
  }
}

/** list = the byte offsets of those rows of a panel that are not all 0. @returns how many there are */
function listRows(list: usize, panel: usize, rows: i32): i32 {
  let end = list;
  for (let row: usize = 0, last = <usize>rows << 5; row < last; row += 32) {
    store<u32>(end, <u32>row);
    end += <usize>v128.any_true(v128.or(v128.load(panel + row), v128.load(panel + row, 16))) << 2;
  }
  return <i32>((end - list) >> 2);
}

/** to[i] = the row of a panel at list[i], 32 bytes each */
function gatherRows(to: usize, panel: usize, list: usize, count: i32): void {
  for (const end = list + (<usize>count << 2); list < end; list += 4, to += 32) {
    const from = panel + <usize>load<u32>(list);
    v128.store(to, v128.load(from));
    v128.store(to, v128.load(from, 16), 16);
  }
}

/** sums[0..7] = Σ_r panel[r][0..7], in four partial sums of every fourth row, so that an addition need not wait for the one before. */
function sumRows(sums: usize, panel: usize, rows: i32): void {
  let a0 = f32x4.splat(0), a1 = a0, b0 = a0, b1 = a0, c0 = a0, c1 = a0, d0 = a0, d1 = a0;
  for (const end = panel + (<usize>(rows & ~3) << 5); panel < end; panel += 128) {
    a0 = f32x4.add(a0, v128.load(panel));
    a1 = f32x4.add(a1, v128.load(panel, 16));
    b0 = f32x4.add(b0, v128.load(panel, 32));
    b1 = f32x4.add(b1, v128.load(panel, 48));
    c0 = f32x4.add(c0, v128.load(panel, 64));
    c1 = f32x4.add(c1, v128.load(panel, 80));
    d0 = f32x4.add(d0, v128.load(panel, 96));
    d1 = f32x4.add(d1, v128.load(panel, 112));
  }
  for (const end = panel + (<usize>(rows & 3) << 5); panel < end; panel += 32) {
    a0 = f32x4.add(a0, v128.load(panel));
    a1 = f32x4.add(a1, v128.load(panel, 16));
  }
  v128.store(sums, f32x4.add(f32x4.add(a0, b0), f32x4.add(c0, d0)));
  v128.store(sums, f32x4.add(f32x4.add(a1, b1), f32x4.add(c1, d1)), 16);
}
