/** Recipes: a spec, and everything else that training needs, as plain data that users can copy, change and pass on. */
import type { Spec } from "../network/spec.ts";
import type { Noise } from "../noise/noise.ts";
import type { Ranged } from "../noise/ranged.ts";

/**
 * All that a training needs, except data and a seed. It is plain JSON. Numbers that have to be above 0 are from 10⁻³⁰ to 10³⁰.
 */
export interface Recipe {
  /** What the recipe is called in reports, model files and errors. */
  name: string;
  /** The network. */
  spec: Spec;
  /** The noise that is added to clean pictures. */
  noise: Noise;
  /** Mean over pixels and pictures of the squared (mse) or the absolute (l1) error. */
  loss: "mse" | "l1";
  /**
   * Multiplies the loss of a picture whose noise has the level σ (see `levelOf`) by (offset / (offset + σ))^power, so
   * that the strongest noise does not outweigh the rest. Only for networks of convolutions.
   */
  lossWeight?: {
    /** In grey levels, above 0. */
    offset: number;
    /** Above 0. */
    power: number;
  };
  /**
   * Learn from noisy pictures alone: those of the training set have `noise` already. It has to be Gaussian or
   * Poisson-Gaussian noise with a number in place of each range, drawn "fresh", and be independent from pixel to pixel. What the
   * network sees has more noise than it will have to remove: see `NoisyOnly`. Only for networks of convolutions without
   * `noiseLevel`, with the loss "mse". Default: the pictures of the training set are clean.
   */
  noisyOnly?: NoisyOnly;
  /** The optimiser: how the weights follow the gradients. */
  optimizer: Adagrad | Adam | Muon;
  /** Passes over the training pictures, from 1 to 10⁹; with `patchesPerEpoch`, rounds of that many patches. */
  epochs: number;
  /** Pictures of each step, from 1 to 65,536. */
  batch: number;
  /** How the learning rate changes over the steps of the run. Default: it is constant. */
  schedule?: {
    /** "linear" and "cosine": it falls to 0, along a straight line or along half a period of the cosine. */
    type: "constant" | "linear" | "cosine";
    /** Steps at the beginning in which the learning rate rises from 0 in a straight line. */
    warmUp: number;
  };
  /**
   * The model gets the exponential moving average of the parameters that are trained: a ← decay·a + (1 − decay)·w after
   * each step. At step t (from 1), the decay is t / (t + 9) if that is smaller. Default: no average.
   */
  averaging?: {
    /** From 0 to below 1. */
    decay: number;
  };
  /** "file": the pictures come in the order of the file. "shuffled": they come in another random order in each epoch. */
  order: "file" | "shuffled";
  /** Mirror a random half of the pictures, left to right. Only with noise that is drawn "fresh". */
  flips?: boolean;
  /**
   * Turn each picture by 0, 1, 2 or 3 quarters, with equal chances. Only for square pictures, and with noise that is
   * drawn "fresh". Together with `flips` this gives the eight orientations of a square.
   */
  rotations?: boolean;
  /**
   * The share of colour patches, from 0 to 1, that are turned to grey: all three channels get the pixel's luma, and the same
   * noise. So a network for colour pictures learns to denoise grey ones too. Only for pictures of 3 channels, and with noise
   * that is drawn "fresh". Default 0.
   */
  greyShare?: number;
  /**
   * What part of its level the network is told of noise that is not Gaussian, above 0; of a range, a number is drawn for each
   * picture. Who denoises a camera's pictures does not know the level, but finds it, and is wrong: a network that has learned
   * with a range around 1 does better then. Only with a spec's `noiseLevel` and noise that is drawn "fresh". Default 1.
   */
  toldLevel?: Ranged;
  /**
   * Train on patches of the spec's input size that are cut out of larger pictures at random; this is how many of them an
   * epoch shows, from 1 to 2²⁸. Every possible patch of the training set has the same chance. Only with the order
   * "shuffled", and with noise that is drawn "fresh". If left out, pictures have the spec's size, and an epoch shows each
   * of them once.
   */
  patchesPerEpoch?: number;
}

/**
 * How a network learns from noisy pictures y alone, whose noise has the standard deviation σ at a pixel.
 *
 * Of scenes with one frame, it sees y + strength·σ·n and is to put out y − σ·n / strength, where n is drawn anew each time
 * from N(0, 1). The noise of the two is independent, so that the clean picture is what it learns to put out: Pang et al.,
 * "Recorrupted-to-Recorrupted", CVPR 2021. Of scenes with several frames, it sees the mean of half of them, drawn at random,
 * and is to put out the mean of the others: Lehtinen et al., "Noise2Noise", ICML 2018.
 */
export interface NoisyOnly {
  /** From 0.1 to 2. Scenes with several frames do not use it. */
  strength: number;
}

/** The optimiser Adagrad: John Duchi, Elad Hazan and Yoram Singer, "Adaptive subgradient methods", JMLR 12 (2011). */
export interface Adagrad {
  /** The kind of optimiser. */
  type: "adagrad";
  /** What steps are multiplied by, above 0; the schedule changes it over the run. */
  learningRate: number;
  /** The value that each sum of squared gradients starts from. It is above 0, since there is no epsilon. */
  initialAccumulator: number;
}

/** The optimiser Adam: Diederik Kingma and Jimmy Ba, "Adam: a method for stochastic optimization", ICLR 2015. */
export interface Adam {
  /** The kind of optimiser. */
  type: "adam";
  /** About how far a weight moves in a step, above 0; the schedule changes it over the run. */
  learningRate: number;
  /** Decay of the running mean of gradients, from 0 to below 1. */
  beta1: number;
  /** Decay of the running mean of squared gradients, from 0 to below 1. */
  beta2: number;
  /** Added to the square root of the running mean of squared gradients; above 0. */
  epsilon: number;
}

/**
 * The optimiser Muon: Keller Jordan et al., "Muon: an optimizer for hidden layers in neural networks", 2024. The weights of a
 * layer follow the running mean of their gradients, after all singular values of that have been made about 1. The weights of
 * the first and of the last layer and all biases follow Adam. Only for networks of convolutions.
 */
export interface Muon {
  /** The kind of optimiser. */
  type: "muon";
  /** Adam's learning rate, above 0; a weight that follows Muon moves about a fifth of it in a step. The schedule changes it. */
  learningRate: number;
  /** Decay of the running mean of gradients, from 0 to below 1. */
  beta1: number;
  /** Adam's decay of the running mean of squared gradients, from 0 to below 1. */
  beta2: number;
  /** Adam's: added to the square root of the running mean of squared gradients; above 0. */
  epsilon: number;
}
