/**
 * A convolution's weights, in panels of 4 outputs. PyTorch's w[o][i][ky][kx] is value
 * (⌊o/4⌋·P + k)·4 + (o mod 4)  with  k = 9i + 3ky + kx  and  P = 9·ins rounded up to a multiple of 4,
 * so a panel is a number of whole cache lines. Values for outputs past the last and for k from 9·ins on are 0.
 */
import { transformedPanelBytes, transformedPlaneBytes, weightPanelBytes } from "./sizes";
import { storeTransformed } from "./winograd-weights";

/**
 * The weights of the input gradient: each kernel is rotated by 180°, and inputs and outputs are exchanged
 *
 * wt[i][o][2 − ky][2 − kx] = w[o][i][ky][kx].  w: `outs` × `ins`; wt: `ins` × `outs`; both in panels. Padding is set to 0.
 * Applied twice, it gives w back. An item is a panel of wt: 4 inputs.
 */
export function conv3x3TransposeWeights(wt: usize, w: usize, ins: i32, outs: i32, first: i32, last: i32): void {
  const from = <usize>weightPanelBytes(ins, 9);
  const to = <usize>weightPanelBytes(outs, 9);
  wt += <usize>first * to;
  for (let panel = first; panel < last; panel++, wt += to) {
    memory.fill(wt, 0, to);
    for (let lane = 0; lane < 4; lane++) {
      const i = (panel << 2) + lane;
      if (i == ins) break;
      let at = wt + (<usize>lane << 2);
      for (let o = 0; o < outs; o++) {
        const final = w + <usize>(o >> 2) * from + (<usize>(i * 9 + 8) << 4) + (<usize>(o & 3) << 2);
        for (let source = final; source > final - 144; source -= 16, at += 16) store<f32>(at, load<f32>(source));
      }
    }
  }
}

/**
 * U = G w along the columns of each kernel, as conv3x3 takes it: six planes in panels, k = 3i + kx (winograd-weights.ts).
 *
 * w: `outs` × `ins` in panels. An item is a panel: 4 outputs.
 */
export function conv3x3TransformWeights(u: usize, w: usize, ins: i32, outs: i32, first: i32, last: i32): void {
  const plane = <usize>transformedPlaneBytes(outs, ins);
  for (let panel = first; panel < last; panel++) {
    let to = u + <usize>panel * <usize>transformedPanelBytes(ins);
    let from = w + <usize>panel * <usize>weightPanelBytes(ins, 9);
    for (let i = 0; i < ins; i++, from += 96) {
      // Three columns of 4 outputs.
      for (const end = to + 48; to < end; to += 4, from += 4) {
        storeTransformed(to, plane, load<f32>(from), load<f32>(from, 48), load<f32>(from, 96));
      }
    }
  }
}

/**
 * dw = Gᵀ S along the columns of each kernel: the gradient of w from S, the gradient of U. Layouts are as in
 * conv3x3TransformWeights. Padding becomes 0. An item is a panel: 4 outputs.
 *
 * A value becomes 0 if it is so small, compared to the terms that it is summed from, that it may be nothing but their
 * rounding errors. Adam divides a gradient by its own size and would make a whole step of it.
 */
export function conv3x3GatherWeights(dw: usize, s: usize, ins: i32, outs: i32, first: i32, last: i32): void {
  const plane = <usize>transformedPlaneBytes(outs, ins);
  dw += <usize>first * <usize>weightPanelBytes(ins, 9);
  memory.fill(dw, 0, <usize>(last - first) * <usize>weightPanelBytes(ins, 9));
  for (let panel = first; panel < last; panel++) {
    let from = s + <usize>panel * <usize>transformedPanelBytes(ins);
    let to = dw + <usize>(panel - first) * <usize>weightPanelBytes(ins, 9);
    for (let i = 0; i < ins; i++, to += 96) {
      for (const end = from + 48; from < end; from += 4, to += 4) {
        const s0 = <f64>load<f32>(from) / 4;
        const s1 = <f64>load<f32>(from + plane) / 6;
        const s2 = <f64>load<f32>(from + 2 * plane) / 6;
        const s3 = <f64>load<f32>(from + 3 * plane) / 24;
        const s4 = <f64>load<f32>(from + 4 * plane) / 24;
        const s5 = <f64>load<f32>(from + 5 * plane);
        const some = abs(s1) + abs(s2);
        const others = abs(s3) + abs(s4);
        store<f32>(to, significant(s0 - s1 - s2 + s3 + s4, abs(s0) + some + others));
        store<f32>(to, significant(s2 - s1 + 2 * (s3 - s4), some + 2 * others), 48);
        store<f32>(to, significant(4 * (s3 + s4) - s1 - s2 + s5, some + 4 * others + abs(s5)), 96);
      }
    }
  }
}

/** The sum, or 0 if it is within 16 float32 roundings of `size`, which is the sum of its terms' absolute values. */
function significant(sum: f64, size: f64): f32 {
  return abs(sum) <= size * 9.5367431640625e-7 ? 0 : <f32>sum;
}
