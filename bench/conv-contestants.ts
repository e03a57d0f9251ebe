/** This package's training and inference with convolutions; values go in and out with white being 1, as in its peers. */

import { createDenoiser } from "../src/denoiser/denoiser.ts";
import { batchSource } from "../src/training/batches.ts";
import { Optimizer } from "../src/training/optimizer.ts";
import { networkFor } from "../src/training/training-state.ts";
import { type Inference, modes, nameOf, type OurOptions, type Training, version } from "./contestants.ts";
import { type ConvWorkload, recipe, SEED, trainingImages } from "./conv-workload.ts";
import { timeCalls } from "./timing.ts";

const WHITE = 255;

/** Each step fills its batch as the trainer does, and draws its noise. */
export async function ourTraining(workload: ConvWorkload, options: OurOptions): Promise<Training> {
  const { variant, threads = 1 } = options;
  const images = await trainingImages();
  const network = await networkFor(recipe, images.count, SEED, { mode: modes[variant], threads });
  if (network.core.threads < threads) throw new Error(`Only ${network.core.threads} threads started.`);
  const fill = batchSource(recipe, images, SEED);
  let optimizer = new Optimizer(network, recipe);
  const step = () => {
    fill(network, 1, 0, images.count);
    optimizer.beforeStep(workload.learningRate);
    return network.step() / WHITE ** 2;
  };
  return {
    name: nameOf(options),
    version,
    losses: async (count) => {
      for (const [name, values] of workload.parameters) {
        network.set(name, values);
        for (const kind of ["mean", "variance"] as const) {
          network.set(name, new Float32Array(values.length), kind);
        }
      }
      optimizer = new Optimizer(network, recipe);
      return Array.from({ length: count }, step);
    },
    run: (count) => timeCalls(step, count),
    dispose: () => network.dispose(),
  };
}

/** The denoiser on the workload's picture. */
export async function ourDenoiser(workload: ConvWorkload, { variant }: OurOptions): Promise<Inference> {
  const { spec } = recipe;
  const { parameters, height, width, noisy, level } = workload;
  const denoiser = await createDenoiser({ model: { spec, parameters }, mode: modes[variant] });
  const image = { data: noisy.map((value) => WHITE * value), height, width, channels: 1 };
  const options = { sigma: WHITE * level[0]! };
  return {
    name: nameOf({ variant }),
    version,
    output: async () => (await denoiser.denoise(image, options)).data.map((value) => value / WHITE),
    async run(count) {
      const start = performance.now();
      for (let i = 0; i < count; i++) await denoiser.denoise(image, options);
      return performance.now() - start;
    },
    dispose: () => denoiser.dispose(),
  };
}
