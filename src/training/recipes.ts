/** Checks recipes from unknown data, and holds the recipes that come with the package. */
import { SpecError } from "../errors.ts";
import { parse } from "../network/parse.ts";
import { parseSpec } from "../network/parse-spec.ts";
import { isConvolutional, type Layer } from "../network/spec.ts";
import type { NoiseModel } from "../noise/noise.ts";
import { photoRecipes } from "./photo-recipes.ts";
import type { Recipe } from "./recipe.ts";
import { RecipeSchema } from "./recipe-schema.ts";

export type { Adagrad, Adam, Muon, NoisyOnly, Recipe } from "./recipe.ts";

/**
 * Checks that unknown data, such as parsed JSON, is a recipe, and returns it.
 * @param what what errors call the data
 * @throws SpecError that names every key that is unknown, missing, or out of range, or keys that do not go together
 */
export function parseRecipe(data: unknown, what = "recipe"): Recipe {
  const recipe = parse(RecipeSchema, data, what);
  parseSpec(recipe.spec, `${what}, spec`);
  requireConsistent(recipe, what);
  return recipe;
}

/** @throws SpecError if keys of the recipe do not go together */
function requireConsistent(recipe: Recipe, what: string): void {
  const {
    spec,
    noise,
    optimizer,
    loss,
    order,
    flips,
    rotations,
    greyShare,
    toldLevel,
    patchesPerEpoch,
    lossWeight,
    noisyOnly,
  } = recipe;
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
  const { channels } = spec.input;
  if (greyShare !== undefined && (channels !== 3 || noise.drawn === "once")) {
    throw new SpecError(
      `${what}: greyShare turns colour patches to grey before their noise is drawn. It needs 3 channels and noise that is drawn "fresh".`,
    );
  }
  if (toldLevel !== undefined && !(isConvolutional(spec) && spec.noiseLevel && noise.drawn === "fresh")) {
    throw new SpecError(
      `${what}: toldLevel is for networks of convolutions with noiseLevel, and noise that is drawn "fresh". Leave it out.`,
    );
  }
  if (hasCamera(noise) && channels !== 1 && channels !== 3) {
    throw new SpecError(
      `${what}: a camera's noise is for pictures of 1 or 3 channels, not of ${channels}. Use another noise.`,
    );
  }
  if (noisyOnly) requireForNoisyOnly(recipe, what);
  if (!isConvolutional(spec) && optimizer.type === "muon") {
    throw new SpecError(`${what}: networks of dense layers do not learn by Muon. Use "adagrad" or "adam".`);
  }
  if (!isConvolutional(spec) && (loss !== "mse" || lossWeight)) {
    throw new SpecError(
      `${what}: networks of dense layers know the loss "mse" without lossWeight only. Change the loss.`,
    );
  }
}

/** @throws SpecError if a recipe cannot learn from noisy pictures alone */
function requireForNoisyOnly({ spec, noise, loss, lossWeight, greyShare }: Recipe, what: string): void {
  const isKnown =
    noise.drawn === "fresh" &&
    ((noise.model === "gaussian" && typeof noise.sigma === "number") ||
      (noise.model === "poisson-gaussian" &&
        typeof noise.sigma === "number" &&
        typeof noise.gain === "number"));
  if (!isKnown) {
    throw new SpecError(
      `${what}: noisyOnly needs the noise that the pictures have, "gaussian" or "poisson-gaussian" with numbers and not ranges, drawn "fresh".`,
    );
  }
  if (isConvolutional(spec) && !spec.noiseLevel && loss === "mse" && !lossWeight && !greyShare) return;
  throw new SpecError(
    `${what}: noisyOnly is for networks of convolutions without noiseLevel, the loss "mse", and neither lossWeight nor greyShare.`,
  );
}

function hasCamera(noise: NoiseModel): boolean {
  return noise.model === "mixture"
    ? noise.of.some((part) => hasCamera(part.noise))
    : noise.model === "camera";
}

/** Dense layers with the given numbers of units. The last one is linear; a sigmoid follows each of the others. */
export function autoencoderLayers(units: readonly number[]): Layer[] {
  return units.map((size, index) => ({
    type: "dense",
    units: size,
    activation: index === units.length - 1 ? "linear" : "sigmoid",
  }));
}

/** 3×3 convolutions with the given channels and dilations. The last one is linear; a ReLU follows each of the others. */
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
   * A residual network of six convolutions that really denoises. One network handles all noise up to σ = 55, since the
   * noise level is one of its inputs. That input is an idea of Kai Zhang et al., "FFDNet", IEEE TIP 27 (2018); to predict
   * the noise is one of "Beyond a Gaussian denoiser", IEEE TIP 26 (2017).
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
  ...photoRecipes,
} as const satisfies Record<string, Recipe>;
