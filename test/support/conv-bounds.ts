/**
 * A training step of a network of convolutions in float64 from the naive twins, each value with a bound of what the
 * roundings of float32 may make of it (bounds.ts says how). Images are planes, as in naive-conv.ts.
 */
import { type LayerShape, layerShapes, type Spec, scaleOf } from "../../src/network/spec.ts";
import { type Bounded, exact } from "./bounds.ts";
import { roundoff } from "./comparison.ts";
import * as naive from "./naive-conv.ts";
import {
  inputGradientTerms,
  roundingsOf,
  sizesOf,
  termsOf,
  weightGradientRoundings,
  weightGradientTerms,
} from "./winograd-bounds.ts";

export interface ConvBatch {
  readonly images: number;
  readonly height: number;
  readonly width: number;
  /** Grey levels, as planes. */
  readonly noisy: ArrayLike<number>;
  readonly clean: ArrayLike<number>;
  /** One an image. */
  readonly sigma: ArrayLike<number>;
  readonly weights: ArrayLike<number>;
}

export interface ConvStep {
  /** In grey levels, as planes. */
  readonly output: Bounded;
  readonly loss: { value: number; error: number };
  readonly gradients: ReadonlyMap<string, Bounded>;
}

interface Trace {
  readonly layer: LayerShape;
  readonly input: Bounded;
  /** What the layer puts out before its activation. */
  readonly sum: Bounded;
  /** Of what it puts in and out or, for pixel layers, of the larger of the two. */
  readonly size: naive.Size;
}

const abs = (values: Float64Array) => values.map(Math.abs);
const plus = (a: Float64Array, b: Float64Array) => a.map((value, i) => value + b[i]!);
const zeros = (length: number) => new Float64Array(length);

/** Forward, loss and backward. */
export function convStep(
  spec: Spec,
  parameters: ReadonlyMap<string, ArrayLike<number>>,
  batch: ConvBatch,
  kind: "mse" | "l1",
): ConvStep {
  const { output, loss, gradient, traces } = convLoss(spec, parameters, batch, kind);
  return { output, loss, gradients: backward(spec, parameters, gradient, traces) };
}

/** Forward and loss, with its gradient for what the network puts out. */
export function convLoss(
  spec: Spec,
  parameters: ReadonlyMap<string, ArrayLike<number>>,
  batch: ConvBatch,
  kind: "mse" | "l1",
) {
  const scale = scaleOf(spec);
  const picture = scaled(exact(batch.noisy), scale);
  const { traces, prediction } = forward(spec, parameters, batch, picture);
  const out = spec.residual ? subtract(picture, prediction) : prediction;
  return { output: scaled(out, 1 / scale), traces, ...lossOf(spec, batch, out, kind) };
}

function backward(
  spec: Spec,
  parameters: ReadonlyMap<string, ArrayLike<number>>,
  gradient: Bounded,
  traces: readonly Trace[],
): Map<string, Bounded> {
  const gradients = new Map<string, Bounded>();
  let dy = gradient;
  const first = traces.findIndex(({ layer }) => layer.type === "conv3x3");
  for (const { layer, input, sum, size } of traces.slice(first).toReversed()) {
    if (layer.type === "pixel-unshuffle") dy = each(dy, (values) => shuffle(values, size, layer.inputs));
    else if (layer.type === "pixel-shuffle") {
      dy = each(dy, (values) => naive.unshuffle(values, halfOf(size), layer.inputs));
    } else {
      if (layer.type === "conv3x3" && layer.activation === "relu") dy = gated(dy, sum);
      const window = windowOf(spec, layer, size);
      const { dw, dbias } = weightGradient(window, dy, input);
      gradients.set(`${layer.name}.weight`, dw);
      gradients.set(`${layer.name}.bias`, dbias);
      dy = inputGradient(window, dy, parameters.get(`${layer.name}.weight`)!);
    }
  }
  return gradients;
}

