/**
 * Layers and networks that tests and benchmarks run, each declared once: sizes at tile − 1, tile, tile + 1, primes, 1,
 * and those of the recipes.
 */
import { type ActivationName, denseShapes, type Spec } from "../../src/network/spec.ts";
import { recipes } from "../../src/training/recipes.ts";
import type { Sizes } from "./naive.ts";
import type { Size, Window } from "./naive-conv.ts";
import { specOf } from "./networks.ts";

export const activations: readonly ActivationName[] = ["linear", "sigmoid", "relu"];

/** Around the tiles of 4, 6, 8 and 12. */
const tiles = [1, 3, 4, 5, 6, 7, 8, 9, 11, 12, 13];
const primes = [17, 23, 29];
/** Around the runs of 112 products that sums are made of. */
const runs = [111, 112, 113, 224, 227];

/** Dense layers. */
export const smallDense: readonly Sizes[] = [
  ...[...tiles, ...primes].flatMap((rows) =>
    tiles.flatMap((inputs) => tiles.map((units) => ({ rows, inputs, units }))),
  ),
  ...[...primes, ...runs].flatMap((inputs) =>
    [1, 5, 12, 13, 24, 25].map((rows) => ({ rows, inputs, units: 9 })),
  ),
  ...[...primes, ...runs].flatMap((units) =>
    [1, 5, 12, 13, 24, 25].map((rows) => ({ rows, inputs: 9, units })),
  ),
];

/** The layers of the classic recipe. */
export const recipeDense: readonly Sizes[] = denseSizesOf(
  recipes["fashion-autoencoder"].spec,
  recipes["fashion-autoencoder"].batch,
);

/** Matrices, for what goes through them value by value. */
export const matrices = [...tiles, ...primes].flatMap((rows) =>
  [...tiles, ...primes, 784].map((columns) => ({ rows, columns })),
);

/** Batches of pictures, for what goes through them pixel by pixel. */
export const pictureSizes: readonly Size[] = [
  { images: 3, height: 1, width: 1 },
  { images: 2, height: 3, width: 17 },
  { images: 2, height: 28, width: 28 },
  { images: 2, height: 31, width: 33 },
];

/** Layers of convolutions. */
export const convLayers: readonly Window[] = [
  ...pictureSizes.flatMap((size) => everyPadding(size)),
  // What may be left over of every tile, in columns and in outputs.
  ...[4, 8, 12, 16, 20, 24, 28, 32].flatMap((width) =>
    [4 + (width % 7), 19].map((outs) => zeroPadded({ images: 1, height: 3, width }, 2, outs)),
  ),
  // Every way to make two spans of a strip, and of two images.
  ...[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 24, 31, 40].map((vectors) =>
    zeroPadded({ images: 3, height: 3, width: 4 * vectors - (vectors % 4) }, 3, 5),
  ),
  zeroPadded({ images: 1, height: 255, width: 257 }, 3, 5),
  { images: 1, height: 255, width: 257, ins: 16, outs: 1, dilation: 4, padding: "reflect" },
];

/** Batches of pictures for 1×1 convolutions: widths around every tile, and heights around a band of rows. */
export const pointwiseSizes: readonly Pick<Window, "images" | "height" | "width" | "padding">[] = [
  ...[1, 2, 3, 4, 5, 7, 8, 9, 11, 12, 13, 16, 17, 24].map((width) => ({
    ...{ images: 1 + (width % 3), height: 1 + (width % 2), width },
    padding: "zeros" as const,
  })),
  ...[31, 32, 33, 65].map((height) => ({ images: 2, height, width: 3, padding: "zeros" as const })),
  { images: 2, height: 5, width: 7, padding: "reflect" },
  { images: 3, height: 3, width: 30, padding: "reflect" },
];

/** Inputs and outputs of 1×1 convolutions: each number of channels goes in once and comes out once, and some are the recipes'. */
export const pointwiseChannels: readonly Pick<Window, "ins" | "outs">[] = [
  ...[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 17, 19, 23, 24, 33, 36].map((ins, index, all) => ({
    ins,
    outs: all[(7 * index + 4) % all.length]!,
  })),
  { ins: 1, outs: 1 },
  { ins: 144, outs: 36 },
  { ins: 36, outs: 144 },
];

export function nameOf({ images, height, width, ins, outs, dilation, padding }: Window): string {
  return `${ins}→${outs}, ${images} of ${height}×${width}, dilation ${dilation}, ${padding}`;
}

export interface NetworkCase {
  readonly name: string;
  readonly spec: Spec;
  readonly batch: number;
  /** Of the last, smaller batch of an epoch. */
  readonly lastBatch: number;
  readonly loss?: "mse" | "l1";
}

/** A dense network: layers and batches off every tile and on them. */
export interface DenseNetwork {
  /** Values that go in, and that each layer puts out. */
  readonly sizes: readonly number[];
  readonly batch: number;
  readonly lastBatch: number;
}

export const denseNetworks: readonly DenseNetwork[] = [
  { sizes: [1, 1, 1], batch: 2, lastBatch: 1 },
  { sizes: [5, 4, 3, 5], batch: 3, lastBatch: 2 },
  { sizes: [9, 1, 12, 9], batch: 13, lastBatch: 1 },
  { sizes: [13, 7, 5, 13], batch: 6, lastBatch: 5 },
  { sizes: [16, 8, 24, 16], batch: 12, lastBatch: 4 },
  { sizes: [23, 31, 23], batch: 13, lastBatch: 7 },
  { sizes: [31, 113, 31], batch: 23, lastBatch: 17 },
  { sizes: [113, 9, 113], batch: 25, lastBatch: 12 },
];

/** The network with these activations, the last one behind the last layer. */
export function denseCase(network: DenseNetwork, ...kinds: readonly ActivationName[]): NetworkCase {
  const [inputs, ...units] = network.sizes;
  const last = units.length - 1;
  const layers = units.map(
    (size, l) => [size, l === last ? kinds.at(-1)! : kinds[l % (kinds.length - 1)]!] as const,
  );
  return { ...network, name: network.sizes.join("-"), spec: specOf(inputs!, layers) };
}

function denseSizesOf(spec: Spec, rows: number): Sizes[] {
  return denseShapes(spec).map(({ inputs, outputs: units }) => ({ rows, inputs, units }));
}

function zeroPadded(size: Size, ins: number, outs: number): Window {
  return { ...size, ins, outs, dilation: 1, padding: "zeros" };
}

/** Each dilation with the first three numbers of channels, and with some of the wider ones. */
function everyPadding(size: Size): Window[] {
  const channels = [
    [1, 16],
    [16, 1],
    [3, 5],
    [16, 16],
    [33, 3],
    [5, 33],
    [2, 12],
  ] as const;
  return (["zeros", "reflect"] as const).flatMap((padding) =>
    [1, 2, 3, 4]
      .filter((dilation) => padding === "zeros" || dilation < Math.min(size.height, size.width))
      .flatMap((dilation) =>
        channels
          .filter((_, index) => index <= 2 || (index - 3) % 4 === dilation - 1)
          .map(([ins, outs]) => ({ ...size, ins, outs, dilation, padding })),
      ),
  );
}
