/** Small synthetic pictures, and recipes that train on them in milliseconds. */
import type { Dataset } from "../../src/data/images.ts";
import { autoencoderLayers, type Recipe } from "../../src/training/recipes.ts";

type Size = readonly [height: number, width: number];

/** Bars of changing brightness: something that can be learned. */
export function pictures(count: number, [height, width]: Size): Pick<Dataset, "name" | "sha256" | "train"> {
  const data = new Uint8Array(count * height * width);
  for (let i = 0; i < data.length; i++) {
    const picture = Math.floor(i / (height * width));
    const column = i % width;
    data[i] = (column + picture) % 3 === 0 ? 40 + ((picture * 53) % 200) : (picture * 17) % 60;
  }
  const labels = Uint8Array.from({ length: count }, (_, index) => index % 10);
  return {
    name: "bars",
    sha256: "0".repeat(64),
    train: { data, count, height, width, channels: 1, labels },
  };
}

/** A recipe for them: layers of `units`, the last a picture's size, sigmoid between. */
export function smallRecipe(options: {
  size: Size;
  units: readonly number[];
  epochs?: number;
  batch?: number;
  learningRate?: number;
  layers?: Recipe["spec"]["layers"];
}): Recipe {
  const [height, width] = options.size;
  return {
    name: "small",
    spec: {
      input: { height, width, channels: 1 },
      layers: options.layers ?? autoencoderLayers(options.units),
      initialization: { weights: 0.3, biases: 0.3 },
    },
    noise: { model: "gaussian", sigma: 10, drawn: "once" },
    loss: "mse",
    optimizer: { type: "adagrad", learningRate: options.learningRate ?? 0.1, initialAccumulator: 0.1 },
    epochs: options.epochs ?? 3,
    batch: options.batch ?? 4,
    order: "file",
  };
}

/** A recipe of convolutions for them with all that a training can carry on: Adam, averages, fresh noise, a schedule. */
export function smallConvRecipe(options: { size: Size; epochs?: number; batch?: number }): Recipe {
  const [height, width] = options.size;
  return {
    name: "small-conv",
    spec: {
      input: { height, width, channels: 1 },
      white: 1,
      layers: [
        { type: "conv3x3", channels: 5, dilation: 1, activation: "relu" },
        { type: "conv3x3", channels: 1, dilation: 1, activation: "linear" },
      ],
      residual: true,
      noiseLevel: true,
      initialization: { weights: "he", biases: 0.1 },
    },
    noise: { model: "gaussian", sigma: [0, 55], drawn: "fresh" },
    loss: "mse",
    lossWeight: { offset: 5, power: 1.5 },
    optimizer: { type: "adam", learningRate: 0.01, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 },
    schedule: { type: "cosine", warmUp: 2 },
    averaging: { decay: 0.99 },
    epochs: options.epochs ?? 3,
    batch: options.batch ?? 4,
    order: "shuffled",
    flips: true,
  };
}

/** The same recipe with Muon, for a network of two scales with skip connections, 1×1 convolutions and layers without bias. Sizes are even. */
export function smallUNetRecipe(options: { size: Size; epochs?: number; batch?: number }): Recipe {
  const recipe = smallConvRecipe(options);
  const layers: Recipe["spec"]["layers"] = [
    { type: "conv3x3", channels: 5, dilation: 1, activation: "relu" },
    { type: "pixel-unshuffle" },
    { type: "conv1x1", channels: 7, activation: "relu" },
    { type: "conv3x3", channels: 7, dilation: 1, activation: "linear", bias: false },
    { type: "add", from: "layer3" },
    { type: "conv1x1", channels: 20, activation: "linear", bias: false },
    { type: "pixel-shuffle" },
    { type: "add", from: "layer1" },
    { type: "conv1x1", channels: 1, activation: "linear" },
  ];
  return {
    ...recipe,
    name: "small-u-net",
    spec: { ...recipe.spec, layers },
    optimizer: { type: "muon", learningRate: 0.01, beta1: 0.95, beta2: 0.99, epsilon: 1e-8 },
  };
}
