/** The schema of recipes. The keys are documented at the type, in recipe.ts. */
import * as v from "valibot";
import { MOST_EPOCHS, MOST_NAME } from "../network/limits.ts";
import { SpecSchema } from "../network/spec-schema.ts";
import { NoiseSchema, ranged } from "../noise/noise-schema.ts";
import type { Recipe } from "./recipe.ts";

// Numbers that have to be above 0 are within these, so that float32 can hold them too.
const [LEAST_RATE, MOST_RATE] = [1e-30, 1e30];

const fraction = v.pipe(v.number(), v.minValue(0), v.maxValue(0.999999));
const positive = v.pipe(v.number(), v.gtValue(0), v.minValue(LEAST_RATE), v.maxValue(MOST_RATE));

export const RecipeSchema = v.strictObject({
  name: v.pipe(v.string(), v.minLength(1), v.maxLength(MOST_NAME)),
  spec: SpecSchema,
  noise: NoiseSchema,
  loss: v.picklist(["mse", "l1"]),
  lossWeight: v.exactOptional(v.strictObject({ offset: positive, power: positive })),
  noisyOnly: v.exactOptional(
    v.strictObject({ strength: v.pipe(v.number(), v.minValue(0.1), v.maxValue(2)) }),
  ),
  optimizer: v.variant("type", [
    v.strictObject({
      type: v.literal("adagrad"),
      learningRate: positive,
      initialAccumulator: positive,
    }),
    v.strictObject({
      type: v.literal("adam"),
      learningRate: positive,
      beta1: fraction,
      beta2: fraction,
      epsilon: positive,
    }),
    v.strictObject({
      type: v.literal("muon"),
      learningRate: positive,
      beta1: fraction,
      beta2: fraction,
      epsilon: positive,
    }),
  ]),
  epochs: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(MOST_EPOCHS)),
  batch: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(1 << 16)),
  schedule: v.exactOptional(
    v.strictObject({
      type: v.picklist(["constant", "linear", "cosine"]),
      warmUp: v.pipe(v.number(), v.integer(), v.minValue(0)),
    }),
  ),
  averaging: v.exactOptional(v.strictObject({ decay: fraction })),
  order: v.picklist(["file", "shuffled"]),
  flips: v.exactOptional(v.boolean()),
  rotations: v.exactOptional(v.boolean()),
  greyShare: v.exactOptional(v.pipe(v.number(), v.minValue(0), v.maxValue(1))),
  toldLevel: v.exactOptional(ranged(positive)),
  patchesPerEpoch: v.exactOptional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(1 << 28))),
}) satisfies v.GenericSchema<unknown, Recipe>;
