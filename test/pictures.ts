/** Small synthetic pictures, and recipes that train on them in milliseconds. */
import type { Dataset } from "../src/data/images.ts";
import { autoencoderLayers, type Recipe } from "../src/recipes.ts";

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
