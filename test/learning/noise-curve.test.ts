/** Finding how noise depends on brightness. */
import { describe, expect, it } from "vitest";
import { noiseCurveOf } from "../../src/learning/noise-curve.ts";
import { normal } from "../support/networks.ts";

const [width, height] = [160, 120];
/** A slow slope from dark to bright with a dense pattern of stripes in the lower third. */
const clean = Float32Array.from({ length: width * height }, (_, i) => {
  const [x, y] = [i % width, Math.floor(i / width)];
  return 30 + (180 * x) / width + (y > 80 ? 60 * (y % 2) : 0);
});
const withNoise = (gain: number, sigma: number) => {
  const noise = normal(clean.length, 1);
  const data = clean.map((value, i) => value + noise[i]! * Math.sqrt(gain * value + sigma * sigma));
  return { data, width, height };
};
const grey = { channels: 1, distinct: 1, black: 0, step: 1 } as const;

describe("noiseCurveOf", () => {
  it.each([
    [0, 5],
    [0, 25],
    [0, 50],
    [1, 3],
    [5, 0],
    [5, 20],
  ])("gain %s, sigma %s: the variance in dark, mid and bright grey within a quarter", (gain, sigma) => {
    const found = noiseCurveOf(withNoise(gain, sigma), grey)!;
    for (const x of [40, 120, 200]) {
      const ratio = (found.gain * x + found.sigma ** 2) / (gain * x + sigma ** 2);
      expect(ratio).toBeGreaterThan(0.75);
      expect(ratio).toBeLessThan(1.25);
    }
    expect(Math.abs(found.correlation)).toBeLessThan(0.05);
  });

  it("tells noise that goes together from noise that is independent", () => {
    const { data } = withNoise(0, 25);
    const smooth = data.map((value, i) => (value + (data[i + 1] ?? value)) / 2);
    // The mean of two neighbours has the correlation 1/2 with the next one along rows, and none along columns: 1/4 together,
    // of which patches of 4×4 show the greater part.
    const alongRows = noiseCurveOf({ data: smooth, width, height }, grey)!.correlation;
    expect(alongRows).toBeGreaterThan(0.15);
    expect(alongRows).toBeLessThan(0.25);
    const both = smooth.map((value, i) => (value + (smooth[i + width] ?? value)) / 2);
    expect(noiseCurveOf({ data: both, width, height }, grey)!.correlation).toBeGreaterThan(0.25);
  });

  it("finds nothing in pictures that are too small, or black and white", () => {
    expect(noiseCurveOf({ data: new Float32Array(36).fill(7), width: 6, height: 6 }, grey)).toBeUndefined();
    const data = Uint8Array.from({ length: 6400 }, (_, i) => 255 * (i % 2));
    expect(noiseCurveOf({ data, width: 80, height: 80 }, grey)).toBeUndefined();
  });
});
