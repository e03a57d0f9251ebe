/** Recipes that go on from a trained model on other pictures. */
import { requireOption, SpecError } from "../errors.ts";
import { greyModel } from "../model/grey-model.ts";
import type { Model } from "../model/model.ts";
import { isConvolutional } from "../network/spec.ts";
import type { Recipe } from "./recipe.ts";
import { recipes } from "./recipes.ts";

/**
 * A short recipe for `train(…, { from: model })`: the package's recipe that the model was trained by, with the model's network, a
 * third of the learning rate, and ten epochs, with patches of 2,000 each.
 * @throws SpecError if the model was not trained by a recipe of the package
 */
export function fineTuning(model: Model): Recipe {
  const { spec, provenance } = model ?? {};
  const isModel = spec && typeof provenance?.recipe === "string";
  requireOption("model", model, isModel, "a model, such as loadModel gives");
  const name = provenance.recipe.replace(/-tuned$/, "");
  const known: Record<string, Recipe> = recipes;
  if (!Object.hasOwn(known, name))
    throw new SpecError(
      `The model was trained by "${provenance.recipe}", which is no recipe of the package. Name a recipe to go on with.`,
    );
  const base = known[name]!;
  const { optimizer, patchesPerEpoch } = base;
  return {
    ...base,
    name: `${name}-tuned`,
    spec: withNetworkOf(base, spec),
    optimizer: { ...optimizer, learningRate: optimizer.learningRate / 3 },
    schedule: { type: "cosine", warmUp: 100 },
    epochs: 10,
    ...(patchesPerEpoch !== undefined && { patchesPerEpoch: 2000 }),
  };
}

/** A model's spec with a recipe's size of pictures, if the network takes any size. */
export function withNetworkOf({ spec: { input } }: Recipe, spec: Recipe["spec"]): Recipe["spec"] {
  const { channels } = spec.input;
  return isConvolutional(spec)
    ? { ...spec, input: { height: input.height, width: input.width, channels } }
    : spec;
}

/** The model that a training by the recipe begins with: for grey pictures the grey form of one for colour pictures. */
export function startingModel({ spec }: Recipe, model: Model): Model {
  return spec.input.channels === 1 && model.spec.input.channels === 3 ? greyModel(model) : model;
}
