/** What all contestants work on: the classic recipe, its pictures, and seeded weights. */
import { loadFashionMnistFrom } from "../src/data/fashion-mnist.node.ts";
import { pixelsOf } from "../src/data/images.ts";
import { layerShapes, parameters } from "../src/network/spec.ts";
import { addNoise } from "../src/noise/noise.ts";
import { Purpose, Random } from "../src/noise/rng.ts";
import { recipes } from "../src/training/recipes.ts";

const SEED = 1;

/** The training of a network of dense layers, sigmoid on all but the last, with Adagrad on the mean squared error. */
export interface Workload {
  /** In words. */
  readonly network: string;
  /** Values that go in, then the units of each layer. */
  readonly sizes: readonly number[];
  /** Numbers summed one after the other on the way to the network's output. */
  readonly sumLength: number;
  readonly learningRate: number;
  readonly initialAccumulator: number;
  /** Pictures in a batch. */
  readonly batch: number;
  /** Batches there are; after the last comes the first again. */
  readonly batches: number;
  readonly pixels: number;
  /** Noisy pictures, rows of float32. */
  readonly noisy: Float32Array;
  /** Clean pictures, rows of bytes, and the same as float32. */
  readonly clean: Uint8Array;
  readonly cleanFloats: Float32Array;
  /** Initial weights [units, inputs] and biases [units] by name: `layer1.weight`, `layer1.bias`, … */
  readonly parameters: ReadonlyMap<string, Float32Array>;
}

export const recipe = recipes["fashion-autoencoder"];

/** The recipe with the first 2,000 pictures of the embedded sample: 20 batches, 6 MB of noisy pictures. */
export async function classicWorkload(): Promise<Workload> {
  const { train } = await loadFashionMnistFrom("data");
  const pixels = pixelsOf(train);
  const batches = 20;
  const count = batches * recipe.batch;
  const images = { ...train, count, data: train.data.subarray(0, count * pixels) };
  const { weights, biases } = recipe.spec.initialization;
  const layers = layerShapes(recipe.spec);
  const sizes = [pixels, ...layers.map(({ outputs }) => outputs)];
  return {
    network: `dense ${sizes.join("-")}, Adagrad`,
    sizes,
    sumLength: layers.reduce((sum, { inputs }) => sum + inputs, 0),
    learningRate: recipe.optimizer.learningRate,
    initialAccumulator: recipe.optimizer.initialAccumulator,
    batch: recipe.batch,
    batches,
    pixels,
    noisy: addNoise(images, recipe.noise, SEED, Purpose.trainingNoise),
    clean: images.data,
    cleanFloats: Float32Array.from(images.data),
    parameters: new Map(
      parameters(recipe.spec).map(({ name, shape }, index) => {
        const values = new Float32Array(shape.reduce((a, b) => a * b, 1));
        const scale = shape.length === 1 ? biases : weights;
        new Random(SEED, Purpose.initialization, index).fillNormal(values, scale);
        return [name, values];
      }),
    ),
  };
}
