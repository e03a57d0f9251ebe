/**
 * A network of convolutions as the denoiser runs it, in float64, each value with a bound of what float32 and
 * Winograd's transformations may make of it (bounds.ts says how). One image, as planes.
 */
import type { ConvLayer, ConvModel } from "../src/conv-model.ts";
import type { Bounded } from "./bounds.ts";
import { roundoff } from "./comparison.ts";
import * as naive from "./naive-conv.ts";

/** |Bᵀ|, |G| and |Aᵀ| of F(4, 3) at the points 0, ±1, ±2 and ∞. */
const B = [
  [4, 0, 5, 0, 1, 0],
  [0, 4, 4, 1, 1, 0],
  [0, 4, 4, 1, 1, 0],
  [0, 2, 1, 2, 1, 0],
  [0, 2, 1, 2, 1, 0],
  [0, 4, 0, 5, 0, 1],
];
const G = [
  [1 / 4, 0, 0],
  [1 / 6, 1 / 6, 1 / 6],
  [1 / 6, 1 / 6, 1 / 6],
  [1 / 24, 1 / 12, 1 / 6],
  [1 / 24, 1 / 12, 1 / 6],
  [0, 0, 1],
];
const A = [
  [1, 1, 1, 1, 1, 0],
  [0, 1, 1, 2, 2, 0],
  [0, 1, 1, 4, 4, 0],
  [0, 1, 1, 8, 8, 1],
];
/** Roundings of a value of Bᵀ v, of a transformed weight, and of a value of Aᵀ M + bias. */
const ROUNDINGS = 4 + 1 + 5;

/** What the network puts out for `input`, planes of its input channels. */
export function streamOutput({ layers, padding }: ConvModel, input: Bounded, size: naive.Size): Bounded {
  let x = input;
  for (const layer of layers) {
    const { inputs: ins, outputs: outs, dilation, weight, bias } = layer;
    const window = { ...size, ins, outs, dilation, padding };
    const terms = termsOf(layer, window, x);
    const carried = naive.convolve(window, x.error, weight.map(Math.abs), new Float64Array(outs));
    const value = naive.convolve(window, x.value, weight, bias);
    x = {
      value: layer.activation === "relu" ? value.map((y) => Math.max(y, 0)) : value,
      error: terms.map((term, i) => (3 * ins + ROUNDINGS + 1) * roundoff * term + carried[i]!),
    };
  }
  return x;
}

/** The sums of the absolute values of all that a kernel adds up for each output. */
function termsOf({ weight, bias }: ConvLayer, window: naive.Window, x: Bounded): Float64Array {
  const { height, width, ins, outs, dilation: d, padding } = window;
  const sizes = x.value.map((value, i) => Math.abs(value) + x.error[i]!);
  const at = (i: number, r: number, s: number) => {
    const row = naive.source(r, height, padding);
    // Further out than the window reaches the kernel's rows are zero.
    const column = s < width + d ? naive.source(s, width, padding) : -1;
    return row < 0 || column < 0 ? 0 : sizes[(i * height + row) * width + column]!;
  };
  const terms = new Float64Array(outs * height * width);
  for (let r = 0; r < height; r++) {
    for (let s = 0; s < width; s++) {
      const j = Math.floor((s % (4 * d)) / d);
      for (let i = 0; i < ins; i++) {
        for (let ky = 0; ky < 3; ky++) {
          const v = [0, 1, 2, 3, 4, 5].map((l) => at(i, r + (ky - 1) * d, s + (l - 1 - j) * d));
          const t = B.map((row) => dot(row, v));
          for (let o = 0; o < outs; o++) {
            const w = weight
              .subarray(((o * ins + i) * 3 + ky) * 3)
              .slice(0, 3)
              .map(Math.abs);
            terms[(o * height + r) * width + s]! += dot(
              A[j]!,
              G.map((row, p) => dot(row, w) * t[p]!),
            );
          }
        }
      }
      for (let o = 0; o < outs; o++) terms[(o * height + r) * width + s]! += Math.abs(bias[o]!);
    }
  }
  return terms;
}

function dot(a: readonly number[], b: ArrayLike<number>): number {
  return a.reduce((sum, value, i) => sum + value * b[i]!, 0);
}
