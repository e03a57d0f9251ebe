/**
 * What float32 may make of a 1×1 convolution and its gradients: the roundings that a term of each result meets, and one for what
 * they do to each other (bounds.ts says how they bound an error). The terms are those of the naive twins.
 */
import { bandOf1x1, vectorsOf } from "../../assembly/conv/sizes.ts";
import type { Window } from "./naive-conv.ts";

/** A product, the sum over the inputs, and the bias. */
export function roundingsOf1x1({ ins }: Window): number {
  return 1 + (ins - 1) + 1 + 1;
}

/** A product, and the sum over the outputs. */
export function inputGradientRoundings1x1({ outs }: Window): number {
  return 1 + (outs - 1) + 1;
}

/** A product, a lane's run over a band of rows, the lanes' sum, the bands of all images, and the chunks. */
export function weightGradientRoundings1x1({ images, height, width }: Window): number {
  const rows = Math.min(height, bandOf1x1(width));
  const bands = images * Math.ceil(height / rows);
  return 1 + (vectorsOf(width) * rows - 1) + 2 + bands + images + 1;
}
