import type { Network } from "./network.ts";
import { Purpose, Random } from "./rng.ts";
import { parameters } from "./spec.ts";

/** Draws every weight and bias from the normal distributions that the spec asks for. Tensor i draws from stream i. */
export function initialize(network: Network, seed: number): void {
  const { weights, biases } = network.spec.initialization;
  parameters(network.spec).forEach(({ name, shape }, index) => {
    const values = new Float32Array(shape.reduce((a, b) => a * b, 1));
    new Random(seed, Purpose.initialization, index).fillNormal(values, shape.length > 1 ? weights : biases);
    network.set(name, values);
  });
}
