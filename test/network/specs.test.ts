import { describe, expect, it } from "vitest";
import { SpecError } from "../../src/errors.ts";
import { parseSpec } from "../../src/network/parse-spec.ts";
import { denseShapes, inputSize, parameterCount, parameters } from "../../src/network/spec.ts";
import { autoencoderLayers, parseRecipe, recipes } from "../../src/training/recipes.ts";

const recipe = recipes["fashion-autoencoder"];
const { spec } = recipe;

/** The message of the SpecError that `run` throws. */
function fault(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    expect(error).toBeInstanceOf(SpecError);
    return (error as Error).message;
  }
  throw new Error("nothing was wrong");
}

describe("the classic recipe", () => {
  it("is what it is said to be", () => {
    expect(inputSize(spec)).toBe(784);
    expect(denseShapes(spec).map(({ inputs, outputs, activation }) => [inputs, outputs, activation])).toEqual(
      [
        [784, 256, "sigmoid"],
        [256, 32, "sigmoid"],
        [32, 32, "sigmoid"],
        [32, 256, "sigmoid"],
        [256, 784, "linear"],
      ],
    );
    // 784·256 + 256·32 + 32·32 + 32·256 + 256·784 weights, 256 + 32 + 32 + 256 + 784 biases.
    expect(parameterCount(spec)).toBe(418_816 + 1_360);
    expect(parameters(spec).slice(0, 2)).toEqual([
      { name: "layer1.weight", shape: [256, 784] },
      { name: "layer1.bias", shape: [256] },
    ]);
    expect(parameters(spec)).toHaveLength(10);
    expect(recipe).toMatchObject({
      noise: { sigma: 10 },
      optimizer: { type: "adagrad", learningRate: 0.1, initialAccumulator: 0.1 },
      epochs: 100,
      batch: 100,
    });
  });

  it("is accepted as it is, also after a trip through JSON", () => {
    expect(parseRecipe(recipe)).toEqual(recipe);
    expect(parseRecipe(JSON.parse(JSON.stringify(recipe)))).toEqual(recipe);
  });
});

describe("a spec", () => {
  it.each<[string, unknown, string]>([
    ["nothing", undefined, "my spec: it has to be an object, but is undefined."],
    ["a list", [], '"input" is missing'],
    ["an unknown key", { ...spec, dropout: 0.5 }, 'unknown key "dropout", remove it'],
    [
      "an unknown key below",
      { ...spec, input: { ...spec.input, depth: 3 } },
      'unknown key "input.depth", remove it',
    ],
    [
      "an unknown key of a layer",
      { ...spec, layers: [...spec.layers.slice(0, 4), { ...spec.layers[4], bias: false }] },
      'unknown key "layers.4.bias"',
    ],
    ["a missing key", { input: spec.input, layers: spec.layers }, '"initialization" is missing'],
    ["no layers", { ...spec, layers: [] }, "layers has to be at least 1 long"],
    ["65 layers", { ...spec, layers: Array(65).fill(spec.layers[4]) }, "layers has to be at most 64 long"],
    [
      "0 units",
      { ...spec, layers: autoencoderLayers([0, 784]) },
      "layers.0.units has to be at least 1, but is 0",
    ],
    [
      "half a unit",
      { ...spec, layers: autoencoderLayers([2.5, 784]) },
      "layers.0.units has to be a whole number",
    ],
    [
      "2 million units",
      { ...spec, layers: autoencoderLayers([2e6, 784]) },
      "layers.0.units has to be at most 1048576",
    ],
    [
      "an activation of another name",
      { ...spec, layers: [{ type: "dense", units: 784, activation: "tanh" }] },
      'layers.0.activation has to be ("linear" | "sigmoid" | "relu"), but is "tanh"',
    ],
    [
      "an initialisation that is NaN",
      { ...spec, initialization: { weights: Number.NaN, biases: 1 } },
      'initialization.weights has to be ("he" | number), but is NaN',
    ],
    [
      "a last layer that is no picture",
      { ...spec, layers: autoencoderLayers([256, 783]) },
      "the last layer puts out 783 values but a picture of 28×28×1 has 784",
    ],
  ])("with %s is refused", (_, data, message) => {
    expect(fault(() => parseSpec(data, "my spec"))).toContain(message);
    expect(fault(() => parseSpec(data, "my spec"))).toMatch(/^my spec: /);
  });
});

describe("a recipe", () => {
  it.each<[string, unknown, string]>([
    ["an unknown key", { ...recipe, epoch: 3 }, 'file.json: unknown key "epoch", remove it.'],
    [
      "an unknown key below",
      { ...recipe, optimizer: { ...recipe.optimizer, momentum: 0.9 } },
      'unknown key "optimizer.momentum"',
    ],
    ["an unknown key in its spec", { ...recipe, spec: { ...spec, skip: true } }, 'unknown key "spec.skip"'],
    ["another loss", { ...recipe, loss: "mae" }, 'loss has to be ("mse" | "l1"), but is "mae"'],
    [
      "another optimiser",
      { ...recipe, optimizer: { ...recipe.optimizer, type: "sgd" } },
      'has to be ("adagrad" | "adam")',
    ],
    [
      "an accumulator of 0",
      { ...recipe, optimizer: { ...recipe.optimizer, initialAccumulator: 0 } },
      "optimizer.initialAccumulator has to be above 0",
    ],
    [
      "negative noise",
      { ...recipe, noise: { ...recipe.noise, sigma: -1 } },
      "noise.sigma has to be at least 0, but is -1",
    ],
    [
      "endless noise",
      { ...recipe, noise: { ...recipe.noise, sigma: 1 / 0 } },
      "noise.sigma has to be finite, but is Infinity",
    ],
    ["epochs in words", { ...recipe, epochs: "ten" }, 'epochs has to be a number, but is "ten"'],
    ["no epochs", { ...recipe, epochs: 0 }, "epochs has to be at least 1"],
    ["a batch of 65,537", { ...recipe, batch: 65_537 }, "batch has to be at most 65536"],
    ["no name", { ...recipe, name: "" }, "name has to be at least 1 long"],
    [
      "a spec that does not fit itself",
      { ...recipe, spec: { ...spec, layers: autoencoderLayers([3]) } },
      "puts out 3",
    ],
  ])("with %s is refused", (_, data, message) => {
    expect(fault(() => parseRecipe(data, "file.json"))).toContain(message);
    expect(fault(() => parseRecipe(data, "file.json"))).toMatch(/^file\.json[:,]/);
  });
});
