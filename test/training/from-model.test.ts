/** A training that begins with the weights of a model. */
import { describe, expect, it } from "vitest";
import { sha256 } from "../../src/data/sha256.ts";
import { SpecError } from "../../src/errors.ts";
import { decodeModel, encodeModel } from "../../src/model/model-file.ts";
import type { Recipe } from "../../src/training/recipes.ts";
import { resume, train } from "../../src/training/trainer.ts";
import { pictures, smallRecipe, smallUNetRecipe } from "../support/pictures.ts";

const data = pictures(8, [4, 6]);
const recipe = smallUNetRecipe({ size: [4, 6], epochs: 2, batch: 4 });
const trained = () => train(recipe, data, { threads: 1 }).model();
/** With steps so small that a weight stays what it is. */
const still = (recipe: Recipe): Recipe => ({
  ...recipe,
  optimizer: { ...recipe.optimizer, learningRate: 1e-30 },
});

describe("a training that goes on from a model", () => {
  it.each([
    ["a network of convolutions", recipe],
    ["dense layers", smallRecipe({ size: [4, 6], units: [7, 24], epochs: 1, batch: 4 })],
  ])("begins with its weights: %s", async (_, recipe) => {
    const model = await train(recipe, data, { threads: 1 }).model();
    const next = await train(still(recipe), data, { threads: 1, seed: 2, from: model }).model();
    expect(next.parameters).toEqual(model.parameters);
  });

  it("says from which, also after an interruption, and takes pictures of another size", async () => {
    const model = await trained();
    const digest = await sha256(encodeModel(model));
    const larger = smallUNetRecipe({ size: [8, 8], epochs: 2, batch: 4 });
    const others = pictures(8, [8, 8]);
    const whole = await train(larger, others, { threads: 1, from: model }).model();
    expect(whole.provenance.from).toBe(digest);
    expect(decodeModel(encodeModel(whole), "whole").provenance.from).toBe(digest);
    const first = train(larger, others, { threads: 1, from: model });
    await first.next();
    const checkpoint = first.checkpoint();
    await first.return();
    const resumed = await resume(checkpoint, others, { threads: 1 }).model();
    expect(encodeModel(resumed)).toEqual(encodeModel(whole));
  });

  it("knows a network again that is written in another way", async () => {
    const model = await trained();
    const layers = recipe.spec.layers.map(
      (layer) => Object.fromEntries(Object.entries(layer).reverse()) as typeof layer,
    );
    const spec = { ...model.spec, layers, padding: "zeros" as const };
    expect(() => train(recipe, data, { from: { ...model, spec } })).not.toThrow();
  });

  it("is refused if the model has another network, or is none", async () => {
    const model = await trained();
    const dense = smallRecipe({ size: [4, 6], units: [7, 24], epochs: 1, batch: 4 });
    expect(() => train(dense, data, { from: model })).toThrow(
      new SpecError(
        'The model that the training is to begin with has another network than the recipe "small". Give the recipe the model\'s spec.',
      ),
    );
    const mirrored = { ...model, spec: { ...model.spec, padding: "reflect" as const } };
    expect(() => train(recipe, data, { from: mirrored })).toThrow(SpecError);
    for (const from of [null, "model.safetensors", {}, encodeModel(model)])
      expect(() => train(recipe, data, { from: from as never })).toThrow(/^from has to be a model/);
  });
});
