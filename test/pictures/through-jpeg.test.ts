import { describe, expect, it } from "vitest";
import { Random } from "../../src/noise/rng.ts";
import { throughJpeg } from "../../src/pictures/through-jpeg.ts";

const [width, height] = [21, 18];

function noise(channels: 1 | 3, sigma: number): Uint8Array {
  const values = new Float32Array(width * height * channels);
  new Random(1, 1).fillNormal(values, sigma);
  return new Uint8Array(new Uint8ClampedArray(values.map((value) => 128 + value)).buffer);
}

const errorOf = (a: Uint8Array, b: Uint8Array) =>
  a.reduce((sum, value, i) => sum + (value - b[i]!) ** 2, 0) / a.length;

describe("throughJpeg", () => {
  it.each([1, 3] as const)("keeps the form of %i channels and little of noise at low quality", (channels) => {
    const data = noise(channels, 20);
    const errors = [100, 90, 75, 30].map((quality) => {
      const read = throughJpeg({ data, width, height, channels }, quality);
      expect([read.width, read.height, read.channels]).toEqual([width, height, channels]);
      return errorOf(read.data, data);
    });
    // Quality 100 has quantisation steps of 1; beside them, values are rounded in the conversion to YCbCr and back.
    expect(errors[0]).toBeLessThan(1);
    expect(errors).toEqual(errors.toSorted((a, b) => a - b));
    expect(errors[3]).toBeGreaterThan(100);
  });

  it("keeps colour at full resolution", () => {
    // Columns of one brightness that are red and blue in turn: subsampled, they would become one purple.
    const data = Uint8Array.from({ length: width * height * 3 }, (_, i) => {
      const isRed = Math.floor(i / 3) % 2 === 0;
      return (isRed ? [140, 60, 60] : [60, 76, 200])[i % 3]!;
    });
    expect(errorOf(throughJpeg({ data, width, height, channels: 3 }, 95).data, data)).toBeLessThan(30);
  });
});
