/** Nothing is timed before its results are known to be right. */
import { createNetwork, type Inference, setBatch, type Training, variants } from "./contestants.ts";
import {
  gradientTolerance,
  lossTolerance,
  outputTolerance,
  type Reference,
  relativeError,
} from "./reference.ts";
import type { Workload } from "./workload.ts";

/** One comparison: how far off, and how far was allowed, as fractions. */
export interface Comparison {
  readonly what: string;
  readonly error: number;
  readonly tolerance: number;
}

/** @throws Error if a comparison is off by more than its tolerance */
function checked(what: string, error: number, tolerance: number): Comparison {
  if (!(error <= tolerance)) {
    throw new Error(`${what} is off by ${error.toExponential(1)}; allowed is ${tolerance.toExponential(1)}.`);
  }
  return { what, error, tolerance };
}

/** Loss and gradients of a step, of each build against the float64 reference and of the builds against each other. */
export async function verifyBuilds(workload: Workload, reference: Reference): Promise<Comparison[]> {
  const comparisons: Comparison[] = [];
  let first: { loss: number; gradients: Map<string, Float32Array> } | undefined;
  for (const variant of variants) {
    const network = await createNetwork(workload, { variant }, { training: { gradients: true } });
    network.resetAccumulators(workload.initialAccumulator);
    setBatch(network, workload, 0);
    const loss = network.step();
    const names = [...reference.gradients.keys()];
    const gradients = new Map(names.map((name) => [name, network.get(name, "gradient")]));
    const others = [["float64", reference] as const, ...(first ? [[variants[0]!, first] as const] : [])];
    for (const [against, other] of others) {
      const error = Math.abs(loss / other.loss - 1);
      comparisons.push(checked(`${variant} against ${against}: loss`, error, lossTolerance(workload, 1)));
      for (const name of names) {
        const error = relativeError(gradients.get(name)!, other.gradients.get(name)!);
        const what = `${variant} against ${against}: gradient of ${name}`;
        comparisons.push(checked(what, error, gradientTolerance(workload, reference, name)));
      }
    }
    first ??= { loss, gradients };
  }
  return comparisons;
}

/** The losses of the first three steps of each contestant against those of the first. */
export async function verifyTraining(
  workload: Workload,
  contestants: readonly Training[],
): Promise<Comparison[]> {
  const comparisons: Comparison[] = [];
  let expected: number[] | undefined;
  for (const contestant of contestants) {
    const losses = await contestant.losses(3);
    expected ??= losses;
    losses.forEach((loss, index) => {
      const error = Math.abs(loss / expected![index]! - 1);
      const what = `${contestant.name}: loss of step ${index + 1}`;
      comparisons.push(checked(what, error, lossTolerance(workload, index + 1)));
    });
  }
  return comparisons;
}

/** The outputs of each contestant against the float64 reference. */
export async function verifyInference(
  reference: Reference,
  workload: Workload,
  contestants: readonly Inference[],
): Promise<Comparison[]> {
  const comparisons: Comparison[] = [];
  for (const contestant of contestants) {
    const output = await contestant.output();
    const error = relativeError(output, reference.output.subarray(0, output.length));
    comparisons.push(checked(`${contestant.name}: output`, error, outputTolerance(workload)));
  }
  return comparisons;
}

/** One line on comparisons that all passed. */
export function verified(what: string, comparisons: readonly Comparison[]): string {
  const worst = comparisons.reduce((a, b) => (a.error / a.tolerance > b.error / b.tolerance ? a : b));
  return (
    `Verified ${what}: ${comparisons.length} comparisons; closest to its limit: ${worst.what}, ` +
    `off by ${worst.error.toExponential(1)} of ${worst.tolerance.toExponential(1)} allowed.`
  );
}
