/** Updates of the parameters. An item is 64 bytes of each buffer. */
import { Setting } from "./constants";

/**
 * Adagrad:  s ← s + g²,  w ← w − rate · g / √s   over `bytes` bytes, a multiple of 16
 *
 * w: parameters; s: their accumulators, which start above 0, so that no epsilon is needed; g: gradients.
 * Duchi, Hazan and Singer, "Adaptive subgradient methods", JMLR 12 (2011).
 */
// @ts-ignore: decorator
@inline
export function adagradBytes(w: usize, s: usize, g: usize, bytes: usize, rate: v128): void {
  for (const end = w + bytes; w < end; w += 16, s += 16, g += 16) {
    const gradient = v128.load(g);
    const sum = f32x4.add(v128.load(s), f32x4.mul(gradient, gradient));
    v128.store(s, sum);
    v128.store(w, f32x4.sub(v128.load(w), f32x4.div(f32x4.mul(rate, gradient), f32x4.sqrt(sum))));
  }
}

/** adagradBytes as an operation, with the rate from the settings. */
export function adagrad(w: usize, s: usize, g: usize, settings: usize, first: i32, last: i32): void {
  const from = <usize>first << 6;
  adagradBytes(w + from, s + from, g + from, (<usize>last << 6) - from, setting(settings, Setting.rate));
}

/**
 * Adam:  m ← β₁·m + (1 − β₁)·g,  v ← β₂·v + (1 − β₂)·g²,  w ← w − rate · m / (correction · √v + ε)
 *
 * w: parameters; m, v: their running means and variances; g: gradients
 * settings: at step t, `rate` is lr / (1 − β₁ᵗ) and `correction` is 1 / √(1 − β₂ᵗ). ε is added outside the root, as in
 * PyTorch.
 * Kingma and Ba, "Adam: a method for stochastic optimization", ICLR 2015.
 */
export function adam(w: usize, m: usize, v: usize, g: usize, settings: usize, first: i32, last: i32): void {
  const from = <usize>first << 6;
  const end = w + (<usize>last << 6);
  const rate = setting(settings, Setting.rate);
  const correction = setting(settings, Setting.correction);
  const beta1 = setting(settings, Setting.beta1);
  const beta2 = setting(settings, Setting.beta2);
  const epsilon = setting(settings, Setting.epsilon);
  const one = f32x4.splat(1);
  m += from;
  v += from;
  g += from;
  for (w += from; w < end; w += 16, m += 16, v += 16, g += 16) {
    const gradient = v128.load(g);
    const mean = f32x4.add(f32x4.mul(beta1, v128.load(m)), f32x4.mul(f32x4.sub(one, beta1), gradient));
    const square = f32x4.mul(f32x4.mul(f32x4.sub(one, beta2), gradient), gradient);
    const variance = f32x4.add(f32x4.mul(beta2, v128.load(v)), square);
    v128.store(m, mean);
    v128.store(v, variance);
    const step = f32x4.div(f32x4.mul(rate, mean), f32x4.add(f32x4.mul(correction, f32x4.sqrt(variance)), epsilon));
    v128.store(w, f32x4.sub(v128.load(w), step));
  }
}

/**
 * a ← a + rate · (w − a): an exponential moving average of the parameters
 *
 * a: averages; w: parameters.
 * Polyak and Juditsky, "Acceleration of stochastic approximation by averaging", SIAM J. Control Optim. 30 (1992).
 */
export function average(a: usize, w: usize, settings: usize, first: i32, last: i32): void {
  const rate = setting(settings, Setting.averaging);
  const end = a + (<usize>last << 6);
  w += <usize>first << 6;
  for (a += <usize>first << 6; a < end; a += 16, w += 16) {
    const old = v128.load(a);
    v128.store(a, f32x4.add(old, f32x4.mul(rate, f32x4.sub(v128.load(w), old))));
  }
}

// @ts-ignore: decorator
@inline
function setting(settings: usize, index: Setting): v128 {
  return v128.load32_splat(settings + (<usize>index << 2));
}
