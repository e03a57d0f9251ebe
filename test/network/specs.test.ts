import { describe, expect, it } from "vitest";
import { SpecError } from "../../src/errors.ts";
import { initialize } from "../../src/network/initialize.ts";
import { Network } from "../../src/network/network.ts";
import { parseSpec } from "../../src/network/parse-spec.ts";
import {
  denseShapes,
  inputSize,
  layerShapes,
  multiplicationsOf,
  parameterCount,
  parameters,
  type Spec,
  trainingFlop,
} from "../../src/network/spec.ts";
import { Purpose, Random } from "../../src/noise/rng.ts";
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

describe("a network of convolutions", () => {
  const layers: Spec["layers"] = [
    { type: "conv3x3", channels: 4, dilation: 1, activation: "relu" },
    { type: "pixel-unshuffle" },
    { type: "conv1x1", channels: 16, activation: "linear", bias: false },
    { type: "pixel-shuffle" },
    { type: "add", from: "layer1" },
    { type: "conv1x1", channels: 1, activation: "linear" },
  ];
  const net: Spec = {
    input: { height: 4, width: 6, channels: 1 },
    layers,
    noiseLevel: true,
    initialization: { weights: "he", biases: 0.5, lastLayer: 0.25 },
  };
  const [conv, , point] = layers;
  /** The network with other layers in place of those from `index` on. */
  const withLayers = (index: number, ...others: unknown[]) => ({
    ...net,
    layers: layers.toSpliced(index, others.length, ...(others as Spec["layers"])),
  });

  it("is accepted as it is", () => {
    expect(parseSpec(net, "my spec")).toEqual(net);
    const explicit = withLayers(5, { ...layers[5], bias: true });
    expect(parseSpec(explicit, "my spec")).toEqual(explicit);
  });

  it("has PyTorch's shapes, no bias where it is told so, and nothing for sums and pixel layers", () => {
    expect(parameters(net)).toEqual([
      { name: "layer1.weight", shape: [4, 2, 3, 3] },
      { name: "layer1.bias", shape: [4] },
      { name: "layer3.weight", shape: [16, 16, 1, 1] },
      { name: "layer6.weight", shape: [1, 4, 1, 1] },
      { name: "layer6.bias", shape: [1] },
    ]);
    expect(parameterCount(net)).toBe(72 + 4 + 256 + 4 + 1);
  });

  it("multiplies each pixel of a layer's own scale with each weight", () => {
    const products = layerShapes(net).map((layer) => multiplicationsOf(layer, net));
    expect(products).toEqual([24 * 72, 0, 6 * 256, 0, 0, 24 * 4]);
    expect(trainingFlop(net, 3)).toBe(6 * 3 * (24 * 72 + 6 * 256 + 24 * 4));
  });

  it.each([
    ["with its bias", net],
    ["without a bias", withLayers(5, { ...layers[5], bias: false })],
  ])("starts with √(2 / n) and the last layer's factor, %s", async (_, spec) => {
    const network = await Network.create(spec, { batch: 1 });
    initialize(network, 5);
    const drawn = (index: number, length: number, deviation: number) => {
      const values = new Float32Array(length);
      new Random(5, Purpose.initialization, index).fillNormal(values, deviation);
      return values;
    };
    expect(network.get("layer1.weight")).toEqual(drawn(0, 72, Math.sqrt(2 / 18)));
    expect(network.get("layer1.bias")).toEqual(drawn(1, 4, 0.5));
    expect(network.get("layer3.weight")).toEqual(drawn(2, 256, Math.sqrt(2 / 16)));
    expect(network.get("layer6.weight")).toEqual(drawn(3, 4, 0.25 * Math.sqrt(2 / 4)));
    if (spec === net) expect(network.get("layer6.bias")).toEqual(drawn(4, 1, 0.5));
    else expect(() => network.get("layer6.bias")).toThrow(SpecError);
    await network.dispose();
  });

  it.each<[string, unknown, string]>([
    ["a 1×1 convolution with a dilation", withLayers(2, { ...point, dilation: 1 }), '"layers.2.dilation"'],
    ["a 1×1 convolution with a sigmoid", withLayers(2, { ...point, activation: "sigmoid" }), '"sigmoid"'],
    ["0 channels", withLayers(2, { ...point, channels: 0 }), "layers.2.channels has to be at least 1"],
    [
      "a bias that is a number",
      withLayers(0, { ...conv, bias: 0 }),
      "layers.0.bias has to be true or false, but is 0",
    ],
    ["a sum of nothing", withLayers(4, { type: "add" }), '"layers.4.from" is missing'],
    [
      "a layer by its number",
      withLayers(4, { type: "add", from: 1 }),
      "layers.4.from has to be a text, but is 1",
    ],
    [
      "a last convolution of 1×1 pixels that is not linear",
      withLayers(5, { ...layers[5], activation: "relu" }),
      "the last convolution has to be linear",
    ],
    ...["layer4", "layer5", "layer6", "layer7", "layer0", "layer01", "layer", "1", ""].map(
      (from): [string, unknown, string] => [
        `a sum with "${from}"`,
        withLayers(4, { type: "add", from }),
        `my spec: layer5 adds "${from}", which is no earlier layer than the one before it. Name one, such as "layer1".`,
      ],
    ),
    [
      "a sum with a layer before the first convolution",
      {
        ...net,
        layers: [
          { type: "pixel-unshuffle" },
          point,
          { ...point, channels: 4 },
          { type: "add", from: "layer1" },
        ],
      },
      "layer4 adds layer1, which is before the first convolution. Name a convolution or a layer after one.",
    ],
    [
      "a sum with another scale",
      withLayers(3, { type: "add", from: "layer1" }),
      "layer4 adds layer1, which has 4 channels at 1/1 of the size, to 16 channels at 1/2 of the size. Make them equal.",
    ],
    [
      "a sum with other channels",
      withLayers(0, { ...conv, channels: 5 }),
      "layer5 adds layer1, which has 5 channels at 1/1 of the size, to 4 channels at 1/1 of the size.",
    ],
    [
      "a sum among dense layers",
      { ...spec, layers: [spec.layers[0], spec.layers[1], { type: "add", from: "layer1" }] },
      "dense layers cannot be mixed with others",
    ],
  ])("with %s is refused", (_, data, message) => {
    expect(fault(() => parseSpec(data, "my spec"))).toContain(message);
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
      'has to be ("adagrad" | "adam" | "muon")',
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
