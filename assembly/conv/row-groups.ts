/**
 * Groups of four rows of an image, d apart. Winograd's filtering F(4, 3) along the columns (conv3x3.ts) computes the four rows
 * of a group together, from the six rows that their windows reach. `groupsOf` in sizes.ts says how many groups there are.
 */
import { storeInputs } from "./winograd-transforms";

/** The first row of a group. In every 4d rows there are d groups, which begin at the first d of these rows. */
// @ts-ignore: decorator
@inline
export function rowOf(group: i32, dilation: i32): i32 {
  return (group / dilation) * 4 * dilation + (group % dilation);
}

/**
 * t = Bᵀ v for `bytes` bytes of a row and all channels, from six rows v that are d apart. A channel of t has `length` bytes.
 * The first of the six rows is at `above`; the second is the group's first row. From that row on, the image has `left` rows.
 * Rows more than d below the image's last are zeros, read from `none`. Does the same for `second` further bytes, which begin
 * `apart` bytes further on in the rows and `span` bytes further on in t.
 */
export function transformGroup(
  t: usize, plane: usize, length: usize, above: usize, none: usize, ins: i32, dilation: i32, pitch: usize, left: i32,
  bytes: usize, second: usize, apart: usize, span: usize,
): void {
  const step = <usize>(dilation * ins) * pitch;
  let v0 = above;
  let v1 = v0 + step;
  let v2 = v1 + step;
  let v3 = v2 + step;
  let v4 = v3 + step;
  let v5 = v4 + step;
  let step3 = pitch, step4 = pitch, step5 = pitch;
  if (left <= dilation) {
    v3 = none;
    step3 = 0;
  }
  if (left <= 2 * dilation) {
    v4 = none;
    step4 = 0;
  }
  if (left <= 3 * dilation) {
    v5 = none;
    step5 = 0;
  }
  for (let c = 0; c < ins; c++, t += length) {
    transformRows(t, plane, v0, v1, v2, v3, v4, v5, bytes);
    if (second) transformRows(t + span, plane, v0 + apart, v1 + apart, v2 + apart, v3 + apart, v4 + apart, v5 + apart, second);
    v0 += pitch;
    v1 += pitch;
    v2 += pitch;
    v3 += step3;
    v4 += step4;
    v5 += step5;
  }
}

/** t = Bᵀ v for `bytes` bytes of six rows of one channel. */
function transformRows(
  t: usize, plane: usize, v0: usize, v1: usize, v2: usize, v3: usize, v4: usize, v5: usize, bytes: usize,
): void {
  for (let at: usize = 0; at < bytes; at += 16) {
    storeInputs(
      t + at, plane, v128.load(v0 + at), v128.load(v1 + at), v128.load(v2 + at), v128.load(v3 + at), v128.load(v4 + at),
      v128.load(v5 + at),
    );
  }
}
