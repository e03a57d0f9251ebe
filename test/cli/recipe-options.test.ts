import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";
import { recipeFrom } from "../../src/cli/recipe-options.ts";
import { cameraNoise } from "../../src/noise/camera.ts";
import { recipes } from "../../src/training/recipes.ts";

it.each(Object.entries(recipes))(
  "the command line trains %s as it is, down to the last key",
  async (name, recipe) => {
    expect(await recipeFrom({ recipe: name })).toEqual(recipe);
  },
);

const models = fileURLToPath(new URL("../../models/", import.meta.url));
it.each(readdirSync(models).filter((name) => name.endsWith(".json")))(
  "the recipe of the report %s trains its weights anew",
  async (name) => {
    const { recipe } = JSON.parse(readFileSync(models + name, "utf8"));
    expect(await recipeFrom({ recipe: models + name })).toEqual(recipe);
  },
);

it("--noise camera is the noise of photographs, drawn when the recipe says", async () => {
  const { noise } = await recipeFrom({ recipe: "fashion-conv", noise: "camera" });
  expect(noise).toEqual({ ...cameraNoise, drawn: "fresh" });
});
