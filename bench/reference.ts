/** A training step written out in float64, one number at a time: what the fast ones are held against. */
import { EPSILON } from "./tolerance.ts";
import type { OutputReference, ReferenceStep } from "./verify.ts";
import type { Workload } from "./workload.ts";

export interface Reference extends ReferenceStep, OutputReference {
  /** For each layer, the size of the products x·w that it sums: root mean square of x times that of w. */
  readonly products: readonly number[];
}

/** Loss and gradients of the first batch at the initial weights. */
export function referenceStep({ sizes, sumLength, batch, noisy, clean, parameters }: Workload): Reference {
  const layers = sizes.slice(1).map((units, index) => ({
    units,
    inputs: sizes[index]!,
    name: `layer${index + 1}`,
    last: index === sizes.length - 2,
  }));
  const activations: Float64Array[] = [Float64Array.from(noisy.subarray(0, batch * sizes[0]!))];
  const products: number[] = [];
  for (const { units, inputs, name, last } of layers) {
    const weight = parameters.get(`${name}.weight`)!;
    const bias = parameters.get(`${name}.bias`)!;
    const x = activations.at(-1)!;
    const y = new Float64Array(batch * units);
    for (let row = 0; row < batch; row++) {
      for (let unit = 0; unit < units; unit++) {
        let sum = bias[unit]!;
        for (let i = 0; i < inputs; i++) sum += x[row * inputs + i]! * weight[unit * inputs + i]!;
        y[row * units + unit] = last ? sum : 1 / (1 + Math.exp(-sum));
      }
    }
    activations.push(y);
    products.push(rootMeanSquare(x) * rootMeanSquare(weight));
  }
  const output = activations.at(-1)!;
  let dy = output.map((value, i) => (2 * (value - clean[i]!)) / output.length);
  const loss = output.reduce((sum, value, i) => sum + (value - clean[i]!) ** 2, 0) / output.length;
  const gradients = new Map<string, Float64Array>();
  for (const { units, inputs, name } of layers.toReversed()) {
    const weight = parameters.get(`${name}.weight`)!;
    activations.pop();
    const x = activations.at(-1)!;
    const dWeight = new Float64Array(units * inputs);
    const dBias = new Float64Array(units);
    const dx = new Float64Array(batch * inputs);
    for (let row = 0; row < batch; row++) {
      for (let unit = 0; unit < units; unit++) {
        const d = dy[row * units + unit]!;
        dBias[unit] = dBias[unit]! + d;
        for (let i = 0; i < inputs; i++) {
          dWeight[unit * inputs + i] = dWeight[unit * inputs + i]! + d * x[row * inputs + i]!;
          dx[row * inputs + i] = dx[row * inputs + i]! + d * weight[unit * inputs + i]!;
        }
      }
    }
    gradients.set(`${name}.weight`, dWeight);
    gradients.set(`${name}.bias`, dBias);
    dy = dx.map((value, i) => value * x[i]! * (1 - x[i]!));
  }
  return { loss, output, sumLength, products, gradients };
}

/**
 * How far a gradient may be off, as a fraction of its Frobenius norm: length of the sums that it goes through
 * × ε. Through layer k ≥ the gradient's it is multiplied by f′(z), where an error of z is a fraction of f′ as
 * large (f″/f′ of a saturated sigmoid is ±1): there the length counts times the size of the products summed.
 */
export function gradientTolerance(workload: Workload, { products }: Reference, name: string): number {
  const layer = Number(/\d+/.exec(name));
  const { sizes, batch } = workload;
  const forward = products.map((product, k) => sizes[k]! * (k + 1 >= layer ? Math.max(1, product) : 1));
  const backward = sizes.slice(layer + 1);
  return [...forward, ...backward, batch].reduce((sum, length) => sum + length, 0) * EPSILON;
}

function rootMeanSquare(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]! ** 2;
  return Math.sqrt(sum / values.length);
}
