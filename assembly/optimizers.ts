/**
 * Adagrad:  s ← s + g²,  w ← w − rate · g / √s   over `bytes` bytes, a multiple of 16
 *
 * w: parameters; s: their accumulators, above 0 from the start, so that no epsilon is needed; g: gradients.
 * Duchi, Hazan and Singer, "Adaptive subgradient methods", JMLR 12 (2011).
 */
// @ts-ignore: decorator
@inline
export function adagrad(w: usize, s: usize, g: usize, bytes: usize, rate: v128): void {
  for (const end = w + bytes; w < end; w += 16, s += 16, g += 16) {
    const gradient = v128.load(g);
    const sum = f32x4.add(v128.load(s), f32x4.mul(gradient, gradient));
    v128.store(s, sum);
    v128.store(w, f32x4.sub(v128.load(w), f32x4.div(f32x4.mul(rate, gradient), f32x4.sqrt(sum))));
  }
}
