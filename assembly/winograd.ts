/**
 * 3×3 convolutions for inference by Winograd's minimal filtering F(4, 3) along the rows: four outputs of a row take
 * 6 · 3 products for each pair of channels instead of 36. Rows are taken directly, one after the other.
 *
 * A row of a picture is in two forms.
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
 * multiple of 4. taps[k] = (ky − 1)·d·(bytes of a row) + i·pitch.
 *
 * The register tile is 4 outputs × 2 vectors, as in conv3x3.ts. A value's sum is the same in every picture that
 * is cut at columns divisible by m.
 *
 * Method: Andrew Lavin and Scott Gray, "Fast algorithms for convolutional neural networks", CVPR 2016, here in one
 * dimension; Shmuel Winograd, "Arithmetic complexity of computations" (1980). The matrices are those of the points
 * 0, ±1, ±2 and ∞.
 */
import { multiplyAdd } from "./simd";
import { LayerWord as Word } from "./winograd-layer";

/** Vectors of a row that are taken at a time: their products and inputs stay in the first-level cache. */
const STRIP = 16;
/** Bytes of the products of an output channel in a strip; singleOutputs writes 6 vectors too many. */
const PRODUCTS: usize = (STRIP + 6) << 4;

// @ts-ignore: decorator
@inline
function word(layer: usize, index: i32): i32 {
  return load<i32>(layer + (<usize>index << 2));
}

/**
 * Computes `count` rows of a layer: transformed rows x in; transformed rows y out or, where no layer follows, plain
 * ones of `plainPitch` bytes a channel.
 */
export function convolveRows(layer: usize, y: usize, x: usize, count: i32): void {
  const pitch = <usize>word(layer, Word.pitch);
  const inRow = <usize>(6 * word(layer, Word.ins)) * pitch;
  for (; count > 0; count--, x += inRow) {
    convolveRow(layer, x);
    if (word(layer, Word.nextDilation)) {
      transformRow(layer, y);
      y += <usize>(6 * word(layer, Word.outs)) * pitch;
    } else {
      copyPlain(layer, y, false);
      y += <usize>(word(layer, Word.outs) * word(layer, Word.plainPitch));
    }
  }
}

/** Transforms `count` plain rows x for the first layer; `layer` is a record with its inputs as outputs. */
export function enterRows(layer: usize, y: usize, x: usize, count: i32): void {
  for (; count > 0; count--) {
    copyPlain(layer, x, true);
    clearTail(layer);
    transformRow(layer, y);
    x += <usize>(word(layer, Word.outs) * word(layer, Word.plainPitch));
    y += <usize>(6 * word(layer, Word.outs) * word(layer, Word.pitch));
  }
}

/** Between a plain row, `outs` channels of `plainPitch` bytes, and the split one. */
function copyPlain(layer: usize, plain: usize, enter: bool): void {
  const width = word(layer, Word.width);
  const modulus = word(layer, Word.modulus);
  const splitPitch = <usize>word(layer, Word.splitPitch);
  let split = <usize>word(layer, Word.split);
  for (let c = word(layer, Word.outs); c > 0; c--, plain += <usize>word(layer, Word.plainPitch)) {
    for (let r = 0; r < modulus; r++, split += splitPitch) {
      let at = split;
      for (let x = r; x < width; x += modulus, at += 4) {
        const value = plain + (<usize>x << 2);
        if (enter) store<f32>(at, load<f32>(value));
        else store<f32>(value, load<f32>(at));
      }
    }
  }
}

/** The split row of outputs from transformed rows. */
function convolveRow(layer: usize, x: usize): void {
  const ins = word(layer, Word.ins);
  const outs = word(layer, Word.outs);
  const taps = <usize>word(layer, Word.taps);
  const tapsEnd = taps + <usize>ins * 12;
  const products = <usize>word(layer, Word.products);
  const pitch = <usize>word(layer, Word.pitch);
  const panel = panelBytes(ins);
  const plane = <usize>((outs + 3) >> 2) * panel;
  const productsOfPlane = <usize>((outs + 3) & ~3) * PRODUCTS;
  const vectors = word(layer, Word.vectors) * (word(layer, Word.modulus) >> 2);
  for (let first = 0; first < vectors; first += STRIP) {
    const count = min(STRIP, vectors - first);
    let xp = x + (<usize>first << 4);
    let wp = <usize>word(layer, Word.w);
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
    finish(layer, products, productsOfPlane, outs, first, count);
  }
  clearTail(layer);
}

