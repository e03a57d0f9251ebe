import { cosineOfPi } from "../noise/portable-math.ts";
import type { Recipe } from "./recipe.ts";

/** The learning rate of step number `step` (from 0) in a run of `steps` steps. */
export function learningRateAt({ optimizer, schedule }: Recipe, step: number, steps: number): number {
  const { learningRate } = optimizer;
  if (!schedule) return learningRate;
  const { type, warmUp } = schedule;
  if (step < warmUp) return (learningRate * (step + 1)) / (warmUp + 1);
  const progress = (step - warmUp) / Math.max(1, steps - warmUp);
  if (type === "linear") return learningRate * (1 - progress);
  if (type === "cosine") return (learningRate * (1 + cosineOfPi(progress))) / 2;
  return learningRate;
}
