/** A recipe is a spec and all that training it needs: data that users can copy, change and pass on. */
import * as v from "valibot";
import { SpecError } from "../errors.ts";
import { parse } from "../network/parse.ts";
import { parseSpec } from "../network/parse-spec.ts";
import { isConvolutional, type Layer, type Spec } from "../network/spec.ts";
import { SpecSchema } from "../network/spec-schema.ts";
import type { Noise } from "../noise/noise.ts";
import { NoiseSchema } from "../noise/noise-schema.ts";

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

const fraction = v.pipe(v.number(), v.minValue(0), v.maxValue(0.999999));
const positive = v.pipe(v.number(), v.finite(), v.gtValue(0));

const RecipeSchema = v.strictObject({
  name: v.pipe(v.string(), v.minLength(1)),
  spec: SpecSchema,
  noise: NoiseSchema,
  loss: v.picklist(["mse", "l1"]),
  lossWeight: v.exactOptional(v.strictObject({ offset: positive, power: positive })),
  optimizer: v.variant("type", [
    v.strictObject({
      type: v.literal("adagrad"),
      learningRate: positive,
      initialAccumulator: positive,
    }),
    v.strictObject({
      type: v.literal("adam"),
      learningRate: positive,
      beta1: fraction,
      beta2: fraction,
      epsilon: positive,
    }),
  ]),
  epochs: v.pipe(v.number(), v.integer(), v.minValue(1)),
  batch: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(1 << 16)),
  schedule: v.exactOptional(
    v.strictObject({
      type: v.picklist(["constant", "linear", "cosine"]),
      warmUp: v.pipe(v.number(), v.integer(), v.minValue(0)),
    }),
  ),
  averaging: v.exactOptional(v.strictObject({ decay: fraction })),
  order: v.picklist(["file", "shuffled"]),
  flips: v.exactOptional(v.boolean()),
  rotations: v.exactOptional(v.boolean()),
  patchesPerEpoch: v.exactOptional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(1 << 28))),
}) satisfies v.GenericSchema<unknown, Recipe>;

/** Checks unknown data; `what` names it in errors. @throws SpecError */
export function parseRecipe(data: unknown, what = "recipe"): Recipe {
  const recipe = parse(RecipeSchema, data, what);
  parseSpec(recipe.spec, `${what}, spec`);
  requireConsistent(recipe, what);
  return recipe;
}

/** @throws SpecError where keys do not go together */
function requireConsistent(recipe: Recipe, what: string): void {
  const { spec, noise, loss, order, flips, rotations, patchesPerEpoch, lossWeight } = recipe;
  if (noise.drawn === "once" && (order !== "file" || flips || rotations || patchesPerEpoch !== undefined)) {
    throw new SpecError(
      `${what}: "shuffled" order, flips, rotations and patchesPerEpoch need noise that is drawn "fresh", not "once". Change one of them.`,
    );
  }
  if (patchesPerEpoch !== undefined && order !== "shuffled") {
    throw new SpecError(
      `${what}: patchesPerEpoch takes patches at random: its order is "shuffled", not "file". Change one of them.`,
    );
  }
  if (rotations && spec.input.height !== spec.input.width) {
    throw new SpecError(
      `${what}: pictures of ${spec.input.height}×${spec.input.width} are not square, so they cannot be turned. Leave rotations out.`,
    );
  }
  if (!isConvolutional(spec) && (loss !== "mse" || lossWeight)) {
    throw new SpecError(
      `${what}: networks of dense layers know the loss "mse" without lossWeight only. Change the loss.`,
    );
  }
}

/** Dense layers of the given sizes: sigmoid between, linear at the end. */
export function autoencoderLayers(units: readonly number[]): Layer[] {
  return units.map((size, index) => ({
    type: "dense",
    units: size,
    activation: index === units.length - 1 ? "linear" : "sigmoid",
  }));
}

/** 3×3 convolutions with the given channels and dilations: ReLU between, linear at the end. */
function residualLayers(channels: readonly number[], dilations: readonly number[]): Layer[] {
  return channels.map((count, index) => ({
    type: "conv3x3",
    channels: count,
    dilation: dilations[index]!,
    activation: index === channels.length - 1 ? "linear" : "relu",
  }));
}

/** The recipes that come with the package, by name. */
export const recipes = {
  /**
   * The classic Fashion-MNIST autoencoder. It compresses a picture to 32 numbers; its output is further from
   * the clean picture than the noisy input is.
   */
  "fashion-autoencoder": {
    name: "fashion-autoencoder",
    spec: {
      input: { height: 28, width: 28, channels: 1 },
      layers: autoencoderLayers([256, 32, 32, 256, 784]),
      initialization: { weights: 1, biases: 1 },
    },
    noise: { model: "gaussian", sigma: 10, drawn: "once" },
    loss: "mse",
    optimizer: { type: "adagrad", learningRate: 0.1, initialAccumulator: 0.1 },
    epochs: 100,
    batch: 100,
    order: "file",
  },
  /**
   * A residual network of six convolutions that really denoises: one for all noise up to σ = 55, told the level.
   * Kai Zhang et al., "FFDNet", IEEE TIP 27 (2018), has the noise-level plane; "Beyond a Gaussian denoiser",
   * IEEE TIP 26 (2017), the residual.
   */
  "fashion-conv": {
    name: "fashion-conv",
    spec: {
      input: { height: 28, width: 28, channels: 1 },
      white: 1,
      layers: residualLayers([16, 16, 16, 16, 16, 1], [1, 1, 2, 1, 1, 1]),
      residual: true,
      noiseLevel: true,
      initialization: { weights: "he", biases: 0, lastLayer: 0 },
    },
    noise: { model: "gaussian", sigma: [0, 55], drawn: "fresh" },
    loss: "mse",
    lossWeight: { offset: 10, power: 2.5 },
    // With the usual beta2 of 0.999 the loss jumps at this rate, or the network dies: docs/experiments.md.
    optimizer: { type: "adam", learningRate: 0.004, beta1: 0.9, beta2: 0.99, epsilon: 1e-8 },
    schedule: { type: "cosine", warmUp: 1000 },
    averaging: { decay: 0.999 },
    epochs: 80,
    batch: 32,
    order: "shuffled",
    flips: true,
  },
} as const satisfies Record<string, Recipe>;
