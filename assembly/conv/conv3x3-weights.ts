/**
 * A convolution's weights, in panels of 4 outputs: w[o][i][ky][kx] of PyTorch is value
 * (⌊o/4⌋·P + k)·4 + (o mod 4),  k = 9i + 3ky + kx,  P = 9·ins rounded up to a multiple of 4,
 * so a panel is whole cache lines. Outputs past the last and columns past 9·ins are 0.
 */
import { transformedPanelBytes, transformedPlaneBytes, weightPanelBytes } from "./sizes";
import { storeTransformed } from "./winograd-weights";

/**
 * The weights of the input gradient: turned by 180°, with inputs and outputs exchanged
 *
 * wt[i][o][2 − ky][2 − kx] = w[o][i][ky][kx].  w: `outs` × `ins`; wt: `ins` × `outs`, both in panels, padding
 * set to 0. Done twice it gives w back. An item is a panel of wt: 4 inputs.
 */
export function conv3x3TransposeWeights(wt: usize, w: usize, ins: i32, outs: i32, first: i32, last: i32): void {
  const from = <usize>weightPanelBytes(ins);
  const to = <usize>weightPanelBytes(outs);
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
 * U = G w along the columns of each kernel, for conv3x3: six planes in panels (winograd-weights.ts), k = 3i + kx.
 *
 * w: `outs` × `ins` in panels. An item is a panel: 4 outputs.
 */
export function conv3x3TransformWeights(u: usize, w: usize, ins: i32, outs: i32, first: i32, last: i32): void {
  const plane = <usize>transformedPlaneBytes(outs, ins);
  for (let panel = first; panel < last; panel++) {
    let to = u + <usize>panel * <usize>transformedPanelBytes(ins);
    let from = w + <usize>panel * <usize>weightPanelBytes(ins);
    for (let i = 0; i < ins; i++, from += 96) {
      // Three columns of 4 outputs.
      for (const end = to + 48; to < end; to += 4, from += 4) {
        storeTransformed(to, plane, load<f32>(from), load<f32>(from, 48), load<f32>(from, 96));
      }
    }
  }
}

/**
 * dw = Gᵀ S along the columns of each kernel: the gradient of w from that of U, in the layouts of
 * conv3x3TransformWeights. Padding becomes 0. An item is a panel: 4 outputs.
 *
 * What is so small beside its terms that it may be their rounding becomes 0: an optimiser that divides by a gradient's own
 * size would make a whole step of it.
 */
export function conv3x3GatherWeights(dw: usize, s: usize, ins: i32, outs: i32, first: i32, last: i32): void {
  const plane = <usize>transformedPlaneBytes(outs, ins);
  dw += <usize>first * <usize>weightPanelBytes(ins);
  memory.fill(dw, 0, <usize>(last - first) * <usize>weightPanelBytes(ins));
  for (let panel = first; panel < last; panel++) {
    let from = s + <usize>panel * <usize>transformedPanelBytes(ins);
    let to = dw + <usize>(panel - first) * <usize>weightPanelBytes(ins);
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

/** A sum whose terms' absolute values add up to `size`, or 0 where it is within the 16 roundings of float32 that they may be off by. */
function significant(sum: f64, size: f64): f32 {
  return abs(sum) <= size * 9.5367431640625e-7 ? 0 : <f32>sum;
}
