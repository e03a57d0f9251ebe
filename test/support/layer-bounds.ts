/**
 * A convolution and its gradients in float64 from the naive twins, each value with a bound of what the roundings of float32 may
 * make of it (bounds.ts says how): by Winograd's transformations where the windows have 3×3 pixels, directly where they have 1.
 */
import type { Bounded } from "./bounds.ts";
import { roundoff } from "./comparison.ts";
import { inputGradientRoundings1x1, roundingsOf1x1, weightGradientRoundings1x1 } from "./conv1x1-bounds.ts";
import * as naive from "./naive-conv.ts";
import {
  inputGradientTerms,
  roundingsOf,
  sizesOf,
  termsOf,
  weightGradientRoundings,
  weightGradientTerms,
} from "./winograd-bounds.ts";

type Numbers = ArrayLike<number>;

const abs = (values: Numbers) => Float64Array.from(values, Math.abs);
const zeros = (length: number) => new Float64Array(length);

export function convolve(window: naive.Window, x: Bounded, w: Numbers, bias: Numbers): Bounded {
  const [terms, roundings] =
    window.side === 1
      ? [naive.convolve(window, sizesOf(x), abs(w), abs(bias)), roundingsOf1x1(window)]
      : [termsOf(window, sizesOf(x), w, bias), roundingsOf(window)];
  const carried = naive.convolve(window, x.error, abs(w), zeros(window.outs));
  return {
    value: naive.convolve(window, x.value, w, bias),
    error: terms.map((term, i) => (roundings + 1) * roundoff * term + carried[i]!),
  };
}

export function inputGradient(window: naive.Window, dy: Bounded, w: Numbers): Bounded {
  const [terms, roundings] =
    window.side === 1
      ? [naive.inputGradient(window, sizesOf(dy), abs(w)), inputGradientRoundings1x1(window)]
      : // A pixel near a corner is mirrored three times.
        [inputGradientTerms(window, sizesOf(dy), w), roundingsOf({ ...window, ins: window.outs }) + 8];
  const carried = naive.inputGradient(window, dy.error, abs(w));
  return {
    value: naive.inputGradient(window, dy.value, w),
    error: terms.map((term, i) => (roundings + 1) * roundoff * term + carried[i]!),
  };
}

export function weightGradient(
  window: naive.Window,
  dy: Bounded,
  x: Bounded,
): { dw: Bounded; dbias: Bounded } {
  const value = naive.weightGradient(window, dy.value, x.value);
  const transposed = window.outs <= 3 && window.padding === "zeros";
  const [terms, roundings] =
    window.side === 1
      ? [naive.weightGradient(window, sizesOf(dy), sizesOf(x)), weightGradientRoundings1x1(window)]
      : [weightGradientTerms(window, sizesOf(dy), sizesOf(x), transposed), weightGradientRoundings(window)];
  const fromOutput = naive.weightGradient(window, dy.error, sizesOf(x));
  const fromInput = naive.weightGradient(window, abs(dy.value), x.error);
  const bounded = (kind: "dw" | "dbias"): Bounded => ({
    value: value[kind],
    error: terms[kind].map(
      (term, i) =>
        (roundings + 1) * roundoff * term + fromOutput[kind][i]! + (kind === "dw" ? fromInput[kind][i]! : 0),
    ),
  });
  return { dw: bounded("dw"), dbias: bounded("dbias") };
}
