/**
 * Muon: a weight follows the running mean of its gradients, after all singular values of that have been made about 1. So no
 * direction is left behind because its gradients are small.
 *
 * Keller Jordan et al., "Muon: an optimizer for hidden layers in neural networks", 2024. The step's size is that of Jingyuan
 * Liu et al., "Muon is scalable for LLM training", 2025: it is about a fifth of the learning rate for each value, whatever
 * the shape.
 *
 * A weight is taken as a matrix with a row for each output. It lies in panels of 4 rows (conv3x3-weights.ts, conv1x1.ts), and so
 * do the matrices here. Padding is 0 and stays 0.
 */
import { Setting } from "../constants";
import { addLanes, multiplyAdd } from "../simd";
import { squareBytes, weightPanelBytes } from "./sizes";

/**
 * With M ← β₁·M + (1 − β₁)·G  and  X = β₁·M + (1 − β₁)·G, scaled to a Frobenius norm of 1, five times
 *
 *     X ← 3.4445·X + (−4.775·A + 2.0315·A²)·X  with  A = X·Xᵀ
 *
 * and then  w ← w − rate · scale · X. Singular values of X from 0.002 to 1 end up between 0.68 and 1.14.
 *
 * w: `outs` × `ins` windows of `taps` pixels; m: the running mean; g: the gradient; scale: 0.2·√(the larger side of the matrix)
 * A weight is one item, so that the order of the sums does not depend on the threads.
 */
export function muon(
  w: usize, m: usize, g: usize, settings: usize, scratch: usize, outs: i32, ins: i32, taps: i32, scale: f32, first: i32, last: i32,
): void {
  const panel = <usize>weightPanelBytes(ins, taps);
  const panels = (outs + 3) >> 2;
  const bytes = <usize>panels * panel;
  const square = <usize>squareBytes(outs);
  const a = scratch;
  const b = a + square;
  let x = b + square;
  let y = x + bytes;
  follow(x, m, g, v128.load32_splat(settings + (<usize>Setting.beta1 << 2)), bytes);
  for (let round = 0; round < 5; round++) {
    multiplyTransposed(a, x, panels, panel);
    // A is symmetric, so this is its square.
    multiplyTransposed(b, a, panels, <usize>panels << 6);
    for (let at: usize = 0; at < square; at += 16) {
      const linear = f32x4.mul(f32x4.splat(-4.775), v128.load(a + at));
      v128.store(b + at, f32x4.add(linear, f32x4.mul(f32x4.splat(2.0315), v128.load(b + at))));
    }
    multiplyAndAdd(y, b, x, f32x4.splat(3.4445), panels, panel);
    const former = x;
    x = y;
    y = former;
  }
  const step = f32x4.splat(load<f32>(settings + (<usize>Setting.muonRate << 2)) * scale);
  for (const end = w + bytes; w < end; w += 16, x += 16) v128.store(w, f32x4.sub(v128.load(w), f32x4.mul(step, v128.load(x))));
}

/** Updates the running mean m, and makes x = β·m + (1 − β)·g, divided by its norm. If all of it is 0, x is 0. */
function follow(x: usize, m: usize, g: usize, beta: v128, bytes: usize): void {
  const rest = f32x4.sub(f32x4.splat(1), beta);
  let squares = f32x4.splat(0);
  for (let at: usize = 0; at < bytes; at += 16) {
    const gradient = f32x4.mul(rest, v128.load(g + at));
    const mean = f32x4.add(f32x4.mul(beta, v128.load(m + at)), gradient);
    const ahead = f32x4.add(f32x4.mul(beta, mean), gradient);
    v128.store(m + at, mean);
    v128.store(x + at, ahead);
    squares = f32x4.add(squares, f32x4.mul(ahead, ahead));
  }
  store<f32>(x + bytes, 0);
  addLanes(x + bytes, squares);
  const factor = f32x4.splat(1 / (sqrt(load<f32>(x + bytes)) + 1e-12));
  for (const end = x + bytes; x < end; x += 16) v128.store(x, f32x4.mul(factor, v128.load(x)));
}

