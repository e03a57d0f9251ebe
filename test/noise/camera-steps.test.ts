/** The steps of the camera's noise, each against a plain version or its formula; JPEG has tests of its own. */
import { describe, expect, it } from "vitest";
import { interpolateMosaic, mosaicColour } from "../../src/noise/mosaic.ts";
import { Purpose, Random } from "../../src/noise/rng.ts";
import { smooth } from "../../src/noise/smoothing.ts";
import { lightOf, setToneCurve, valueOfLight } from "../../src/noise/tone-curve.ts";

const N = 200_000;

describe("numbers that are nearly normal", () => {
  const values = new Float32Array(N);
  new Random(1, Purpose.testNoise, 0).fillNearlyNormal(values);

  it("are sums of eight bytes of the stream", () => {
    const random = new Random(1, Purpose.testNoise, 0);
    for (let i = 0; i < 1000; i++) {
      const bytes = new Uint8Array(Int32Array.of(random.bits(), random.bits()).buffer);
      const sum = bytes.reduce((total, byte) => total + (byte - 127.5), 0);
      expect(values[i]).toBe(Math.fround(sum * (1 / Math.sqrt((8 * 65535) / 12))));
    }
  });

  it("have the moments of such sums, within 5 standard errors", () => {
    // Excess kurtosis of a byte: −6/5·(n² + 1) / (n² − 1) with n = 256; of the sum of eight an eighth of that.
    const fourth = 3 - ((6 / 5) * (65537 / 65535)) / 8;
    for (const [k, moment, variance] of [
      [1, 0, 1],
      [2, 1, fourth - 1],
      // No more than for normal numbers.
      [3, 0, 15],
      [4, fourth, 96],
    ] as const) {
      const mean = values.reduce((sum, value) => sum + value ** k / N, 0);
      expect(Math.abs(mean - moment)).toBeLessThan(5 * Math.sqrt(variance / N));
    }
  });

  it("go on where the stream stood", () => {
    const [random, twin] = [new Random(1, 2, 3), new Random(1, 2, 3)];
    const both = new Float32Array(14);
    random.fillNearlyNormal(both.subarray(0, 5));
    random.fillNearlyNormal(both.subarray(5));
    const once = new Float32Array(14);
    twin.fillNearlyNormal(once);
    expect(both).toEqual(once);
    expect(random.bits()).toBe(twin.bits());
  });
});

describe("the tone curve", () => {
  const curves = [1, 1.25, 1.8125, 2.4, 2.5625, 4].flatMap((gamma) =>
    [0, 0.5, 1].map((contrast) => [gamma, contrast] as const),
  );

  it.each(curves)("gamma %d, contrast %d: is that of the formula, and goes back", (gamma, contrast) => {
    setToneCurve(gamma, contrast);
    const exponent = Math.round(16 * gamma) / 16;
    for (let value = 0; value < 256; value++) {
      const v = value / 255;
      const u = v + contrast * v * (1 - v) * (1 - 2 * v) + 0.055;
      const light = (u ** exponent - 0.055 ** exponent) / (1.055 ** exponent - 0.055 ** exponent);
      expect(lightOf[value]).toBeCloseTo(light, 13);
      expect(valueOfLight(lightOf[value]!)).toBe(value);
    }
    // The border between two values lies in the middle, but for a step of the table; a value has more than two of them.
    let before = 0;
    for (let value = 0; value < 255; value++) {
      const border = Math.sqrt((lightOf[value]! + lightOf[value + 1]!) / 2) * 4096;
      expect(valueOfLight(((border - 1) / 4096) ** 2)).toBe(value);
      expect(valueOfLight(((border + 1) / 4096) ** 2)).toBe(value + 1);
      expect(border - before).toBeGreaterThan(2);
      before = border;
    }
    expect([-1, 0, 1, 7].map(valueOfLight)).toEqual([0, 0, 255, 255]);
  });

  it("without gamma and contrast is a straight line", () => {
    setToneCurve(1, 0);
    for (const [value, light] of lightOf.entries()) expect(light).toBeCloseTo(value / 255, 14);
  });
});

