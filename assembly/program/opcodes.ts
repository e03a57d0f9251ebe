/**
 * The operations of a program, shared by the walker (assembly/program/program.ts) and the compiler of programs
 * (src/network/plan.ts). Valid AssemblyScript and valid TypeScript.
 *
 * An operation is a record of 20 words of 32 bits: its opcode, then its arguments in the order given here, and in
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
  /** dx, dy, w, x, zeros, scratch (RUN · 32 bytes a thread), stride, inPanels, outPanels, activation of x */
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
  /** wt, w, ins, outs, panels of wt: of a convolution */
  conv3x3TransposeWeights,
  /** u, w, ins, outs, panels of w: of a convolution */
  conv3x3TransformWeights,
  /** dw, gradient of u, ins, outs, panels of dw: of a convolution */
  conv3x3GatherWeights,
  /** to, from, stride, count, items of 64 bytes */
  sumChunks,
  /**
   * images, chunks, operations, turn: runs the operations on images that follow, their number given, for each image
   * of a batch in turn, or with turn ≠ 0 only for the turn-th image that a thread comes to.
   */
  eachImage,
  /*
   * Images in rows (assembly/conv/pixels.ts). `shape` stands for height, width, pitch, rows. Word ITEMS holds the number
   * of items, in the body of eachImage those of one image; where nothing else is said, an item is a row of an image.
   */
  /** input (float32), target (uint8), levels (float32 an image), streams (3 uint32 an image), pixels; an item is an image */
  gaussianNoise,
  /** x, source (float32), channels, shape, depth, used, scale (float32) */
  imageFromFloats,
  /** x, source (uint8), channels, shape, depth, used, scale (float32) */
  imageFromBytes,
  /** target (float32), x, channels, shape, depth, used, scale (float32) */
  imageToFloats,
  /** x, values (float32 an image), channel, channels, shape, scale (float32) */
  fillChannel,
  /** out, input, prediction, inputChannels, channels, shape */
  residual,
  /** dout, out, target, weights (float32 an image), partials (float64 an item), channels, shape, loss, scale (float32) */
  imageLoss,
  /** y, x, u, bias, gate, scratch, bytes of it a thread, ins, outs, shape, dilation, activation; an item is a group of rows */
  conv3x3,
  /** x, channels, shape, pad; an item is a row, borders counted */
  padReflected,
  /** dx, dpadded, gate, channels, shape, pad */
  foldReflected,
  /** y, x, yChannels, channels, shape of y, pitch and rows of x */
  pixelUnshuffle,
  /** x, y, channels, shape of y, pitch and rows of x */
  pixelShuffle,
  /**
   * chunks, bytes of a chunk, scratch, bytes of it a thread, a, b, as, bs, shape, dilation, sumOfB: in the body of
   * eachImage only; has no items
   */
  conv3x3WeightGradient,
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
export const INDEPENDENT = 19;

/** The word of a record that holds the number of an image operation's items. */
export const ITEMS = 18;

/** Products that are summed before the next begin a sum of their own (gemm.ts). */
export const RUN = 112;

/** Bytes of scratch that denseWeightGradientAdagrad needs for each thread, and panels of a batch beside them. */
export const SCRATCH = 192;
export const SCRATCH_PANELS = 5;

/**
 * Vectors of 4 pixels that conv3x3WeightGradient takes at a time, so that a plane of them stays in the first-level cache:
 * as many groups of rows as fit, or one. With v vectors in a row and a band of n groups its scratch has 12·bs bytes,
 * rounded up to 64, 16 for each of (1 + 6·bs·n)·(v + 2) + 6·⌈as⌉₄·n·v vectors, and 4·n·v.
 */
export const BAND = 64;

/**
 * Vectors of 4 pixels that conv3x3 takes at a time, half of them in each of two spans. Its scratch has 16 bytes for each of
 * (6·ins + 1)·(STRIP + 4) + 6·⌈outs⌉₄·(STRIP + 1) vectors.
 */
export const STRIP = 16;
