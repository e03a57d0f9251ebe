import { describe, expect, it } from "vitest";
import { KNOTS, LearnedTransform, PARAMETERS } from "../../src/learning/transform.ts";
import { Random } from "../../src/noise/rng.ts";

/** A transform that bends at every knot, from −20 to 300. */
function bent(): LearnedTransform {
  const random = new Random(3, 1);
  const places = Float64Array.from({ length: KNOTS }, (_, k) => -20 + (320 * k) / (KNOTS - 1));
  for (let k = 1; k < KNOTS - 1; k++) places[k]! += 2 * random.uniform() - 1;
  const transform = new LearnedTransform(places, 0.7);
  for (let p = 1; p < KNOTS; p++) transform.parameters[p]! += random.symmetric();
  transform.parameters[KNOTS] = Math.log(1.1);
  transform.parameters[KNOTS + 1] = -3;
  transform.update();
  return transform;
}

/** Below the first knot, at one, between two, and above the last. */
const values = (transform: LearnedTransform) => [-90, transform.places[40]!, 17.3, 150, 299, 1000];

describe("a transform", () => {
  it("multiplies at first", () => {
    const places = Float64Array.from({ length: KNOTS }, (_, k) => k * k - 50);
    const transform = new LearnedTransform(places, 2.5);
    for (const value of [-1000, -50, 0, 77, 16_000, 1e6]) {
      expect(transform.apply(value) / (2.5 * value || 1)).toBeCloseTo(value === 0 ? 0 : 1, 12);
      expect(transform.invert(2.5 * value)).toBeCloseTo(value, 6);
      expect(transform.slopeAt(value)).toBeCloseTo(2.5, 9);
    }
  });

  it("keeps its slope above 0, wherever the parameters go", () => {
    const transform = bent();
    transform.parameters[KNOTS] = -3;
    transform.update();
    expect(transform.slope).toBeCloseTo(Math.exp(-3), 12);
  });

  it("grows, and is undone by its inverse, behind which are slope and offset", () => {
    const transform = bent();
    let before = -Infinity;
    for (let value = -100; value < 400; value += 0.37) {
      const transformed = transform.apply(value);
      expect(transformed).toBeGreaterThan(before);
      before = transformed;
      expect((transform.invert(transformed) + 3) / 1.1).toBeCloseTo(value, 9);
    }
  });

  it("has the slope of the nine pieces around a value", () => {
    const transform = bent();
    const { places, values } = transform;
    const between = (from: number, to: number) =>
      (values[to]! - values[from]!) / (places[to]! - places[from]!);
    expect(transform.slopeAt(places[40]! + 0.1)).toBe(between(36, 45));
    expect(transform.slopeAt(-90)).toBe(between(0, 5));
    expect(transform.slopeAt(1000)).toBe(between(KNOTS - 6, KNOTS - 1));
  });

  it("adds up the derivatives that differences show", () => {
    const transform = bent();
    const weights = [0.3, -2, 1, 0.7, -0.4, 0.01];
    /** What is a sum of both ways, and what the derivatives are of. */
    const sum = (moved = 0) =>
      values(transform).reduce((total, value, n) => {
        const there = weights[n]! * transform.apply(value);
        const back = weights[n]! * transform.invert(0.6 * value + (n === 2 ? moved : 0));
        return total + there + back;
      }, 0);
    transform.emptyGradient();
    let byTransformed = 0;
    for (const [n, value] of values(transform).entries()) {
      transform.addApplied(value, weights[n]!);
      const derivative = transform.addInverted(0.6 * value, weights[n]!);
      if (n === 2) byTransformed = derivative;
    }
    transform.finishGradient();
    const h = 1e-6;
    expect(byTransformed).toBeCloseTo((sum(h) - sum(-h)) / (2 * h), 5);
    for (let p = 0; p < PARAMETERS; p++) {
      const parameter = transform.parameters[p]!;
      const at = (value: number) => {
        transform.parameters[p] = value;
        transform.update();
        return sum();
      };
      const difference = (at(parameter + h) - at(parameter - h)) / (2 * h);
      at(parameter);
      // Differences are off by the roundings of sums of some thousand, over 2h.
      expect(Math.abs(transform.gradient[p]! - difference)).toBeLessThan(1e-5 * (1 + Math.abs(difference)));
    }
    expect(new Set(transform.gradient).size).toBeGreaterThan(8);
    transform.emptyGradient();
    transform.finishGradient();
    expect(transform.gradient.every((derivative) => derivative === 0)).toBe(true);
  });
});
