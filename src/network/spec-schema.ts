/** The schema of specs. The keys are documented at the type, in spec.ts. */
import * as v from "valibot";
import { MOST_CHANNELS, MOST_DILATION, MOST_LAYERS, MOST_SIZE, MOST_WHITE } from "./limits.ts";
import type { Spec } from "./spec.ts";

const size = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(MOST_SIZE));
const deviation = v.pipe(v.number(), v.finite(), v.minValue(0));

const DenseSchema = v.strictObject({
  type: v.literal("dense"),
  units: size,
  activation: v.picklist(["linear", "sigmoid", "relu"]),
});

const convolution = {
  channels: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(MOST_CHANNELS)),
  activation: v.picklist(["linear", "relu"]),
  bias: v.exactOptional(v.boolean()),
};

const Conv3x3Schema = v.strictObject({
  type: v.literal("conv3x3"),
  ...convolution,
  dilation: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(MOST_DILATION)),
});

const Conv1x1Schema = v.strictObject({ type: v.literal("conv1x1"), ...convolution });

const PixelSchema = v.strictObject({ type: v.picklist(["pixel-unshuffle", "pixel-shuffle"]) });

const AddSchema = v.strictObject({ type: v.literal("add"), from: v.string() });

export const SpecSchema = v.strictObject({
  input: v.strictObject({ height: size, width: size, channels: size }),
  white: v.exactOptional(v.pipe(v.number(), v.minValue(1 / MOST_WHITE), v.maxValue(MOST_WHITE))),
  // The length comes first: of each wrong item of a long list, valibot would make an issue.
  layers: v.pipe(
    v.array(v.unknown()),
    v.minLength(1),
    v.maxLength(MOST_LAYERS),
    v.array(v.variant("type", [DenseSchema, Conv3x3Schema, Conv1x1Schema, PixelSchema, AddSchema])),
  ),
  padding: v.exactOptional(v.picklist(["zeros", "reflect"])),
  residual: v.exactOptional(v.boolean()),
  noiseLevel: v.exactOptional(v.boolean()),
  initialization: v.strictObject({
    weights: v.union([v.literal("he"), deviation]),
    biases: deviation,
    lastLayer: v.exactOptional(v.pipe(v.number(), v.finite(), v.minValue(0))),
  }),
}) satisfies v.GenericSchema<unknown, Spec>;
