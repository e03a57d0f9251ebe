/**
 * Seeded random numbers that are bit-identical in every JavaScript engine: integers by `Math.imul` and
 * shifts, reals by + − × ÷ and √ alone (`Math.log` and friends differ between engines).
 */
import { log } from "./portable-math.ts";

/** What a stream of random numbers is for; streams of different purposes never share numbers. */
export const Purpose = {
  initialization: 1,
  trainingNoise: 2,
  testNoise: 3,
  order: 4,
  freshNoise: 5,
  /** Flips and whatever else is done to a picture at random before it is shown to a network. */
  augmentation: 6,
  /** Plus the purpose of a noise: the levels of that noise. */
  level: 16,
} as const;

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

  /** @param seed 32-bit unsigned; @param purpose of `Purpose`; @param index which stream of this purpose, 32-bit unsigned */
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

  /** Uniform in [0, 1), a multiple of 2⁻³². */
  uniform(): number {
    return (this.bits() >>> 0) * 2 ** -32;
  }

  /** Uniform in (−1, 1), an odd multiple of 2⁻³². */
  symmetric(): number {
    return (this.bits() + 0.5) * 2 ** -31;
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
