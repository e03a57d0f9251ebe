/**
 * How far a float32 computation may be from the exact one. Each value carries a bound of its error, which the
 * rules of floating-point arithmetic propagate: a sum of n terms is off by at most n × roundoff × Σ |terms|
 * (Higham, "Accuracy and Stability of Numerical Algorithms", 2002, §3.1), and what its terms are off by comes
 * on top. Second-order terms of the derivatives are left out.
 */
import type { ActivationName } from "../../src/network/spec.ts";
import { roundoff } from "./comparison.ts";
import * as naive from "./naive.ts";

export interface Bounded {
  readonly value: Float64Array;
  readonly error: Float64Array;
}

export interface BoundedLayer {
  readonly inputs: number;
  readonly units: number;
  readonly activation: ActivationName;
  readonly weight: Bounded;
  readonly bias: Bounded;
}

/** Values that are what they are. */
export function exact(values: naive.Values): Bounded {
  return { value: Float64Array.from(values), error: new Float64Array(values.length) };
}

const absolute = (values: Float64Array) => values.map(Math.abs);
const sum = (a: Float64Array, b: Float64Array) => a.map((value, i) => value + b[i]!);
const zeros = (length: number) => new Float64Array(length);

/** The kernel's sigmoid is within 2.5 ulp, each at most 2 roundoffs of y, and 0 below −64. */
const sigmoidError = (y: number) => 5 * roundoff * y + 2e-28;

export function denseForward(
  x: Bounded,
  { weight, bias, inputs, units, activation }: BoundedLayer,
  rows: number,
): Bounded {
  const sizes = { rows, inputs, units };
  const linear = naive.denseForward(x.value, weight.value, bias.value, sizes);
  const terms = naive.denseForward(absolute(x.value), absolute(weight.value), absolute(bias.value), sizes);
  const fromInput = naive.denseForward(x.error, sum(absolute(weight.value), weight.error), bias.error, sizes);
  const fromWeights = naive.denseForward(absolute(x.value), weight.error, zeros(units), sizes);
  const value = linear.map((z) => naive.activate(z, activation));
  const error = value.map((y, i) => {
    const before = (inputs + 2) * roundoff * terms[i]! + fromInput[i]! + fromWeights[i]!;
    if (activation !== "sigmoid") return before;
    // The slope here, and how much it may grow within the error: |f″| < 0.0963.
    return before * Math.min(0.25, naive.derivative(y, "sigmoid") + 0.0963 * before) + sigmoidError(y);
  });
  return { value, error };
}

/** Gradients behind a sigmoid that the kernel turns into 0. */
const SMALLEST_GRADIENT = 2 ** -60;

/** dx ∘ f′(y). A relu's y must be clear of 0. */
export function timesDerivative(dx: Bounded, y: Bounded, activation: ActivationName): Bounded {
  const slope = y.value.map((h) => naive.derivative(h, activation));
  const value = dx.value.map((d, i) => d * slope[i]!);
  const error = value.map((product, i) => {
    if (activation !== "sigmoid") return dx.error[i]! * slope[i]!;
    const h = y.value[i]!;
    const slopeError = Math.abs(1 - 2 * h) * y.error[i]! + y.error[i]! ** 2 + 2 * roundoff * slope[i]!;
    return (
      dx.error[i]! * (slope[i]! + slopeError) +
      Math.abs(dx.value[i]!) * slopeError +
      roundoff * Math.abs(product) +
      SMALLEST_GRADIENT
    );
  });
  return { value, error };
}

/** dy·W */
export function denseInputGradient(
  dy: Bounded,
  { weight, inputs, units }: BoundedLayer,
  rows: number,
): Bounded {
  const sizes = { rows, inputs, units };
  const product = (a: Float64Array, b: Float64Array) =>
    naive.denseInputGradient(a, b, zeros(rows * inputs), sizes);
  const terms = product(absolute(dy.value), absolute(weight.value));
  const fromOutput = product(dy.error, sum(absolute(weight.value), weight.error));
  const fromWeights = product(absolute(dy.value), weight.error);
  return {
    value: product(dy.value, weight.value),
    error: terms.map((term, i) => (units + 2) * roundoff * term + fromOutput[i]! + fromWeights[i]!),
  };
}

/** dyᵀ·x and Σ dy */
export function denseWeightGradient(
  dy: Bounded,
  x: Bounded,
  { inputs, units }: BoundedLayer,
  rows: number,
): { weight: Bounded; bias: Bounded } {
  const sizes = { rows, inputs, units };
  const value = naive.denseWeightGradient(dy.value, x.value, sizes);
  const terms = naive.denseWeightGradient(absolute(dy.value), absolute(x.value), sizes);
  const fromOutput = naive.denseWeightGradient(dy.error, sum(absolute(x.value), x.error), sizes);
  const fromInput = naive.denseWeightGradient(absolute(dy.value), x.error, sizes);
  return {
    weight: {
      value: value.weight,
      error: terms.weight.map(
        (term, i) => (rows + 1) * roundoff * term + fromOutput.weight[i]! + fromInput.weight[i]!,
      ),
    },
    bias: {
      value: value.bias,
      error: terms.bias.map((term, i) => (rows + 1) * roundoff * term + fromOutput.bias[i]!),
    },
  };
}

