/**
 * 3×3 convolution and its input gradient, on images in rows (pixels.ts): value (image n, row r, channel c, column s) of a
 * buffer of C channels is at  origin + ((n·rows + r)·C + c)·pitch + 4s.  Each image has a border of at least the dilation d on
 * all four sides, which holds the padding: zeros, or the mirrored image (padding.ts). So the kernel needs no special case
 * for the edges.
 *
 * It uses Winograd's minimal filtering F(4, 3) along the columns: four outputs of a column, d rows apart, take 6 · 3 products
 * for each pair of channels instead of 36. Along the rows, the three taps are multiplied directly. A group of rows r₀ + j·d,
 * j = 0..3, needs the rows r₀ + (j − 1)·d, j = 0..5; those below the lower border count as zeros. A vector is 4 pixels of a
 * row, so the transformations work on whole rows, and no values are shuffled between lanes:
 *
 *   t_p = Bᵀ v,   M_p[o, s] = Σ_{i, kx} U_p[o, i, kx] · t_p[i, s + (kx − 1)·d],   y = Aᵀ M + bias
 *
 * with p = 0..5. conv3x3TransformWeights computes U; winograd-products.ts has the products, winograd-transforms.ts the
 * transformations. Every value is summed by one thread in one order, whatever the number of threads.
 *
 * Method: Andrew Lavin and Scott Gray, "Fast algorithms for convolutional neural networks", CVPR 2016, here in one
 * dimension; Shmuel Winograd, "Arithmetic complexity of computations" (1980). The matrices belong to the interpolation points
 * 0, ±1, ±2 and ∞.
 */
import { Activation } from "../constants";
import { rowOf, transformGroup } from "./row-groups";
import {
  groupsOf, groupsTogether, PRODUCTS, productsBytes, SPAN, SPAN_BYTES, SPAN_PRODUCTS, TRANSFORMED, vectorsOf,
} from "./sizes";
import { multiplyPlanes } from "./winograd-products";
import { storeOutputs } from "./winograd-transforms";

/**
 * y[n, r, o, s] = f(bias[o] + Σ_{i, ky, kx} w[o, i, ky, kx] · x[n, r + (ky − 1)·d, i, s + (kx − 1)·d])
 * or, if gate ≠ 0,  y = (…) ∘ (gate > 0),  which is the gradient of a ReLU whose output is `gate`
 *
 * y, gate: images of `outs` channels; x: images of `ins` channels; u: the transformed w; bias: `outs` values; scratch:
 * `convolutionScratch` bytes (sizes.ts). The layer's input gradient is this function with dy for x, the weights of
 * conv3x3TransposeWeights and a bias of zeros.
 *
 * An item is a group of rows of all channels. Two spans of columns are multiplied together: those of two groups if all columns
 * of a group fit into a span, otherwise two parts of one group. Columns between width and the next multiple of 4 are set to 0.
 */
export function conv3x3(
  y: usize, x: usize, u: usize, bias: usize, gate: usize, scratch: usize, ins: i32, outs: i32, height: i32, width: i32,
  pitch: usize, rows: i32, dilation: i32, activation: i32, first: i32, last: i32,
): void {
  const vectors = vectorsOf(width);
  const groups = groupsOf(height, dilation);
  const none = scratch;
  const t = none + TRANSFORMED;
  const plane = <usize>ins * TRANSFORMED;
  const m = t + 6 * plane;
  memory.fill(none, 0, TRANSFORMED);
  const floor = f32x4.splat(activation == Activation.relu ? 0 : -Infinity);
  const toGate = gate ? gate - y : 0;
  const tail = <usize>(-width & 3) << 2;
  while (first < last) {
    const together = min(groupsTogether(width), last - first);
    for (let column = 0; column < vectors; ) {
      const left = vectors - column;
      const whole = together == 2;
      const count = whole ? left : min(SPAN, (left + 1) >> 1);
      const second = whole ? 0 : min(SPAN, left - count);
      for (let span = 0; span < together; span++) {
        const row = rowOf((first + span) % groups, dilation);
        const line = (first + span) / groups * rows + row;
        const from = x + <usize>((line - dilation) * ins) * pitch + (<usize>column << 4) - 16;
        transformGroup(
          t + <usize>span * SPAN_BYTES, plane, TRANSFORMED, from, none, ins, dilation, pitch, height - row,
          <usize>(count + 2) << 4, second ? <usize>(second + 2) << 4 : 0, <usize>count << 4, SPAN_BYTES,
        );
      }
      multiplyPlanes(m, t + 16, plane, u, <usize>dilation << 2, ins, outs, count);
      for (let span = 0; span < together; span++) {
        const row = rowOf((first + span) % groups, dilation);
        const line = (first + span) / groups * rows + row;
        const to = y + <usize>(line * outs) * pitch + (<usize>column << 4);
        finishGroup(
          to, m + <usize>span * SPAN_PRODUCTS, bias, outs, dilation, pitch, count, second, height - row, floor, toGate,
          column + count + second == vectors ? tail : 0,
        );
      }
      column += count + second;
    }
    first += together;
  }
}

/**
 * y = f(Aᵀ M + bias) for those rows of a group that the image has: it has `left` rows from the group's first on. Sets the last
 * `tail` bytes of each to 0. M has `count` vectors in its first span and `second` in its second.
 */
function finishGroup(
  y: usize, m: usize, bias: usize, outs: i32, dilation: i32, pitch: usize, count: i32, second: i32, left: i32, floor: v128,
  gate: usize, tail: usize,
): void {
  const plane = <usize>productsBytes(outs);
  const step = <usize>(dilation * outs) * pitch;
  const rows = min(4, (left + dilation - 1) / dilation);
  const first = <usize>count << 4;
  const bytes = first + (<usize>second << 4);
  for (let o = 0; o < outs; o++, y += pitch, m += PRODUCTS) {
    const b = v128.load32_splat(bias + (<usize>o << 2));
    for (let at: usize = 0, from = m; at < bytes; at += 16) {
      if (at == first) from += SPAN_PRODUCTS - first;
      storeOutputs(y + at, step, rows, from + at, plane, b, floor, gate);
    }
    if (tail) for (let j = 0; j < rows; j++) memory.fill(y + <usize>j * step + bytes - tail, 0, tail);
  }
}
