/** build/bench/cold-start.js MODE, in a fresh process: from nothing to the end of the first training step. */
import { Network } from "../src/network/network.ts";
import { recipes } from "../src/training/recipes.ts";
import type { Mode } from "../src/wasm/detect.ts";

export interface ColdStart {
  /** Milliseconds: Node itself and the modules, creating the network, its first step; and all since the process began. */
  readonly load: number;
  readonly create: number;
  readonly step: number;
  readonly total: number;
}

// performance.now() counts from the beginning of the process.
const load = performance.now();
const { spec, batch } = recipes["fashion-autoencoder"];
const network = await Network.create(spec, { mode: process.argv[2] as Mode, batch, training: {} });
const created = performance.now();
network.resetAccumulators(0.1);
network.step();
const total = performance.now();
const times: ColdStart = { load, create: created - load, step: total - created, total };
console.log(JSON.stringify(times));
