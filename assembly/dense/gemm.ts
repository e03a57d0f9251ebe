/**
 * Matrix multiply on panels. A panel holds 8 columns of a matrix, row after row: value (r, c) of a matrix of
 * R rows is at panel ⌊c/8⌋, byte r·32 + (c mod 8)·4. Batches, weights and gradients all live in panels, so
 * nothing is packed before a multiplication. Columns are padded to 8 with zeros, rows of a batch to 4.
 *
 * The register tile is 4 rows × 8 columns: 8 accumulators, 2 vectors of B and a broadcast of A in the 16
 * registers of x86-64. With fused multiply-add, whose latency of 4 cycles on 2 ports wants more sums under
 * way, 6 rows × 8 columns.
 *
 * Where multiply and add are two instructions, these alone fill two thirds of what a core takes in a cycle, so that
 * little else fits beside them. A turn of the loop is 8 values of k for one addition to the address of B. The
 * address of A moves with each of them, and is compared with 0, which it never is: this ends a basic block. Within
 * one, the compilers would bring so many loads forward that sums no longer fit in the registers. What stands on the
 * way out of the last step, which is never taken, uses a row's two sums at once: the V8 of Node 20 then computes both
 * products before both sums, which is faster than each sum right behind its product (docs/experiments.md).
 *
 * Every value of C is summed by one thread in one order, whatever the tile: runs of 112 products in ascending k,
 * then the runs. Rounding errors grow with the length of a run, so this more than halves those of a sum of 784
 * (docs/experiments.md).
 *
 * Method: register tiles over packed panels, after Goto and van de Geijn, "Anatomy of high-performance matrix
 * multiplication", ACM TOMS 34 (2008).
 */
import { RUN } from "./sizes";
import { multiplyAdd } from "../simd";

/** Panels of A, and bytes of B, in a run. */
export const RUN_PANELS = RUN / 8;
export const RUN_BYTES: usize = RUN * 32;

/**
 * C[r, 0..7] = init[0..7] + Σ_k A[r, k] · B[k, 0..7]   for `rows` rows, a multiple of 4
 *
 * c: one panel, at its first row; a: panels of `stride` bytes, at the same row; b: one panel of
 * 8 × `panels` rows, at least one; init: 8 values.
 */
export function multiplyPanel(c: usize, a: usize, b: usize, init: usize, rows: i32, stride: usize, panels: i32): void {
  for (; panels > 0; panels -= RUN_PANELS) {
    multiplyRun(c, a, b, init, rows, stride, min(panels, RUN_PANELS));
    init = 0;
    a += <usize>RUN_PANELS * stride;
    b += RUN_BYTES;
  }
}

/** multiplyPanel for one run, of up to RUN_PANELS panels. init: 0 stands for what C holds. */
export function multiplyRun(c: usize, a: usize, b: usize, init: usize, rows: i32, stride: usize, panels: i32): void {
  const bytes = <usize>panels << 8;
  let sixes: usize = 0;
  if (ASC_FEATURE_RELAXED_SIMD) {
    sixes = <usize>(rows / 12 * 12) << 5;
    multiplyRows6(c, c + sixes, a, b, init, stride - 32, bytes);
  }
  multiplyRows4(c + sixes, c + (<usize>rows << 5), a + sixes, b, init, stride - 32, bytes);
}

/**
 * multiplyRun for the rows of C up to `end`
 *
 * skip: bytes from the end of a row of a panel of A to that row in the next panel; bytes: of this run in B.
 */
