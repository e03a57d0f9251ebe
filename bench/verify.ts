/** Nothing is timed before its results are known to be right: held against float64, or against one another. */
import * as naive from "../test/support/naive.ts";
import { convolve, type Size } from "../test/support/naive-conv.ts";
import type { Contestant } from "./contestants.ts";
import type { Workload } from "./workloads.ts";

/** float32: the distance from 1 to the next number. An error may be this for each number of the sums on the way. */
const EPSILON = 2 ** -23;
/** Edge of the patches of a large picture that are looked at. */
const PATCH = 28;

/** @throws Error if something is off by more than its tolerance; both are fractions */
function check(what: string, error: number, tolerance: number): void {
  if (error <= tolerance) return;
  throw new Error(`${what} is off by ${error.toExponential(1)}; allowed is ${tolerance.toExponential(1)}.`);
}

const norm = (values: Float64Array) => Math.sqrt(values.reduce((sum, value) => sum + value ** 2, 0));

/** What a network puts out for pictures of a size, all in grey levels, in float64. */
function outputOf(
  { recipe, layers, parameters, scale }: Workload,
  noisy: Float32Array,
  level: Float32Array,
  size: Size,
): Float64Array {
  const { spec } = recipe;
  const pixels = size.height * size.width;
  let x: Float64Array = Float64Array.from(noisy, (value) => scale * value);
  if (spec.noiseLevel) {
    // A plane of the level behind each picture.
    x = Float64Array.from({ length: 2 * x.length }, (_, i) => {
      const image = Math.floor(i / pixels / 2);
      return i % (2 * pixels) < pixels ? x[i - image * pixels]! : scale * level[image]!;
    });
  }
  for (const layer of layers) {
    const { name, inputs, outputs } = layer;
    const [weight, bias] = [parameters.get(`${name}.weight`)!, parameters.get(`${name}.bias`)!];
    if (layer.type === "dense") {
      const sizes = { rows: size.images, inputs, units: outputs };
      x = naive.denseForward(x, weight, bias, sizes, layer.activation);
    } else if (layer.type === "conv3x3") {
      const window = {
        ...size,
        ins: inputs,
        outs: outputs,
        dilation: layer.dilation,
        padding: "zeros",
      } as const;
      x = convolve(window, x, weight, bias).map((y) => naive.activate(y, layer.activation));
    }
  }
  return x.map((y, i) => (spec.residual ? noisy[i]! - y / scale : y / scale));
}

/**
 * The losses of each contestant's first three steps: the first against float64, the others against those of the first
 * contestant; of the same build on several threads, to the last bit.
 */
export async function verifyTraining(contestants: readonly Contestant[], workload: Workload): Promise<void> {
  const { batch, pixels, height, width, noisy, clean, level, weight, sumLength } = workload;
  const input = noisy.subarray(0, batch * pixels);
  const output = outputOf(workload, input, level, { images: batch, height, width });
  const squares = output.map((y, i) => weight[Math.floor(i / pixels)]! * (y - clean[i]!) ** 2);
  const exact = squares.reduce((sum, value) => sum + value, 0) / squares.length;
  const losses = new Map<string, ArrayLike<number>>();
  for (const { name, values } of contestants) {
    const own = await values();
    const oneThread = losses.get(name.replace(/, \d+ threads$/, ""));
    const [first] = losses.values();
    const expected = oneThread ?? [exact, ...Array.from(first ?? own).slice(1)];
    for (let step = 0; step < 3; step++) {
      const error = Math.abs(own[step]! / expected[step]! - 1);
      check(`${name}: loss of step ${step + 1}`, error, oneThread ? 0 : EPSILON * (step + 1) * sumLength);
    }
    losses.set(name, own);
  }
}

/** The output of each contestant for a workload's pictures against float64; of a large picture in its last corner. */
export async function verifyInference(
  contestants: readonly Pick<Contestant, "name" | "values">[],
  workload: Workload,
): Promise<void> {
  const { layers, noisy, level, batch, height, width, sumLength } = workload;
  const reach = layers.reduce((sum, layer) => sum + (layer.type === "conv3x3" ? layer.dilation : 0), 0);
  const [rows, columns] = [Math.min(height, PATCH + reach), Math.min(width, PATCH + reach)];
  /** Where the values of the patch and of what its output comes from lie; of several pictures, all. */
  const places = Array.from({ length: batch * rows * columns }, (_, i) =>
    batch > 1 ? i : (height - rows + Math.floor(i / columns)) * width + width - columns + (i % columns),
  );
  const input = Float32Array.from(places, (at) => noisy[at]!);
  const output = outputOf(workload, input, level, { images: batch, height: rows, width: columns });
  const inPatch = (_: number, i: number) =>
    rows - (Math.floor(i / columns) % rows) <= PATCH && columns - (i % columns) <= PATCH;
  const expected = output.filter(inPatch);
  const patch = places.filter(inPatch);
  for (const { name, values } of contestants) {
    const all = await values();
    const off = norm(expected.map((value, i) => value - all[patch[i]!]!)) / norm(expected);
    check(`${name}: output`, off, EPSILON * sumLength);
  }
}
