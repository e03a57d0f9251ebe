/** A model in words. */
import type { Model } from "../src/model.ts";
import { parameterCount } from "../src/spec.ts";
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
