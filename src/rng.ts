/**
 * Seeded random numbers that are bit-identical in every JavaScript engine: integers by `Math.imul` and
 * shifts, reals by + − × ÷ and √ alone (`Math.log` and friends differ between engines).
 */

/** What a stream of random numbers is for; streams of different purposes never share numbers. */
export const Purpose = { initialization: 1, trainingNoise: 2, testNoise: 3, order: 4 } as const;
export type Purpose = (typeof Purpose)[keyof typeof Purpose];

/**
 * A stream of random numbers, one for each (seed, purpose, index), so that the noise of picture 7 does not
 * depend on how many pictures came before it.
 *
 * Generator: sfc32, the 128-bit "small fast counting" generator of Chris Doty-Humphrey (PractRand), whose
 * documented seeding is three words, a counter of 1, and 12 or more discarded outputs.
 */
export class Random {
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  /** @param seed 32-bit unsigned; @param index which stream of this purpose, 32-bit unsigned */
  constructor(seed: number, purpose: Purpose, index = 0) {
    this.#a = seed | 0;
    this.#b = purpose | 0;
    this.#c = index | 0;
    for (let i = 0; i < 16; i++) this.bits();
  }

  /** 32 random bits as a signed integer. */
  bits(): number {
    const sum = (this.#a + this.#b + this.#counter) | 0;
    this.#counter = (this.#counter + 1) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0;
    return sum;
  }

  /** Uniform in [0, 1), a multiple of 2⁻³². */
  uniform(): number {
    return (this.bits() >>> 0) * 2 ** -32;
  }

  /**
   * Fills `out` with N(0, 1) × `scale`, rounded to float32.
   * Marsaglia's polar method (Marsaglia and Bray 1964): two values from a point in the unit disc.
   */
  fillNormal(out: Float32Array, scale = 1): void {
    for (let i = 0; i < out.length; i += 2) {
      let u: number;
      let v: number;
      let s: number;
      do {
        u = (this.bits() + 0.5) * 2 ** -31;
        v = (this.bits() + 0.5) * 2 ** -31;
        s = u * u + v * v;
      } while (s >= 1);
      const factor = scale * Math.sqrt((-2 * log(s)) / s);
      out[i] = u * factor;
      if (i + 1 < out.length) out[i + 1] = v * factor;
    }
  }
}

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
