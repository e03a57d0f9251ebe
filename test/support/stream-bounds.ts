/**
 * A network of convolutions as the denoiser runs it, in float64 and in the plainest way, each value with a bound of what
 * float32 may make of it (bounds.ts says how). Images are planes, as in naive-conv.ts.
 */
import type { ConvLayer, ConvModel, StreamLayer } from "../../src/model/conv-model.ts";
import { type Bounded, exact } from "./bounds.ts";
import { roundoff } from "./comparison.ts";
import * as naive from "./naive-conv.ts";
import { roundingsOf, sizesOf, termsOf } from "./winograd-bounds.ts";

export interface StreamSize {
  readonly height: number;
  readonly width: number;
}

/** What the network puts out for a picture, planes of its channels, of a size that needs no padding. */
export function streamOutput(
  { layers, padding }: Pick<ConvModel, "layers" | "padding">,
  picture: naive.Numbers,
  level: number,
  { height, width }: StreamSize,
): Bounded {
  let x = exact(picture);
  const values: Bounded[] = [];
  for (const layer of layers) {
    const { shrink } = layer;
    const size = { images: 1, height: height / shrink, width: width / shrink };
    x = layerOutput(layer, withLevel(x, layer, size, level), values, { ...size, padding });
    values.push(x);
  }
  return x;
}

/** The value x, with a plane of the noise level if the layer has an input channel more than x has. */
function withLevel(x: Bounded, { type, inputs }: StreamLayer, size: naive.Size, level: number): Bounded {
  const missing = naive.valuesOf(size, inputs) - x.value.length;
  if (!type.startsWith("conv") || missing === 0) return x;
  const plane = new Float64Array(missing).fill(level);
  return {
    value: Float64Array.of(...x.value, ...plane),
    error: Float64Array.of(...x.error, ...new Float64Array(missing)),
  };
}

function layerOutput(
  layer: StreamLayer,
  x: Bounded,
  values: readonly Bounded[],
  size: naive.Size & Pick<naive.Window, "padding">,
): Bounded {
  switch (layer.type) {
    case "add": {
      const other = values[layer.from - 1]!;
      const value = x.value.map((a, i) => a + other.value[i]!);
      const sizes = [sizesOf(x), sizesOf(other)] as const;
      const error = value.map(
        (_, i) => x.error[i]! + other.error[i]! + roundoff * (sizes[0][i]! + sizes[1][i]!),
      );
      return { value, error };
    }
    case "pixel-unshuffle": {
      const moved = (plane: Float64Array) => naive.unshuffle(plane, size, layer.outputs);
      return { value: moved(x.value), error: moved(x.error) };
    }
    case "pixel-shuffle": {
      const small = { ...size, height: size.height / 2, width: size.width / 2 };
      const moved = (plane: Float64Array) => naive.shuffle(plane, small, layer.inputs);
      return { value: moved(x.value), error: moved(x.error) };
    }
    default:
      return convolution(layer, x, {
        ...size,
        ins: layer.inputs,
        outs: layer.outputs,
        dilation: layer.dilation,
      });
  }
}

function convolution(layer: ConvLayer, x: Bounded, window: naive.Window): Bounded {
  const { biases, activation } = layer;
  const isPixel = layer.window === 1;
  // A window of one pixel is the middle of one of 3 × 3.
  const weight = isPixel ? new Float64Array(9 * layer.weight.length) : layer.weight;
  if (isPixel) for (const [i, w] of layer.weight.entries()) weight[9 * i + 4] = w;
  const full = isPixel ? ({ ...window, dilation: 1, padding: "zeros" } as const) : window;
  const convolve = (values: naive.Numbers, w: naive.Numbers, bias: naive.Numbers) =>
    naive.convolve(full, values, w, bias);
  const value = convolve(x.value, weight, biases);
  const terms = isPixel
    ? convolve(sizesOf(x), weight.map(Math.abs), biases.map(Math.abs))
    : termsOf(window, sizesOf(x), weight, biases);
  // A term of a 1×1 convolution meets its product's rounding, one for each further channel, and the bias's.
  const roundings = isPixel ? window.ins + 2 : roundingsOf(window);
  const carried = convolve(x.error, weight.map(Math.abs), new Float64Array(window.outs));
  return {
    value: activation === "relu" ? value.map((y) => Math.max(y, 0)) : value,
    error: terms.map((term, i) => roundings * roundoff * term + carried[i]!),
  };
}

/** Planes of a picture, continued to the right and below by its mirror image, or by its edge where that is too small. */
export function mirrored(planes: Float32Array, { height, width }: StreamSize, to: StreamSize): Float32Array {
  const from = (t: number, size: number) => (t < size ? t : 2 * size - 2 - t >= 0 ? 2 * size - 2 - t : 0);
  const channels = planes.length / (height * width);
  const result = new Float32Array(channels * to.height * to.width);
  for (let i = 0; i < result.length; i++) {
    const row = from(Math.floor(i / to.width) % to.height, height);
    const plane = Math.floor(i / (to.height * to.width));
    result[i] = planes[(plane * height + row) * width + from(i % to.width, width)]!;
  }
  return result;
}
