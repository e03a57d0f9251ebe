import { exp, log } from "../noise/portable-math.ts";

/** How many knots a transform has. */
export const KNOTS = 128;

/** The parameters behind those of the knots. */
const SLOPE = KNOTS;
const OFFSET = KNOTS + 1;
export const PARAMETERS = KNOTS + 2;

/**
 * A transform of a picture's values, after which its noise is about equally strong everywhere: continuous, growing, and
 * piecewise linear between knots. Beyond the first and the last knot it goes on straight. The way back is its inverse, then
 * a slope and an offset: the mean of the values behind a transformed one is not the value behind their mean.
 */
export class Transform {
  /**
   * @param places the values at which it bends, growing
   * @param values what they are transformed to, growing
   */
  constructor(
    readonly places: Float64Array,
    readonly values: Float64Array,
    public slope: number,
    public offset: number,
  ) {}

  /** The transformed value. */
  apply(value: number): number {
    const { places, values } = this;
    const k = pieceOf(places, value);
    const part = (value - places[k]!) / (places[k + 1]! - places[k]!);
    return values[k]! + part * (values[k + 1]! - values[k]!);
  }

  /** How steep it is around a value: over nine pieces, since what is learned of a single one is uncertain. */
  slopeAt(value: number): number {
    const { places, values } = this;
    const k = pieceOf(places, value);
    const from = Math.max(0, k - 4);
    const to = Math.min(places.length - 1, k + 5);
    return (values[to]! - values[from]!) / (places[to]! - places[from]!);
  }

  /** The value that `transformed` stands for. */
  invert(transformed: number): number {
    const { places, values } = this;
    const k = pieceOf(values, transformed);
    const part = (transformed - values[k]!) / (values[k + 1]! - values[k]!);
    return this.slope * (places[k]! + part * (places[k + 1]! - places[k]!)) + this.offset;
  }
}

/** A transform with the derivatives of a loss, from which it learns. */
export class LearnedTransform extends Transform {
  /**
   * The value at the first knot, the logarithms of the increments from each knot to the next, then that of the slope, and the offset.
   * Call `update` after a change.
   */
  readonly parameters = new Float64Array(PARAMETERS);
  /** The derivatives of the loss with respect to the parameters, once `finishGradient` was called. */
  readonly gradient = new Float64Array(PARAMETERS);
  /** The derivatives of the loss with respect to the values at the knots. */
  readonly #ofValues = new Float64Array(KNOTS);

  /**
   * At first the transform multiplies by `factor`.
   * @param places the values at which it bends, growing: `KNOTS` of them
   */
  constructor(places: Float64Array, factor: number) {
    super(places, new Float64Array(KNOTS), 1, 0);
    this.parameters[0] = factor * places[0]!;
    for (let k = 1; k < KNOTS; k++) this.parameters[k] = log(factor * (places[k]! - places[k - 1]!));
    this.update();
  }

  /** Fits values, slope and offset to the parameters. */
  update(): void {
    const { parameters, values } = this;
    values[0] = parameters[0]!;
    for (let k = 1; k < KNOTS; k++) values[k] = values[k - 1]! + exp(parameters[k]!);
    this.slope = exp(parameters[SLOPE]!);
    this.offset = parameters[OFFSET]!;
  }

  /** Adds `weight` times the derivatives of `apply(value)` to the gradient. */
  addApplied(value: number, weight: number): void {
    const { places } = this;
    const k = pieceOf(places, value);
    const part = (value - places[k]!) / (places[k + 1]! - places[k]!);
    this.#ofValues[k]! += weight * (1 - part);
    this.#ofValues[k + 1]! += weight * part;
  }

  /**
   * Adds `weight` times the derivatives of `invert(transformed)` to the gradient.
   * @returns `weight` times the derivative with respect to `transformed`
   */
  addInverted(transformed: number, weight: number): number {
    const { places, values, gradient } = this;
    const k = pieceOf(values, transformed);
    const rise = values[k + 1]! - values[k]!;
    const run = places[k + 1]! - places[k]!;
    const part = (transformed - values[k]!) / rise;
    gradient[SLOPE]! += weight * this.slope * (places[k]! + part * run);
    gradient[OFFSET]! += weight;
    const derivative = (weight * this.slope * run) / rise;
    this.#ofValues[k]! -= derivative * (1 - part);
    this.#ofValues[k + 1]! -= derivative * part;
    return derivative;
  }

  /** Computes the gradient from what was added since it was last emptied. */
  finishGradient(): void {
    const { gradient, parameters } = this;
    let sum = 0;
    for (let k = KNOTS - 1; k > 0; k--) {
      sum += this.#ofValues[k]!;
      gradient[k] = sum * exp(parameters[k]!);
    }
    gradient[0] = sum + this.#ofValues[0]!;
  }

  /** Sets the gradient to 0. */
  emptyGradient(): void {
    this.gradient.fill(0);
    this.#ofValues.fill(0);
  }
}

/** The number of the piece between two knots, counted from 0, that a value lies in or next to. */
function pieceOf(knots: Float64Array, value: number): number {
  let low = 0;
  let high = knots.length - 1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (knots[middle]! <= value) low = middle;
    else high = middle;
  }
  return low;
}
