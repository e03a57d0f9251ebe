/**
 * 3×3 convolutions for inference by Winograd's minimal filtering F(4, 3) along the rows: four outputs of a row take
 * 6 · 3 products for each pair of channels instead of 36. Rows are taken directly, one after the other.
 *
 * Beside the plain one, which goes in and comes out, a row of a picture has two forms.
 *
 * Split (the scratch of a layer): column x = m·q + r of channel c is at  split + (c·m + r)·splitPitch + 4q,  with 16
 * bytes of margin on both sides of a residue. m is a multiple of 4d for every dilation d of the network, so that
 * the columns x₀ + j·d of 4 neighbouring groups are always 4 neighbouring values, and nothing is shuffled.
 *
 * Transformed (what a layer reads): group g of 4 outputs x₀ + j·d, j = 0..3, needs the inputs v_j = x₀ + (j − 1)·d,
 * j = 0..5. A group is a lane; for a vector of 4 groups
 *
 *   t = Bᵀ v   (6 values from 6),  and value p of channel c is at  row + (p·C + c)·pitch + 16·vector.
 *
 * Then for each output channel o
 *
 *   M_p[o] = Σ_{i, ky} U_p[o, i, ky] · t_p[i, row + (ky − 1)·d],   U = G w,   y = Aᵀ M + bias.
 *
 * U is in panels of 4 outputs: value ((⌊o/4⌋·P + k)·4 + o mod 4) of plane p, k = 3i + ky, P = 3·ins rounded up to a
 * multiple of 4. taps[k] = (ky − 1)·d·(bytes of a row) + i·pitch, around the ring of rows (stream-layout.ts).
 *
 * A value's sum is the same in every picture that is cut at columns divisible by m.
 *
 * Method: Andrew Lavin and Scott Gray, "Fast algorithms for convolutional neural networks", CVPR 2016, here in one
 * dimension; Shmuel Winograd, "Arithmetic complexity of computations" (1980). The matrices are those of the points
 * 0, ±1, ±2 and ∞.
 */
import { STRIP } from "./opcodes";
import { Layer, modulus, pitch, products, split, splitPitch, vectors } from "./stream-layout";
import { multiplyPlanes, PRODUCTS, productsBytes } from "./winograd-products";
import { clearTail, columnOf } from "./winograd-rows";
import { storeOutputs } from "./winograd-transforms";

/** The split row of outputs from transformed rows, of which x is the middle one. */
export function convolveRow(layer: Layer, x: usize, taps: usize): void {
  const ins = layer.ins;
  const outs = layer.outs;
  const all = vectors * (modulus >> 2);
  for (let first = 0; first < all; first += STRIP) {
    const count = min(STRIP, all - first);
    multiplyPlanes(products, x + (<usize>first << 4), <usize>ins * pitch, layer.weights, taps, ins, outs, count, 1, 0);
    finish(layer, productsBytes(outs), first, count);
  }
  clearTail(outs);
}

/** y = f(Aᵀ M + bias) into the split row, for the vectors of a strip. */
function finish(layer: Layer, plane: usize, first: i32, count: i32): void {
  const d = layer.dilation;
  const outs = layer.outs;
  const n = vectors;
  const channelPitch = <usize>modulus * splitPitch;
  const step = <usize>d * splitPitch;
  const bias = layer.bias;
  // Sums below the floor become the floor.
  const floor = f32x4.splat(layer.relu ? 0 : -Infinity);
  for (let v = 0; v < count; v++) {
    const set = (first + v) / n;
    const lane = first + v - set * n;
    let y = split + <usize>columnOf(set, d) * splitPitch + (<usize>lane << 4);
    let m = products + (<usize>v << 4);
    for (let o = 0; o < outs; o++, y += channelPitch, m += PRODUCTS) {
      const b = v128.load32_splat(bias + (<usize>o << 2));
      storeOutputs(y, step, 4, m, plane, b, floor, 0);
    }
  }
}
