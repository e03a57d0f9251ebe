/** Networks of convolutions in float64, by the naive twins of the kernels. */
import { convolve, inputGradient, type Window, weightGradient } from "../test/support/naive-conv.ts";
import type { ConvWorkload } from "./conv-workload.ts";
import { EPSILON } from "./tolerance.ts";
import type { OutputReference, ReferenceStep } from "./verify.ts";

type Layers = Pick<ConvWorkload, "layers" | "parameters">;
interface Size {
  readonly images: number;
  readonly height: number;
  readonly width: number;
}

/** The input of each layer, then the last one's output, for planes of channels. */
function activations({ layers, parameters }: Layers, size: Size, x: Float64Array): Float64Array[] {
  const all = [x];
  for (const [index, [ins, outs, dilation]] of layers.entries()) {
    const name = `layer${index + 1}`;
    const window: Window = { ...size, ins, outs, dilation, padding: "zeros" };
    const weight = parameters.get(`${name}.weight`)!;
    const y = convolve(window, all.at(-1)!, weight, parameters.get(`${name}.bias`)!);
    all.push(index < layers.length - 1 ? y.map((value) => Math.max(value, 0)) : y);
  }
  return all;
}

/** Noisy picture `index` and its plane of the noise level. */
function withLevel({ noisy, level, height, width }: ConvWorkload, index: number): Float64Array {
  const pixels = height * width;
  const x = new Float64Array(2 * pixels).fill(level[index]!, pixels);
  x.set(noisy.subarray(index * pixels, (index + 1) * pixels));
  return x;
}

/** Loss, in squared grey levels, and gradients of a step on the first `batch` pictures. */
export function referenceStep(workload: ConvWorkload, batch: number): ReferenceStep {
  const { layers, parameters, clean, noisy, weight, height, width } = workload;
  const pixels = height * width;
  const size = { images: 1, height, width };
  const gradients = new Map<string, Float64Array>();
  const add = (name: string, values: Float64Array) =>
    gradients.set(
      name,
      values.map((value, i) => value + (gradients.get(name)?.[i] ?? 0)),
    );
  let loss = 0;
  for (let n = 0; n < batch; n++) {
    const inputs = activations(workload, size, withLevel(workload, n));
    const error = inputs.pop()!.map((noise, i) => noisy[n * pixels + i]! - noise - clean[n * pixels + i]!);
    const factor = weight[n]! / (batch * pixels);
    loss += error.reduce((sum, value) => sum + factor * value * value, 0);
    let dy = error.map((value) => -2 * factor * value);
    for (const [index, [ins, outs, dilation]] of [...layers.entries()].toReversed()) {
      const name = `layer${index + 1}`;
      const window: Window = { ...size, ins, outs, dilation, padding: "zeros" };
      const x = inputs[index]!;
      const { dw, dbias } = weightGradient(window, dy, x);
      add(`${name}.weight`, dw);
      add(`${name}.bias`, dbias);
      dy = inputGradient(window, dy, parameters.get(`${name}.weight`)!).map((d, i) => (x[i]! > 0 ? d : 0));
    }
  }
  return { loss: loss * 255 ** 2, gradients };
}

/** How far a gradient may be off, as a fraction of its norm: the length of all sums on the way × ε. */
export function gradientTolerance({ layers, sumLength, height, width }: ConvWorkload, batch: number): number {
  const backward = layers.reduce((sum, [, outputs]) => sum + 9 * outputs, 0);
  return (sumLength + backward + batch * height * width) * EPSILON;
}

/** Edge of a patch of a picture. */
const PATCH = 40;

/** The output, white being 1: patches in two corners and the middle of a picture. */
export function referenceOutput(workload: ConvWorkload): OutputReference {
  const { height, width, layers, sumLength } = workload;
  const reach = layers.reduce((sum, [, , dilation]) => sum + dilation, 0);
  const starts = [0, 0.5, 1].map((at) => ({
    top: Math.round(at * Math.max(0, height - PATCH)),
    left: Math.round(at * Math.max(0, width - PATCH)),
  }));
  /** The indices of a patch's pixels with `by` more on each side, as far as the picture goes. */
  const indices = ({ top, left }: { top: number; left: number }, by: number) => {
    const rows = range(Math.max(0, top - by), Math.min(height, top + PATCH + by));
    const columns = range(Math.max(0, left - by), Math.min(width, left + PATCH + by));
    return { rows, columns, all: rows.flatMap((row) => columns.map((column) => row * width + column)) };
  };
  const input = withLevel(workload, 0);
  const output = starts.flatMap((start) => {
    const { rows, columns, all } = indices(start, reach);
    const planes = Float64Array.from([...all, ...all.map((at) => height * width + at)], (at) => input[at]!);
    const noise = activations(workload, { images: 1, height: rows.length, width: columns.length }, planes).at(
      -1,
    )!;
    const denoised = new Map(all.map((at, i) => [at, planes[i]! - noise[i]!]));
    return indices(start, 0).all.map((at) => denoised.get(at)!);
  });
  const places = starts.flatMap((start) => indices(start, 0).all);
  return {
    output: Float64Array.from(output),
    sumLength,
    pick: (values) => Float32Array.from(places, (at) => values[at]!),
  };
}

function range(start: number, end: number): number[] {
  return Array.from({ length: end - start }, (_, i) => start + i);
}
