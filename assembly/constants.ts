/** Numbers that stand for choices, shared by the kernels and by the code that calls them. Valid AssemblyScript and valid TypeScript. */

/** The function that a layer applies to its weighted sums. */
export enum Activation {
  linear,
  sigmoid,
  relu,
}

/** The loss of a pixel: the squared or the absolute error. */
export enum ImageLoss {
  squared,
  absolute,
}

/** Stands for the purpose in the stream of a picture whose noise a step does not draw (gaussianNoise in noise.ts). */
export const NO_STREAM = 0;

/** Indices into the optimisers' settings (optimizers.ts, conv/muon.ts), float32 values. β₁, β₂ and ε are set once, the others before each step. */
export enum Setting {
  /** Adagrad's learning rate; Adam's, divided by 1 − β₁ᵗ. */
  rate,
  /** Adam's 1 / √(1 − β₂ᵗ), β₁, β₂ and ε. */
  correction,
  beta1,
  beta2,
  epsilon,
  /** The fraction of the way, 0 to 1, that an average moves towards its parameter in a step. */
  averaging,
  /** Muon's learning rate. */
  muonRate,
}
export const SETTINGS = 7;
