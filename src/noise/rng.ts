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
  /** The random choice of crops for a calibration, and of the pixels in them that are hidden. */
  calibration: 7,
  /** The random choice of how wrong the level is that a network is told. */
  toldLevel: 8,
  /** Is added to the purpose of a noise: the sum is the purpose of drawing numbers from that noise's ranges. */
  level: 16,
} as const;

/** Every other byte of a word. */
const BYTES = 0x00ff00ff;
/** The mean of the sum of eight bytes, and what makes its variance, 8·(256² − 1) / 12, 1. */
const MEAN_OF_BYTES = 8 * 127.5;
const SCALE_OF_BYTES = 1 / Math.sqrt((8 * (256 * 256 - 1)) / 12);

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

  /**
   * Fills `out` with random numbers of mean 0 and variance 1 that are almost normal, at a fraction of the cost of
   * `fillNormal`: sums of eight random bytes, shifted and scaled. They reach from −4.9 to 4.9, and their fourth moment is
   * 2.85 where that of normal numbers is 3.
   */
  fillNearlyNormal(out: Float32Array): void {
    let a = this.#a;
    let b = this.#b;
    let c = this.#c;
    let counter = this.#counter;
    for (let i = 0; i < out.length; i++) {
      const bits1 = (a + b + counter) | 0;
      a = b ^ (b >>> 9);
      b = (c + (c << 3)) | 0;
      c = (((c << 21) | (c >>> 11)) + bits1) | 0;
      const bits2 = (a + b + counter + 1) | 0;
      a = b ^ (b >>> 9);
      b = (c + (c << 3)) | 0;
      c = (((c << 21) | (c >>> 11)) + bits2) | 0;
      counter = (counter + 2) | 0;
      // Two sums of four bytes each, of at most 1020, in one word.
      const sums = (bits1 & BYTES) + ((bits1 >>> 8) & BYTES) + (bits2 & BYTES) + ((bits2 >>> 8) & BYTES);
      out[i] = ((sums & 0xffff) + (sums >>> 16) - MEAN_OF_BYTES) * SCALE_OF_BYTES;
    }
    this.#a = a;
    this.#b = b;
    this.#c = c;
    this.#counter = counter;
  }
}
