/** The schema of noise. The keys are documented at the types, in noise.ts. */
import * as v from "valibot";
import type { Noise } from "./noise.ts";

const strength = v.pipe(v.number(), v.finite(), v.minValue(0));
const share = v.pipe(v.number(), v.minValue(0), v.maxValue(1));

const ranged = <Schema extends typeof strength | typeof share>(schema: Schema) =>
  v.union([schema, v.strictTuple([schema, schema])]);

const drawn = v.picklist(["once", "fresh"]);

export const NoiseSchema = v.variant("model", [
  v.strictObject({
    model: v.literal("gaussian"),
    sigma: ranged(strength),
    drawn,
  }),
  v.strictObject({
    model: v.literal("uniform"),
    sigma: ranged(strength),
    drawn,
  }),
  v.strictObject({
    model: v.literal("poisson-gaussian"),
    gain: ranged(strength),
    sigma: ranged(strength),
    drawn,
  }),
  v.strictObject({
    model: v.literal("salt-and-pepper"),
    share: ranged(share),
    drawn,
  }),
  v.strictObject({
    model: v.literal("speckle"),
    contrast: ranged(strength),
    drawn,
  }),
]) satisfies v.GenericSchema<unknown, Noise>;