/** Loss and its gradient by y. */
export function meanSquaredError(
  y: Bounded,
  target: naive.Values,
): { loss: { value: number; error: number }; dy: Bounded } {
  const { loss, gradient } = naive.meanSquaredError(y.value, target);
  const scale = 2 / y.value.length;
  const error = gradient.map((d, i) => scale * y.error[i]! + 3 * roundoff * Math.abs(d));
  let lossError = 0;
  gradient.forEach((d, i) => {
    const difference = Math.abs(d) / scale;
    const off = y.error[i]! + roundoff * difference;
    lossError += 2 * difference * off + off * off;
  });
  return { loss: { value: loss, error: lossError / y.value.length }, dy: { value: gradient, error } };
}

export function adagrad(
  w: Bounded,
  s: Bounded,
  g: Bounded,
  rate: number,
): { value: Bounded; accumulator: Bounded } {
  const { value, accumulator } = naive.adagrad(w.value, s.value, g.value, rate);
  const accumulatorError = accumulator.map((sum, i) => {
    const gradientError = g.error[i]!;
    return s.error[i]! + 2 * Math.abs(g.value[i]!) * gradientError + gradientError ** 2 + 2 * roundoff * sum;
  });
  const error = value.map((weight, i) => {
    const root = Math.sqrt(accumulator[i]!);
    const update = Math.abs(rate * g.value[i]!) / root;
    // g/√(s + g²) has the slope s/(s + g²)^1.5 by g, and −g/2(s + g²)^1.5 by s.
    const fromGradient = (rate * g.error[i]!) / root;
    const fromSum = (update * (s.error[i]! + 2 * roundoff * accumulator[i]!)) / (2 * accumulator[i]!);
    return w.error[i]! + fromGradient + fromSum + 6 * roundoff * update + roundoff * Math.abs(weight);
  });
  return { value: { value, error }, accumulator: { value: accumulator, error: accumulatorError } };
}

export interface BoundedStep {
  readonly outputs: Bounded[];
  readonly loss: { value: number; error: number };
  readonly gradients: { weight: Bounded; bias: Bounded }[];
}

export function forward(layers: readonly BoundedLayer[], x: Bounded, rows: number): Bounded[] {
  const outputs: Bounded[] = [];
  for (const layer of layers) outputs.push(denseForward(outputs.at(-1) ?? x, layer, rows));
  return outputs;
}

/** Forward, loss and backward. */
export function backward(
  layers: readonly BoundedLayer[],
  x: naive.Values,
  target: naive.Values,
  rows: number,
): BoundedStep {
  const input = exact(x);
  const outputs = forward(layers, input, rows);
  const y = outputs.at(-1)!;
  const { loss, dy: lossGradient } = meanSquaredError(y, target);
  let dy = timesDerivative(lossGradient, y, layers.at(-1)!.activation);
  const gradients: BoundedStep["gradients"] = [];
  for (let l = layers.length - 1; l >= 0; l--) {
    gradients.unshift(denseWeightGradient(dy, outputs[l - 1] ?? input, layers[l]!, rows));
    if (l > 0) {
      dy = timesDerivative(
        denseInputGradient(dy, layers[l]!, rows),
        outputs[l - 1]!,
        layers[l - 1]!.activation,
      );
    }
  }
  return { outputs, loss, gradients };
}

/** A network that is trained by Adagrad, step after step, with the bounds of all it holds. */
export class BoundedTraining {
  layers: readonly BoundedLayer[];
  accumulators: readonly { weight: Bounded; bias: Bounded }[];

  constructor(
    layers: readonly naive.Layer[],
    readonly rate: number,
    initialAccumulator: number,
  ) {
    this.layers = layers.map((layer) => ({
      ...layer,
      weight: exact(layer.weight),
      bias: exact(layer.bias),
    }));
    const start = ({ length }: naive.Values): Bounded => ({
      value: new Float64Array(length).fill(initialAccumulator),
      error: new Float64Array(length).fill(roundoff * initialAccumulator),
    });
    this.accumulators = layers.map(({ weight, bias }) => ({ weight: start(weight), bias: start(bias) }));
  }

  step(x: naive.Values, target: naive.Values, rows: number): BoundedStep {
    const step = backward(this.layers, x, target, rows);
    const updated = this.layers.map((layer, l) => {
      const sums = this.accumulators[l]!;
      const gradient = step.gradients[l]!;
      return {
        weight: adagrad(layer.weight, sums.weight, gradient.weight, this.rate),
        bias: adagrad(layer.bias, sums.bias, gradient.bias, this.rate),
      };
    });
    this.layers = this.layers.map((layer, l) => ({
      ...layer,
      weight: updated[l]!.weight.value,
      bias: updated[l]!.bias.value,
    }));
    this.accumulators = updated.map(({ weight, bias }) => ({
      weight: weight.accumulator,
      bias: bias.accumulator,
    }));
    return step;
  }
}
