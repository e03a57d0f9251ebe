/** Sources of batches, and in which order they show the pictures of a training set. */
import type { Network } from "../network/network.ts";
import { Purpose, Random } from "../noise/rng.ts";
import type { Recipe } from "./recipe.ts";

/** Puts `rows` pictures of an epoch, from picture `first` on, into a network that trains. */
export type BatchSource = (network: Network, epoch: number, first: number, rows: number) => void;

/** The number of pictures or patches that an epoch shows, given a training set of `count` pictures. */
export function epochSize({ patchesPerEpoch }: Pick<Recipe, "patchesPerEpoch">, count: number): number {
  return patchesPerEpoch ?? count;
}

/** The order of the pictures in an epoch: 0 to count − 1, shuffled (Fisher and Yates) if the recipe says so. */
export function orderOf(
  { order }: Recipe,
  count: number,
  seed: number,
  epoch: number,
): Uint32Array<ArrayBuffer> {
  const indices = Uint32Array.from({ length: count }, (_, index) => index);
  if (order === "file") return indices;
  const random = new Random(seed, Purpose.order, epoch);
  for (let i = count - 1; i > 0; i--) {
    const other = Math.floor(random.uniform() * (i + 1));
    const moved = indices[i]!;
    indices[i] = indices[other]!;
    indices[other] = moved;
  }
  return indices;
}
