/**
 * The products of Winograd's filtering in conv3x3.ts: for each p = 0..5
 *
 *   M_p[o, v] = Σ_{i, kx} U_p[o, i, kx] · t_p[i, v + (kx − 1)·reach]
 *
 * for the vectors v, of 4 pixels, of two spans. The register tile is 4 outputs × one vector of each span; the relaxed builds
 * also have a tile of 6 × 2, since fused multiply-add needs more independent sums. tiles.js describes the tiles. U is in
 * panels (winograd-weights.ts); sizes.ts describes the layout of t and M.
 */
import { fourOutputs, oneOutput, sixOutputs } from "../../build/assembly/conv/tiles";
import { PRODUCTS, productsBytes, SPAN_BYTES, SPAN_PRODUCTS, transformedPanelBytes, transformedPlaneBytes } from "./sizes";

/**
 * M from t. The first pixel of t_0 is at x, that of t_1 at x + plane, and so on; reach: in bytes
 *
 * The first span has `count` vectors and the second at most as many. `count` vectors are computed for both.
 */
export function multiplyPlanes(m: usize, x: usize, plane: usize, u: usize, reach: usize, ins: i32, outs: i32, count: i32): void {
  const panel = <usize>transformedPanelBytes(ins);
  const weights = <usize>transformedPlaneBytes(outs, ins);
  const products = <usize>productsBytes(outs);
  const vectors = <usize>count << 4;
  const skip = panel - <usize>ins * 48;
  const whole = outs & ~3;
  const fours = <usize>whole * PRODUCTS;
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
      fourOutputs(to, x + v, reach, w, ins, skip, m + v + fours);
    }
    for (let o = whole; o < outs; o++) {
      const w = u + <usize>(o >> 2) * panel + (<usize>(o & 3) << 2);
      const to = m + <usize>o * PRODUCTS;
      oneOutput(to, x, reach, w, ins);
      oneOutput(to + SPAN_PRODUCTS, x + SPAN_BYTES, reach, w, ins);
    }
  }
}
