/**
 * Seeded random numbers that are bit-identical in every JavaScript engine. Integers are made by additions, shifts and
 * bitwise operations, reals by + − × ÷ and √ alone, since `Math.log` and its like differ between engines.
 */
import { log } from "./portable-math.ts";

/** The purposes of streams of random numbers. Each purpose has streams of its own. */
export const Purpose = {
  initialization: 1,
  trainingNoise: 2,
  testNoise: 3,
  order: 4,
  freshNoise: 5,
  /** The random choice of a patch, and of how a picture is mirrored and turned, before a network sees it. */
  augmentation: 6,
  /** Is added to the purpose of a noise: the sum is the purpose of drawing numbers from that noise's ranges. */
  level: 16,
} as const;

/**
 * A stream of random numbers. There is one for each (seed, purpose, index), so that the noise of picture 7 does not
 * depend on how many pictures came before it.
 *
 * The generator is sfc32, the 128-bit "small fast counting" generator of Chris Doty-Humphrey (PractRand). Its documented
 * seeding is three words, a counter of 1, and 12 or more outputs that are discarded; here it is 16.
 */
export class Random {
  #a: number;
  #b: number;
  #c: number;
  #counter = 1;

  /**
   * @param seed 32-bit unsigned integer
   * @param purpose a value of `Purpose`
   * @param index which stream of this purpose, a 32-bit unsigned integer
   */
  constructor(seed: number, purpose: number, index = 0) {
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

  /** A number that is uniform in [0, 1), a multiple of 2⁻³². */
  uniform(): number {
    return (this.bits() >>> 0) * 2 ** -32;
  }

  /** A number that is uniform in (−1, 1), an odd multiple of 2⁻³². */
  symmetric(): number {
    return (this.bits() + 0.5) * 2 ** -31;
  }

  /**
   * Fills `out` with normal random numbers of mean 0 and standard deviation `scale`, rounded to float32. Marsaglia's
   * polar method (Marsaglia and Bray 1964) makes two of them from a point in the unit disc.
   */
  fillNormal(out: Float32Array, scale = 1): void {
    for (let i = 0; i < out.length; i += 2) {
      let u: number;
      let v: number;
      let s: number;
      do {
        u = this.symmetric();
        v = this.symmetric();
        s = u * u + v * v;
      } while (s >= 1);
      const factor = scale * Math.sqrt((-2 * log(s)) / s);
      out[i] = u * factor;
      if (i + 1 < out.length) out[i + 1] = v * factor;
    }
  }
}
