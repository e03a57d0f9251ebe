/** Nothing is timed before its results are known to be right. */
import type { Network } from "../src/network/network.ts";
import type { Variant } from "../src/wasm/detect.ts";
import { type Inference, type Training, variants } from "./contestants.ts";
import { lossTolerance, outputTolerance, relativeError } from "./tolerance.ts";

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

/** What one step in float64 gives. */
export interface ReferenceStep {
  readonly loss: number;
  /** By name, in the shapes of the parameters. */
  readonly gradients: ReadonlyMap<string, Float64Array>;
}

/**
 * Loss and gradients of a step, of each build against the float64 reference and of the builds against each other.
 * @param create gives a network that is ready for the step
 */
export async function verifyBuilds(
  create: (variant: Variant) => Promise<Network>,
  reference: ReferenceStep,
  lossTolerance: number,
  gradientTolerance: (name: string) => number,
): Promise<Comparison[]> {
  const comparisons: Comparison[] = [];
  let first: { loss: number; gradients: Map<string, Float32Array> } | undefined;
  for (const variant of variants) {
    const network = await create(variant);
    const loss = network.step();
    const names = [...reference.gradients.keys()];
    const gradients = new Map(names.map((name) => [name, network.get(name, "gradient")]));
    const others = [["float64", reference] as const, ...(first ? [[variants[0]!, first] as const] : [])];
    for (const [against, other] of others) {
      const error = Math.abs(loss / other.loss - 1);
      comparisons.push(checked(`${variant} against ${against}: loss`, error, lossTolerance));
      for (const name of names) {
        const error = relativeError(gradients.get(name)!, other.gradients.get(name)!);
        const what = `${variant} against ${against}: gradient of ${name}`;
        comparisons.push(checked(what, error, gradientTolerance(name)));
      }
    }
    first ??= { loss, gradients };
  }
  return comparisons;
}

/** The losses of the first three steps of each contestant against those of the first. */
export async function verifyTraining(
  contestants: readonly Training[],
  sumLength: number,
): Promise<Comparison[]> {
  const comparisons: Comparison[] = [];
  let expected: number[] | undefined;
  for (const contestant of contestants) {
    const losses = await contestant.losses(3);
    expected ??= losses;
    losses.forEach((loss, index) => {
      const error = Math.abs(loss / expected![index]! - 1);
      const what = `${contestant.name}: loss of step ${index + 1}`;
      comparisons.push(checked(what, error, lossTolerance(sumLength, index + 1)));
    });
  }
  return comparisons;
}

/** What contestants have to put out. */
export interface OutputReference {
  /** float64. */
  readonly output: Float64Array;
  /** Numbers summed one after the other on the way to an output. */
  readonly sumLength: number;
  /** The values of a contestant's output that `output` holds; all of its first ones if left out. */
  pick?(output: Float32Array): Float32Array;
}

/** The outputs of each contestant against the float64 reference. */
export async function verifyInference(
  contestants: readonly Inference[],
  { output, sumLength, pick = (values) => values }: OutputReference,
): Promise<Comparison[]> {
  const comparisons: Comparison[] = [];
  for (const contestant of contestants) {
    const values = pick(await contestant.output());
    const error = relativeError(values, output.subarray(0, values.length));
    comparisons.push(checked(`${contestant.name}: output`, error, outputTolerance(sumLength)));
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
