/** What kernels and the programs that call them agree on. Valid AssemblyScript and valid TypeScript. */

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

/** What the optimisers (optimizers.ts) are told before each step: float32 values, one after the other. */
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
