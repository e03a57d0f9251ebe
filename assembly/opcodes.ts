/**
 * The operations of a program, shared by the walker (assembly/program.ts) and the compiler of programs
 * (src/plan.ts). Valid AssemblyScript and valid TypeScript.
 *
 * An operation is a record of 16 words of 32 bits: its opcode, then its arguments in the order given here, and in
 * the last word 1 where the next operation needs nothing of it, so that threads need not wait for each other.
 * Sizes are counts of values, panels or rows; `stride` is the bytes of one panel of a batch; every other
 * name is the address of a buffer. `settings` holds the learning rate as a float32. Layouts, alignment and
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
}

/** What follows a layer's sum. */
export enum Activation {
  linear,
  sigmoid,
  relu,
}

/** The word of a record that says whether the next operation is independent of it. */
export const INDEPENDENT = 15;

/** Bytes of scratch that denseWeightGradientAdagrad needs for each thread, and panels of a batch beside them. */
export const SCRATCH = 192;
export const SCRATCH_PANELS = 5;
