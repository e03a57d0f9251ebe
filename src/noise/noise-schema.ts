/** The schema of noise. The keys are documented at the types, in camera.ts, noise.ts and pointwise.ts. */
import * as v from "valibot";
import type { Noise, SingleNoise } from "./noise.ts";

// Numbers of a model are up to this, and where they have to be above 0, from its reciprocal on: float32 holds all that follows.
export const MOST_NOISE = 1e6;
/** The parts of a mixture. */
const MOST_PARTS = 16;

const between = (least: number, greatest: number) =>
  v.pipe(v.number(), v.minValue(least), v.maxValue(greatest));
const strength = v.pipe(v.number(), v.finite(), v.minValue(0), v.maxValue(MOST_NOISE));
const positive = v.pipe(v.number(), v.gtValue(0), v.minValue(1 / MOST_NOISE), v.maxValue(MOST_NOISE));
const share = between(0, 1);
const blur = between(0, 16);

export const ranged = <Schema extends v.GenericSchema<number>>(schema: Schema) =>
  v.union([
    schema,
    v.pipe(
      v.strictTuple([schema, schema]),
      v.check(([least, greatest]) => least <= greatest, "a range from the smaller number to the larger"),
    ),
  ]);

const gaussian = { model: v.literal("gaussian"), sigma: ranged(strength) };
const uniform = { model: v.literal("uniform"), sigma: ranged(strength) };
const poissonGaussian = {
  model: v.literal("poisson-gaussian"),
  gain: ranged(strength),
  sigma: ranged(strength),
};
const saltAndPepper = { model: v.literal("salt-and-pepper"), share: ranged(share) };
const speckle = { model: v.literal("speckle"), contrast: ranged(strength) };
const camera = {
  model: v.literal("camera"),
  gain: ranged(positive),
  readNoise: v.exactOptional(ranged(strength)),
  whiteBalance: v.exactOptional(ranged(positive)),
  toneCurve: v.exactOptional(
    v.strictObject({ gamma: ranged(between(1, 4)), contrast: ranged(between(0, 1)) }),
  ),
  mosaic: v.exactOptional(share),
  chroma: v.exactOptional(ranged(strength)),
  smoothing: v.exactOptional(v.strictObject({ share, luma: ranged(blur), chroma: ranged(blur) })),
  jpeg: v.exactOptional(v.strictObject({ share, quality: ranged(between(1, 100)), subsampled: share })),
};

const SingleNoiseSchema = v.variant("model", [
  v.strictObject(gaussian),
  v.strictObject(uniform),
  v.strictObject(poissonGaussian),
  v.strictObject(saltAndPepper),
  v.strictObject(speckle),
  v.strictObject(camera),
]) satisfies v.GenericSchema<unknown, SingleNoise>;

const drawn = v.picklist(["once", "fresh"]);

export const NoiseSchema = v.variant("model", [
  v.strictObject({ ...gaussian, drawn }),
  v.strictObject({ ...uniform, drawn }),
  v.strictObject({ ...poissonGaussian, drawn }),
  v.strictObject({ ...saltAndPepper, drawn }),
  v.strictObject({ ...speckle, drawn }),
  v.strictObject({ ...camera, drawn }),
  v.strictObject({
    model: v.literal("mixture"),
    // As of the layers in spec-schema.ts, the length comes first.
    of: v.pipe(
      v.array(v.unknown()),
      v.minLength(1),
      v.maxLength(MOST_PARTS),
      v.array(v.strictObject({ share: positive, noise: SingleNoiseSchema })),
    ),
    drawn,
  }),
]) satisfies v.GenericSchema<unknown, Noise>;
