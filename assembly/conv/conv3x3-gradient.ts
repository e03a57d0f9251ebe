/**
 * The weight gradient of the 3×3 convolution. Layouts: conv3x3.ts and conv3x3-weights.ts.
 *
 * It is a sum over all pixels of a batch. The batch is cut into chunks, whose number depends on the plan and not on the
 * number of threads. One thread sums each chunk, image after image, into the chunk's own buffer, and sumChunks adds the
 * buffers in order. Within an image, a band of rows is summed at a time, in 4 lanes, and then the bands are added up, so that
 * no float32 sum has more than a few hundred terms.
 *
 * The layer is  y = Aᵀ M,  M_p = U_p · t_p  (conv3x3.ts). The gradient of U is therefore a sum of products in six planes, which
 * are half as many products as the gradient of w would take directly. The gradient of w is Gᵀ times that of U, computed once
 * for a batch (conv3x3GatherWeights).
 */
import { addLanes, multiplyAdd, sumLanes } from "../simd";
import { rowOf, transformGroup } from "./row-groups";
import { bandOf, biasSumsBytes, groupsOf, transformedPanelBytes, transformedPlaneBytes, vectorsOf } from "./sizes";
import { storeGradients } from "./winograd-transforms";

/**
 * S_p[c, k] (+)= Σ_{groups, s} (A a)_p[c, s] · (Bᵀ b)_p[i, s + (kx − 1)·d]   for p = 0..5, k = 3i + kx
 * sums[c]   (+)= Σ_{r, s} a[r, c, s], or of b with sumOfB
 *
 * over the images `first` to `last` − 1. The result is added to what `chunk` holds, unless `begins`: then it is cleared first.
 *
 * With a = dy and b = x, S is the gradient of U, and the sums are that of the bias. With a = x, b = dy and sumOfB, S is the
 * gradient of the transposed weights' U, and the sums are again that of the bias; this requires borders of zeros. It is the
 * better way if dy has 1 to 3 channels, since a's channels are taken 4 at a time.
 *
 * chunk: S in panels (winograd-weights.ts), then the sums, `gradientChunkBytes` bytes together (sizes.ts); scratch:
 * `weightGradientScratch` bytes (sizes.ts); a: images of `as` channels, zero from `width` to the next multiple of 4; b: images
 * of `bs` channels.
 *
 * What makes it fast: 4 channels of a band of A a are packed side by side, 4 pixels of each in turn. The register tile is these
 * 4 channels × 2 columns k of Bᵀ b. Each lane sums a quarter of the pixels, so that no value is broadcast. A table of the
 * places of a band's vectors turns the loops over rows and columns into one.
 */
export function conv3x3WeightGradient(
  chunk: usize, scratch: usize, a: usize, b: usize, as: i32, bs: i32, height: i32, width: i32, pitch: usize, rows: i32,
  dilation: i32, sumOfB: bool, begins: bool, first: i32, last: i32,
): void {
  for (let image = first; image < last; image++) {
    const row = <usize>(image * rows) * pitch;
    addImage(
      chunk, scratch, a + row * as, b + row * bs, as, bs, height, width, pitch, dilation, sumOfB, begins && image == first,
    );
  }
}

/** conv3x3WeightGradient for one image, whose first rows are at a and b. With `start`, the chunk is cleared first. */
function addImage(
  chunk: usize, scratch: usize, a: usize, b: usize, as: i32, bs: i32, height: i32, width: i32, pitch: usize, dilation: i32,
  sumOfB: bool, start: bool,
): void {
  const vectors = vectorsOf(width);
  const groups = groupsOf(height, dilation);
  const band = bandOf(height, width, dilation);
  const row = <usize>(vectors + 2) << 4;
  const length = <usize>band * row;
  const plane = <usize>bs * length;
  const fours = <usize>((as + 3) >> 2);
  const packedBytes = <usize>(band * vectors) << 6;
  const taps = scratch;
  const none = taps + ((<usize>bs * 12 + 63) & ~63);
  const t = none + row;
  const packed = t + 6 * plane;
  const places = packed + 6 * fours * packedBytes;
  const weightPlane = <usize>transformedPlaneBytes(as, bs);
  const sums = chunk + 6 * weightPlane;
  if (start) memory.fill(chunk, 0, 6 * weightPlane + <usize>biasSumsBytes(sumOfB ? bs : as));
  memory.fill(none, 0, row);
  writeTaps(taps, bs, length, dilation);
  writePlaces(places, vectors, band);
  for (let first = 0; first < groups; first += band) {
    const count = min(band, groups - first);
    for (let g = 0; g < count; g++) {
      const top = rowOf(first + g, dilation);
      const above = b + <usize>((top - dilation) * bs) * pitch - 16;
      transformGroup(t + <usize>g * row, plane, length, above, none, bs, dilation, pitch, height - top, row, 0, 0, 0);
      const to = packed + (<usize>(g * vectors) << 6);
      const rows = a + <usize>(top * as) * pitch;
      packGroup(
        to, fours * packedBytes, packedBytes, sumOfB ? 0 : sums, rows, none, as, dilation, pitch, vectors, height - top,
      );
    }
    for (let p: usize = 0; p < 6; p++) {
      let from = packed + p * fours * packedBytes;
      let to = chunk + p * weightPlane;
      for (let c = 0; c < as; c += 4, from += packedBytes, to += <usize>transformedPanelBytes(bs)) {
        addPlane(to, from, t + p * plane + 16, taps, places, 3 * bs, vectors * count);
      }
    }
  }
  for (let c = 0; sumOfB && c < bs; c++) {
    addSum(sums + (<usize>c << 2), b + <usize>c * pitch, <usize>bs * pitch, width, height);
  }
}

