/** The recipes of the models for photographs, and the networks that they train: U-nets. */
import type { Layer } from "../network/spec.ts";
import { cameraNoise } from "../noise/camera.ts";
import type { Noise } from "../noise/noise.ts";
import { noisyOnlyRecipe } from "./noisy-only.ts";
import type { Recipe } from "./recipe.ts";

/** What the models for photographs learn to remove: Gaussian noise in two of three patches, what cameras and JPEG leave in the third. */
const photoNoise: Noise = {
  model: "mixture",
  of: [
    { share: 2, noise: { model: "gaussian", sigma: [0, 55] } },
    { share: 1, noise: cameraNoise },
  ],
  drawn: "fresh",
};

/** A recipe for photographs, which learns from so many patches of 64×64 pixels. */
function photoRecipe(name: string, channels: 1 | 3, widths: readonly number[], patches: number): Recipe {
  const patchesPerEpoch = 16_000;
  return {
    name,
    spec: {
      input: { height: 64, width: 64, channels },
      white: 1,
      layers: unetLayers(channels, widths),
      residual: true,
      noiseLevel: true,
      initialization: { weights: "he", biases: 0, lastLayer: 0 },
    },
    noise: photoNoise,
    loss: "l1",
    lossWeight: { offset: 15, power: 1 },
    optimizer: { type: "muon", learningRate: 0.003, beta1: 0.95, beta2: 0.99, epsilon: 1e-8 },
    schedule: { type: "cosine", warmUp: 1000 },
    averaging: { decay: 0.999 },
    epochs: Math.round(patches / patchesPerEpoch),
    batch: 16,
    order: "shuffled",
    flips: true,
    rotations: true,
    ...(channels === 3 && { greyShare: 0.1 }),
    patchesPerEpoch,
  };
}

/** The recipes of the models for photographs, by name, and one for photographs of which there are only noisy ones. */
export const photoRecipes = {
  "noisy-only": noisyOnlyRecipe(photoRecipe("noisy-only", 3, [8, 10, 12, 16], 320_000), {
    model: "gaussian",
    sigma: 25,
  }),
  photo: photoRecipe("photo", 3, [12, 20, 28, 44], 3_840_000),
  "photo-grey": photoRecipe("photo-grey", 1, [8, 16, 24, 32], 1_920_000),
  "photo-tiny": photoRecipe("photo-tiny", 3, [8, 10, 12, 16], 800_000),
  "photo-tiny-grey": photoRecipe("photo-tiny-grey", 1, [4, 8, 12, 12], 1_280_000),
  "photo-large": photoRecipe("photo-large", 3, [16, 32, 48, 64], 2_880_000),
} as const satisfies Record<string, Recipe>;

/**
 * The layers of a U-net for pictures of `channels` channels: widths[0] channels at the picture's own resolution, widths[1] at
 * half of it, and so on. At each scale, two 3×3 convolutions lead down. Two lead up again, behind the sum of what comes from
 * below and what had gone down. Between scales, a 1×1 convolution fits the channels to those of the pixels that are moved
 * into channels or back. There are no biases, so that the network takes noise twice as strong in a picture of twice the
 * contrast as the same.
 *
 * Olaf Ronneberger et al., "U-Net", MICCAI 2015; without biases, after Sreyas Mohan et al., "Robust and interpretable blind
 * image denoising via bias-free convolutional neural networks", ICLR 2020. docs/experiments.md compares it with others.
 */
function unetLayers(channels: number, widths: readonly number[]): Layer[] {
  const layers: Layer[] = [];
  const twice = (width: number) => layers.push(conv3x3(width, "relu"), conv3x3(width, "relu"));
  const kept: string[] = [];
  for (const [scale, width] of widths.entries()) {
    if (scale > 0) layers.push({ type: "pixel-unshuffle" }, conv1x1(width));
    twice(width);
    kept.push(`layer${layers.length}`);
  }
  for (let scale = widths.length - 2; scale >= 0; scale--) {
    const width = widths[scale]!;
    layers.push(conv1x1(4 * width), { type: "pixel-shuffle" }, { type: "add", from: kept[scale]! });
    twice(width);
  }
  layers.push(conv3x3(channels, "linear"));
  return layers;
}

function conv3x3(channels: number, activation: "linear" | "relu"): Layer {
  return { type: "conv3x3", channels, dilation: 1, activation, bias: false };
}

function conv1x1(channels: number): Layer {
  return { type: "conv1x1", channels, activation: "linear", bias: false };
}
