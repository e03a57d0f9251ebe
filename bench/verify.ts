/** Nothing is timed before its results are known to be right: held against float64, or against one another. */
import { isConvolution, type LayerShape, shrinkOf, windowOf } from "../src/network/spec.ts";
import * as naive from "../test/support/naive.ts";
import { convolve, type Size, shuffle, unshuffle } from "../test/support/naive-conv.ts";
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

/** What a network puts out for pictures of a size, all in grey levels with channels side by side, in float64. */
function outputOf(
  { recipe, layers, parameters, scale }: Workload,
  noisy: Float32Array,
  level: Float32Array,
  size: Size,
): Float64Array {
  const { spec } = recipe;
  const pixels = size.height * size.width;
  const { channels } = spec.input;
  /** With a plane of the level behind the planes of each picture, if the network reads it. */
  const planes = channels + Number(spec.noiseLevel ?? false);
  let x: Float64Array = Float64Array.from({ length: size.images * planes * pixels }, (_, i) => {
    const [plane, pixel] = [Math.floor(i / pixels), i % pixels];
    const [image, channel] = [Math.floor(plane / planes), plane % planes];
    return (
      scale * (channel < channels ? noisy[(image * pixels + pixel) * channels + channel]! : level[image]!)
    );
  });
  const values = new Map<string, Float64Array>();
  for (const layer of layers) {
    const small = { ...size, height: size.height / layer.shrink, width: size.width / layer.shrink };
    x = layerOutput(layer, x, small, parameters, values);
    values.set(layer.name, x);
  }
  return Float64Array.from(noisy, (value, i) => {
    const [channel, pixel] = [i % channels, Math.floor(i / channels)];
    const y = x[(Math.floor(pixel / pixels) * channels + channel) * pixels + (pixel % pixels)]! / scale;
    return spec.residual ? value - y : y;
  });
}

/** @param size that of what the layer puts out */
function layerOutput(
  layer: LayerShape,
  x: Float64Array,
  size: Size,
  parameters: Workload["parameters"],
  values: ReadonlyMap<string, Float64Array>,
): Float64Array {
  const { name, inputs, outputs } = layer;
  if (layer.type === "add") return x.map((value, i) => value + values.get(layer.from)![i]!);
  if (layer.type === "pixel-unshuffle") return unshuffle(x, size, outputs);
  if (layer.type === "pixel-shuffle")
    return shuffle(x, { ...size, height: size.height / 2, width: size.width / 2 }, inputs);
  if (layer.type !== "dense" && !isConvolution(layer)) throw new Error(`${name} is of no known type.`);
  const weight = parameters.get(`${name}.weight`)!;
  const bias = parameters.get(`${name}.bias`) ?? new Float32Array(outputs);
  if (layer.type === "dense") {
    const sizes = { rows: size.images, inputs, units: outputs };
    return naive.denseForward(x, weight, bias, sizes, layer.activation);
  }
  const side = windowOf(layer);
  const dilation = layer.type === "conv3x3" ? layer.dilation : 1;
  const window = { ...size, ins: inputs, outs: outputs, side, dilation, padding: "zeros" } as const;
  return convolve(window, x, weight, bias).map((y) => naive.activate(y, layer.activation));
}

/**
 * The losses of each contestant's first three steps: the first against float64, the others against those of the first
 * contestant; of the same build on several threads, to the last bit.
 */
export async function verifyTraining(contestants: readonly Contestant[], workload: Workload): Promise<void> {
  const { batch, pixels, height, width, noisy, clean, level, weight, sumLength } = workload;
  const input = noisy.subarray(0, batch * pixels);
  const output = outputOf(workload, input, level, { images: batch, height, width });
  const power = workload.recipe.loss === "l1" ? 1 : 2;
  const errors = output.map((y, i) => weight[Math.floor(i / pixels)]! * Math.abs(y - clean[i]!) ** power);
  const exact = errors.reduce((sum, value) => sum + value, 0) / errors.length;
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

/** The output of each contestant for a workload's pictures against float64; of a large picture in its last corner, without the margin. */
export async function verifyInference(
  contestants: readonly Pick<Contestant, "name" | "values">[],
  workload: Workload,
): Promise<void> {
  const { layers, noisy, level, batch, height, width, sumLength, margin } = workload;
  const { spec } = workload.recipe;
  const { channels } = spec.input;
  const multiple = shrinkOf(spec);
  // A window around the second of a pair of pixels reaches one pixel further.
  const reach = layers.reduce((sum, layer) => {
    if (layer.type === "pixel-shuffle") return sum + layer.shrink;
    return sum + (layer.type === "conv3x3" ? layer.dilation * layer.shrink : 0);
  }, 0);
  const needed = Math.ceil((margin + PATCH + reach) / multiple) * multiple;
  const [rows, columns] = [Math.min(height, needed), Math.min(width, needed)];
  /** Where the values of the patch and of what its output comes from lie; of several pictures, all. */
  const places = Array.from({ length: batch * rows * columns * channels }, (_, i) => {
    if (batch > 1) return i;
    const [row, value] = [Math.floor(i / columns / channels), i % (columns * channels)];
    return ((height - rows + row) * width + width - columns) * channels + value;
  });
  const input = Float32Array.from(places, (at) => noisy[at]!);
  const output = outputOf(workload, input, level, { images: batch, height: rows, width: columns });
  const isNear = (fromEnd: number) => fromEnd > margin && fromEnd <= margin + PATCH;
  const inPatch = (_: number, i: number) =>
    isNear(rows - (Math.floor(i / columns / channels) % rows)) &&
    isNear(columns - (Math.floor(i / channels) % columns));
  const expected = output.filter(inPatch);
  const patch = places.filter(inPatch);
  for (const { name, values } of contestants) {
    const all = await values();
    const off = norm(expected.map((value, i) => value - all[patch[i]!]!)) / norm(expected);
    check(`${name}: output`, off, EPSILON * sumLength);
  }
}
