/** Recipes that learn from noisy pictures alone. */
import type { GaussianNoise, PoissonGaussianNoise } from "../noise/pointwise.ts";
import type { Recipe } from "./recipe.ts";

/**
 * A recipe's network and optimiser for noisy pictures alone: see `NoisyOnly`. The network is not told the level of the noise, and
 * the loss is the mean squared error.
 * @param noise what the pictures have, with a number in place of each range
 */
export function noisyOnlyRecipe(recipe: Recipe, noise: GaussianNoise | PoissonGaussianNoise): Recipe {
  const { lossWeight: _, greyShare: __, spec, ...others } = recipe;
  const { noiseLevel: ___, ...blind } = spec;
  return {
    ...others,
    spec: blind,
    noise: { ...noise, drawn: "fresh" },
    noisyOnly: { strength: 0.8 },
    loss: "mse",
  };
}
