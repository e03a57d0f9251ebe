/** What contestants with convolutions work on: the network of the recipe fashion-conv, batches and pictures for it. */

import { loadFashionMnistFrom } from "../src/data/fashion-mnist.node.ts";
import { type Images, pixelsOf, valuesAt } from "../src/data/images.ts";
import { layerShapes } from "../src/network/spec.ts";
import { addNoise } from "../src/noise/noise.ts";
import { Purpose } from "../src/noise/rng.ts";
import { batchSource } from "../src/training/batches.ts";
import { type Recipe, recipes } from "../src/training/recipes.ts";
import { networkFor } from "../src/training/training-state.ts";

export const SEED = 1;
const WHITE = 255;
const { spec, optimizer } = recipes["fashion-conv"];

/**
 * The recipe in batches of 128, and with a last layer that does not begin with zeros, which would hide what is wrong in
 * the others.
 */
export const recipe: Recipe = {
  ...recipes["fashion-conv"],
  batch: 128,
  spec: { ...spec, initialization: { ...spec.initialization, lastLayer: 1 } },
};

const convolutions = layerShapes(spec).filter((layer) => layer.type === "conv3x3");

export interface ConvWorkload {
  /** In words. */
  readonly network: string;
  /** Inputs, outputs and dilation of each layer. */
  readonly layers: readonly (readonly [inputs: number, outputs: number, dilation: number])[];
  /** Numbers summed one after the other on the way to the network's output. */
  readonly sumLength: number;
  /** Initial weights [outputs, inputs, 3, 3] and biases [outputs] by name. */
  readonly parameters: ReadonlyMap<string, Float32Array>;
  readonly learningRate: number;
  /** Adam's. */
  readonly betas: readonly [number, number];
  readonly batch: number;
  readonly height: number;
  readonly width: number;
  /** Noisy and clean pictures, white being 1, and the standard deviation of each one's noise. */
  readonly noisy: Float32Array;
  readonly clean: Float32Array;
  readonly level: Float32Array;
  /** What the loss of each picture is multiplied with. */
  readonly weight: Float32Array;
}

/** What one batch of the recipe needs: the first pictures of the embedded sample. */
export async function trainingImages(): Promise<Images> {
  const { train } = await loadFashionMnistFrom("data");
  return { ...train, count: recipe.batch, data: train.data.subarray(0, recipe.batch * pixelsOf(train)) };
}

/** The first batch as the trainer makes it: mirrored, with noise of many levels, its losses weighted. */
export async function trainingWorkload(): Promise<ConvWorkload> {
  const images = await trainingImages();
  const network = await networkFor(recipe, images.count, SEED, { threads: 1 });
  const parameters = network.parameters();
  batchSource(recipe, images, SEED)(network, 1, 0, images.count);
  // The step draws the noise.
  network.step();
  return {
    network: `${recipe.name} (${convolutions.length} convolutions), Adam`,
    ...common(parameters),
    batch: images.count,
    height: images.height,
    width: images.width,
    noisy: network.input.map((value) => value / WHITE),
    clean: Float32Array.from(network.target, (value) => value / WHITE),
    level: network.sigma.map((sigma) => sigma / WHITE),
    weight: network.weights.slice(),
  };
}

/** One picture of any size, a mosaic of the sample's, with noise of σ = 25. */
export async function pictureWorkload(size: { height: number; width: number }): Promise<ConvWorkload> {
  const { train } = await loadFashionMnistFrom("data");
  const { height, width } = size;
  const across = Math.ceil(width / train.width);
  const data = new Uint8Array(height * width);
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const tile = Math.floor(row / train.height) * across + Math.floor(column / train.width);
      const picture = valuesAt(train, tile % train.count);
      data[row * width + column] = picture[(row % train.height) * train.width + (column % train.width)]!;
    }
  }
  const mosaic: Images = { count: 1, height, width, channels: 1, data };
  const network = await networkFor(recipe, 1, SEED, { threads: 1 });
  const noisy = addNoise(mosaic, { model: "gaussian", sigma: 25 }, SEED, Purpose.testNoise);
  return {
    network: recipe.name,
    ...common(network.parameters()),
    batch: 1,
    ...size,
    noisy: noisy.map((value) => value / WHITE),
    clean: Float32Array.from(data, (value) => value / WHITE),
    level: Float32Array.of(25 / WHITE),
    weight: Float32Array.of(1),
  };
}

function common(parameters: ReadonlyMap<string, Float32Array>) {
  return {
    layers: convolutions.map(({ inputs, outputs, dilation }) => [inputs, outputs, dilation] as const),
    sumLength: convolutions.reduce((sum, { inputs }) => sum + 9 * inputs, 0),
    parameters,
    learningRate: optimizer.learningRate,
    betas: [optimizer.beta1, optimizer.beta2] as const,
  };
}
