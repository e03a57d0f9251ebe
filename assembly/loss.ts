/** The losses that training minimises, and their gradients. */
import { ImageLoss } from "./constants";
import { rowStart } from "./conv/pixels";
import { activationGradient } from "./dense/activations";

/**
 * dy = scale · (y − target) ∘ f′(y) and partials[p] = Σ (y − target)² over panel p, for panels `first` to `last`
 *
 * y, target, dy: panels of `stride` bytes with `rows` rows each; y is the output of the activation f. An item is a
 * panel. Squares are summed in float64, row after row, so that the loss does not depend on the number of threads and its
 * rounding error is negligible.
 */
export function meanSquaredError(
  dy: usize, y: usize, target: usize, stride: usize, rows: i32, partials: usize, scale: f32, activation: i32,
  first: i32, last: i32,
): void {
  const factor = f32x4.splat(scale);
  for (let p = first; p < last; p++) {
    let sum = f64x2.splat(0);
    const panel = <usize>p * stride;
    const bytes = <usize>rows << 5;
    for (let offset = panel, end = panel + bytes; offset < end; offset += 16) {
      const d = f32x4.sub(v128.load(y + offset), v128.load(target + offset));
      v128.store(dy + offset, f32x4.mul(d, factor));
      const low = f64x2.promote_low_f32x4(d);
      const high = f64x2.promote_low_f32x4(v128.shuffle<f32>(d, d, 2, 3, 2, 3));
      sum = f64x2.add(sum, f64x2.add(f64x2.mul(low, low), f64x2.mul(high, high)));
    }
    activationGradient(dy + panel, y + panel, bytes, activation);
    store<f64>(partials + (<usize>p << 3), f64x2.extract_lane(sum, 0) + f64x2.extract_lane(sum, 1));
  }
}

/** loss = (Σ partials) / divisor, where `count` float64 are summed in order. There is only one item. */
export function sumLoss(loss: usize, partials: usize, count: i32, divisor: f64, first: i32, last: i32): void {
  let sum: f64 = 0;
  for (let i = 0; i < count; i++) sum += load<f64>(partials + (<usize>i << 3));
  store<f64>(loss, sum / divisor);
}

/**
 * squared:   dout = scale · weights[n] · (out − target),       partials[item] = weights[n] · Σ (out − target)²
 * absolute:  dout = scale · weights[n] · sign(out − target),   partials[item] = weights[n] · Σ |out − target|
 *
 * dout, out, target: images in rows (conv/pixels.ts) of `channels` channels, zero from `width` to the next multiple of 4;
 * weights: one float32 for each image. An item is one row of all channels; it is summed in float64.
 */
export function imageLoss(
  dout: usize, out: usize, target: usize, weights: usize, partials: usize, channels: i32, height: i32, width: i32, pitch: usize,
  rows: i32, kind: i32, scale: f32, first: i32, last: i32,
): void {
  for (let item = first; item < last; item++) {
    const weight = load<f32>(weights + (<usize>(item / height) << 2));
    const factor = f32x4.splat(scale * weight);
    const start = rowStart(out, item, channels, height, pitch, rows);
    let sum = f64x2.splat(0);
    for (let c = 0; c < channels; c++) {
      let at = start + <usize>c * pitch;
      for (const end = at + (<usize>width << 2); at < end; at += 16) {
        const d = f32x4.sub(v128.load(at), v128.load(at - out + target));
        v128.store(at - out + dout, f32x4.mul(factor, kind == ImageLoss.squared ? d : sign(d)));
        const low = f64x2.promote_low_f32x4(d);
        const high = f64x2.promote_low_f32x4(v128.shuffle<f32>(d, d, 2, 3, 2, 3));
        sum = f64x2.add(
          sum,
          kind == ImageLoss.squared
            ? f64x2.add(f64x2.mul(low, low), f64x2.mul(high, high))
            : f64x2.add(f64x2.abs(low), f64x2.abs(high)),
        );
      }
    }
    store<f64>(partials + (<usize>item << 3), <f64>weight * (f64x2.extract_lane(sum, 0) + f64x2.extract_lane(sum, 1)));
  }
}

/** −1, 0 or 1 in each lane; NaN stays NaN. */
// @ts-ignore: decorator
@inline
function sign(x: v128): v128 {
  const zero = f32x4.splat(0);
  const one = f32x4.splat(1);
  const signs = f32x4.sub(v128.and(f32x4.gt(x, zero), one), v128.and(f32x4.lt(x, zero), one));
  return v128.bitselect(signs, x, f32x4.eq(x, x));
}
