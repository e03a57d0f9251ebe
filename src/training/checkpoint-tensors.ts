import type { TensorKind } from "../network/network.ts";
import { stateOf } from "../network/plan-common.ts";
import { parameters } from "../network/spec.ts";
import type { Recipe } from "./recipe.ts";

/** A tensor of a checkpoint, and the buffer (`kind`) of the parameter that it is a copy of. */
export interface CheckpointTensor {
  readonly name: string;
  readonly parameter: string;
  readonly kind: TensorKind;
  readonly shape: readonly number[];
}

/** The tensors that a checkpoint of a recipe's training holds. */
export function checkpointTensors({ spec, optimizer, averaging }: Recipe): CheckpointTensor[] {
  return parameters(spec).flatMap(({ name: parameter, shape }) => {
    const kinds: TensorKind[] = [
      "value",
      ...stateOf(spec, optimizer.type, parameter),
      ...(averaging ? (["average"] as const) : []),
    ];
    return kinds.map((kind) => ({
      name: kind === "value" ? parameter : `${parameter}.${kind}`,
      parameter,
      kind,
      shape,
    }));
  });
}
