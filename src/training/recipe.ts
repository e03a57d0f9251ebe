/** A recipe is a spec and all else that training needs: data that users can copy, change and pass on. */
import type { Spec } from "../network/spec.ts";
import type { Noise } from "../noise/noise.ts";

/** All that a training needs. */
export interface Recipe {
  /** What the recipe is called in reports, model files and errors. */
  name: string;
  /** The network. */
  spec: Spec;
  /** What is added to clean pictures. */
  noise: Noise;
  /** Mean over pixels and pictures of the squared (mse) or the absolute (l1) error. */
  loss: "mse" | "l1";
  /**
   * Multiplies the loss of a picture whose noise has the level σ (`levelOf`) by (offset / (offset + σ))^power, so that
   * the strongest noise does not outweigh the rest; for networks of convolutions.
   */
  lossWeight?: {
    /** In grey levels, above 0. */
    offset: number;
    /** Above 0. */
    power: number;
  };
  /** How the weights follow the gradients. */
  optimizer: Adagrad | Adam;
  /** Passes over the training pictures. */
  epochs: number;
  /** Pictures of each step, from 1 to 65,536. */
  batch: number;
  /** Of the learning rate over the steps of the run; constant if left out. */
  schedule?: {
    /** From the learning rate to 0 in a straight line or in half a period of the cosine. */
    type: "constant" | "linear" | "cosine";
    /** Steps at the beginning in which it rises from 0. */
    warmUp: number;
  };
  /**
   * The model's parameters are the exponential moving average, a ← decay·a + (1 − decay)·w after each step, of
   * those that are trained; at step t (from 1) with the decay t / (t + 9) where that is smaller.
   */
  averaging?: {
    /** From 0 to below 1. */
    decay: number;
  };
  /** "file": pictures in the order of the file; "shuffled": in another order in each epoch. */
  order: "file" | "shuffled";
  /** Mirror half of the pictures, left to right; with fresh noise only. */
  flips?: boolean;
  /**
   * Turn each picture by 0, 1, 2 or 3 quarters, as likely as each other; square ones, with fresh noise only. With
   * `flips` these are the eight orientations of the square.
   */
  rotations?: boolean;
  /**
   * Train on patches of the spec's input size that are cut out of larger pictures at random, so many in each epoch,
   * each patch that there is in the set as likely as any other; in "shuffled" order, with fresh noise only. Left out,
   * an epoch shows every picture once, and pictures have the spec's size.
   */
  patchesPerEpoch?: number;
}

/** John Duchi, Elad Hazan and Yoram Singer, "Adaptive subgradient methods", JMLR 12 (2011). */
export interface Adagrad {
  /** The kind of optimiser. */
  type: "adagrad";
  /** What steps are multiplied with, above 0; the schedule changes it over the run. */
  learningRate: number;
  /** What each accumulator of squared gradients starts from; above 0, since there is no epsilon. */
  initialAccumulator: number;
}

/** Diederik Kingma and Jimmy Ba, "Adam: a method for stochastic optimization", ICLR 2015. */
export interface Adam {
  /** The kind of optimiser. */
  type: "adam";
  /** About the length of a weight's step, above 0; the schedule changes it over the run. */
  learningRate: number;
  /** Decay of the running mean of gradients, from 0 to below 1. */
  beta1: number;
  /** Decay of the running mean of squared gradients, from 0 to below 1. */
  beta2: number;
  /** Added to the root of the mean of squared gradients; above 0. */
  epsilon: number;
}
