import { describe, expect, it } from "vitest";
import type { Images } from "../../src/data/images.ts";
import { sha256 } from "../../src/data/sha256.ts";
import { addNoise } from "../../src/noise/noise.ts";
import { log } from "../../src/noise/portable-math.ts";
import { Purpose, Random } from "../../src/noise/rng.ts";

/** SHA-256 of the first million noise values of seed 1, as little-endian float32. */
const MILLION_SHA256 = "42c58fe485b7020d852c88dade68e0a4dde9b29e96fdda3f0db7acbc9bdccec7";

/** sfc32 as its author's C code says it, on 32-bit words kept in BigInt. */
class Sfc32 {
  #words: bigint[];

  constructor(seed: number, purpose: number, index: number) {
    this.#words = [BigInt(seed), BigInt(purpose), BigInt(index), 1n];
    for (let i = 0; i < 16; i++) this.next();
  }

  next(): bigint {
    const word = (value: bigint) => value & 0xffff_ffffn;
    const [a, b, c, counter] = this.#words as [bigint, bigint, bigint, bigint];
    const result = word(a + b + counter);
    const rotated = word((c << 21n) | (c >> 11n));
    this.#words = [b ^ (b >> 9n), word(c + (c << 3n)), word(rotated + result), word(counter + 1n)];
    return result;
  }
}

describe("sfc32", () => {
  it.each([
    [0, Purpose.initialization, 0],
    [1, Purpose.trainingNoise, 0],
    [1, Purpose.trainingNoise, 59_999],
    [4_294_967_295, Purpose.order, 4_294_967_295],
    [2_147_483_648, Purpose.testNoise, 12_345],
  ])("seed %i, purpose %i, index %i: 10,000 words of the plain implementation", (seed, purpose, index) => {
    const random = new Random(seed, purpose, index);
    const twin = new Sfc32(seed, purpose, index);
    for (let i = 0; i < 10_000; i++) {
      if (BigInt(random.bits() >>> 0) !== twin.next()) throw new Error(`word ${i} differs`);
    }
  });

  it("is uniform in [0, 1)", () => {
    const random = new Random(1, Purpose.order);
    const counts = new Uint32Array(64);
    const draws = 640_000;
    for (let i = 0; i < draws; i++) counts[Math.floor(random.uniform() * 64)]!++;
    // χ² of 63 degrees of freedom: mean 63, deviation √126.
    const expected = draws / 64;
    const chi2 = counts.reduce((sum, count) => sum + (count - expected) ** 2 / expected, 0);
    expect(Math.abs(chi2 - 63)).toBeLessThan(5 * Math.sqrt(126));
  });
});

describe("log", () => {
  /** Distance to Math.log, itself within 1 ulp, in ulp of the result. */
  const ulps = (x: number) => {
    const exactly = Math.log(x);
    if (exactly === 0) return log(x) === 0 ? 0 : Number.POSITIVE_INFINITY;
    const ulp = 2 ** (Math.floor(Math.log2(Math.abs(exactly))) - 52);
    return Math.abs(log(x) - exactly) / ulp;
  };
  const random = new Random(1, Purpose.order, 1);
  const worst = (draw: () => number) => {
    let most = 0;
    for (let i = 0; i < 100_000; i++) most = Math.max(most, ulps(draw()));
    return most;
  };

  it.each<[string, () => number]>([
    ["in (0, 1), where the polar method asks", () => (random.uniform() + 2 ** -33) / 1.0000001],
    ["in (0, 2⁻⁴⁰)", () => (random.uniform() + 2 ** -33) * 2 ** -40],
    ["over all exponents", () => (1 + random.uniform()) * 2 ** Math.floor(random.uniform() * 2044 - 1022)],
    ["near 1", () => 1 + (random.uniform() - 0.5) * 2 ** -(random.uniform() * 40)],
    [
      "near √½ and √2",
      () => Math.SQRT2 ** (random.uniform() < 0.5 ? -1 : 1) * (1 + (random.uniform() - 0.5) / 1e3),
    ],
  ])("%s: within 2 ulp of Math.log", (_, draw) => {
    expect(worst(draw)).toBeLessThanOrEqual(2);
  });

  it("is exact at 1 and at powers of 2", () => {
    expect(log(1)).toBe(0);
    for (const exponent of [-1022, -10, -1, 1, 52, 1023])
      expect(log(2 ** exponent)).toBe(exponent * Math.LN2);
  });
});

