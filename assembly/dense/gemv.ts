import { multiplyVector1, multiplyVector4 } from "../../build/assembly/dense/tiles";

/**
 * c[0..7] = init[0..7] + Σ_k a[k] · B[k, 0..7] for each of `count` panels: multiplyPanel for a batch of one picture
 *
 * c, init: 8 × `count` values; a: 8 × `panels` values; b: `count` panels of 8 × `panels` rows. Each value of B is used
 * only once, so the loads are the limit: a core does two a cycle. Therefore four panels of B share each broadcast of a.
 * They are one from each quarter of B, so that B is read in four long streams. The sums equal multiplyPanel's, bit for bit.
 */
export function multiplyVector(c: usize, a: usize, b: usize, init: usize, panels: i32, count: i32): void {
  const bytes = <usize>panels << 8;
  const quarter = <usize>count >> 2;
  for (let i: usize = 0; i < quarter; i++) {
    multiplyVector4(c + (i << 5), a, b + i * bytes, init + (i << 5), bytes, quarter);
  }
  for (let i = quarter << 2; i < <usize>count; i++) {
    multiplyVector1(c + (i << 5), a, b + i * bytes, init + (i << 5), bytes);
  }
}
