/** Those that are timed: what all have in common, and this package on networks of dense layers. */
import { readFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { Setting } from "../assembly/program/opcodes.ts";
import { Network } from "../src/network/network.ts";
import type { Spec } from "../src/network/spec.ts";
import { hasRelaxedSimd, type Variant } from "../src/wasm/detect.ts";
import { type Timed, timeCalls } from "./timing.ts";
import { recipe, type Workload } from "./workload.ts";

/** Training steps, one batch of the workload after the other, the data handed over anew in each. */
export interface Training extends Timed {
  readonly version: string;
  /** Goes back to the initial weights and trains on the first `count` batches. @returns each step's loss */
  losses(count: number): Promise<number[]>;
  dispose?(): unknown;
}

/** Forward passes of the first pictures of the workload at the initial weights. */
export interface Inference extends Timed {
  readonly version: string;
  output(): Promise<Float32Array>;
  dispose?(): unknown;
}

/** The builds that run here. */
export const variants: readonly Variant[] = hasRelaxedSimd() ? ["simd", "relaxed"] : ["simd"];

export const { version } = JSON.parse(readFileSync("package.json", "utf8")) as { version: string };
/** The mode that runs a build where it can run. */
export const modes = { simd: "reproducible", relaxed: "fast" } as const;

/** The contestant that ratios refer to: our fastest build on one thread. */
export const unit = `denoise-wasm ${variants.at(-1)}`;

/** How a contestant of ours is run. */
export interface OurOptions {
  variant: Variant;
  /** Default 1. */
  threads?: number;
}

/** Our contestants: each build on one thread and on all cores. */
export const ours: readonly OurOptions[] = variants.flatMap((variant) =>
  [...new Set([1, availableParallelism()])].map((threads) => ({ variant, threads })),
);

/** Those for a forward pass of so many pictures: one picture is too little work to share. */
export const oursFor = (pictures: number) =>
  pictures === 1 ? ours.filter(({ threads }) => threads === 1) : ours;

export function nameOf({ variant, threads = 1 }: OurOptions): string {
  return `denoise-wasm ${variant}${threads > 1 ? `, ${threads} threads` : ""}`;
}

/** A network at the workload's initial weights. */
export async function createNetwork(
  workload: Workload,
  { variant, threads = 1 }: OurOptions,
  {
    spec = recipe.spec,
    ...options
  }: { spec?: Spec; batch?: number; training?: { gradients?: boolean } } = {},
): Promise<Network> {
  const network = await Network.create(spec, {
    mode: modes[variant],
    batch: workload.batch,
    threads,
    ...options,
  });
  if (network.core.threads < threads) throw new Error(`Only ${network.core.threads} threads started.`);
  for (const [name, values] of workload.parameters) network.set(name, values);
  return network;
}

/** Copies batch `index` in, as the trainer does. */
export function setBatch(
  network: Network,
  { batch, batches, pixels, noisy, clean }: Workload,
  index: number,
): void {
  const start = (index % batches) * batch * pixels;
  const end = start + batch * pixels;
  network.input.set(noisy.subarray(start, end));
  network.target.set(clean.subarray(start, end));
}

export async function ourTraining(workload: Workload, options: OurOptions): Promise<Training> {
  const network = await createNetwork(workload, options, { training: {} });
  network.settings[Setting.rate] = workload.learningRate;
  let next = 0;
  const step = () => {
    setBatch(network, workload, next++);
    return network.step();
  };
  return {
    name: nameOf(options),
    version,
    losses: async (count) => {
      for (const [name, values] of workload.parameters) network.set(name, values);
      network.resetAccumulators(workload.initialAccumulator);
      next = 0;
      return Array.from({ length: count }, step);
    },
    run: (count) => timeCalls(step, count),
    dispose: () => network.dispose(),
  };
}

export async function ourInference(
  workload: Workload,
  pictures: number,
  options: OurOptions,
): Promise<Inference> {
  const network = await createNetwork(workload, options, { batch: pictures });
  const input = workload.noisy.subarray(0, pictures * workload.pixels);
  const forward = () => {
    network.input.set(input);
    network.forward();
  };
  return {
    name: nameOf(options),
    version,
    output: async () => {
      forward();
      return network.output.slice();
    },
    run: (count) => timeCalls(forward, count),
    dispose: () => network.dispose(),
  };
}
