import { pixelsOf } from "../data/images.ts";
import type { Network } from "../network/network.ts";
import { batchAt, batchCount, fillBatch, type Pairs } from "../training/batches.ts";

/** Runs the network on every noisy picture, batch by batch. @returns what it makes of them, [count, pixels] */
export function denoiseAll(network: Network, pairs: Pairs): Float32Array {
  const size = pixelsOf(pairs.images);
  const denoised = new Float32Array(pairs.noisy.length);
  const { count } = pairs.images;
  const { batch } = network.plan;
  for (let index = 0; index < batchCount(count, batch); index++) {
    const { first, rows } = batchAt(index, count, batch);
    fillBatch(network, pairs, first, rows);
    network.forward();
    denoised.set(network.output.subarray(0, rows * size), first * size);
  }
  return denoised;
}
