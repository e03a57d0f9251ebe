/** The tone curve of a camera: how the values of a picture follow from the light. */

/** Keeps the slope at black finite, as sRGB does with the same number. */
const TOE = 0.055;
/**
 * The number of steps that light is divided into to find its value. They are of one size in the root of the light, so that
 * the darks have more of them; each is less than half a value.
 */
const STEPS = 4096;

/** For each value of a picture, from 0 to 255, the light that makes it, from 0 to 1. */
export const lightOf = new Float64Array(256);
/** The value, from 0 to 255, of each step of the root of the light. */
const values = new Uint8Array(STEPS + 1);

/**
 * Sets the curve. A value v, from 0 to 1, comes from the light ((u + t)^gamma − t^gamma) / ((1 + t)^gamma − t^gamma) with
 * t = 0.055 and u = v + contrast·v·(1 − v)·(1 − 2v). So `gamma` brightens what is dark, and `contrast` makes the curve
 * flatter at both ends and steeper in its middle: its slope there is divided by 1 + contrast and by 1 − contrast / 2.
 * A gamma of 1 with a contrast of 0 is a straight line.
 * @param gamma is rounded to sixteenths, so that powers are square roots and products
 */
export function setToneCurve(gamma: number, contrast: number): void {
  const sixteenths = Math.round(16 * gamma);
  const black = powerOf(TOE, sixteenths);
  const scale = 1 / (powerOf(1 + TOE, sixteenths) - black);
  for (let value = 0; value < 256; value++) {
    const v = value / 255;
    const u = v + contrast * v * (1 - v) * (1 - 2 * v);
    lightOf[value] = (powerOf(u + TOE, sixteenths) - black) * scale;
  }
  let from = 0;
  for (let value = 0; value < 255; value++) {
    const to = Math.ceil(Math.sqrt((lightOf[value]! + lightOf[value + 1]!) / 2) * STEPS);
    values.fill(value, from, to);
    from = to;
  }
  values.fill(255, from);
}

/** base to the power of exponent / 16, for a base of at least 0 and a whole number. */
function powerOf(base: number, exponent: number): number {
  let factor = Math.sqrt(Math.sqrt(Math.sqrt(Math.sqrt(base))));
  let product = 1;
  for (let rest = exponent; rest > 0; rest >>= 1) {
    if (rest & 1) product *= factor;
    factor *= factor;
  }
  return product;
}

/** The value, a whole number from 0 to 255, that an amount of light makes: 0 for none or less, 255 for 1 or more. */
export function valueOfLight(light: number): number {
  if (light <= 0) return 0;
  return light >= 1 ? 255 : values[(Math.sqrt(light) * STEPS) | 0]!;
}
