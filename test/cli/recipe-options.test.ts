import { expect, it } from "vitest";
import { recipeFrom } from "../../src/cli/recipe-options.ts";
import { recipes } from "../../src/training/recipes.ts";

it.each(Object.entries(recipes))(
  "the command line trains %s as it is, down to the last key",
  async (name, recipe) => {
    expect(await recipeFrom({ recipe: name })).toEqual(recipe);
  },
);
