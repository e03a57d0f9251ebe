import type { Values } from "./naive.ts";

/** The unit roundoff of float32: each operation is off by at most this, relative to its result. */
export const roundoff = 2 ** -24;

/**
 * Holds what a kernel computed against its twin, value by value, over any number of cases. It must be closed
 * with `finish`, which makes sure that something was compared and that the tolerance could have failed.
 */
export class Comparison {
  #count = 0;
  #expected = 0;
  #tolerance = 0;
  #worst = 0;

  /** @throws Error at the first value that is further from `expected` than its tolerance */
  add(what: string, actual: Values, expected: Values, tolerance: Values): void {
    if (actual.length !== expected.length || tolerance.length !== expected.length) {
      throw new Error(
        `${what}: ${actual.length} values against ${expected.length}, ${tolerance.length} tolerances`,
      );
    }
    for (let i = 0; i < expected.length; i++) {
      const error = Math.abs(actual[i]! - expected[i]!);
      if (!(error <= tolerance[i]!)) {
        throw new Error(
          `${what}: value ${i} is ${actual[i]}, not ${expected[i]}: off by ${error}, tolerance ${tolerance[i]}`,
        );
      }
      if (error > 0) this.#worst = Math.max(this.#worst, error / tolerance[i]!);
      this.#expected += expected[i]! ** 2;
      this.#tolerance += tolerance[i]! ** 2;
    }
    this.#count += expected.length;
  }

  /**
   * The same for values of which only the whole can be bounded: a sum of so many terms is off by as many roundings.
   * @throws Error where the norm of the difference is more than `terms` roundings of the norm
   */
  addWhole(what: string, actual: Values, expected: Values, terms: number): void {
    const norm = Math.hypot(...Array.from(expected));
    if (actual.length !== expected.length || !(norm > 0)) {
      throw new Error(`${what}: ${actual.length} values against ${expected.length}, of norm ${norm}`);
    }
    const error = Math.hypot(...Array.from(expected, (value, i) => value - actual[i]!));
    this.add(what, [norm + error], [norm], [terms * roundoff * norm]);
  }

  /**
   * @param most what the tolerances may be, relative to the values: root mean square over all of them
   * @returns the largest error as a share of its tolerance
   */
  finish(most = 1e-3): number {
    if (this.#count === 0) throw new Error("Nothing was compared.");
    const relative = Math.sqrt(this.#tolerance / this.#expected);
    if (!(relative <= most)) {
      throw new Error(`The tolerances are ${relative} of the values; a test so loose shows nothing.`);
    }
    return this.#worst;
  }
}

/** Runs `check` for each case. @throws Error where there is none */
export function forEachCase<Case>(cases: readonly Case[], check: (one: Case) => void): void {
  if (cases.length === 0) throw new Error("There is no case to check.");
  for (const one of cases) check(one);
}