describe("a million normal values", () => {
  const n = 1_000_000;
  const values = new Float32Array(n);
  new Random(1, Purpose.trainingNoise, 0).fillNormal(values);

  it("have the committed SHA-256", async () => {
    expect(await sha256(new Uint8Array(values.buffer))).toBe(MILLION_SHA256);
  });

  it("have the moments of N(0, 1), within 5 standard errors", () => {
    let mean = 0;
    for (const value of values) mean += value / n;
    let [second, third, fourth] = [0, 0, 0];
    for (const value of values) {
      const d = value - mean;
      second += d ** 2 / n;
      third += d ** 3 / n;
      fourth += d ** 4 / n;
    }
    const errors = {
      mean: mean * Math.sqrt(n),
      variance: (second - 1) * Math.sqrt(n / 2),
      skewness: (third / second ** 1.5) * Math.sqrt(n / 6),
      kurtosis: (fourth / second ** 2 - 3) * Math.sqrt(n / 24),
    };
    for (const [name, error] of Object.entries(errors)) {
      expect([name, Math.abs(error)]).toEqual([name, expect.toSatisfy((size: number) => size < 5)]);
    }
  });

  it("pass the Kolmogorov–Smirnov test against N(0, 1)", () => {
    let distance = 0;
    values.toSorted().forEach((value, index) => {
      const expected = normalDistribution(value);
      distance = Math.max(distance, expected - index / n, (index + 1) / n - expected);
    });
    // √n·D exceeds 1.95 with a probability of 0.001.
    expect(distance * Math.sqrt(n)).toBeLessThan(1.95);
  });

  it("do not depend on how many are asked for, and an odd number works", () => {
    const few = new Float32Array(7);
    new Random(1, Purpose.trainingNoise, 0).fillNormal(few);
    expect(few).toEqual(values.slice(0, 7));
  });

  it("are scaled before they are rounded", () => {
    const scaled = new Float32Array(1000);
    new Random(1, Purpose.trainingNoise, 0).fillNormal(scaled, 10);
    scaled.forEach((value, i) => {
      expect(Math.abs(value - 10 * values[i]!)).toBeLessThanOrEqual(2 ** -23 * Math.abs(value));
    });
  });
});

describe("streams", () => {
  const stream = (seed: number, purpose: number, index: number) => {
    const values = new Float32Array(20_000);
    new Random(seed, purpose, index).fillNormal(values);
    return values;
  };

  it("of other index, purpose or seed are uncorrelated, also when shifted", () => {
    const { initialization, trainingNoise, testNoise } = Purpose;
    const streams = [
      stream(1, trainingNoise, 0),
      stream(1, trainingNoise, 1),
      stream(1, trainingNoise, 2),
      stream(1, testNoise, 0),
      stream(1, initialization, 0),
      stream(2, trainingNoise, 0),
      stream(2, trainingNoise, 1),
      stream(3, trainingNoise, 0),
    ];
    let compared = 0;
    for (const [i, a] of streams.entries()) {
      for (const b of streams.slice(i + 1)) {
        for (const shift of [0, 1, 2, 3]) {
          const length = a.length - shift;
          let product = 0;
          for (let k = 0; k < length; k++) product += a[k]! * b[k + shift]!;
          expect(Math.abs(product / Math.sqrt(length))).toBeLessThan(5);
          compared++;
        }
      }
    }
    expect(compared).toBe((4 * (8 * 7)) / 2);
  });

  it("give each picture its noise, whatever pictures come before it", () => {
    const noise = { model: "gaussian", sigma: 10, drawn: "once" } as const;
    const images = (first: number, count: number): Images => ({
      data: Uint8Array.from({ length: count * 35 }, (_, i) => (first * 35 + i) % 251),
      count,
      height: 5,
      width: 7,
      channels: 1,
    });
    const all = addNoise(images(0, 9), noise, 1, Purpose.trainingNoise);
    expect(addNoise(images(0, 4), noise, 1, Purpose.trainingNoise)).toEqual(all.slice(0, 4 * 35));
    expect(addNoise(images(0, 9), noise, 1, Purpose.testNoise)).not.toEqual(all);
    expect(addNoise(images(0, 9), noise, 2, Purpose.trainingNoise)).not.toEqual(all);
    // Not clipped: black pixels get brighter and darker alike.
    expect(Math.min(...all)).toBeLessThan(0);
  });
});

/** Φ(x), by the series of Marsaglia (2004), to some 15 digits within ±7. */
function normalDistribution(x: number): number {
  let sum = x;
  let term = x;
  for (let i = 3; Math.abs(term) > 1e-17 * Math.abs(sum); i += 2) {
    term *= (x * x) / i;
    sum += term;
  }
  return 0.5 + (sum * Math.exp(-0.5 * x * x)) / Math.sqrt(2 * Math.PI);
}
