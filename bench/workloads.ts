/** What all contestants work on: networks of recipes, their batches as the trainer makes them, and pictures. */
import { loadFashionMnistFrom } from "../src/data/fashion-mnist.node.ts";
import { type Images, pictureAt, pixelsOf } from "../src/data/images.ts";
import { insideOf } from "../src/denoiser/conv-stream.ts";
import { layerShapes, type Spec, scaleOf } from "../src/network/spec.ts";
import { addNoise, type Noise } from "../src/noise/noise.ts";
import { Purpose } from "../src/noise/rng.ts";
import { batchSource } from "../src/training/batches.ts";
import { type Recipe, recipes } from "../src/training/recipes.ts";
import { networkFor } from "../src/training/training-state.ts";

export const SEED = 1;

const { "fashion-autoencoder": autoencoder, "fashion-conv": conv } = recipes;
/** With a last layer that does not begin with zeros, which would hide what is wrong in the others. */
const convSpec = { ...conv.spec, initialization: { ...conv.spec.initialization, lastLayer: 1 } };
const linear = autoencoder.spec.layers.map((layer) => ({ ...layer, activation: "linear" as const }));
/** From 16 channels to 16, behind a ReLU, on so many pictures of this side. */
const sixteenChannels = (batch: number, side: number): Products => {
  const layer = { type: "conv3x3", channels: 16, dilation: 1, activation: "relu" } as const;
  const layers: Spec["layers"] = [layer, { ...layer, activation: "linear" }, { ...layer, channels: 1 }];
  const spec = { ...convSpec, input: { height: side, width: side, channels: 1 }, layers };
  return { what: `Convolutions, ${batch} × ${side} × ${side}`, spec, batch };
};

/**
 * A U-net for photographs, in batches of 16 patches of 64×64. The noise is Gaussian, which the step draws; what a camera and JPEG
 * leave is made in JavaScript, and would be measured as well. The optimiser is Adam, which PyTorch has in one fast call.
 */
const photoSetting = ({ greyShare: _grey, patchesPerEpoch: _patches, ...photo }: Recipe): Setting => {
  const spec = { ...photo.spec, initialization: { ...photo.spec.initialization, lastLayer: 1 } };
  const noise: Noise = { model: "gaussian", sigma: [0, 55], drawn: "fresh" };
  const optimizer = { type: "adam", learningRate: 0.003, beta1: 0.9, beta2: 0.99, epsilon: 1e-8 } as const;
  return {
    recipe: { ...photo, spec, noise, optimizer, order: "file", flips: false, rotations: false },
    batches: 1,
    patches: { side: 64, channels: spec.input.channels as 1 | 3 },
    products: [],
    passes: [1024],
    pass: (training, side) => mirrored(mosaic(training, side)),
    shared: true,
    turn: 500,
  };
};

/** A network whose multiplies are timed on their own. */
export interface Products {
  readonly what: string;
  readonly spec: Spec;
  readonly batch: number;
}

export interface Setting {
  readonly recipe: Recipe;
  /** Batches there are; after the last comes the first again. */
  readonly batches: number;
  /** The pictures are put together from those of the sample, of this side and with so many channels. If left out, they are these. */
  readonly patches?: { readonly side: number; readonly channels: number };
  readonly products: readonly Products[];
  /** What forward passes work on: so many pictures, or one of this side. */
  readonly passes: readonly number[];
  readonly pass: (training: Workload, size: number) => Workload;
  /** Whether all threads take part in a single picture, too. */
  readonly shared?: true;
  /** How long a turn of training lasts, in milliseconds. */
  readonly turn: number;
}

export const settings = {
  dense: {
    recipe: autoencoder,
    batches: 20,
    products: [
      { what: "Multiplies of linear layers", spec: { ...autoencoder.spec, layers: linear }, batch: 100 },
    ],
    passes: [autoencoder.batch, 1],
    pass: firstPictures,
    turn: 60,
  } as Setting,
  conv: {
    recipe: { ...conv, batch: 128, spec: convSpec },
    batches: 1,
    products: [sixteenChannels(128, 28), sixteenChannels(1, 256)],
    passes: [1024, 28],
    pass: mosaic,
    turn: 150,
  } as Setting,
  photo: photoSetting(recipes.photo),
  "photo-grey": photoSetting(recipes["photo-grey"]),
  "photo-tiny": photoSetting(recipes["photo-tiny"]),
  "photo-large": photoSetting(recipes["photo-large"]),
};

