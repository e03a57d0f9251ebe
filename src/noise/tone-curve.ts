/** The tone curve of a camera: how the values of a picture follow from the light. */
import { power } from "./portable-math.ts";

/** Keeps the slope at black finite, as sRGB does with the same number. */
const TOE = 0.055;
/** Nodes of the table from light to values. They are evenly spaced in the root of the light, so that darks have more. */
const NODES = 1024;

/** For each value of a picture, from 0 to 255, the light that makes it, from 0 to 1. */
export const lightOf = new Float64Array(256);
/** The value from 0 to 255 at each node, and one more that is never weighed. */
const values = new Float64Array(NODES + 2);

/**
 * Sets the curve. A value v, from 0 to 1, comes from the light ((u + t)^gamma − t^gamma) / ((1 + t)^gamma − t^gamma) with
 * t = 0.055 and u = v + contrast·v·(1 − v)·(1 − 2v). So `gamma` brightens what is dark, and `contrast` flattens both ends
 * of the curve and makes its middle steeper, by the factors 1 / (1 + contrast) and 1 / (1 − contrast / 2).
 * A gamma of 1 with a contrast of 0 is a straight line.
 */
export function setToneCurve(gamma: number, contrast: number): void {
  const black = power(TOE, gamma);
  const scale = 1 / (power(1 + TOE, gamma) - black);
  for (let value = 0; value < 256; value++) {
    const v = value / 255;
    const u = v + contrast * v * (1 - v) * (1 - 2 * v);
    lightOf[value] = (power(u + TOE, gamma) - black) * scale;
  }
  lightOf[0] = 0;
  lightOf[255] = 1;
  let below = 0;
  for (let node = 0; node <= NODES; node++) {
    const light = (node / NODES) * (node / NODES);
    while (below < 254 && lightOf[below + 1]! < light) below++;
    const start = lightOf[below]!;
    values[node] = below + (light - start) / (lightOf[below + 1]! - start);
  }
  values[NODES + 1] = 255;
}

/** The value from 0 to 255 that an amount of light makes: 0 for none or less, 255 for 1 or more. Not rounded. */
export function valueOf(light: number): number {
  if (light <= 0) return 0;
  if (light >= 1) return 255;
  const position = Math.sqrt(light) * NODES;
  const node = position | 0;
  const start = values[node]!;
  return start + (position - node) * (values[node + 1]! - start);
}