function multiplyRows4(c: usize, end: usize, a: usize, b: usize, init: usize, skip: usize, bytes: usize): void {
  for (; c < end; c += 128, a += 128) {
    const zero = f32x4.splat(0);
    let c00 = zero, c01 = zero, c10 = zero, c11 = zero;
    let c20 = zero, c21 = zero, c30 = zero, c31 = zero;
    let k: v128, b0: v128, b1: v128;
    let at = a, row = b;
    for (const rowEnd = b + bytes; row < rowEnd; at += skip, row += 256) {
      b0 = v128.load(row); b1 = v128.load(row, 16);
      k = v128.load32_splat(at); c00 = multiplyAdd(k, b0, c00); c01 = multiplyAdd(k, b1, c01);
      k = v128.load32_splat(at, 32); c10 = multiplyAdd(k, b0, c10); c11 = multiplyAdd(k, b1, c11);
      k = v128.load32_splat(at, 64); c20 = multiplyAdd(k, b0, c20); c21 = multiplyAdd(k, b1, c21);
      k = v128.load32_splat(at, 96); c30 = multiplyAdd(k, b0, c30); c31 = multiplyAdd(k, b1, c31);
      at += 4; if (!at) break;
      b0 = v128.load(row, 32); b1 = v128.load(row, 48);
      k = v128.load32_splat(at); c00 = multiplyAdd(k, b0, c00); c01 = multiplyAdd(k, b1, c01);
      k = v128.load32_splat(at, 32); c10 = multiplyAdd(k, b0, c10); c11 = multiplyAdd(k, b1, c11);
      k = v128.load32_splat(at, 64); c20 = multiplyAdd(k, b0, c20); c21 = multiplyAdd(k, b1, c21);
      k = v128.load32_splat(at, 96); c30 = multiplyAdd(k, b0, c30); c31 = multiplyAdd(k, b1, c31);
      at += 4; if (!at) break;
      b0 = v128.load(row, 64); b1 = v128.load(row, 80);
      k = v128.load32_splat(at); c00 = multiplyAdd(k, b0, c00); c01 = multiplyAdd(k, b1, c01);
      k = v128.load32_splat(at, 32); c10 = multiplyAdd(k, b0, c10); c11 = multiplyAdd(k, b1, c11);
      k = v128.load32_splat(at, 64); c20 = multiplyAdd(k, b0, c20); c21 = multiplyAdd(k, b1, c21);
      k = v128.load32_splat(at, 96); c30 = multiplyAdd(k, b0, c30); c31 = multiplyAdd(k, b1, c31);
      at += 4; if (!at) break;
      b0 = v128.load(row, 96); b1 = v128.load(row, 112);
      k = v128.load32_splat(at); c00 = multiplyAdd(k, b0, c00); c01 = multiplyAdd(k, b1, c01);
      k = v128.load32_splat(at, 32); c10 = multiplyAdd(k, b0, c10); c11 = multiplyAdd(k, b1, c11);
      k = v128.load32_splat(at, 64); c20 = multiplyAdd(k, b0, c20); c21 = multiplyAdd(k, b1, c21);
      k = v128.load32_splat(at, 96); c30 = multiplyAdd(k, b0, c30); c31 = multiplyAdd(k, b1, c31);
      at += 4; if (!at) break;
      b0 = v128.load(row, 128); b1 = v128.load(row, 144);
      k = v128.load32_splat(at); c00 = multiplyAdd(k, b0, c00); c01 = multiplyAdd(k, b1, c01);
      k = v128.load32_splat(at, 32); c10 = multiplyAdd(k, b0, c10); c11 = multiplyAdd(k, b1, c11);
      k = v128.load32_splat(at, 64); c20 = multiplyAdd(k, b0, c20); c21 = multiplyAdd(k, b1, c21);
      k = v128.load32_splat(at, 96); c30 = multiplyAdd(k, b0, c30); c31 = multiplyAdd(k, b1, c31);
      at += 4; if (!at) break;
      b0 = v128.load(row, 160); b1 = v128.load(row, 176);
      k = v128.load32_splat(at); c00 = multiplyAdd(k, b0, c00); c01 = multiplyAdd(k, b1, c01);
      k = v128.load32_splat(at, 32); c10 = multiplyAdd(k, b0, c10); c11 = multiplyAdd(k, b1, c11);
      k = v128.load32_splat(at, 64); c20 = multiplyAdd(k, b0, c20); c21 = multiplyAdd(k, b1, c21);
      k = v128.load32_splat(at, 96); c30 = multiplyAdd(k, b0, c30); c31 = multiplyAdd(k, b1, c31);
      at += 4; if (!at) break;
      b0 = v128.load(row, 192); b1 = v128.load(row, 208);
      k = v128.load32_splat(at); c00 = multiplyAdd(k, b0, c00); c01 = multiplyAdd(k, b1, c01);
      k = v128.load32_splat(at, 32); c10 = multiplyAdd(k, b0, c10); c11 = multiplyAdd(k, b1, c11);
      k = v128.load32_splat(at, 64); c20 = multiplyAdd(k, b0, c20); c21 = multiplyAdd(k, b1, c21);
      k = v128.load32_splat(at, 96); c30 = multiplyAdd(k, b0, c30); c31 = multiplyAdd(k, b1, c31);
      at += 4; if (!at) break;
      b0 = v128.load(row, 224); b1 = v128.load(row, 240);
      k = v128.load32_splat(at); c00 = multiplyAdd(k, b0, c00); c01 = multiplyAdd(k, b1, c01);
      k = v128.load32_splat(at, 32); c10 = multiplyAdd(k, b0, c10); c11 = multiplyAdd(k, b1, c11);
      k = v128.load32_splat(at, 64); c20 = multiplyAdd(k, b0, c20); c21 = multiplyAdd(k, b1, c21);
      k = v128.load32_splat(at, 96); c30 = multiplyAdd(k, b0, c30); c31 = multiplyAdd(k, b1, c31);
      at += 4;
      if (!at) {
        c00 = f32x4.add(c00, c01); c10 = f32x4.add(c10, c11); c20 = f32x4.add(c20, c21); c30 = f32x4.add(c30, c31);
        break;
      }
    }
    if (init) {
      b0 = v128.load(init); b1 = v128.load(init, 16);
      v128.store(c, f32x4.add(b0, c00)); v128.store(c, f32x4.add(b1, c01), 16);
      v128.store(c, f32x4.add(b0, c10), 32); v128.store(c, f32x4.add(b1, c11), 48);
      v128.store(c, f32x4.add(b0, c20), 64); v128.store(c, f32x4.add(b1, c21), 80);
      v128.store(c, f32x4.add(b0, c30), 96); v128.store(c, f32x4.add(b1, c31), 112);
    } else {
      v128.store(c, f32x4.add(v128.load(c), c00));
      v128.store(c, f32x4.add(v128.load(c, 16), c01), 16);
      v128.store(c, f32x4.add(v128.load(c, 32), c10), 32);
      v128.store(c, f32x4.add(v128.load(c, 48), c11), 48);
      v128.store(c, f32x4.add(v128.load(c, 64), c20), 64);
      v128.store(c, f32x4.add(v128.load(c, 80), c21), 80);
      v128.store(c, f32x4.add(v128.load(c, 96), c30), 96);
      v128.store(c, f32x4.add(v128.load(c, 112), c31), 112);
    }
  }
}

