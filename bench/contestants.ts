/** This package as a contestant, in one checkout or two. */
import { availableParallelism } from "node:os";
import { isConvolutional } from "../src/network/spec.ts";
import { version } from "../src/version.ts";
import { hasRelaxedSimd, type Variant } from "../src/wasm/detect.ts";
import type { Checkout } from "./checkout.ts";
import { repeat, type Timed } from "./turns.ts";
import { SEED, type Workload } from "./workloads.ts";

export interface Contestant extends Timed {
  readonly name: string;
  readonly version: string;
  /** What is verified: the losses of its first three steps, or its output. */
  values(): ArrayLike<number> | Promise<ArrayLike<number>>;
  dispose?(): unknown;
}

/** The builds that run here, and the mode that runs each. */
export const variants: readonly Variant[] = hasRelaxedSimd() ? ["simd", "relaxed"] : ["simd"];
export const modes = { simd: "reproducible", relaxed: "fast" } as const;

/** How a contestant of ours is run. */
export interface OurOptions {
  readonly checkout: Checkout;
  readonly variant: Variant;
  readonly threads: number;
}

/** Each build of each checkout, on one thread and on all cores; the same of two checkouts next to each other. */
export function oursOf(checkouts: readonly Checkout[]): OurOptions[] {
  const threads = [...new Set([1, availableParallelism()])];
  return variants.flatMap((variant) =>
    threads.flatMap((threads) => checkouts.map((checkout) => ({ checkout, variant, threads }))),
  );
}

/** `denoise-wasm simd, 2 threads` */
export function nameOf({ checkout, variant, threads }: OurOptions): string {
  return `${checkout.name} ${variant}${threads > 1 ? `, ${threads} threads` : ""}`;
}

/** Training steps as the trainer does them: `fill` puts the batch in and sets the optimiser. */
export async function trainer({ recipe, images, batch, batches }: Workload, options: OurOptions) {
  const { checkout, variant, threads } = options;
  const network = await checkout.networkFor(recipe, images.count, SEED, { mode: modes[variant], threads });
  if (network.core.threads < threads) throw new Error(`Only ${network.core.threads} threads started.`);
  const source = checkout.batchSource(recipe, images, SEED);
  const optimizer = new checkout.Optimizer(network, recipe);
  let next = 0;
  const fill = () => {
    source(network, 1, (next++ % batches) * batch, batch);
    optimizer.beforeStep(recipe.optimizer.learningRate);
  };
  return { network, fill };
}

export async function ourTraining(workload: Workload, options: OurOptions): Promise<Contestant> {
  const { network, fill } = await trainer(workload, options);
  const step = () => {
    fill();
    return network.step();
  };
  return {
    name: nameOf(options),
    version,
    values: () => Array.from({ length: 3 }, step),
    run: (milliseconds) => repeat(step, milliseconds),
    dispose: () => network.dispose(),
  };
}

/** Pictures through a network of dense layers, or one through `createDenoiser`. */
export async function ourInference(workload: Workload, options: OurOptions): Promise<Contestant> {
  const { checkout, variant, threads } = options;
  const { recipe, parameters, height, width, noisy, level, batch } = workload;
  const { spec } = recipe;
  const common = { name: nameOf(options), version };
  if (isConvolutional(spec)) {
    const model = { spec, parameters };
    const denoiser = await checkout.createDenoiser({ model, mode: modes[variant], threads });
    if (denoiser.threads < threads) throw new Error(`Only ${denoiser.threads} threads started.`);
    const { margin } = workload;
    const { channels } = spec.input;
    const inner = { height: height - 2 * margin, width: width - 2 * margin, channels };
    /** Where the inner picture's values lie in the whole one. */
    const places = Int32Array.from({ length: inner.height * inner.width * channels }, (_, i) => {
      const [row, value] = [Math.floor(i / channels / inner.width), i % (inner.width * channels)];
      return ((row + margin) * width + margin) * channels + value;
    });
    // The denoiser adds the margin itself, and takes it off again.
    const image = { ...inner, data: Float32Array.from(places, (place) => noisy[place]!) };
    const denoise = async () => (await denoiser.denoise(image, { sigma: level[0]! })).data;
    const values = async () => {
      const whole = noisy.slice();
      for (const [i, value] of (await denoise()).entries()) whole[places[i]!] = value;
      return whole;
    };
    return { ...common, values, run: (time) => repeat(denoise, time), dispose: () => denoiser.dispose() };
  }
  const network = await checkout.Network.create(spec, { mode: modes[variant], batch, threads });
  for (const [name, values] of parameters) network.set(name, values);
  const values = () => {
    network.input.set(noisy);
    network.forward();
    return network.output;
  };
  return { ...common, values, run: (time) => repeat(values, time), dispose: () => network.dispose() };
}
