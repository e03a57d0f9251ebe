/**
 * The discrete cosine transform of JPEG (ITU-T T.81, A.3.3) on blocks of 8×8 values, forward and back, by the method of
 * Yukihiro Arai, Takeshi Agui and Masayuki Nakajima, "A fast DCT-SQ scheme for images", Trans. IEICE E-71 (1988), which
 * libjpeg has as jfdctflt.c and jidctflt.c. It is exact up to the rounding of float64.
 */
import { cosineOfPi } from "./portable-math.ts";

const COS_1_4 = Math.SQRT1_2;
const COS_1_8 = Math.sqrt(2 + Math.SQRT2) / 2;
const COS_3_8 = Math.sqrt(2 - Math.SQRT2) / 2;

/**
 * What the method leaves to those who quantise: the coefficient at row v and column u of a transformed block is
 * 8·DCT_SCALE[v]·DCT_SCALE[u] times that of T.81, and the inverse takes coefficients of DCT_SCALE[v]·DCT_SCALE[u] / 8
 * times those of T.81.
 */
export const DCT_SCALE = Float64Array.from({ length: 8 }, (_, k) =>
  k === 0 ? 1 : Math.SQRT2 * cosineOfPi(k / 16),
);

/**
 * Transforms eight values of `source` into eight of `block`. The former begin at `from`, the latter at `at`, and both lie
 * `step` apart.
 */
export function forwardDct(
  source: Float64Array,
  from: number,
  block: Float64Array,
  at: number,
  step: number,
): void {
  const [i1, i2, i3, i4] = [at + step, at + 2 * step, at + 3 * step, at + 4 * step];
  const [i5, i6, i7] = [at + 5 * step, at + 6 * step, at + 7 * step];
  const sum07 = source[from]! + source[from + 7 * step]!;
  const difference07 = source[from]! - source[from + 7 * step]!;
  const sum16 = source[from + step]! + source[from + 6 * step]!;
  const difference16 = source[from + step]! - source[from + 6 * step]!;
  const sum25 = source[from + 2 * step]! + source[from + 5 * step]!;
  const difference25 = source[from + 2 * step]! - source[from + 5 * step]!;
  const sum34 = source[from + 3 * step]! + source[from + 4 * step]!;
  const difference34 = source[from + 3 * step]! - source[from + 4 * step]!;

  const even0 = sum07 + sum34;
  const even3 = sum07 - sum34;
  const even1 = sum16 + sum25;
  block[at] = even0 + even1;
  block[i4] = even0 - even1;
  const rotated = (sum16 - sum25 + even3) * COS_1_4;
  block[i2] = even3 + rotated;
  block[i6] = even3 - rotated;

  const odd0 = difference34 + difference25;
  const odd1 = (difference25 + difference16) * COS_1_4;
  const odd2 = difference16 + difference07;
  const common = (odd0 - odd2) * COS_3_8;
  const low = (COS_1_8 - COS_3_8) * odd0 + common;
  const high = (COS_1_8 + COS_3_8) * odd2 + common;
  const plus = difference07 + odd1;
  const minus = difference07 - odd1;
  block[i5] = minus + low;
  block[i3] = minus - low;
  block[i1] = plus + high;
  block[i7] = plus - high;
}

/** The inverse of `forwardDct`, from `block` into `target`. */
export function inverseDct(
  block: Float64Array,
  at: number,
  target: Float64Array,
  to: number,
  step: number,
): void {
  const sum04 = block[at]! + block[at + 4 * step]!;
  const difference04 = block[at]! - block[at + 4 * step]!;
  const sum26 = block[at + 2 * step]! + block[at + 6 * step]!;
  const difference26 = (block[at + 2 * step]! - block[at + 6 * step]!) * Math.SQRT2 - sum26;
  const even0 = sum04 + sum26;
  const even3 = sum04 - sum26;
  const even1 = difference04 + difference26;
  const even2 = difference04 - difference26;

  const sum53 = block[at + 5 * step]! + block[at + 3 * step]!;
  const difference53 = block[at + 5 * step]! - block[at + 3 * step]!;
  const sum17 = block[at + step]! + block[at + 7 * step]!;
  const difference17 = block[at + step]! - block[at + 7 * step]!;
  const odd0 = sum17 + sum53;
  const common = (difference53 + difference17) * (2 * COS_1_8);
  const odd1 = common - difference53 * (2 * (COS_1_8 + COS_3_8)) - odd0;
  const odd2 = (sum17 - sum53) * Math.SQRT2 - odd1;
  const odd3 = common - difference17 * (2 * (COS_1_8 - COS_3_8)) - odd2;
  target[to] = even0 + odd0;
  target[to + 7 * step] = even0 - odd0;
  target[to + step] = even1 + odd1;
  target[to + 6 * step] = even1 - odd1;
  target[to + 2 * step] = even2 + odd2;
  target[to + 5 * step] = even2 - odd2;
  target[to + 3 * step] = even3 + odd3;
  target[to + 4 * step] = even3 - odd3;
}
