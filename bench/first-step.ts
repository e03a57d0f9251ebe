/** build/bench/first-step.js MODE, in a fresh process: milliseconds from nothing to the end of the first training step. */
import { Network } from "../src/network/network.ts";
import { recipes } from "../src/training/recipes.ts";
import type { Mode } from "../src/wasm/detect.ts";

// performance.now() counts from the beginning of the process.
const load = performance.now();
const { spec, batch } = recipes["fashion-autoencoder"];
const network = await Network.create(spec, { mode: process.argv[2] as Mode, batch, training: {} });
const created = performance.now();
network.resetAccumulators(0.1);
network.step();
const all = performance.now();
const milliseconds = { "Node and modules": load, create: created - load, "first step": all - created, all };
console.log(JSON.stringify({ milliseconds, output: [] }));
