import { type Images, pixelsOf } from "./data/images.ts";
import type { Network } from "./network.ts";

/** A set of clean pictures and their noisy twins, [count, pixels] each. */
export interface Pairs {
  readonly images: Images;
  readonly noisy: Float32Array;
}

/** Which pictures each batch of an epoch holds, in order; the last may be smaller. */
export function batchesOf(count: number, batch: number): { first: number; rows: number }[] {
  return Array.from({ length: Math.ceil(count / batch) }, (_, index) => ({
    first: index * batch,
    rows: Math.min(batch, count - index * batch),
  }));
}

/** Pictures in the last batch of an epoch, or undefined where all are full. */
export function lastBatchOf(count: number, batch: number): number | undefined {
  return count % batch || undefined;
}

/** Copies `rows` pictures from `first` on into the network's input and, where it trains, target: the only write. */
export function fillBatch(network: Network, { images, noisy }: Pairs, first: number, rows: number): void {
  const size = pixelsOf(images);
  network.input.set(noisy.subarray(first * size, (first + rows) * size));
  if (network.target.length > 0) {
    network.target.set(images.data.subarray(first * size, (first + rows) * size));
  }
}
