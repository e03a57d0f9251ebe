/**
 * Conversions between pictures, as callers hold them, and images in rows; and operations on single pixels.
 *
 * Images in rows: value (image n, row r, channel c, column s) of a buffer of C channels is a float32 at
 * origin + ((n·rows + r)·C + c)·pitch + 4s. Rows −1, −2, … and columns −1, −2, … are the border. Compared to one plane for each
 * channel, all values of a convolution's window lie close together. Compared to interleaved channels, any number of
 * channels fits without padding. And a row of all channels is a number of whole cache lines.
 *
 * In every function but pixelShuffle, an item is a row of all channels of the image that is written.
 */

/** The address of a row, where rows are counted through all images. */
// @ts-ignore: decorator
@inline
export function rowStart(origin: usize, item: i32, channels: i32, height: i32, pitch: usize, rows: i32): usize {
  const image = item / height;
  return origin + <usize>((image * rows + item - image * height) * channels) * pitch;
}

/** Sets the columns from `width` to the next multiple of 4 to 0, after a kernel has written whole vectors there. */
export function clearTails(
  y: usize, channels: i32, height: i32, width: i32, pitch: usize, rows: i32, first: i32, last: i32,
): void {
  const bytes = <usize>(-width & 3) << 2;
  for (let item = first; item < last; item++) {
    let at = rowStart(y, item, channels, height, pitch, rows) + (<usize>width << 2);
    for (let c = 0; c < channels; c++, at += pitch) memory.fill(at, 0, bytes);
  }
}

/**
 * x[n, r, c, s] = scale · source[n, r, s, c]   for c < used
 *
 * source: images × height × width × `depth` float32, without gaps; x: images of `channels` channels, the first
 * `used` of which are written. depth is 1 for grey, 3 for RGB, 4 for RGBA.
 */
export function imageFromFloats(
  x: usize, source: usize, channels: i32, height: i32, width: i32, pitch: usize, rows: i32, depth: i32, used: i32, scale: f32,
  first: i32, last: i32,
): void {
  for (let item = first; item < last; item++) {
    const from = source + (<usize>(item * width * depth) << 2);
    const to = rowStart(x, item, channels, height, pitch, rows);
    for (let c = 0; c < used; c++) {
      let s = 0;
      const row = to + <usize>c * pitch;
      if (depth == 1) {
        for (; s + 4 <= width; s += 4) {
          const at = <usize>s << 2;
          v128.store(row + at, f32x4.mul(v128.load(from + at), f32x4.splat(scale)));
        }
      }
      for (; s < width; s++) {
        store<f32>(row + (<usize>s << 2), scale * load<f32>(from + (<usize>(s * depth + c) << 2)));
      }
    }
  }
}

/** imageFromFloats for bytes: a byte b becomes scale · b. */
export function imageFromBytes(
  x: usize, source: usize, channels: i32, height: i32, width: i32, pitch: usize, rows: i32, depth: i32, used: i32, scale: f32,
  first: i32, last: i32,
): void {
  for (let item = first; item < last; item++) {
    const from = source + <usize>(item * width * depth);
    const to = rowStart(x, item, channels, height, pitch, rows);
    for (let c = 0; c < used; c++) {
      let s = 0;
      const row = to + <usize>c * pitch;
      if (depth == 1) {
        for (; s + 4 <= width; s += 4) {
          const words = i32x4.extend_low_i16x8_u(i16x8.extend_low_i8x16_u(v128.load32_zero(from + <usize>s)));
          v128.store(row + (<usize>s << 2), f32x4.mul(f32x4.convert_i32x4_u(words), f32x4.splat(scale)));
        }
      }
      for (; s < width; s++) {
        store<f32>(row + (<usize>s << 2), scale * <f32>load<u8>(from + <usize>(s * depth + c)));
      }
    }
  }
}

/** target[n, r, s, c] = scale · x[n, r, c, s]   for c < used: the inverse of imageFromFloats. Other channels of target stay as they are. */
export function imageToFloats(
  target: usize, x: usize, channels: i32, height: i32, width: i32, pitch: usize, rows: i32, depth: i32, used: i32, scale: f32,
  first: i32, last: i32,
): void {
  for (let item = first; item < last; item++) {
    const from = rowStart(x, item, channels, height, pitch, rows);
    for (let c = 0; c < used; c++) {
      const row = from + <usize>c * pitch;
      let to = target + (<usize>(item * width * depth + c) << 2);
      for (let s = 0; s < width; s++, to += <usize>depth << 2) {
        store<f32>(to, scale * load<f32>(row + (<usize>s << 2)));
      }
    }
  }
}

/** x[n, r, channel, s] = scale · values[n]: fills a channel with the picture's noise level. */
export function fillChannel(
  x: usize, values: usize, channel: i32, channels: i32, height: i32, width: i32, pitch: usize, rows: i32, scale: f32,
  first: i32, last: i32,
): void {
  for (let item = first; item < last; item++) {
    const value = scale * load<f32>(values + (<usize>(item / height) << 2));
    let at = rowStart(x, item, channels, height, pitch, rows) + <usize>channel * pitch;
    for (const end = at + (<usize>width << 2); at < end; at += 4) store<f32>(at, value);
  }
}

/**
 * out[n, r, c, s] = input[n, r, c, s] − prediction[n, r, c, s]   for c < channels
 *
 * out, prediction: images of `channels` channels; input: images of `inputChannels` channels, of which those from `channels` on
 * are not read. If `input` is 0, out = −prediction.
 */
