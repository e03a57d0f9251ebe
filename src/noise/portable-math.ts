/** Functions whose counterparts in `Math` differ between engines. These use only + − × ÷, so every engine agrees. */

const float = new Float64Array(1);
const words = new Uint32Array(float.buffer);

/**
 * Natural logarithm of a normal, positive double, within 2 ulp, from + − × ÷ alone.
 * x = 2ᵉ·m with m in [√½, √2); ln m = 2·artanh(t), t = (m − 1)/(m + 1), by its series up to t²¹
 * (|t| ≤ 0.1716, so the first term left out is below 2⁻⁵⁹). Its first term, 2t, is written as f − t·f with
 * f = m − 1, which is exact: so the division's rounding touches only what is small (fdlibm's `log`).
 */
export function log(x: number): number {
  float[0] = x;
  const high = words[1]!;
  let exponent = (high >>> 20) - 1023;
  words[1] = (high & 0x000fffff) | 0x3ff00000;
  let m = float[0]!;
  if (m > Math.SQRT2) {
    m *= 0.5;
    exponent += 1;
  }
  const f = m - 1;
  const t = f / (m + 1);
  const q = t * t;
  let sum = q * (1 / 21) + 1 / 19;
  sum = sum * q + 1 / 17;
  sum = sum * q + 1 / 15;
  sum = sum * q + 1 / 13;
  sum = sum * q + 1 / 11;
  sum = sum * q + 1 / 9;
  sum = sum * q + 1 / 7;
  sum = sum * q + 1 / 5;
  sum = sum * q + 1 / 3;
  return f - t * (f - 2 * q * sum) + exponent * Math.LN2;
}

/**
 * eˣ for |x| up to 700, within 2 ulp or so: x = k·ln 2 + r with |r| ≤ ½·ln 2, and the series of eʳ up to r¹⁴
 * (the first term left out is below 2⁻⁶²). ln 2 is subtracted in two parts, the first of which times k is exact.
 */
export function exp(x: number): number {
  const k = Math.round(x / Math.LN2);
  const r = x - k * 0.6931471803691238 - k * 1.9082149292705877e-10;
  let sum = 1;
  for (let n = 14; n >= 1; n--) sum = 1 + (sum * r) / n;
  float[0] = 1;
  words[1] = (k + 1023) << 20;
  return sum * float[0]!;
}

/** base to the power of exponent, for a positive base. */
export function power(base: number, exponent: number): number {
  return exp(exponent * log(base));
}

/**
 * cos(π·t) for t from 0 to 1, by its series. For t above ½ it is −cos(π·(1 − t)). The first term left out is below 1e-16.
 */
export function cosineOfPi(t: number): number {
  if (t > 0.5) return -cosineOfPi(1 - t);
  const square = Math.PI * t * (Math.PI * t);
  let sum = 1;
  for (let n = 20; n >= 2; n -= 2) sum = 1 - (sum * square) / (n * (n - 1));
  return sum;
}
