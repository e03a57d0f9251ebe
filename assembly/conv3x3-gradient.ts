/**
 * The weight gradient of the 3×3 convolution, and the transposition of weights that turns the forward kernel
 * into the input gradient. Layouts: conv3x3.ts.
 *
 * The gradient is a sum over all pixels of a batch. The batch is cut into a number of chunks that depends on
 * the plan and not on the number of threads; each chunk is summed by one thread into a buffer of its own, image
 * after image, and sumChunks adds the buffers in order. Sums run over one band of rows of an image at a time, in 4
 * lanes, and bands are added up: with bands of about 1,000 pixels no float32 sum is longer than a few hundred.
 */
import { panelBytes } from "./conv3x3";
import { BAND } from "./opcodes";
import { multiplyAdd } from "./simd";

/**
 * The weights of the input gradient: turned by 180°, with inputs and outputs exchanged
 *
 * wt[i][o][2 − ky][2 − kx] = w[o][i][ky][kx].  w: `outs` × `ins`; wt: `ins` × `outs`, both in panels, padding
 * set to 0. Done twice it gives w back. An item is a panel of wt: 4 inputs.
 */
export function conv3x3TransposeWeights(wt: usize, w: usize, ins: i32, outs: i32, first: i32, last: i32): void {
  const from = panelBytes(ins);
  const to = panelBytes(outs);
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
 * weights[c][k] (+)= Σ_{r, s} a[r, c, s] · b[r, 0, s : +taps[k]]
 * sums[c]       (+)= Σ_{r, s} a[r, c, s], or of b with sumOfB
 *
 * over one image, added to what is there or, with `start`, not. With a = dy, b = x and the taps of x this is the
 * gradient of w and bias. With a = x, b = dy, the taps of dy and sumOfB it is that of the transposed weights and of
 * the bias, for borders of zeros: better where dy has 1 to 3 channels, since a's channels are taken 4 at a time.
 *
 * chunk: the weights in panels, then the sums, rounded up to a cache line; scratch: 68 bytes for each vector of a band; a: `as`
 * channels, zero from `width` to the next multiple of 4; b: `bs` channels, finite there; line: the image's first row
 * in both, counted over all images.
 *
 * What makes it fast: 4 channels of a band of `a` are copied next to each other, 4 pixels each in turn; the
 * register tile is those 4 × 2 columns k of b, each lane summing a quarter of the pixels, so that no value is
 * broadcast. A table of the places of a band's vectors makes one loop of its rows and columns.
 */
export function conv3x3WeightGradient(
  chunk: usize, scratch: usize, a: usize, b: usize, taps: usize, as: i32, bs: i32, height: i32, width: i32, pitch: usize,
  line: i32, sumOfB: bool, start: bool,
): void {
  const vectors = (width + 3) >> 2;
  const band = max(1, min(height, BAND / vectors));
  const places = scratch + (<usize>(vectors * band) << 6);
  const weightBytes = <usize>((as + 3) >> 2) * panelBytes(bs);
  const sums = chunk + weightBytes;
  if (start) memory.fill(chunk, 0, weightBytes + ((<usize>((sumOfB ? bs : as) << 2) + 63) & ~63));
  writePlaces(places, vectors, band, <usize>bs * pitch);
  for (let row = 0; row < height; row += band) {
    const bandRows = min(band, height - row);
    const aBand = a + <usize>(line + row) * <usize>as * pitch;
    const bBand = b + <usize>(line + row) * <usize>bs * pitch;
    for (let c = 0; c < as; c += 4) {
      packFour(
        scratch, sums + (<usize>c << 2), aBand + <usize>c * pitch, min(as - c, 4), <usize>as * pitch, pitch, vectors,
        bandRows, !sumOfB,
      );
      let to = chunk + <usize>(c >> 2) * panelBytes(bs);
      let tap = taps;
      for (let k = 0; k < bs * 9; k += 2, to += 32, tap += 8) {
        const pair = k + 1 < bs * 9;
        const b0 = bBand + load<usize>(tap);
        const b1 = pair ? bBand + load<usize>(tap, 4) : b0;
        addProducts(to, scratch, places, b0, b1, vectors * bandRows, pair);
      }
    }
    for (let c = 0; sumOfB && c < bs; c++) {
      addSum(sums + (<usize>c << 2), bBand + <usize>c * pitch, <usize>bs * pitch, width, bandRows);
    }
  }
}

/** places[r · vectors + v] = r · rowStride + 16v, as i32. */
function writePlaces(places: usize, vectors: i32, rows: i32, rowStride: usize): void {
  for (let r = 0; r < rows; r++) {
    for (let v = 0; v < vectors; v++, places += 4) store<i32>(places, r * <i32>rowStride + (v << 4));
  }
}

/**
 * packed[r][v][c][0..3] = a[r][c][4v..4v+3]   for 4 channels, those past `channels` 0
 * sums[c] += Σ_{r, s} a[r][c][s]              with `sum`
 */
function packFour(
  packed: usize, sums: usize, a: usize, channels: i32, rowStride: usize, pitch: usize, vectors: i32, rows: i32, sum: bool,
): void {
  const zero = f32x4.splat(0);
  let s0 = zero, s1 = zero, s2 = zero, s3 = zero;
  for (let r = 0; r < rows; r++, a += rowStride) {
    let at = a;
    for (const end = a + (<usize>vectors << 4); at < end; at += 16, packed += 64) {
      const v0 = v128.load(at);
      const v1 = channels > 1 ? v128.load(at + pitch) : zero;
      const v2 = channels > 2 ? v128.load(at + 2 * pitch) : zero;
      const v3 = channels > 3 ? v128.load(at + 3 * pitch) : zero;
      v128.store(packed, v0);
      v128.store(packed, v1, 16);
      v128.store(packed, v2, 32);
      v128.store(packed, v3, 48);
      s0 = f32x4.add(s0, v0);
      s1 = f32x4.add(s1, v1);
      s2 = f32x4.add(s2, v2);
      s3 = f32x4.add(s3, v3);
    }
  }
  if (sum) v128.store(sums, f32x4.add(v128.load(sums), sumLanes(s0, s1, s2, s3)));
}

/** to[j][0..3] += Σ_{v, lane} packed[v][0..3][lane] · b_j[places[v] + lane]   for j = 0 and, with `pair`, 1 */
function addProducts(to: usize, packed: usize, places: usize, b0: usize, b1: usize, vectors: i32, pair: bool): void {
  let c00 = f32x4.splat(0), c01 = c00, c10 = c00, c11 = c00;
  let c20 = c00, c21 = c00, c30 = c00, c31 = c00;
  for (const end = places + (<usize>vectors << 2); places < end; places += 4, packed += 64) {
    const place = load<usize>(places);
    const x0 = v128.load(b0 + place);
    const x1 = v128.load(b1 + place);
    const a0 = v128.load(packed);
    c00 = multiplyAdd(a0, x0, c00);
    c01 = multiplyAdd(a0, x1, c01);
    const a1 = v128.load(packed, 16);
    c10 = multiplyAdd(a1, x0, c10);
    c11 = multiplyAdd(a1, x1, c11);
    const a2 = v128.load(packed, 32);
    c20 = multiplyAdd(a2, x0, c20);
    c21 = multiplyAdd(a2, x1, c21);
    const a3 = v128.load(packed, 48);
    c30 = multiplyAdd(a3, x0, c30);
    c31 = multiplyAdd(a3, x1, c31);
  }
  v128.store(to, f32x4.add(v128.load(to), sumLanes(c00, c10, c20, c30)));
  if (pair) v128.store(to, f32x4.add(v128.load(to, 16), sumLanes(c01, c11, c21, c31)), 16);
}

/** The four sums of the lanes of a, b, c and d. */
// @ts-ignore: decorator
@inline
function sumLanes(a: v128, b: v128, c: v128, d: v128): v128 {
  const ab = f32x4.add(v128.shuffle<f32>(a, b, 0, 4, 1, 5), v128.shuffle<f32>(a, b, 2, 6, 3, 7));
  const cd = f32x4.add(v128.shuffle<f32>(c, d, 0, 4, 1, 5), v128.shuffle<f32>(c, d, 2, 6, 3, 7));
  return f32x4.add(v128.shuffle<f32>(ab, cd, 0, 1, 4, 5), v128.shuffle<f32>(ab, cd, 2, 3, 6, 7));
}

/** sum += Σ_r Σ_s row[r][s], s < width, in float64. */
function addSum(sum: usize, row: usize, rowStride: usize, width: i32, rows: i32): void {
  let total: f64 = 0;
  let s0 = f64x2.splat(0), s1 = s0;
  for (let r = 0; r < rows; r++, row += rowStride) {
    let at = row;
    for (const end = row + (<usize>(width & ~3) << 2); at < end; at += 16) {
      const v = v128.load(at);
      s0 = f64x2.add(s0, f64x2.promote_low_f32x4(v));
      s1 = f64x2.add(s1, f64x2.promote_low_f32x4(v128.shuffle<f32>(v, v, 2, 3, 2, 3)));
    }
    for (const end = row + (<usize>width << 2); at < end; at += 4) total += load<f32>(at);
  }
  const s = f64x2.add(s0, s1);
  total += f64x2.extract_lane(s, 0) + f64x2.extract_lane(s, 1);
  store<f32>(sum, <f32>(load<f32>(sum) + total));
}

/**
 * to = Σ_c from_c over `count` buffers `stride` bytes apart, in order. An item is 64 bytes.
 */
export function sumChunks(to: usize, from: usize, stride: usize, count: i32, first: i32, last: i32): void {
  const end = to + (<usize>last << 6);
  from += <usize>first << 6;
  for (to += <usize>first << 6; to < end; to += 16, from += 16) {
    let sum = v128.load(from);
    let at = from;
    for (let c = 1; c < count; c++) {
      at += stride;
      sum = f32x4.add(sum, v128.load(at));
    }
    v128.store(to, sum);
  }
}
