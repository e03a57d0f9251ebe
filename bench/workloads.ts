/** What all contestants work on: networks of recipes, their batches as the trainer makes them, and pictures. */
import { loadFashionMnistFrom } from "../src/data/fashion-mnist.node.ts";
import { type Images, pictureAt, pixelsOf } from "../src/data/images.ts";
import { type LayerShape, layerShapes, type Spec, scaleOf } from "../src/network/spec.ts";
import { addNoise } from "../src/noise/noise.ts";
import { Purpose } from "../src/noise/rng.ts";
import { batchSource } from "../src/training/batches.ts";
import { type Recipe, recipes } from "../src/training/recipes.ts";
import { networkFor } from "../src/training/training-state.ts";

export const SEED = 1;

const { "fashion-autoencoder": autoencoder, "fashion-conv": conv } = recipes;
/** With a last layer that does not begin with zeros, which would hide what is wrong in the others. */
const convSpec = { ...conv.spec, initialization: { ...conv.spec.initialization, lastLayer: 1 } };
const sixteen = (activation: "linear" | "relu", channels = 16) =>
  ({ type: "conv3x3", channels, dilation: 1, activation }) as const;
/** A layer from 16 to 16 channels behind a ReLU, on pictures of this side. */
const sixteenChannels = (side: number): Spec => ({
  ...convSpec,
  input: { height: side, width: side, channels: 1 },
  layers: [sixteen("relu"), sixteen("relu"), sixteen("linear", 1)],
});
const linear = autoencoder.spec.layers.map((layer) => ({ ...layer, activation: "linear" as const }));

/** A network whose multiplies are timed on their own: those of layers that `of` takes. */
export interface Products {
  readonly what: string;
  readonly spec: Spec;
  readonly batch: number;
  of(layer: LayerShape): boolean;
}

/** One forward pass: so many pictures of the workload, or one picture of this side. */
export type Pass = { readonly pictures: number } | { readonly side: number };

export interface Setting {
  readonly recipe: Recipe;
  /** Batches there are; after the last comes the first again. */
  readonly batches: number;
  readonly products: readonly Products[];
  readonly passes: readonly Pass[];
  /** How long a turn of training lasts, in milliseconds. */
  readonly turn: number;
}

export const settings = {
  dense: {
    recipe: autoencoder,
    batches: 20,
    products: [
      {
        what: "Multiplies of linear layers, gradients written out",
        spec: { ...autoencoder.spec, layers: linear },
        batch: autoencoder.batch,
        of: ({ inputs, outputs }) => inputs * outputs > 5000,
      },
    ],
    passes: [{ pictures: autoencoder.batch }, { pictures: 1 }],
    turn: 60,
  },
  conv: {
    recipe: { ...conv, batch: 128, spec: convSpec },
    batches: 1,
    products: [
      { batch: 128, side: 28 },
      { batch: 1, side: 256 },
    ].map(({ batch, side }) => ({
      what: `Convolution of 16 channels, ${batch} × ${side} × ${side}`,
      spec: sixteenChannels(side),
      batch,
      of: ({ inputs, outputs }) => inputs === 16 && outputs === 16,
    })),
    passes: [{ side: 1024 }, { side: 28 }],
    turn: 150,
  },
} satisfies Record<string, Setting>;

/** All that contestants need. Pictures, levels of noise, losses and outputs are in grey levels, white being 255. */
export interface Workload {
  readonly recipe: Recipe;
  /** The clean pictures that batches are made of. */
  readonly images: Images;
  readonly layers: readonly LayerShape[];
  /** Numbers summed one after the other on the way to the network's output. */
  readonly sumLength: number;
  /** Initial weights and biases by name, in PyTorch's shapes. */
  readonly parameters: ReadonlyMap<string, Float32Array>;
  readonly optimizer: Recipe["optimizer"];
  /** What the network multiplies grey levels with. */
  readonly scale: number;
  readonly batch: number;
  readonly batches: number;
  readonly pixels: number;
  readonly height: number;
  readonly width: number;
  readonly noisy: Float32Array;
  readonly clean: Float32Array;
  /** The standard deviation of each picture's noise, and what its loss is multiplied with. */
  readonly level: Float32Array;
  readonly weight: Float32Array;
}

/** A recipe on its first batches of the embedded sample: mirrored, with noise and weights, as it is trained. */
export async function trainingWorkload({
  recipe,
  batches,
}: Pick<Setting, "recipe" | "batches">): Promise<Workload> {
  const { train } = await loadFashionMnistFrom("data");
  const { batch, spec, optimizer } = recipe;
  const count = batches * batch;
  const images = { ...train, count, data: train.data.subarray(0, count * pixelsOf(train)) };
  const network = await networkFor(recipe, count, SEED, { threads: 1 });
  const parameters = network.parameters();
  const pixels = pixelsOf(train);
  const noisy = new Float32Array(count * pixels);
  const clean = new Float32Array(count * pixels);
  const level = new Float32Array(count);
  const weight = new Float32Array(count).fill(1);
  const fill = batchSource(recipe, images, SEED);
  for (let first = 0; first < count; first += batch) {
    fill(network, 1, first, batch);
    // Where noise is drawn afresh, the step draws it.
    network.step();
    noisy.set(network.input, first * pixels);
    clean.set(network.target, first * pixels);
    level.set(network.sigma, first);
    weight.set(network.weights, first);
  }
  await network.dispose();
  const layers = layerShapes(spec);
  return {
    recipe,
    images,
    layers,
    sumLength: layers.reduce((sum, { type, inputs }) => sum + (type === "dense" ? 1 : 9) * inputs, 0),
    parameters,
    optimizer,
    scale: scaleOf(spec),
    batch,
    batches,
    pixels,
    height: train.height,
    width: train.width,
    noisy,
    clean,
    level,
    weight,
  };
}

/** The first pictures of a workload, or a mosaic of its clean ones with noise of σ = 25. */
export function passWorkload(workload: Workload, pass: Pass): Workload {
  if ("pictures" in pass) {
    const { pictures } = pass;
    return { ...workload, batch: pictures, batches: 1, ...firstOf(workload, pictures) };
  }
  const { side } = pass;
  const { images } = workload;
  const { height, width, count } = images;
  const across = Math.ceil(side / width);
  const data = Uint8Array.from({ length: side * side }, (_, at) => {
    const [row, column] = [Math.floor(at / side), at % side];
    const tile = Math.floor(row / height) * across + Math.floor(column / width);
    return pictureAt(images, tile % count).data[(row % height) * width + (column % width)]!;
  });
  const mosaic = { ...images, count: 1, height: side, width: side, data };
  return {
    ...workload,
    images: mosaic,
    batch: 1,
    batches: 1,
    pixels: side * side,
    height: side,
    width: side,
    noisy: addNoise(mosaic, { model: "gaussian", sigma: 25 }, SEED, Purpose.testNoise),
    clean: Float32Array.from(data),
    level: Float32Array.of(25),
    weight: Float32Array.of(1),
  };
}

/** The values of so many pictures. */
export function firstOf({ noisy, clean, level, weight, pixels }: Workload, count: number) {
  const end = count * pixels;
  return {
    noisy: noisy.subarray(0, end),
    clean: clean.subarray(0, end),
    level: level.subarray(0, count),
    weight: weight.subarray(0, count),
  };
}
