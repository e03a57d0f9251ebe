import { DOMParser } from "linkedom";
import { describe, expect, it } from "vitest";
import { lossChart } from "../../src/report/charts.node.ts";

const losses = Array.from({ length: 100 }, (_, i) => 1900 + 1800 / (1 + i / 3));

/** The points of each line, left to right, in the units of the drawing. */
function linesOf(svg: string): [number, number][][] {
  const document = new DOMParser().parseFromString(svg, "image/svg+xml");
  return [...document.querySelectorAll('[aria-label="line"] path')].map((path) =>
    [...path.getAttribute("d")!.matchAll(/[ML]([\d.]+),([\d.]+)/g)].map((match) => [
      Number(match[1]),
      Number(match[2]),
    ]),
  );
}

const textsOf = (svg: string): string[] =>
  [...svg.matchAll(/<text[^>]*>([^<]*)<\/text>/g)].map((match) => match[1]!);
const difference = (a: number, b: number) => Math.round(Math.abs(a - b) * 100) / 100;

describe("lossChart", () => {
  it("has one point an epoch, evenly spaced, as high as its loss", () => {
    const [training, ...others] = linesOf(lossChart({ title: "t", losses }));
    expect(others).toEqual([]);
    expect(training!.length).toBe(100);
    const [first, last] = [training![0]!, training![99]!];
    const perEpoch = (last[0] - first[0]) / 99;
    const perLoss = (last[1] - first[1]) / (losses[0]! - losses[99]!);
    expect(perEpoch).toBeGreaterThan(7);
    expect(perLoss).toBeGreaterThan(0.1);
    for (const [i, [x, y]] of training!.entries()) {
      expect(difference(x, first[0] + i * perEpoch)).toBeLessThanOrEqual(0.01);
      expect(difference(y, first[1] + (losses[0]! - losses[i]!) * perLoss)).toBeLessThanOrEqual(0.01);
    }
  });

  it("draws the test loss at the epochs in which it was measured, on the same axes", () => {
    const test = [10, 50, 100].map((epoch) => ({ epoch, mse: losses[epoch - 1]! }));
    const svg = lossChart({ title: "t", losses, test });
    const [training, tested] = linesOf(svg);
    expect(tested).toEqual([training![9], training![49], training![99]]);
    expect(textsOf(svg)).toEqual(expect.arrayContaining(["training loss", "test loss"]));
    expect(textsOf(lossChart({ title: "t", losses }))).not.toContain("test loss");
  });

  it("names the axis, its ends and the reference lines", () => {
    const svg = lossChart({ title: "t", losses, reference: [{ label: "noisy input", value: 100.04 }] });
    expect(textsOf(svg)).toEqual(
      expect.arrayContaining(["epoch", "1", "50", "100", "0", "2,000", "noisy input: 100"]),
    );
  });

  it("is logarithmic where the losses span more than a factor of 20, and only there", () => {
    const heights = (values: number[]) =>
      linesOf(lossChart({ title: "t", losses: values }))[0]!.map(([, y]) => y);
    const [a, b, c] = heights([1000, 100, 10]) as [number, number, number];
    expect(difference(b - a, c - b)).toBeLessThanOrEqual(0.01);
    const [d, e, f] = heights([1000, 550, 100]) as [number, number, number];
    expect(difference(e - d, f - e)).toBeLessThanOrEqual(0.01);
    expect(heights([1000, 0, 10]).length).toBe(3);
  });

  it("draws one epoch as a dot, none as an empty chart, and no point where the loss is not finite", () => {
    expect(lossChart({ title: "t", losses: [3700] })).toContain("<circle");
    expect(linesOf(lossChart({ title: "t", losses: [] }))).toEqual([]);
    expect(
      linesOf(lossChart({ title: "t", losses: [5, Number.NaN, 4, Number.POSITIVE_INFINITY, 3] }))[0]!.length,
    ).toBe(3);
  });

  it("is well-formed XML that opens by itself: namespace, size, white background, escaped text", () => {
    const title = 'a <b> & "c"';
    const svg = lossChart({ title, losses });
    expect(svg).toMatch(/^<svg [^>]*xmlns="http:\/\/www\.w3\.org\/2000\/svg"/);
    expect(svg).toMatch(/^<svg [^>]*viewBox="0 0 900 500"/);
    expect(svg).toMatch(/^<svg [^>]*><rect fill="white" height="100%" width="100%" ?\/>/);
    expect(svg).toMatch(/aria-label="a &lt;b&gt; &amp; &quot;c&quot;"/);
    expect(textsOf(svg).some((text) => text.startsWith("a &lt;b&gt; &amp; "))).toBe(true);
    expect(svg).not.toMatch(/<script|<style|<image|href/);
  });

  it("gives the same text for the same run", () => {
    expect(lossChart({ title: "t", losses })).toBe(lossChart({ title: "t", losses }));
  });
});