/** All that contestants need. Pictures, levels of noise, losses and outputs are in grey levels, white being 255. */
export type Workload = Awaited<ReturnType<typeof trainingWorkload>>;

/** A recipe on its first batches of the embedded sample: mirrored, with noise and weights, as it is trained. */
export async function trainingWorkload({
  recipe,
  batches,
  patches,
}: Pick<Setting, "recipe" | "batches" | "patches">) {
  const { train: sample } = await loadFashionMnistFrom("data");
  const { batch, spec } = recipe;
  const count = batches * batch;
  const train = patches ? patchesOf(sample, count, patches) : sample;
  const pixels = pixelsOf(train);
  const images = { ...train, count, data: train.data.subarray(0, count * pixels) };
  const network = await networkFor(recipe, count, SEED, { threads: 1 });
  /** Initial weights and biases by name, in PyTorch's shapes. */
  const parameters: ReadonlyMap<string, Float32Array> = network.parameters();
  const noisy: Float32Array = new Float32Array(count * pixels);
  const clean = new Float32Array(count * pixels);
  /** The standard deviation of each picture's noise, and what its loss is multiplied with. */
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
  /** Numbers summed one after the other on the way to the network's output. */
  const sumLength = layers.reduce((sum, { type, inputs }) => sum + (type === "conv3x3" ? 9 : 1) * inputs, 0);
  /** What the network multiplies grey levels with. */
  const scale = scaleOf(spec);
  const { height, width } = train;
  const pictures = { images, batch, batches, pixels, height, width, noisy, clean, level, weight, margin: 0 };
  return { recipe, layers, sumLength, parameters, scale, ...pictures };
}

/** The first pictures of a workload alone. */
function firstPictures({ noisy, clean, level, weight, ...workload }: Workload, batch: number): Workload {
  const size = { batch, batches: 1, level: level.subarray(0, batch), weight: weight.subarray(0, batch) };
  const values = batch * workload.pixels;
  return { ...workload, ...size, noisy: noisy.subarray(0, values), clean: clean.subarray(0, values) };
}

/** One picture of this side, put together from the clean ones, with noise of σ = 25. */
function mosaic(workload: Workload, side: number): Workload {
  const picture = patchesOf(workload.images, 1, { side, channels: workload.images.channels });
  const noisy = addNoise(picture, { model: "gaussian", sigma: 25 }, SEED, Purpose.testNoise);
  const size = { batch: 1, batches: 1, pixels: pixelsOf(picture), height: side, width: side };
  const [level, weight] = [Float32Array.of(25), Float32Array.of(1)];
  return { ...workload, ...size, noisy, clean: Float32Array.from(picture.data), level, weight };
}

/**
 * The picture continued by its mirror image, `margin` pixels to each side, as the denoiser does for networks of several scales: all
 * contestants run the network on the same values.
 */
function mirrored(workload: Workload): Workload {
  const margin = 4;
  const { channels } = workload.images;
  const [height, width] = [workload.height + 2 * margin, workload.width + 2 * margin];
  const around = (values: Float32Array) =>
    Float32Array.from({ length: height * width * channels }, (_, i) => {
      const [pixel, channel] = [Math.floor(i / channels), i % channels];
      const row = insideOf(Math.floor(pixel / width) - margin, workload.height);
      const column = insideOf((pixel % width) - margin, workload.width);
      return values[(row * workload.width + column) * channels + channel]!;
    });
  const [noisy, clean] = [around(workload.noisy), around(workload.clean)];
  return { ...workload, height, width, pixels: noisy.length, noisy, clean, margin };
}

/** So many pictures of this side, put together from others. Where those are grey, each channel shows others than the one before. */
function patchesOf(
  images: Images,
  count: number,
  { side, channels }: { readonly side: number; readonly channels: number },
): Images {
  const { height, width } = images;
  const across = Math.ceil(side / width);
  const tiles = across * Math.ceil(side / height);
  const data = Uint8Array.from({ length: count * side * side * channels }, (_, i) => {
    const [channel, pixel] = [i % channels, Math.floor(i / channels)];
    const [row, column] = [Math.floor(pixel / side) % side, pixel % side];
    const tile = Math.floor(row / height) * across + Math.floor(column / width);
    const first = Math.floor(pixel / side / side) * tiles;
    const [number, from] =
      images.channels === channels ? [first + tile, channel] : [first + tile + 7 * channel, 0];
    const at = (row % height) * width + (column % width);
    return pictureAt(images, number % images.count).data[at * images.channels + from]!;
  });
  return { data, count, height: side, width: side, channels };
}
