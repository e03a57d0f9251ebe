/** Checkpoints with any values. */
import type { Checkpoint } from "../../src/training/checkpoint.ts";
import { checkpointTensors } from "../../src/training/checkpoint-tensors.ts";
import type { Recipe } from "../../src/training/recipes.ts";
import { normal } from "./networks.ts";

/** A checkpoint in the middle of the third of four epochs of three batches, with tensors of any finite values. */
export function checkpointOf(recipe: Recipe): Checkpoint {
  return {
    recipe,
    seed: 4_294_967_295,
    mode: "reproducible",
    variant: "simd",
    data: { name: "bars", source: "/a/folder", sha256: "0".repeat(64), trainingImages: 10 },
    packageVersion: "0.0.0",
    position: { epoch: 3, batches: 2, lossSum: 0.1 + 0.2, seconds: 1.5 },
    epochs: [
      { number: 1, loss: 4000.123456789012, seconds: 2 },
      { number: 2, loss: Number.MIN_VALUE, seconds: 0 },
    ],
    tensors: new Map(
      checkpointTensors(recipe).map(({ name, kind, shape }, index) => {
        const values = normal(
          shape.reduce((a, b) => a * b, 1),
          index,
        );
        return [name, kind === "value" ? values : values.map(Math.abs)];
      }),
    ),
  };
}
