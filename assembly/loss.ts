import { activationGradient } from "./dense/activations";

/**
 * dy = scale · (y − target) ∘ f′(y) and partials[p] = Σ (y − target)² over panel p, for panels `first` to `last`
 *
 * y, target, dy: panels of `stride` bytes with `rows` rows each; y is what the activation f put out. Squares
 * are summed in float64, row after row, so that the loss depends neither on the number of threads nor on its
 * own size.
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

/** loss = (Σ partials) / divisor, in order. */
export function sumLoss(loss: usize, partials: usize, count: i32, divisor: f64): void {
  let sum: f64 = 0;
  for (let i = 0; i < count; i++) sum += load<f64>(partials + (<usize>i << 3));
  store<f64>(loss, sum / divisor);
}
