/** Describes models in words, and names the files of models and checkpoints. */

import type { Model } from "../src/model/model.ts";
import { parameterCount } from "../src/network/spec.ts";
import type { Checkpoint } from "../src/training/checkpoint.ts";
import { whole } from "./dom.ts";

export function modelSummary({ spec, provenance }: Model, from: string): string {
  const { recipe, epochs, seed } = provenance;
  return (
    `${recipe}, ${whole(parameterCount(spec))} parameters, ${epochs} ${epochs === 1 ? "epoch" : "epochs"}, ` +
    `seed ${seed}; from ${from}.`
  );
}

export function modelFileName({ provenance: { recipe, seed, epochs } }: Model): string {
  return `${recipe}-seed-${seed}-epoch-${epochs}.safetensors`;
}

export function checkpointFileName({ recipe, seed }: Pick<Checkpoint, "recipe" | "seed">): string {
  return `${recipe.name}-seed-${seed}-checkpoint.safetensors`;
}