export function residual(
  out: usize, input: usize, prediction: usize, inputChannels: i32, channels: i32, height: i32, width: i32, pitch: usize, rows: i32,
  first: i32, last: i32,
): void {
  for (let item = first; item < last; item++) {
    const to = rowStart(out, item, channels, height, pitch, rows);
    const predicted = rowStart(prediction, item, channels, height, pitch, rows) - to;
    const minuend = rowStart(input, item, inputChannels, height, pitch, rows) - to;
    for (let c = 0; c < channels; c++) {
      let at = to + <usize>c * pitch;
      for (const end = at + (<usize>width << 2); at < end; at += 16) {
        const p = v128.load(at + predicted);
        v128.store(at, input ? f32x4.sub(v128.load(at + minuend), p) : f32x4.neg(p));
      }
    }
  }
  if (width & 3) clearTails(out, channels, height, width, pitch, rows, first, last);
}

/**
 * out[n, r, c, s] = a[n, r, c, s] + b[n, r, c, s], and, if gate ≠ 0, ∘ (gate > 0), which is the gradient of a ReLU whose output
 * is `gate`
 *
 * All are images of `channels` channels. `out` may be a or b. If b = 0, nothing is added.
 */
export function addImages(
  out: usize, a: usize, b: usize, gate: usize, channels: i32, height: i32, width: i32, pitch: usize, rows: i32, first: i32, last: i32,
): void {
  const toA = a - out, toB = b - out, toGate = gate - out;
  const zero = f32x4.splat(0);
  for (let item = first; item < last; item++) {
    let row = rowStart(out, item, channels, height, pitch, rows);
    for (let c = 0; c < channels; c++, row += pitch) {
      for (let at = row, end = row + (<usize>width << 2); at < end; at += 16) {
        let sum = v128.load(at + toA);
        if (b) sum = f32x4.add(sum, v128.load(at + toB));
        if (gate) sum = v128.and(sum, f32x4.gt(v128.load(at + toGate), zero));
        v128.store(at, sum);
      }
    }
  }
  if (width & 3) clearTails(out, channels, height, width, pitch, rows, first, last);
}

/**
 * y[n, r, 4c + 2i + j, s] = x[n, 2r + i, c, 2s + j]   for i, j in 0..1: PyTorch's pixel_unshuffle by 2
 *
 * x: images of `channels` channels of 2·height × 2·width, with their own pitch and rows; y: images of `yChannels` channels of
 * height × width, of which the first 4·channels are written. An item is a row of y. It is also the gradient of pixelShuffle.
 */
export function pixelUnshuffle(
  y: usize, x: usize, yChannels: i32, channels: i32, height: i32, width: i32, pitch: usize, rows: i32, xPitch: usize, xRows: i32,
  first: i32, last: i32,
): void {
  for (let item = first; item < last; item++) {
    let to = rowStart(y, item, yChannels, height, pitch, rows);
    const from = rowStart(x, item << 1, channels, height << 1, xPitch, xRows);
    for (let c = 0; c < channels; c++) {
      for (let i = 0; i < 2; i++, to += 2 * pitch) {
        let pair = from + <usize>(i * channels + c) * xPitch;
        let s = 0;
        for (; s + 4 <= width; s += 4, pair += 32) {
          const low = v128.load(pair);
          const high = v128.load(pair, 16);
          v128.store(to + (<usize>s << 2), v128.shuffle<f32>(low, high, 0, 2, 4, 6));
          v128.store(to + pitch + (<usize>s << 2), v128.shuffle<f32>(low, high, 1, 3, 5, 7));
        }
        for (; s < width; s++, pair += 8) {
          store<f32>(to + (<usize>s << 2), load<f32>(pair));
          store<f32>(to + pitch + (<usize>s << 2), load<f32>(pair, 4));
        }
      }
    }
  }
}

/**
 * x[n, 2r + i, c, 2s + j] = y[n, r, 4c + 2i + j, s]: the inverse of pixelUnshuffle, and its gradient
 *
 * x and y are as there: of the `yChannels` channels of y, the first 4·channels are read. An item is two rows of x.
 */
export function pixelShuffle(
  x: usize, y: usize, yChannels: i32, channels: i32, height: i32, width: i32, pitch: usize, rows: i32, xPitch: usize, xRows: i32,
  first: i32, last: i32,
): void {
  for (let item = first; item < last; item++) {
    let from = rowStart(y, item, yChannels, height, pitch, rows);
    const to = rowStart(x, item << 1, channels, height << 1, xPitch, xRows);
    for (let c = 0; c < channels; c++) {
      for (let i = 0; i < 2; i++, from += 2 * pitch) {
        let pair = to + <usize>(i * channels + c) * xPitch;
        let s = 0;
        for (; s + 4 <= width; s += 4, pair += 32) {
          const even = v128.load(from + (<usize>s << 2));
          const odd = v128.load(from + pitch + (<usize>s << 2));
          v128.store(pair, v128.shuffle<f32>(even, odd, 0, 4, 1, 5));
          v128.store(pair, v128.shuffle<f32>(even, odd, 2, 6, 3, 7), 16);
        }
        for (; s < width; s++, pair += 8) {
          store<f32>(pair, load<f32>(from + (<usize>s << 2)));
          store<f32>(pair, load<f32>(from + pitch + (<usize>s << 2)), 4);
        }
      }
    }
  }
}
