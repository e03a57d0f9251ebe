import { Purpose, Random } from "../noise/rng.ts";
import type { Network } from "./network.ts";
import { parameters } from "./spec.ts";

/** Draws every weight and bias from the normal distributions that the spec gives. Tensor i is drawn from stream i. */
export function initialize(network: Network, seed: number): void {
  const { weights, biases, lastLayer = 1 } = network.spec.initialization;
  const all = parameters(network.spec);
  const last = all.findLastIndex(({ shape }) => shape.length > 1);
  const deviationOf = ([, ...inputs]: readonly number[], index: number) => {
    if (inputs.length === 0) return biases;
    const deviation = weights === "he" ? Math.sqrt(2 / inputs.reduce((a, b) => a * b, 1)) : weights;
    return index < last ? deviation : lastLayer * deviation;
  };
  all.forEach(({ name, shape }, index) => {
    const values = new Float32Array(shape.reduce((a, b) => a * b, 1));
    new Random(seed, Purpose.initialization, index).fillNormal(values, deviationOf(shape, index));
    network.set(name, values);
  });
}
