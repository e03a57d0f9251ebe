/**
 * Where the transformed pixels t_p and the products M_p of winograd-products.ts are in memory
 *
 * A channel of t_p is TRANSFORMED bytes: two spans, each up to SPAN vectors of 4 pixels between one more on both sides.
 * M_p[o, v] is at  m + (p·⌈outs⌉₄ + o)·PRODUCTS + 16·v,  the second span SPAN vectors behind the first.
 */
import { STRIP } from "../program/opcodes";

/** Vectors of a span: as many as oneOutput has sums, 8. */
export const SPAN: i32 = STRIP / 2;

/** Bytes of a span of t with the vectors at its sides. */
export const SPAN_BYTES: usize = (SPAN + 2) << 4;

/** Bytes of a channel of t_p. */
export const TRANSFORMED: usize = 2 * SPAN_BYTES;

/** Bytes of an output of M_p, a vector more than two spans so that its planes are not 4,096 bytes apart; bytes of a span. */
export const PRODUCTS: usize = (STRIP + 1) << 4;
export const SPAN_PRODUCTS: usize = SPAN << 4;

/** Bytes of M_p. */
// @ts-ignore: decorator
@inline
export function productsBytes(outs: i32): usize {
  return <usize>((outs + 3) & ~3) * PRODUCTS;
}
