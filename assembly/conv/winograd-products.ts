/**
 * The products of Winograd's filtering in conv3x3.ts: for each p = 0..5
 *
 *   M_p[o, v] = Σ_{i, kx} U_p[o, i, kx] · t_p[i, v + (kx − 1)·reach]
 *
 * over the vectors v, of 4 lanes, of two spans: the register tile is 4 outputs × a vector of each; with fused
 * multiply-add, which wants more sums under way, 6 × 2. The tiles are described in tiles.js. U is in panels
 * (winograd-weights.ts), t and M are laid out as sizes.ts says.
 */
import { fourOutputs, oneOutput, sixOutputs } from "../../build/assembly/conv/tiles";
import { PRODUCTS, productsBytes, SPAN_BYTES, SPAN_PRODUCTS, transformedPanelBytes, transformedPlaneBytes } from "./sizes";

/**
 * M from t_0, whose first pixel is at x, t_1 at x + plane, …; reach: in bytes
 *
 * There are `count` vectors in the first span and at most as many in the second, of which as many are computed.
 */
export function multiplyPlanes(m: usize, x: usize, plane: usize, u: usize, reach: usize, ins: i32, outs: i32, count: i32): void {
  const panel = <usize>transformedPanelBytes(ins);
  const weights = <usize>transformedPlaneBytes(outs, ins);
  const products = <usize>productsBytes(outs);
  const vectors = <usize>count << 4;
  for (let p = 0; p < 6; p++, x += plane, u += weights, m += products) {
    for (let v: usize = 0; v < vectors; v += 16) {
      let to = m + v;
      let w = u;
      let o = 4;
      if (ASC_FEATURE_RELAXED_SIMD) {
        for (; o + 8 <= outs; o += 12, to += 12 * PRODUCTS, w += 3 * panel) {
          sixOutputs(to, x + v, reach, w, w + panel, 4 * PRODUCTS, ins);
          sixOutputs(to + 8 * PRODUCTS, x + v, reach, w + 2 * panel, w + panel + 8, 0 - 2 * PRODUCTS, ins);
        }
      }
      for (; o <= outs; o += 4, to += 4 * PRODUCTS, w += panel) fourOutputs(to, x + v, reach, w, ins);
    }
    for (let o = outs & ~3; o < outs; o++) {
      const w = u + <usize>(o >> 2) * panel + (<usize>(o & 3) << 2);
      const to = m + <usize>o * PRODUCTS;
      oneOutput(to, x, reach, w, ins);
      oneOutput(to + SPAN_PRODUCTS, x + SPAN_BYTES, reach, w, ins);
    }
  }
}
