/**
 * What the convolution kernels compute, in float64 and in the plainest way. Images are planes, as PyTorch has
 * them: value (n, c, r, s) of a batch of C channels of H × W is at ((n·C + c)·H + r)·W + s. Never optimised.
 */

export interface Size {
  readonly images: number;
  readonly height: number;
  readonly width: number;
}

/** A layer: weight is [outs, ins, side, side]. */
export interface Window extends Size {
  readonly ins: number;
  readonly outs: number;
  /** The height and the width of its windows. Default 3. */
  readonly side?: 1 | 3;
  readonly dilation: number;
  readonly padding: "zeros" | "reflect";
}

export type Numbers = ArrayLike<number>;

/** Where position t of the padded axis comes from, or −1 where it is zero. */
export function source(t: number, size: number, padding: Window["padding"]): number {
  if (t >= 0 && t < size) return t;
  if (padding === "zeros") return -1;
  return t < 0 ? -t : 2 * (size - 1) - t;
}

/** Calls back for each product of the convolution, with the indices of y, of w and of x. */
function eachProduct(layer: Window, callback: (y: number, w: number, x: number) => void): void {
  const { images, height, width, ins, outs, side = 3, dilation, padding } = layer;
  const middle = side >> 1;
  for (let n = 0; n < images; n++) {
    for (let o = 0; o < outs; o++) {
      for (let r = 0; r < height; r++) {
        for (let s = 0; s < width; s++) {
          const y = ((n * outs + o) * height + r) * width + s;
          for (let i = 0; i < ins; i++) {
            for (let ky = 0; ky < side; ky++) {
              for (let kx = 0; kx < side; kx++) {
                const row = source(r + (ky - middle) * dilation, height, padding);
                const column = source(s + (kx - middle) * dilation, width, padding);
                if (row < 0 || column < 0) continue;
                callback(
                  y,
                  ((o * ins + i) * side + ky) * side + kx,
                  ((n * ins + i) * height + row) * width + column,
                );
              }
            }
          }
        }
      }
    }
  }
}

/** Values in a batch of `channels` channels. */
export function valuesOf({ images, height, width }: Size, channels: number): number {
  return images * channels * height * width;
}

/** y = bias + conv(x, w) */
export function convolve(layer: Window, x: Numbers, w: Numbers, bias: Numbers): Float64Array {
  const { outs, height, width } = layer;
  const y = new Float64Array(valuesOf(layer, outs));
  for (let j = 0; j < y.length; j++) y[j] = bias[Math.floor(j / (height * width)) % outs]!;
  eachProduct(layer, (out, weight, at) => {
    y[out]! += w[weight]! * x[at]!;
  });
  return y;
}

/** dx, where y = conv(x, w) and dy is the gradient of y */
export function inputGradient(layer: Window, dy: Numbers, w: Numbers): Float64Array {
  const dx = new Float64Array(valuesOf(layer, layer.ins));
  eachProduct(layer, (out, weight, at) => {
    dx[at]! += w[weight]! * dy[out]!;
  });
  return dx;
}

/** dw and dbias, where y = bias + conv(x, w) and dy is the gradient of y */
export function weightGradient(
  layer: Window,
  dy: Numbers,
  x: Numbers,
): { dw: Float64Array; dbias: Float64Array } {
  const { ins, outs, side = 3, height, width } = layer;
  const dw = new Float64Array(outs * ins * side * side);
  const dbias = new Float64Array(outs);
  for (let j = 0; j < dy.length; j++) dbias[Math.floor(j / (height * width)) % outs]! += dy[j]!;
  eachProduct(layer, (out, weight, at) => {
    dw[weight]! += dy[out]! * x[at]!;
  });
  return { dw, dbias };
}

/** x with `pad` more rows and columns on each side. */
export function pad(
  x: Numbers,
  size: Size,
  channels: number,
  by: number,
  padding: Window["padding"],
): Float64Array {
  const { images, height, width } = size;
  const padded = new Float64Array(images * channels * (height + 2 * by) * (width + 2 * by));
  let at = 0;
  for (let plane = 0; plane < images * channels; plane++) {
    for (let r = -by; r < height + by; r++) {
      for (let s = -by; s < width + by; s++, at++) {
        const row = source(r, height, padding);
        const column = source(s, width, padding);
        if (row >= 0 && column >= 0) padded[at] = x[(plane * height + row) * width + column]!;
      }
    }
  }
  return padded;
}

/** PyTorch's pixel_unshuffle by 2: `size` and `channels` of what comes out of it, 4 times as many as go in. */
export function unshuffle(x: Numbers, size: Size, channels: number): Float64Array {
  const { images, height, width } = size;
  const y = new Float64Array(valuesOf(size, channels));
  let at = 0;
  for (let plane = 0; plane < images * channels; plane++) {
    const i = (plane >> 1) & 1;
    const j = plane & 1;
    for (let r = 0; r < height; r++) {
      for (let s = 0; s < width; s++, at++) {
        y[at] = x[((plane >> 2) * 2 * height + 2 * r + i) * 2 * width + 2 * s + j]!;
      }
    }
  }
  return y;
}

/** PyTorch's pixel_shuffle by 2: the inverse of `unshuffle`, of whose output `size` and `channels` are. */
export function shuffle(y: Numbers, size: Size, channels: number): Float64Array {
  const { length } = y;
  const places = unshuffle(
    Array.from({ length }, (_, at) => at),
    size,
    channels,
  );
  const x = new Float64Array(length);
  places.forEach((place, at) => {
    x[place] = y[at]!;
  });
  return x;
}
