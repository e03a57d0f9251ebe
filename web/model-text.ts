/** A model in words, and as a file. */
import type { Model } from "../src/model.ts";
import { encodeModel } from "../src/model-file.ts";
import { parameterCount } from "../src/spec.ts";
import type { ShownModel } from "./current-model.ts";
import { whole } from "./dom.ts";

export function modelSummary({ model, from }: ShownModel): string {
  const { recipe, epochs, seed } = model.provenance;
  return (
    `${recipe}, ${whole(parameterCount(model.spec))} parameters, ${epochs} ${epochs === 1 ? "epoch" : "epochs"}, ` +
    `seed ${seed}; from ${from}.`
  );
}

export function modelFile(model: Model): { bytes: Uint8Array<ArrayBuffer>; name: string } {
  const { recipe, seed, epochs } = model.provenance;
  return {
    bytes: encodeModel(model) as Uint8Array<ArrayBuffer>,
    name: `${recipe}-seed-${seed}-epoch-${epochs}.safetensors`,
  };
}
