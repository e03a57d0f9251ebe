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
 * The register tile is 4 outputs × 2 vectors, as in conv3x3.ts. A value's sum is the same in every picture that
 * is cut at columns divisible by m.
 *
 * Method: Andrew Lavin and Scott Gray, "Fast algorithms for convolutional neural networks", CVPR 2016, here in one
 * dimension; Shmuel Winograd, "Arithmetic complexity of computations" (1980). The matrices are those of the points
 * 0, ±1, ±2 and ∞.
 */
import { multiplyAdd } from "./simd";
import {
  Layer,
  modulus,
  PRODUCTS,
  pitch,
  products,
  STRIP,
  split,
  splitPitch,
  vectors,
} from "./stream-layout";
import { clearTail, columnOf } from "./winograd-rows";
import { panelBytes, panelsBytes } from "./winograd-weights";

/** The split row of outputs from transformed rows, of which x is the middle one. */
export function convolveRow(layer: Layer, x: usize, taps: usize): void {
  const ins = layer.ins;
  const outs = layer.outs;
  const tapsEnd = taps + <usize>ins * 12;
  const panel = panelBytes(ins);
  const plane = panelsBytes(outs, ins);
  const productsOfPlane = <usize>((outs + 3) & ~3) * PRODUCTS;
  const all = vectors * (modulus >> 2);
  for (let first = 0; first < all; first += STRIP) {
    const count = min(STRIP, all - first);
    let xp = x + (<usize>first << 4);
    let wp = layer.weights;
    let mp = products;
    for (let p = 0; p < 6; p++, xp += <usize>ins * pitch, wp += plane, mp += productsOfPlane) {
      for (let v = 0; v < count; v += 2) {
        // The last tile may be half: it then computes the same vector twice.
        const second: usize = v + 1 < count ? 16 : 0;
        const xa = xp + (<usize>v << 4);
        let m = mp + (<usize>v << 4);
        let w = wp;
        for (let o = 4; o <= outs; o += 4, m += 4 * PRODUCTS, w += panel) {
          fourOutputs(m, m + second, xa, xa + second, w, taps, tapsEnd);
        }
      }
      for (let o = outs & ~3; o < outs; o++) {
        const w = wp + <usize>(o >> 2) * panel + (<usize>(o & 3) << 2);
        for (let v = 0; v < count; v += 7) {
          const at = <usize>v << 4;
          singleOutput(mp + <usize>o * PRODUCTS + at, xp + at, w, taps, tapsEnd);
        }
      }
    }
    finish(layer, productsOfPlane, first, count);
  }
  clearTail(outs);
}

/** m[o] = Σ_k w[o, k] · x[taps[k]] for 4 outputs and the vectors at xa and xb. */
function fourOutputs(ma: usize, mb: usize, xa: usize, xb: usize, w: usize, taps: usize, tapsEnd: usize): void {
  let c00 = f32x4.splat(0), c01 = c00, c10 = c00, c11 = c00, c20 = c00, c21 = c00, c30 = c00, c31 = c00;
  for (; taps < tapsEnd; ) {
    for (const end = min(taps + BLOCK, tapsEnd); taps < end; taps += 4, w += 16) {
      const offset = load<usize>(taps);
      const x0 = v128.load(xa + offset);
      const x1 = v128.load(xb + offset);
      const w0 = v128.load32_splat(w);
      c00 = multiplyAdd(w0, x0, c00);
      c01 = multiplyAdd(w0, x1, c01);
      const w1 = v128.load32_splat(w, 4);
      c10 = multiplyAdd(w1, x0, c10);
      c11 = multiplyAdd(w1, x1, c11);
      const w2 = v128.load32_splat(w, 8);
      c20 = multiplyAdd(w2, x0, c20);
      c21 = multiplyAdd(w2, x1, c21);
      const w3 = v128.load32_splat(w, 12);
      c30 = multiplyAdd(w3, x0, c30);
      c31 = multiplyAdd(w3, x1, c31);
    }
  }
  v128.store(ma, c00);
  v128.store(mb, c01);
  v128.store(ma, c10, PRODUCTS);
  v128.store(mb, c11, PRODUCTS);
  v128.store(ma, c20, 2 * PRODUCTS);
  v128.store(mb, c21, 2 * PRODUCTS);
  v128.store(ma, c30, 3 * PRODUCTS);
  v128.store(mb, c31, 3 * PRODUCTS);
}

/** Bytes of 48 taps: the processor foresees the end of a loop as short. */
const BLOCK: usize = 192;

/** m = Σ_k w[k] · x[taps[k]] for one output and 7 vectors. */
function singleOutput(m: usize, x: usize, w: usize, taps: usize, tapsEnd: usize): void {
  let c0 = f32x4.splat(0), c1 = c0, c2 = c0, c3 = c0, c4 = c0, c5 = c0, c6 = c0;
  for (; taps < tapsEnd; taps += 4, w += 16) {
    const xt = x + load<usize>(taps);
    const wv = v128.load32_splat(w);
    c0 = multiplyAdd(wv, v128.load(xt), c0);
    c1 = multiplyAdd(wv, v128.load(xt, 16), c1);
    c2 = multiplyAdd(wv, v128.load(xt, 32), c2);
    c3 = multiplyAdd(wv, v128.load(xt, 48), c3);
    c4 = multiplyAdd(wv, v128.load(xt, 64), c4);
    c5 = multiplyAdd(wv, v128.load(xt, 80), c5);
    c6 = multiplyAdd(wv, v128.load(xt, 96), c6);
  }
  v128.store(m, c0);
  v128.store(m, c1, 16);
  v128.store(m, c2, 32);
  v128.store(m, c3, 48);
  v128.store(m, c4, 64);
  v128.store(m, c5, 80);
  v128.store(m, c6, 96);
}

/**
 * y = f(Aᵀ M + bias) into the split row, for the vectors of a strip
 *
 *        1 1  1 1  1 0
 *   Aᵀ = 0 1 −1 2 −2 0
 *        0 1  1 4  4 0
 *        0 1 −1 8 −8 1
 */
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
      const m1 = v128.load(m + plane);
      const m2 = v128.load(m + 2 * plane);
      const m3 = v128.load(m + 3 * plane);
      const m4 = v128.load(m + 4 * plane);
      const s1 = f32x4.add(f32x4.add(m1, m2), b);
      const d1 = f32x4.add(f32x4.sub(m1, m2), b);
      const s2 = f32x4.add(m3, m4);
      const d2 = f32x4.sub(m3, m4);
      const y0 = f32x4.add(f32x4.add(v128.load(m), s1), s2);
      const y1 = multiplyAdd(f32x4.splat(2), d2, d1);
      const y2 = multiplyAdd(f32x4.splat(4), s2, s1);
      const y3 = f32x4.add(multiplyAdd(f32x4.splat(8), d2, d1), v128.load(m + 5 * plane));
      v128.store(y, f32x4.pmax(floor, y0));
      v128.store(y + step, f32x4.pmax(floor, y1));
      v128.store(y + 2 * step, f32x4.pmax(floor, y2));
      v128.store(y + 3 * step, f32x4.pmax(floor, y3));
    }
  }
}