/** taps[3i + kx] = the bytes in t, whose channels have `length` bytes, from a pixel of channel 0 to the one that weight (i, kx) multiplies. */
function writeTaps(taps: usize, ins: i32, length: usize, dilation: i32): void {
  const reach = <usize>dilation << 2;
  for (let at: usize = 0, end = <usize>ins * length; at < end; at += length, taps += 12) {
    store<usize>(taps, at - reach);
    store<usize>(taps, at, 4);
    store<usize>(taps, at + reach, 8);
  }
}

/** places[g · vectors + v] = the bytes in t from a band's first vector to vector v of group g, as i32. */
function writePlaces(places: usize, vectors: i32, groups: i32): void {
  for (let g = 0; g < groups; g++) {
    for (let v = 0; v < vectors; v++, places += 4) store<i32>(places, (g * (vectors + 2) + v) << 4);
  }
}

/**
 * packed_p[⌊c/4⌋][v][c mod 4][0..3] = (A a)_p[c][4v..4v+3]   for the four rows of a group, d apart, the first at a
 * sums[c] += Σ_{rows, s} a[c][s]
 *
 * if sums ≠ 0. packed: `plane` bytes from p to p + 1, and `four` bytes from 4 channels to the next 4. Channels from `channels`
 * on become 0. The image has `left` rows from the group's first on; the others are zeros, read from `none`.
 */
function packGroup(
  packed: usize, plane: usize, four: usize, sums: usize, a: usize, none: usize, channels: i32, dilation: i32, pitch: usize,
  vectors: i32, left: i32,
): void {
  const step = <usize>(dilation * channels) * pitch;
  const bytes = <usize>vectors << 4;
  for (let c = 0; c < ((channels + 3) & ~3); c++, a += pitch) {
    let to = packed + <usize>(c >> 2) * four + (<usize>(c & 3) << 4);
    const d0 = c < channels ? a : none;
    const d1 = c < channels && left > dilation ? a + step : none;
    const d2 = c < channels && left > 2 * dilation ? a + 2 * step : none;
    const d3 = c < channels && left > 3 * dilation ? a + 3 * step : none;
    let sum = f32x4.splat(0);
    for (let at: usize = 0; at < bytes; at += 16, to += 64) {
      const all = storeGradients(
        to, plane, v128.load(d0 + at), v128.load(d1 + at), v128.load(d2 + at), v128.load(d3 + at),
      );
      sum = f32x4.add(sum, all);
    }
    if (sums && c < channels) addLanes(sums + (<usize>c << 2), sum);
  }
}

/** to[k][0..3] += Σ_{v, lane} packed[v][0..3][lane] · t[places[v] + taps[k] + lane]   for k < count */
function addPlane(to: usize, packed: usize, t: usize, taps: usize, places: usize, count: i32, vectors: i32): void {
  for (let k = 0; k < count; k += 2, to += 32, taps += 8) {
    const pair = k + 1 < count;
    const b0 = t + load<usize>(taps);
    const b1 = pair ? t + load<usize>(taps, 4) : b0;
    addProducts(to, packed, places, b0, b1, vectors, pair);
  }
}

/** to[j][0..3] += Σ_{v, lane} packed[v][0..3][lane] · b_j[places[v] + lane]   for j = 0 and, if `pair`, for j = 1 */
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

/** sum += Σ_r Σ_s row[r][s] for s < width, summed in float64. */
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
 * to = Σ_c from_c over `count` buffers that are `stride` bytes apart, added in order. `to` may be the first of them. An item is
 * 64 bytes.
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