describe("the mosaic", () => {
  it.each([0, 1, 2, 3])(
    "phase %i: every other pixel is green, the others red or blue in alternate rows",
    (phase) => {
      const colours = [0, 1].map((row) => [0, 1].map((column) => mosaicColour(row, column, phase)));
      const tiles = [
        [
          [0, 1],
          [1, 2],
        ],
        [
          [1, 0],
          [2, 1],
        ],
        [
          [1, 2],
          [0, 1],
        ],
        [
          [2, 1],
          [1, 0],
        ],
      ];
      expect(colours).toEqual(tiles[phase]);
      expect(mosaicColour(-1, -1, phase)).toBe(mosaicColour(1, 1, phase));
    },
  );

  it.each([
    [0, 4, 6],
    [1, 5, 5],
    [2, 7, 3],
    [3, 1, 1],
    [0, 1, 8],
    [1, 9, 1],
  ])("phase %i, %i×%i: colours are means of the nearest pixels that have them", (phase, height, width) => {
    // Sums of these are exact in float32.
    const raw = Float32Array.from(
      { length: (height + 2) * (width + 2) },
      (_, i) => ((i * 7919) % 1024) - 512,
    );
    const out = new Float32Array(3 * height * width);
    interpolateMosaic(raw, out, height, width, phase);
    const expected: number[] = [];
    for (let row = 0; row < height; row++) {
      for (let column = 0; column < width; column++) {
        for (const colour of [0, 1, 2]) {
          const found = [-1, 0, 1].flatMap((down) =>
            [-1, 0, 1]
              .filter((right) => mosaicColour(row + down, column + right, phase) === colour)
              .map((right) => ({
                distance: down ** 2 + right ** 2,
                value: raw[(row + down + 1) * (width + 2) + column + right + 1]!,
              })),
          );
          const nearest = Math.min(...found.map(({ distance }) => distance));
          const values = found.filter(({ distance }) => distance === nearest).map(({ value }) => value);
          expected.push(values.reduce((a, b) => a + b) / values.length);
        }
      }
    }
    expect([...out]).toEqual(expected);
  });
});

describe("smoothing", () => {
  it.each([
    [0.3, 2],
    [1.4, 0],
    [0, 3],
    [2.5, 5],
  ])("by %d and %d pixels is a blur of such a standard deviation, and keeps sums", (first, others) => {
    const size = 201;
    const values = new Float32Array(3 * size * size);
    const middle = (size - 1) / 2;
    values.fill(1, 3 * (middle * size + middle), 3 * (middle * size + middle) + 3);
    smooth(values, size, size, 3, first, others);
    for (const channel of [0, 1, 2]) {
      const deviation = channel === 0 ? first : others;
      const q =
        deviation === 0 ? 0 : (deviation ** 2 + 1 - Math.sqrt(2 * deviation ** 2 + 1)) / deviation ** 2;
      let [sum, vertical, horizontal, worst] = [0, 0, 0, 0];
      for (let row = 0; row < size; row++) {
        for (let column = 0; column < size; column++) {
          const value = values[3 * (row * size + column) + channel]!;
          const [down, right] = [row - middle, column - middle];
          const expected = ((1 - q) / (1 + q)) ** 2 * q ** (Math.abs(down) + Math.abs(right));
          // Four passes round to float32, each of which a later one adds up.
          const bound = (4 * 2 ** -24 * expected) / (1 - q) + 1e-12;
          worst = Math.max(worst, Math.abs(value - expected) / bound);
          sum += value;
          vertical += value * down ** 2;
          horizontal += value * right ** 2;
        }
      }
      expect(worst).toBeLessThanOrEqual(1);
      expect(sum).toBeCloseTo(1, 5);
      expect(Math.sqrt(vertical)).toBeCloseTo(deviation, 3);
      expect(Math.sqrt(horizontal)).toBeCloseTo(deviation, 3);
    }
  });

  it("of grey is that of the first channel", () => {
    const noise = new Float32Array(35);
    new Random(1, 2, 3).fillNearlyNormal(noise);
    const colour = Float32Array.from({ length: 105 }, (_, i) => noise[Math.floor(i / 3)]!);
    smooth(noise, 5, 7, 1, 1.2, 9);
    smooth(colour, 5, 7, 3, 1.2, 1.2);
    expect(colour.filter((_, i) => i % 3 === 0)).toEqual(noise);
    expect(colour.filter((_, i) => i % 3 === 2)).toEqual(noise);
  });

  it("leaves uncorrelated noise as strong at the sides as in the middle, within 5 standard errors", () => {
    const count = 4000;
    const size = 15;
    const squares = new Float64Array(size * size);
    const noise = new Float32Array(size * size);
    const random = new Random(1, 2, 3);
    for (let i = 0; i < count; i++) {
      random.fillNearlyNormal(noise);
      smooth(noise, size, size, 1, 1.5, 0);
      for (const [at, value] of noise.entries()) squares[at]! += value ** 2 / count;
    }
    const q = (1.5 ** 2 + 1 - Math.sqrt(2 * 1.5 ** 2 + 1)) / 1.5 ** 2;
    const one = ((1 - q) / (1 + q)) ** 2 * ((1 + q * q) / (1 - q * q));
    for (const square of [squares[0]!, squares[7]!, squares[size * 7]!, squares[size * size - 1]!]) {
      expect(Math.abs(square - one * one)).toBeLessThan(5 * one * one * Math.sqrt(2 / count));
    }
  });
});
