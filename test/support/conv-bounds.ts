/**
 * A training step of a network of convolutions in float64 from the naive twins, each value with a bound of what the
 * roundings of float32 may make of it (bounds.ts says how). Images are planes, as in naive-conv.ts.
 */
import {
  type ConvShape,
  isConvolution,
  type LayerShape,
  layerShapes,
  type Spec,
  scaleOf,
  sourceOf,
  windowOf,
} from "../../src/network/spec.ts";
import { type Bounded, exact } from "./bounds.ts";
import { roundoff } from "./comparison.ts";
import { convolve, inputGradient, weightGradient } from "./layer-bounds.ts";
import * as naive from "./naive-conv.ts";

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
  readonly output: Bounded;
  /** Of what it puts out. */
  readonly size: naive.Size;
}

/** Forward, loss and backward. */
export function convStep(
  spec: Spec,
  parameters: ReadonlyMap<string, ArrayLike<number>>,
  batch: ConvBatch,
  kind: "mse" | "l1",
): ConvStep {
  const { output, loss, gradient, traces } = convLoss(spec, parameters, batch, kind);
  return { output, loss, gradients: backward(spec, parameters, gradient, traces).gradients };
}

/**
 * The gradient of a loss with respect to the noisy pictures, as planes.
 * @param outputGradient the gradient of the loss with respect to the output, as planes
 */
export function convInputGradient(
  spec: Spec,
  parameters: ReadonlyMap<string, ArrayLike<number>>,
  batch: ConvBatch,
  outputGradient: ArrayLike<number>,
): Bounded {
  const picture = scaled(exact(batch.noisy), scaleOf(spec));
  const { traces } = forward(spec, parameters, batch, picture);
  const sign = spec.residual ? -1 : 1;
  const gradient = exact(Float64Array.from(outputGradient, (value) => sign * value));
  const { input } = backward(spec, parameters, gradient, traces);
  return spec.residual ? total([input, exact(outputGradient)]) : input;
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
): { gradients: Map<string, Bounded>; input: Bounded } {
  const gradients = new Map<string, Bounded>();
  const ofInput: Bounded[] = [];
  const first = traces.findIndex(({ layer }) => isConvolution(layer));
  /** What the gradient of each layer's output is the sum of. */
  const parts: Bounded[][] = traces.map(() => []);
  parts.at(-1)!.push(gradient);
  for (const [index, { layer, input, sum, size }] of [...traces.entries()].reverse()) {
    let dy = total(parts[index]!);
    const below = parts[index - 1] ?? ofInput;
    if (layer.type === "add") {
      below.push(dy);
      parts[sourceOf(layer)]!.push(dy);
    } else if (layer.type === "pixel-unshuffle") {
      below.push(each(dy, (values) => shuffle(values, doubleOf(size), layer.inputs)));
    } else if (layer.type === "pixel-shuffle") {
      below.push(each(dy, (values) => naive.unshuffle(values, halfOf(size), layer.inputs)));
    } else if (isConvolution(layer)) {
      if (layer.activation === "relu") dy = gated(dy, sum);
      const window = layerWindow(spec, layer, size);
      const { dw, dbias } = weightGradient(window, dy, input);
      gradients.set(`${layer.name}.weight`, dw);
      if (layer.bias !== false) gradients.set(`${layer.name}.bias`, dbias);
      const dx = inputGradient(window, dy, parameters.get(`${layer.name}.weight`)!);
      below.push(spec.noiseLevel && index === first ? withoutPlane(dx, size, layer.inputs - 1) : dx);
    }
  }
  return { gradients, input: total(ofInput) };
}

function forward(
  spec: Spec,
  parameters: ReadonlyMap<string, ArrayLike<number>>,
  { images, height, width, sigma }: ConvBatch,
  picture: Bounded,
): { traces: Trace[]; prediction: Bounded } {
  const traces: Trace[] = [];
  let input = picture;
  for (const layer of layerShapes(spec)) {
    const size = { images, height: height / layer.shrink, width: width / layer.shrink };
    if (spec.noiseLevel && isConvolution(layer) && !traces.some((trace) => isConvolution(trace.layer))) {
      input = withPlane(input, size, layer.inputs, sigma, scaleOf(spec));
    }
    const sum = sumOf(spec, layer, size, { input, traces, parameters });
    const rectified = isConvolution(layer) && layer.activation === "relu";
    const output = rectified ? { ...sum, value: sum.value.map((z) => Math.max(z, 0)) } : sum;
    traces.push({ layer, input, sum, output, size });
    input = output;
  }
  return { traces, prediction: input };
}

/** What a layer puts out before its activation. */
function sumOf(
  spec: Spec,
  layer: LayerShape,
  size: naive.Size,
  {
    input,
    traces,
    parameters,
  }: Pick<Trace, "input"> & {
    readonly traces: readonly Trace[];
    readonly parameters: ReadonlyMap<string, ArrayLike<number>>;
  },
): Bounded {
  if (layer.type === "add") return total([input, traces[sourceOf(layer)]!.output]);
  if (layer.type === "pixel-unshuffle") {
    return each(input, (values) => naive.unshuffle(values, size, layer.outputs));
  }
  if (layer.type === "pixel-shuffle") return each(input, (values) => shuffle(values, size, layer.outputs));
  if (!isConvolution(layer)) throw new Error("Dense layers do not go with convolutions.");
  const w = parameters.get(`${layer.name}.weight`)!;
  const bias = parameters.get(`${layer.name}.bias`) ?? new Float64Array(layer.outputs);
  return convolve(layerWindow(spec, layer, size), input, w, bias);
}

function layerWindow(spec: Spec, layer: ConvShape, size: naive.Size): naive.Window {
  const { inputs: ins, outputs: outs } = layer;
  const dilation = layer.type === "conv3x3" ? layer.dilation : 1;
  return { ...size, ins, outs, side: windowOf(layer), dilation, padding: spec.padding ?? "zeros" };
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

/** The sum of several, added up in any order. */
function total(parts: readonly Bounded[]): Bounded {
  const of = (partOf: (part: Bounded, i: number) => number) =>
    parts[0]!.value.map((_, i) => parts.reduce((sum, part) => sum + partOf(part, i), 0));
  const errors = of(({ error }, i) => error[i]!);
  const sizes = of(({ value, error }, i) => Math.abs(value[i]!) + error[i]!);
  return {
    value: of(({ value }, i) => value[i]!),
    error: errors.map((error, i) => error + (parts.length - 1) * roundoff * sizes[i]!),
  };
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

/** Without the noise level, which comes after `channels` channels. */
function withoutPlane(
  { value, error }: Bounded,
  { images, height, width }: naive.Size,
  channels: number,
): Bounded {
  const wanted = channels * height * width;
  const whole = value.length / images;
  const first = (values: Float64Array) =>
    Float64Array.from({ length: images * wanted }, (_, i) => {
      const n = Math.floor(i / wanted);
      return values[n * whole + (i % wanted)]!;
    });
  return { value: first(value), error: first(error) };
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

function doubleOf({ images, height, width }: naive.Size): naive.Size {
  return { images, height: 2 * height, width: 2 * width };
}

function each({ value, error }: Bounded, f: (values: Float64Array) => Float64Array): Bounded {
  return { value: f(value), error: f(error) };
}