/** a = x·xᵀ. x: panels of `panel` bytes; a: as many rows and columns as x has rows, in panels. */
function multiplyTransposed(a: usize, x: usize, panels: i32, panel: usize): void {
  const side = <usize>panels << 6;
  const end = x + <usize>panels * panel;
  for (let i = 0; i < panels; i += 2) {
    const row = x + <usize>i * panel;
    // Two panels of rows at a time. An odd last one is done twice, with the same result.
    const below = i + 1 < panels ? panel : 0;
    let to = a + <usize>i * side;
    const toBelow = i + 1 < panels ? side : 0;
    for (let column = x; column < end; column += panel, to += 64) {
      let s00 = f32x4.splat(0), s01 = s00, s02 = s00, s03 = s00;
      let s10 = s00, s11 = s00, s12 = s00, s13 = s00;
      let at = column;
      for (let r = row; r < row + panel; r += 16, at += 16) {
        const u = v128.load(r);
        const v = v128.load(r + below);
        const t0 = v128.load32_splat(at);
        s00 = multiplyAdd(u, t0, s00);
        s10 = multiplyAdd(v, t0, s10);
        const t1 = v128.load32_splat(at, 4);
        s01 = multiplyAdd(u, t1, s01);
        s11 = multiplyAdd(v, t1, s11);
        const t2 = v128.load32_splat(at, 8);
        s02 = multiplyAdd(u, t2, s02);
        s12 = multiplyAdd(v, t2, s12);
        const t3 = v128.load32_splat(at, 12);
        s03 = multiplyAdd(u, t3, s03);
        s13 = multiplyAdd(v, t3, s13);
      }
      storeFour(to, s00, s01, s02, s03);
      storeFour(to + toBelow, s10, s11, s12, s13);
    }
  }
}

/** y = factor·x + b·x. x, y: panels of `panel` bytes, a multiple of 64; b: a square matrix, in panels. */
function multiplyAndAdd(y: usize, b: usize, x: usize, factor: v128, panels: i32, panel: usize): void {
  const side = <usize>panels << 6;
  const bytes = <usize>panels * panel;
  for (let i = 0; i < panels; i += 2) {
    const row = <usize>i * panel;
    const below = i + 1 < panels ? panel : 0;
    const bBelow = i + 1 < panels ? side : 0;
    for (let k: usize = 0; k < panel; k += 64) {
      const own = x + row + k;
      let s00 = f32x4.mul(factor, v128.load(own)), s01 = f32x4.mul(factor, v128.load(own, 16));
      let s02 = f32x4.mul(factor, v128.load(own, 32)), s03 = f32x4.mul(factor, v128.load(own, 48));
      const next = own + below;
      let s10 = f32x4.mul(factor, v128.load(next)), s11 = f32x4.mul(factor, v128.load(next, 16));
      let s12 = f32x4.mul(factor, v128.load(next, 32)), s13 = f32x4.mul(factor, v128.load(next, 48));
      let r = b + <usize>i * side;
      for (let four = x + k; four < x + bytes; four += panel) {
        for (let at = four; at < four + 16; at += 4, r += 16) {
          const u = v128.load(r);
          const v = v128.load(r + bBelow);
          const t0 = v128.load32_splat(at);
          s00 = multiplyAdd(u, t0, s00);
          s10 = multiplyAdd(v, t0, s10);
          const t1 = v128.load32_splat(at, 16);
          s01 = multiplyAdd(u, t1, s01);
          s11 = multiplyAdd(v, t1, s11);
          const t2 = v128.load32_splat(at, 32);
          s02 = multiplyAdd(u, t2, s02);
          s12 = multiplyAdd(v, t2, s12);
          const t3 = v128.load32_splat(at, 48);
          s03 = multiplyAdd(u, t3, s03);
          s13 = multiplyAdd(v, t3, s13);
        }
      }
      storeFour(y + row + k, s00, s01, s02, s03);
      storeFour(y + row + k + below, s10, s11, s12, s13);
    }
  }
}

// @ts-ignore: decorator
@inline
function storeFour(to: usize, a: v128, b: v128, c: v128, d: v128): void {
  v128.store(to, a);
  v128.store(to, b, 16);
  v128.store(to, c, 32);
  v128.store(to, d, 48);
}
