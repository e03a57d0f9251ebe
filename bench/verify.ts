/** Nothing is timed before its results are known to be right: held against float64, or against one another. */
import { convModelOf } from "../src/model/conv-model.ts";
import { Network } from "../src/network/network.ts";
import { denseShapes, isConvolutional } from "../src/network/spec.ts";
import { exact } from "../test/support/bounds.ts";
import { convStep } from "../test/support/conv-bounds.ts";
import * as naive from "../test/support/naive.ts";
import { streamOutput } from "../test/support/winograd-bounds.ts";
import { type Contestant, modes, variants } from "./contestants.ts";
import { firstOf, type Workload } from "./workloads.ts";

/** float32: the distance from 1 to the next number. An error may be this for each number of the sums on the way. */
const EPSILON = 2 ** -23;
/** Pictures of convolutions whose step is held against float64. */
const PICTURES = 2;
/** Edge of the patches that are, in two corners of a picture. */
const PATCH = 28;

/** One comparison: how far off, and how far was allowed, as fractions. */
export interface Comparison {
  readonly what: string;
  readonly error: number;
  readonly tolerance: number;
}

/** @throws Error if a comparison is off by more than its tolerance */
function checked(what: string, error: number, tolerance: number): Comparison {
  if (error <= tolerance) return { what, error, tolerance };
  throw new Error(`${what} is off by ${error.toExponential(1)}; allowed is ${tolerance.toExponential(1)}.`);
}

/** ‖a − b‖ / ‖b‖, Frobenius. */
function relativeError(a: naive.Values, b: naive.Values): number {
  if (a.length !== b.length) throw new Error(`${a.length} values, not ${b.length}`);
  return Math.sqrt(sumOf(b, (value, i) => (a[i]! - value) ** 2) / sumOf(b, (value) => value ** 2));
}

function sumOf(values: naive.Values, term: (value: number, index: number) => number): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += term(values[i]!, i);
  return sum;
}

/** One line on comparisons that all passed, and the one that was closest to its limit. */
export function verified(what: string, comparisons: readonly Comparison[]) {
  const share = ({ error, tolerance }: Comparison) => (tolerance ? error / tolerance : 0);
  const worst = comparisons.reduce((a, b) => (share(a) > share(b) ? a : b));
  const { error, tolerance } = worst;
  console.log(
    `\nVerified ${what}: ${comparisons.length} comparisons; closest to its limit: ${worst.what}, ` +
      `off by ${error.toExponential(1)} of ${tolerance.toExponential(1)} allowed.`,
  );
  return { comparisons: comparisons.length, worst };
}

/** Loss and gradients of a step of each build against float64. */
export async function verifyBuilds(workload: Workload) {
  const { spec } = workload.recipe;
  const convolutional = isConvolutional(spec);
  const batch = convolutional ? PICTURES : workload.batch;
  const reference = convolutional ? convReference(workload, batch) : denseReference(workload);
  const comparisons: Comparison[] = [];
  for (const variant of variants) {
    const network = await Network.create(spec, {
      mode: modes[variant],
      batch,
      training: { gradients: true },
    });
    for (const [name, values] of workload.parameters) network.set(name, values);
    network.resetAccumulators(1);
    const { noisy, clean, level, weight } = firstOf(workload, batch);
    network.input.set(noisy);
    network.target.set(clean);
    if (convolutional) {
      network.sigma.set(level);
      network.weights.set(weight);
    }
    const error = Math.abs(network.step() / reference.loss - 1);
    comparisons.push(checked(`${variant}: loss`, error, EPSILON * workload.sumLength));
    for (const [name, values] of reference.gradients) {
      const error = relativeError(network.get(name, "gradient"), values);
      comparisons.push(checked(`${variant}: gradient of ${name}`, error, EPSILON * reference.length(name)));
    }
  }
  return verified("loss and gradients of each build", comparisons);
}

interface Reference {
  readonly loss: number;
  readonly gradients: ReadonlyMap<string, Float64Array>;
  /** Of all sums that a gradient goes through. */
  length(name: string): number;
}

function layersOf({ recipe, parameters }: Workload): naive.Layer[] {
  return denseShapes(recipe.spec).map(({ name, inputs, outputs, activation }) => ({
    inputs,
    units: outputs,
    activation,
    weight: parameters.get(`${name}.weight`)!,
    bias: parameters.get(`${name}.bias`)!,
  }));
}

