/**
 * A transform of a picture's values that makes its noise about equally strong everywhere, and the way back: a continuous,
 * piecewise linear, growing function, and its inverse followed by a slope and an offset.
 *
 * Sébastien Herbreteau and Michael Unser, "Noise2VST", ICCV 2025.
 */
import { exp, log } from "../noise/portable-math.ts";

/** How many knots the function has. They are evenly spaced over the range of values that it was made for. */
export const KNOTS = 128;

/** Where the parameters behind those of the knots stand. */
const SLOPE = KNOTS;
const OFFSET = KNOTS + 1;
export const PARAMETERS = KNOTS + 2;

/** A transform that can be learned. */
export class Transform {
  /**
   * The value at the first knot, the logarithms of the increments from each knot to the next, then the slope and the offset
   * behind the inverse. Call `update` after a change.
   */
  readonly parameters = new Float64Array(PARAMETERS);
  /** The derivatives of some loss with respect to the parameters, once `finishGradient` was called. */
  readonly gradient = new Float64Array(PARAMETERS);
  /** The values at the knots, */
  readonly #knots = new Float64Array(KNOTS);
  /** and the derivatives of the loss with respect to them. */
  readonly #ofKnots = new Float64Array(KNOTS);
  /** From one knot to the next. */
  readonly #step: number;

  /**
   * At first the function is linear: it multiplies by `factor`.
   * @param from the least of the values at which the function bends; beyond them it goes on straight
   * @param to the greatest
   */
  constructor(
    readonly from: number,
    readonly to: number,
    factor: number,
  ) {
    this.#step = (to - from) / (KNOTS - 1);
    this.parameters.fill(log(factor * this.#step));
    this.parameters[0] = factor * from;
    this.parameters[SLOPE] = 1;
    this.parameters[OFFSET] = 0;
    this.update();
  }

  update(): void {
    let value = this.parameters[0]!;
    this.#knots[0] = value;
    for (let k = 1; k < KNOTS; k++) {
      value += exp(this.parameters[k]!);
      this.#knots[k] = value;
    }
  }

  /** The transformed value. */
  apply(value: number): number {
    const at = (value - this.from) / this.#step;
    const k = Math.min(KNOTS - 2, Math.max(0, Math.floor(at)));
    return this.#knots[k]! + (at - k) * (this.#knots[k + 1]! - this.#knots[k]!);
  }

  /** Adds `weight` times the derivatives of `apply(value)` to the gradient. */
  addApplied(value: number, weight: number): void {
    const at = (value - this.from) / this.#step;
    const k = Math.min(KNOTS - 2, Math.max(0, Math.floor(at)));
    this.#ofKnots[k]! += weight * (1 - (at - k));
    this.#ofKnots[k + 1]! += weight * (at - k);
  }

  /** The value that `transformed` stands for. */
  invert(transformed: number): number {
    const k = this.#pieceOf(transformed);
    const low = this.#knots[k]!;
    const at = k + (transformed - low) / (this.#knots[k + 1]! - low);
    return this.parameters[SLOPE]! * (this.from + at * this.#step) + this.parameters[OFFSET]!;
  }

  /**
   * Adds `weight` times the derivatives of `invert(transformed)` to the gradient.
   * @returns `weight` times the derivative with respect to `transformed`
   */
  addInverted(transformed: number, weight: number): number {
    const k = this.#pieceOf(transformed);
    const low = this.#knots[k]!;
    const rise = this.#knots[k + 1]! - low;
    const part = (transformed - low) / rise;
    this.gradient[SLOPE]! += weight * (this.from + (k + part) * this.#step);
    this.gradient[OFFSET]! += weight;
    const derivative = (weight * this.parameters[SLOPE]! * this.#step) / rise;
    this.#ofKnots[k]! -= derivative * (1 - part);
    this.#ofKnots[k + 1]! -= derivative * part;
    return derivative;
  }

  /** Computes the gradient from what was added since the last call. */
  finishGradient(): void {
    let sum = 0;
    for (let k = KNOTS - 1; k > 0; k--) {
      sum += this.#ofKnots[k]!;
      this.gradient[k] = sum * exp(this.parameters[k]!);
    }
    this.gradient[0] = sum + this.#ofKnots[0]!;
    this.#ofKnots.fill(0);
  }

  /** The number of the piece between two knots, counted from 0, in which a transformed value lies. */
  #pieceOf(transformed: number): number {
    let low = 0;
    let high = KNOTS - 1;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (this.#knots[middle]! <= transformed) low = middle;
      else high = middle;
    }
    return low;
  }
}