/** Bytes of one panel of U. */
// @ts-ignore: decorator
@inline
function panelBytes(ins: i32): usize {
  return (<usize>ins * 48 + 63) & ~63;
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
function finish(layer: usize, products: usize, plane: usize, outs: i32, first: i32, count: i32): void {
  const d = word(layer, Word.dilation);
  const n = word(layer, Word.vectors);
  const splitPitch = <usize>word(layer, Word.splitPitch);
  const channelPitch = <usize>word(layer, Word.modulus) * splitPitch;
  const step = <usize>d * splitPitch;
  const bias = <usize>word(layer, Word.bias);
  // Sums below the floor become the floor.
  const floor = f32x4.splat(word(layer, Word.relu) ? 0 : -Infinity);
  for (let v = 0; v < count; v++) {
    const set = (first + v) / n;
    const lane = first + v - set * n;
    let y = <usize>word(layer, Word.split) + <usize>columnOf(set, d) * splitPitch + (<usize>lane << 4);
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

/** The first column x₀ of a set of groups: sets of every 4d columns begin at each of the first d. */
// @ts-ignore: decorator
@inline
function columnOf(set: i32, d: i32): i32 {
  return (set / d) * 4 * d + (set % d);
}

/** Sets the columns from `width` on to 0, as far as groups and their windows reach. */
function clearTail(layer: usize): void {
  const width = word(layer, Word.width);
  const modulus = word(layer, Word.modulus);
  const end = word(layer, Word.vectors) << 2;
  const splitPitch = <usize>word(layer, Word.splitPitch);
  let split = <usize>word(layer, Word.split);
  for (let c = word(layer, Word.outs); c > 0; c--) {
    for (let r = 0; r < modulus; r++, split += splitPitch) {
      for (let q = (width - r + modulus - 1) / modulus; q <= end; q++) store<f32>(split + (<usize>q << 2), 0);
    }
  }
}

/** Mirrors the split row at its ends, as far as the next layer's window reaches. */
function mirror(layer: usize): void {
  const width = word(layer, Word.width);
  for (let s = 1; s <= word(layer, Word.nextDilation); s++) {
    copyColumn(layer, -s, s);
    copyColumn(layer, width - 1 + s, width - 1 - s);
  }
}

function copyColumn(layer: usize, to: i32, from: i32): void {
  const channelPitch = <usize>(word(layer, Word.modulus) * word(layer, Word.splitPitch));
  let target = columnAddress(layer, to);
  let source = columnAddress(layer, from);
  for (let c = word(layer, Word.outs); c > 0; c--, target += channelPitch, source += channelPitch) {
    store<f32>(target, load<f32>(source));
  }
}

/** Where a column of channel 0 is in the split row; not further left than one modulus. */
function columnAddress(layer: usize, column: i32): usize {
  const modulus = word(layer, Word.modulus);
  const q = (column + modulus) / modulus - 1;
  const r = column - q * modulus;
  return <usize>(word(layer, Word.split) + r * word(layer, Word.splitPitch) + (q << 2));
}

/**
 * t = Bᵀ v for the next layer, from the split row
 *
 *        4  0 −5  0 1 0
 *        0 −4 −4  1 1 0
 *   Bᵀ = 0  4 −4 −1 1 0
 *        0 −2 −1  2 1 0
 *        0  2 −1 −2 1 0
 *        0  4  0 −5 0 1
 */
function transformRow(layer: usize, t: usize): void {
  if (word(layer, Word.mirrored)) mirror(layer);
  const d = word(layer, Word.nextDilation);
  const outs = word(layer, Word.outs);
  const modulus = word(layer, Word.modulus);
  const n = word(layer, Word.vectors);
  const pitch = <usize>word(layer, Word.pitch);
  const plane = <usize>outs * pitch;
  const channelPitch = <usize>(modulus * word(layer, Word.splitPitch));
  for (let set = 0; set < modulus >> 2; set++) {
    const column = columnOf(set, d);
    let a0 = columnAddress(layer, column - d);
    let a1 = columnAddress(layer, column);
    let a2 = columnAddress(layer, column + d);
    let a3 = columnAddress(layer, column + 2 * d);
    let a4 = columnAddress(layer, column + 3 * d);
    let a5 = columnAddress(layer, column + 4 * d);
    let to = t + (<usize>(set * n) << 4);
    for (let c = 0; c < outs; c++, to += pitch) {
      for (let v: usize = 0; v < <usize>n << 4; v += 16) {
        const x1 = v128.load(a1 + v);
        const x2 = v128.load(a2 + v);
        const x3 = v128.load(a3 + v);
        const x4 = v128.load(a4 + v);
        const even = multiplyAdd(f32x4.splat(-4), x2, x4);
        const odd = multiplyAdd(f32x4.splat(-4), x1, x3);
        const evenHalf = f32x4.sub(x4, x2);
        const difference = f32x4.sub(x3, x1);
        const oddHalf = f32x4.add(difference, difference);
        const at = to + v;
        // 4 x₀ − 5 x₂ + x₄ = 4 (x₀ − x₂) + (x₄ − x₂), and in the same way the last.
        v128.store(at, multiplyAdd(f32x4.splat(4), f32x4.sub(v128.load(a0 + v), x2), evenHalf));
        v128.store(at + plane, f32x4.add(even, odd));
        v128.store(at + 2 * plane, f32x4.sub(even, odd));
        v128.store(at + 3 * plane, f32x4.add(evenHalf, oddHalf));
        v128.store(at + 4 * plane, f32x4.sub(evenHalf, oddHalf));
        v128.store(at + 5 * plane, multiplyAdd(f32x4.splat(-4), difference, f32x4.sub(v128.load(a5 + v), x3)));
      }
      a0 += channelPitch;
      a1 += channelPitch;
      a2 += channelPitch;
      a3 += channelPitch;
      a4 += channelPitch;
      a5 += channelPitch;
    }
  }
}