/**
 * The same for 6 rows a tile
 *
 * Every step is guarded by a test that always holds: V8 brings no load forward past the place where the two ways join
 * again and, with the rows in descending order, has each load right before its use (docs/experiments.md). 12 sums, 2
 * vectors of B and a broadcast are all of the 15 registers that it has.
 */
function multiplyRows6(c: usize, end: usize, a: usize, b: usize, init: usize, skip: usize, bytes: usize): void {
  for (; c < end; c += 192, a += 192) {
    const zero = f32x4.splat(0);
    let c00 = zero, c01 = zero, c10 = zero, c11 = zero, c20 = zero, c21 = zero;
    let c30 = zero, c31 = zero, c40 = zero, c41 = zero, c50 = zero, c51 = zero;
    let k: v128, b0: v128, b1: v128;
    let at = a, row = b;
    for (const rowEnd = b + bytes; row < rowEnd; at += skip, row += 256) {
      if (at) {
        b0 = v128.load(row); b1 = v128.load(row, 16);
        k = v128.load32_splat(at, 160); c50 = multiplyAdd(k, b0, c50); c51 = multiplyAdd(k, b1, c51);
        k = v128.load32_splat(at, 128); c40 = multiplyAdd(k, b0, c40); c41 = multiplyAdd(k, b1, c41);
        k = v128.load32_splat(at, 96); c30 = multiplyAdd(k, b0, c30); c31 = multiplyAdd(k, b1, c31);
        k = v128.load32_splat(at, 64); c20 = multiplyAdd(k, b0, c20); c21 = multiplyAdd(k, b1, c21);
        k = v128.load32_splat(at, 32); c10 = multiplyAdd(k, b0, c10); c11 = multiplyAdd(k, b1, c11);
        k = v128.load32_splat(at); c00 = multiplyAdd(k, b0, c00); c01 = multiplyAdd(k, b1, c01);
      }
      at += 4;
      if (at) {
        b0 = v128.load(row, 32); b1 = v128.load(row, 48);
        k = v128.load32_splat(at, 160); c50 = multiplyAdd(k, b0, c50); c51 = multiplyAdd(k, b1, c51);
        k = v128.load32_splat(at, 128); c40 = multiplyAdd(k, b0, c40); c41 = multiplyAdd(k, b1, c41);
        k = v128.load32_splat(at, 96); c30 = multiplyAdd(k, b0, c30); c31 = multiplyAdd(k, b1, c31);
        k = v128.load32_splat(at, 64); c20 = multiplyAdd(k, b0, c20); c21 = multiplyAdd(k, b1, c21);
        k = v128.load32_splat(at, 32); c10 = multiplyAdd(k, b0, c10); c11 = multiplyAdd(k, b1, c11);
        k = v128.load32_splat(at); c00 = multiplyAdd(k, b0, c00); c01 = multiplyAdd(k, b1, c01);
      }
      at += 4;
      if (at) {
        b0 = v128.load(row, 64); b1 = v128.load(row, 80);
        k = v128.load32_splat(at, 160); c50 = multiplyAdd(k, b0, c50); c51 = multiplyAdd(k, b1, c51);
        k = v128.load32_splat(at, 128); c40 = multiplyAdd(k, b0, c40); c41 = multiplyAdd(k, b1, c41);
        k = v128.load32_splat(at, 96); c30 = multiplyAdd(k, b0, c30); c31 = multiplyAdd(k, b1, c31);
        k = v128.load32_splat(at, 64); c20 = multiplyAdd(k, b0, c20); c21 = multiplyAdd(k, b1, c21);
        k = v128.load32_splat(at, 32); c10 = multiplyAdd(k, b0, c10); c11 = multiplyAdd(k, b1, c11);
        k = v128.load32_splat(at); c00 = multiplyAdd(k, b0, c00); c01 = multiplyAdd(k, b1, c01);
      }
      at += 4;
      if (at) {
        b0 = v128.load(row, 96); b1 = v128.load(row, 112);
        k = v128.load32_splat(at, 160); c50 = multiplyAdd(k, b0, c50); c51 = multiplyAdd(k, b1, c51);
        k = v128.load32_splat(at, 128); c40 = multiplyAdd(k, b0, c40); c41 = multiplyAdd(k, b1, c41);
        k = v128.load32_splat(at, 96); c30 = multiplyAdd(k, b0, c30); c31 = multiplyAdd(k, b1, c31);
        k = v128.load32_splat(at, 64); c20 = multiplyAdd(k, b0, c20); c21 = multiplyAdd(k, b1, c21);
        k = v128.load32_splat(at, 32); c10 = multiplyAdd(k, b0, c10); c11 = multiplyAdd(k, b1, c11);
        k = v128.load32_splat(at); c00 = multiplyAdd(k, b0, c00); c01 = multiplyAdd(k, b1, c01);
      }
      at += 4;
      if (at) {
        b0 = v128.load(row, 128); b1 = v128.load(row, 144);
        k = v128.load32_splat(at, 160); c50 = multiplyAdd(k, b0, c50); c51 = multiplyAdd(k, b1, c51);
        k = v128.load32_splat(at, 128); c40 = multiplyAdd(k, b0, c40); c41 = multiplyAdd(k, b1, c41);
        k = v128.load32_splat(at, 96); c30 = multiplyAdd(k, b0, c30); c31 = multiplyAdd(k, b1, c31);
        k = v128.load32_splat(at, 64); c20 = multiplyAdd(k, b0, c20); c21 = multiplyAdd(k, b1, c21);
        k = v128.load32_splat(at, 32); c10 = multiplyAdd(k, b0, c10); c11 = multiplyAdd(k, b1, c11);
        k = v128.load32_splat(at); c00 = multiplyAdd(k, b0, c00); c01 = multiplyAdd(k, b1, c01);
      }
      at += 4;
      if (at) {
        b0 = v128.load(row, 160); b1 = v128.load(row, 176);
        k = v128.load32_splat(at, 160); c50 = multiplyAdd(k, b0, c50); c51 = multiplyAdd(k, b1, c51);
        k = v128.load32_splat(at, 128); c40 = multiplyAdd(k, b0, c40); c41 = multiplyAdd(k, b1, c41);
        k = v128.load32_splat(at, 96); c30 = multiplyAdd(k, b0, c30); c31 = multiplyAdd(k, b1, c31);
        k = v128.load32_splat(at, 64); c20 = multiplyAdd(k, b0, c20); c21 = multiplyAdd(k, b1, c21);
        k = v128.load32_splat(at, 32); c10 = multiplyAdd(k, b0, c10); c11 = multiplyAdd(k, b1, c11);
        k = v128.load32_splat(at); c00 = multiplyAdd(k, b0, c00); c01 = multiplyAdd(k, b1, c01);
      }
      at += 4;
      if (at) {
        b0 = v128.load(row, 192); b1 = v128.load(row, 208);
        k = v128.load32_splat(at, 160); c50 = multiplyAdd(k, b0, c50); c51 = multiplyAdd(k, b1, c51);
        k = v128.load32_splat(at, 128); c40 = multiplyAdd(k, b0, c40); c41 = multiplyAdd(k, b1, c41);
        k = v128.load32_splat(at, 96); c30 = multiplyAdd(k, b0, c30); c31 = multiplyAdd(k, b1, c31);
        k = v128.load32_splat(at, 64); c20 = multiplyAdd(k, b0, c20); c21 = multiplyAdd(k, b1, c21);
        k = v128.load32_splat(at, 32); c10 = multiplyAdd(k, b0, c10); c11 = multiplyAdd(k, b1, c11);
        k = v128.load32_splat(at); c00 = multiplyAdd(k, b0, c00); c01 = multiplyAdd(k, b1, c01);
      }
      at += 4;
      if (at) {
        b0 = v128.load(row, 224); b1 = v128.load(row, 240);
        k = v128.load32_splat(at, 160); c50 = multiplyAdd(k, b0, c50); c51 = multiplyAdd(k, b1, c51);
        k = v128.load32_splat(at, 128); c40 = multiplyAdd(k, b0, c40); c41 = multiplyAdd(k, b1, c41);
        k = v128.load32_splat(at, 96); c30 = multiplyAdd(k, b0, c30); c31 = multiplyAdd(k, b1, c31);
        k = v128.load32_splat(at, 64); c20 = multiplyAdd(k, b0, c20); c21 = multiplyAdd(k, b1, c21);
        k = v128.load32_splat(at, 32); c10 = multiplyAdd(k, b0, c10); c11 = multiplyAdd(k, b1, c11);
        k = v128.load32_splat(at); c00 = multiplyAdd(k, b0, c00); c01 = multiplyAdd(k, b1, c01);
      }
      at += 4;
    }
    if (init) {
      const init0 = v128.load(init), init1 = v128.load(init, 16);
      v128.store(c, f32x4.add(init0, c00));
      v128.store(c, f32x4.add(init1, c01), 16);
      v128.store(c, f32x4.add(init0, c10), 32);
      v128.store(c, f32x4.add(init1, c11), 48);
      v128.store(c, f32x4.add(init0, c20), 64);
      v128.store(c, f32x4.add(init1, c21), 80);
      v128.store(c, f32x4.add(init0, c30), 96);
      v128.store(c, f32x4.add(init1, c31), 112);
      v128.store(c, f32x4.add(init0, c40), 128);
      v128.store(c, f32x4.add(init1, c41), 144);
      v128.store(c, f32x4.add(init0, c50), 160);
      v128.store(c, f32x4.add(init1, c51), 176);
    } else {
      v128.store(c, f32x4.add(v128.load(c), c00));
      v128.store(c, f32x4.add(v128.load(c, 16), c01), 16);
      v128.store(c, f32x4.add(v128.load(c, 32), c10), 32);
      v128.store(c, f32x4.add(v128.load(c, 48), c11), 48);
      v128.store(c, f32x4.add(v128.load(c, 64), c20), 64);
      v128.store(c, f32x4.add(v128.load(c, 80), c21), 80);
      v128.store(c, f32x4.add(v128.load(c, 96), c30), 96);
      v128.store(c, f32x4.add(v128.load(c, 112), c31), 112);
      v128.store(c, f32x4.add(v128.load(c, 128), c40), 128);
      v128.store(c, f32x4.add(v128.load(c, 144), c41), 144);
      v128.store(c, f32x4.add(v128.load(c, 160), c50), 160);
      v128.store(c, f32x4.add(v128.load(c, 176), c51), 176);
    }
  }
}