function forward(
  spec: Spec,
  parameters: ReadonlyMap<string, ArrayLike<number>>,
  { images, height, width, sigma }: ConvBatch,
  picture: Bounded,
): { traces: Trace[]; prediction: Bounded } {
  const traces: Trace[] = [];
  let value = picture;
  let size = { images, height, width };
  for (const layer of layerShapes(spec)) {
    const before = size;
    size = { images, height: height / layer.shrink, width: width / layer.shrink };
    const out = size;
    if (layer.type === "pixel-unshuffle") {
      traces.push({ layer, input: value, sum: value, size: before });
      value = each(value, (values) => naive.unshuffle(values, out, layer.outputs));
    } else if (layer.type === "pixel-shuffle") {
      traces.push({ layer, input: value, sum: value, size: out });
      value = each(value, (values) => shuffle(values, out, layer.outputs));
    } else {
      if (spec.noiseLevel && traces.every((trace) => trace.layer.type !== "conv3x3")) {
        value = withPlane(value, size, layer.inputs, sigma, scaleOf(spec));
      }
      const [w, bias] = ["weight", "bias"].map((kind) => parameters.get(`${layer.name}.${kind}`)!);
      const sum = convolve(windowOf(spec, layer, size), value, w!, bias!);
      traces.push({ layer, input: value, sum, size });
      const rectified = layer.type === "conv3x3" && layer.activation === "relu";
      value = rectified ? { ...sum, value: sum.value.map((z) => Math.max(z, 0)) } : sum;
    }
  }
  return { traces, prediction: value };
}

function windowOf(spec: Spec, layer: LayerShape, size: naive.Size): naive.Window {
  const { inputs: ins, outputs: outs } = layer;
  const dilation = layer.type === "conv3x3" ? layer.dilation : 1;
  return { ...size, ins, outs, dilation, padding: spec.padding ?? "zeros" };
}

/** The mean, weighted by image, over all values, and its gradient by `prediction`: by the output, or minus that. */
function lossOf(spec: Spec, { images, clean, weights }: ConvBatch, out: Bounded, kind: "mse" | "l1") {
  const scale = scaleOf(spec);
  const target = scaled(exact(clean), scale);
  const { value: difference, error } = subtract(out, target);
  const count = difference.length;
  const weightOf = (i: number) => weights[Math.floor((i * images) / count)]!;
  const sign = spec.residual ? -1 : 1;
  let loss = 0;
  let lossError = 0;
  difference.forEach((d, i) => {
    loss += weightOf(i) * (kind === "mse" ? d * d : Math.abs(d));
    lossError += weightOf(i) * (kind === "mse" ? 2 * Math.abs(d) * error[i]! + error[i]! ** 2 : error[i]!);
  });
  const units = count * (kind === "mse" ? scale * scale : scale);
  const gradient: Bounded = {
    value: difference.map((d, i) => (sign * weightOf(i) * (kind === "mse" ? 2 * d : Math.sign(d))) / count),
    error: difference.map((d, i) => {
      const unclear = Math.abs(d) <= error[i]! ? 2 : 4 * roundoff;
      return (weightOf(i) * (kind === "mse" ? 2 * error[i]! + 8 * roundoff * Math.abs(d) : unclear)) / count;
    }),
  };
  return { loss: { value: loss / units, error: lossError / units }, gradient };
}

function scaled({ value, error }: Bounded, factor: number): Bounded {
  return {
    value: value.map((x) => factor * x),
    error: value.map((x, i) => factor * (2 * roundoff * Math.abs(x) + error[i]!)),
  };
}

function subtract(a: Bounded, b: Bounded): Bounded {
  const value = a.value.map((x, i) => x - b.value[i]!);
  return { value, error: value.map((x, i) => a.error[i]! + b.error[i]! + roundoff * Math.abs(x)) };
}

