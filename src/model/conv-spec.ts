/** Checks what a spec says besides its layers, without a schema, for bundles that have to be small. */
import { shown } from "../errors.ts";
import { MOST_LAYERS, MOST_SIZE, MOST_WHITE } from "../network/limits.ts";
import type { Spec } from "../network/spec.ts";

/** Whether an object has no other keys than these, which are separated by spaces. */
export const hasOnly = (object: object, keys: string): boolean =>
  Object.keys(object).every((key) => keys.split(" ").includes(key));

/** Whether a value is a whole number from 1 to `most`. */
export const isSize = (value: number, most: number): boolean =>
  Number.isInteger(value) && value > 0 && value <= most;

const isDeviation = (value: unknown) => Number.isFinite(value) && (value as number) >= 0;

/**
 * What is wrong with a spec besides its layers, of which there have to be some in a list; undefined if nothing is.
 * @throws TypeError if a part of it is missing, or no object
 */
export function specFault(spec: Spec): string | undefined {
  const {
    input,
    residual = false,
    noiseLevel = false,
    white = 255,
    padding = "zeros",
    initialization,
  } = spec;
  const { height, width, channels } = input;
  if (channels !== 1 && channels !== 3) return `is for pictures of ${shown(channels)} channels, not 1 or 3`;
  const { weights, biases, lastLayer = 0 } = initialization;
  const isRight =
    hasOnly(spec, "input white layers padding residual noiseLevel initialization") &&
    hasOnly(input, "height width channels") &&
    hasOnly(initialization, "weights biases lastLayer") &&
    (weights === "he" || isDeviation(weights)) &&
    isDeviation(biases) &&
    isDeviation(lastLayer) &&
    isSize(height, MOST_SIZE) &&
    isSize(width, MOST_SIZE) &&
    (padding === "zeros" || padding === "reflect") &&
    typeof residual === "boolean" &&
    typeof noiseLevel === "boolean" &&
    Number.isFinite(white) &&
    white >= 1 / MOST_WHITE &&
    white <= MOST_WHITE;
  const { length } = spec.layers;
  if (!isRight) return `has a spec that is not valid: ${shown({ ...spec, layers: length })}`;
  const isList = Array.isArray(spec.layers) && length > 0 && length <= MOST_LAYERS;
  return isList ? undefined : `has ${shown(length)} layers, not 1 to ${MOST_LAYERS}`;
}