function denseReference(workload: Workload): Reference {
  const { batch } = workload;
  const { noisy, clean } = firstOf(workload, batch);
  const layers = layersOf(workload);
  const { loss, outputs, gradients } = naive.backward(layers, noisy, clean, batch);
  const meanSquare = (values: naive.Values) => sumOf(values, (value) => value ** 2) / values.length;
  // From layer k on a gradient is multiplied by f′(z), where an error of z is a fraction of f′ as large: f″/f′ of a
  // saturated sigmoid is ±1. There the length counts times the size of the products summed.
  const forward = layers.map(({ inputs, weight }, k) =>
    Math.max(inputs, inputs * Math.sqrt(meanSquare(outputs[k - 1] ?? noisy) * meanSquare(weight))),
  );
  return {
    loss,
    gradients: new Map(
      gradients.flatMap(({ weight, bias }, k) => [
        [`layer${k + 1}.weight`, weight],
        [`layer${k + 1}.bias`, bias],
      ]),
    ),
    length(name) {
      const layer = Number(/\d+/.exec(name));
      const lengths = layers.map(({ inputs, units }, k) => units + (k + 1 >= layer ? forward[k]! : inputs));
      return lengths.reduce((sum, length) => sum + length, batch);
    },
  };
}

function convReference(workload: Workload, images: number): Reference {
  const { recipe, parameters, height, width, layers, sumLength } = workload;
  const { noisy, clean, level, weight } = firstOf(workload, images);
  const batch = { images, height, width, noisy, clean, sigma: level, weights: weight };
  const { loss, gradients } = convStep(recipe.spec, parameters, batch, "mse");
  const length = layers.reduce((sum, { outputs }) => sum + 9 * outputs, sumLength + images * height * width);
  return {
    loss: loss.value,
    gradients: new Map([...gradients].map(([name, { value }]) => [name, value])),
    length: () => length,
  };
}

/**
 * The losses of each contestant's first three steps against those of the first contestant; of the same build on several
 * threads, to the last bit.
 */
export async function verifyTraining(contestants: readonly Contestant[], { sumLength }: Workload) {
  const comparisons: Comparison[] = [];
  const losses = new Map<string, ArrayLike<number>>();
  for (const { name, values } of contestants) {
    losses.set(name, await values());
    const sameBuild = losses.get(name.replace(/, \d+ threads$/, ""))!;
    const expected = sameBuild === losses.get(name) ? [...losses.values()][0]! : sameBuild;
    for (let step = 0; step < expected.length; step++) {
      const error = Math.abs(losses.get(name)![step]! / expected[step]! - 1);
      const tolerance = expected === sameBuild ? 0 : EPSILON * (step + 1) * sumLength;
      comparisons.push(checked(`${name}: loss of step ${step + 1}`, error, tolerance));
    }
  }
  return verified("the losses of three steps", comparisons);
}

/** The output of each contestant for a workload's pictures against float64. */
export async function verifyPass(
  contestants: readonly Pick<Contestant, "name" | "values">[],
  workload: Workload,
) {
  const { output, places } = referenceOutput(workload);
  const comparisons: Comparison[] = [];
  for (const { name, values } of contestants) {
    const all = await values();
    const error = relativeError(
      Float64Array.from(places, (at) => all[at]!),
      output,
    );
    comparisons.push(checked(`${name}: output`, error, EPSILON * workload.sumLength));
  }
  return verified("the output", comparisons);
}

/** The output at some places: all, or those of two patches of a large picture. */
function referenceOutput(workload: Workload): { output: naive.Values; places: readonly number[] } {
  const { recipe, parameters, noisy, level, scale, height, width, batch } = workload;
  if (!isConvolutional(recipe.spec)) {
    const output = naive.forward(layersOf(workload), noisy, batch).at(-1)!;
    return { output, places: [...output.keys()] };
  }
  const model = convModelOf({ spec: recipe.spec, parameters }, "the workload");
  const reach = model.layers.reduce((sum, { dilation }) => sum + dilation, 0);
  const output: number[] = [];
  const places: number[] = [];
  for (const [top, left] of [
    [0, 0],
    [height - PATCH, width - PATCH],
  ] as const) {
    const rows = range(Math.max(0, top - reach), Math.min(height, top + PATCH + reach));
    const columns = range(Math.max(0, left - reach), Math.min(width, left + PATCH + reach));
    const around = rows.flatMap((row) => columns.map((column) => row * width + column));
    const input = exact(
      [...around.map((at) => noisy[at]!), ...around.map(() => level[0]!)].map((x) => scale * x),
    );
    const size = { images: 1, height: rows.length, width: columns.length };
    const noise = streamOutput(model, input, size).value;
    for (const [index, at] of around.entries()) {
      const [row, column] = [Math.floor(at / width) - top, (at % width) - left];
      if (row < 0 || row >= PATCH || column < 0 || column >= PATCH) continue;
      output.push(noisy[at]! - noise[index]! / scale);
      places.push(at);
    }
  }
  return { output, places };
}

function range(start: number, end: number): number[] {
  return Array.from({ length: end - start }, (_, i) => start + i);
}