function convolve(window: naive.Window, x: Bounded, w: ArrayLike<number>, bias: ArrayLike<number>): Bounded {
  const size = abs(Float64Array.from(w));
  const terms = termsOf(window, sizesOf(x), w, bias);
  const carried = naive.convolve(window, x.error, size, zeros(window.outs));
  return {
    value: naive.convolve(window, x.value, w, bias),
    error: terms.map((term, i) => (roundingsOf(window) + 1) * roundoff * term + carried[i]!),
  };
}

function inputGradient(window: naive.Window, dy: Bounded, w: ArrayLike<number>): Bounded {
  const size = abs(Float64Array.from(w));
  const terms = inputGradientTerms(window, sizesOf(dy), w);
  const roundings = roundingsOf({ ...window, ins: window.outs }) + 1 + 8;
  const carried = naive.inputGradient(window, dy.error, size);
  return {
    value: naive.inputGradient(window, dy.value, w),
    // A pixel near a corner is mirrored three times.
    error: terms.map((term, i) => roundings * roundoff * term + carried[i]!),
  };
}

function weightGradient(window: naive.Window, dy: Bounded, x: Bounded): { dw: Bounded; dbias: Bounded } {
  const value = naive.weightGradient(window, dy.value, x.value);
  const transposed = window.outs <= 3 && window.padding === "zeros";
  const terms = weightGradientTerms(window, sizesOf(dy), sizesOf(x), transposed);
  const fromOutput = naive.weightGradient(window, dy.error, plus(abs(x.value), x.error));
  const fromInput = naive.weightGradient(window, abs(dy.value), x.error);
  const length = weightGradientRoundings(window) + 1;
  const bounded = (kind: "dw" | "dbias"): Bounded => ({
    value: value[kind],
    error: terms[kind].map(
      (term, i) =>
        length * roundoff * term + fromOutput[kind][i]! + (kind === "dw" ? fromInput[kind][i]! : 0),
    ),
  });
  return { dw: bounded("dw"), dbias: bounded("dbias") };
}

/** dy ∘ (sum > 0); where the sum's sign is not certain, either may be. */
function gated(dy: Bounded, sum: Bounded): Bounded {
  return {
    value: dy.value.map((d, i) => (sum.value[i]! > 0 ? d : 0)),
    error: dy.error.map((error, i) => {
      if (Math.abs(sum.value[i]!) <= sum.error[i]!) return Math.abs(dy.value[i]!) + error;
      return sum.value[i]! > 0 ? error : 0;
    }),
  };
}

/** With the noise level as the last of `channels` channels. */
function withPlane(
  { value, error }: Bounded,
  { images, height, width }: naive.Size,
  channels: number,
  levels: ArrayLike<number>,
  scale: number,
): Bounded {
  const plane = height * width;
  const last = (channels - 1) * plane;
  const build = (old: Float64Array, levelOf: (n: number) => number) =>
    Float64Array.from({ length: images * channels * plane }, (_, i) => {
      const n = Math.floor(i / (channels * plane));
      const within = i % (channels * plane);
      return within < last ? old[n * last + within]! : levelOf(n);
    });
  return {
    value: build(value, (n) => scale * levels[n]!),
    error: build(error, (n) => 2 * roundoff * scale * levels[n]!),
  };
}

/** naive.unshuffle backwards: `size` and `channels` of what comes out. */
function shuffle(y: Float64Array, size: naive.Size, channels: number): Float64Array {
  const indices = Float64Array.from({ length: naive.valuesOf(size, channels) }, (_, i) => i);
  const x = new Float64Array(indices.length);
  naive.unshuffle(indices, halfOf(size), 4 * channels).forEach((from, i) => {
    x[from] = y[i]!;
  });
  return x;
}

function halfOf({ images, height, width }: naive.Size): naive.Size {
  return { images, height: height / 2, width: width / 2 };
}

function each({ value, error }: Bounded, f: (values: Float64Array) => Float64Array): Bounded {
  return { value: f(value), error: f(error) };
}
