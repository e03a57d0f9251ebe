/**
 * The operations of a program, shared by the walker (assembly/program.ts) and the compiler of programs
 * (src/plan.ts). Valid AssemblyScript and valid TypeScript.
 *
 * An operation is a record of 16 words of 32 bits: its opcode, then its arguments in the order given here, and in
 * the last word 1 where the next operation needs nothing of it, so that threads need not wait for each other.
 * Sizes are counts of values, panels or rows; `stride` is the bytes of one panel of a batch; every other
 * name is the address of a buffer. `settings` holds the float32 values of `Setting`. Layouts, alignment and
 * padding: docs/memory.md.
 */
export enum Op {
  /** The end of the program. */
  end,
  /** panels, stride, source (float32 rows), rows, columns */
  packFloats,
  /** panels, stride, source (uint8 rows), rows, columns */
  packBytes,
  /** destination (float32 rows), panels, stride, rows, columns */
  unpackFloats,
  /** y, x, w, bias, stride, inPanels, outPanels, outColumns, activation */
  denseForward,
  /** y, x, w, bias, inPanels, outPanels, outColumns, activation: denseForward for a batch of one */
  denseForwardVector,
  /** dy, y, target, stride, rows, panels, partials (float64 a panel), gradient scale (float32), activation of y */
  meanSquaredError,
  /** loss (float64), partials, count, divisor (float64) */
  sumLoss,
  /** dx, dy, w, x, zeros, scratch (256 · outPanels bytes a thread), stride, inPanels, outPanels, activation of x */
  denseInputGradient,
  /** dw, dbias, dy, x, stride, rows, inPanels, outPanels */
  denseWeightGradient,
  /** parameters, accumulators, gradients, count (a multiple of 16), settings */
  adagrad,
  /** w, wAccumulators, bias, biasAccumulators, scratch (SCRATCH + SCRATCH_PANELS · stride bytes a thread), dy, x, stride, rows, inPanels, outPanels, settings */
  denseWeightGradientAdagrad,
  /** parameters, means, variances, gradients, count (a multiple of 16), settings */
  adam,
  /** averages, parameters, count (a multiple of 16), settings */
  average,
  /** input (float32 rows), target (uint8 rows), levels (float32 an image), streams (3 uint32 an image), pixels, images */
  gaussianNoise,
  /*
   * Images in rows (assembly/pixels.ts); `shape` stands for height, width, pitch, rows, `items` for images × height.
   */
  /** x, source (float32), channels, shape, depth, used, scale (float32), items */
  imageFromFloats,
  /** x, source (uint8), channels, shape, depth, used, scale (float32), items */
  imageFromBytes,
  /** target (float32), x, channels, shape, depth, used, scale (float32), items */
  imageToFloats,
  /** x, values (float32 an image), channel, channels, shape, scale (float32), items */
  fillChannel,
  /** out, input, prediction, inputChannels, channels, shape, items */
  residual,
  /** dout, out, target, weights (float32 an image), partials (float64 an item), channels, shape, loss, scale (float32), items */
  imageLoss,
  /** y, x, w, bias, taps, gate, ins, outs, shape, activation, items */
  conv3x3,
  /** wt, w, ins, outs, panels of wt */
  conv3x3TransposeWeights,
  /** chunks, a, b, taps, as, bs, shape, images, band, count, sumOfB */
  conv3x3WeightGradient,
  /** to, from, stride, count, items of 64 bytes */
  sumChunks,
}

/** What follows a layer's sum. */
export enum Activation {
  linear,
  sigmoid,
  relu,
}

/** What is minimised over the pixels of an image. */
export enum ImageLoss {
  squared,
  absolute,
}

/** What the optimisers (optimizers.ts) are told before each step. */
export enum Setting {
  rate,
  /** Adam's 1 / √(1 − β₂ᵗ), β₁, β₂ and ε. */
  correction,
  beta1,
  beta2,
  epsilon,
  /** How far an average moves towards its parameter, 0 to 1. */
  averaging,
}
export const SETTINGS = 6;

/** The word of a record that says whether the next operation is independent of it. */
export const INDEPENDENT = 15;

/** Bytes of scratch that denseWeightGradientAdagrad needs for each thread, and panels of a batch beside them. */
export const SCRATCH = 192;
export const SCRATCH_PANELS = 5;
