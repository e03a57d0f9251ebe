import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { recipeFrom } from "../../src/cli/recipe-options.ts";
import { greyModel } from "../../src/model/grey-model.ts";
import { decodeModel } from "../../src/model/model-file.ts";
import { isSameNetwork } from "../../src/network/spec.ts";
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

it("a recipe for grey pictures gets the grey form of a model for colour pictures", async () => {
  const path = `${models}photo.safetensors`;
  const photo = decodeModel(readFileSync(path), path);
  const { name, spec } = await recipeFrom({ recipe: "photo-grey" }, photo);
  expect(name).toBe("photo-grey");
  expect(spec.input).toEqual({ height: 64, width: 64, channels: 1 });
  expect(isSameNetwork(spec, greyModel(photo).spec)).toBe(true);
});

it("--noise camera is the noise of photographs, drawn when the recipe says", async () => {
  const { noise } = await recipeFrom({ recipe: "fashion-conv", noise: "camera" });
  expect(noise).toEqual({ ...cameraNoise, drawn: "fresh" });
});

describe("--noise with a file", () => {
  const folder = mkdtempSync(join(tmpdir(), "denoise-wasm-noise-"));
  afterAll(() => rmSync(folder, { recursive: true }));
  const withFile = (text: string, recipe = "photo") => {
    const noise = join(folder, "noise.json");
    writeFileSync(noise, text);
    return recipeFrom({ recipe, noise });
  };

  it("is the noise in it, drawn when the recipe says or the file", async () => {
    const camera = { model: "camera", gain: 0.004, jpeg: { share: 1, quality: 90, subsampled: 1 } };
    expect((await withFile(JSON.stringify(camera))).noise).toEqual({ ...camera, drawn: "fresh" });
    const once = { ...camera, drawn: "once" };
    expect((await withFile(JSON.stringify(once), "fashion-autoencoder")).noise).toEqual(once);
  });

  it.each([
    ["{", /noise\.json is not JSON: /],
    ["[1]", /noise\.json holds no noise: it needs the key "model"/],
    ["null", /noise\.json holds no noise/],
    ['{ "model": "camera" }', /noise\.gain/],
    ['{ "model": "camera", "gain": 0.1, "Gain": 1 }', /Gain/],
  ])("%s is an error that says what is wrong", async (text, message) => {
    await expect(withFile(text)).rejects.toThrow(message);
  });

  it("that is missing is named", async () => {
    await expect(recipeFrom({ noise: "none.json" })).rejects.toThrow(
      /^"none\.json" is neither a model of noise nor a file that can be read: ENOENT/,
    );
  });
});
