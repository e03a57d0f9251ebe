/** Numbers of a noise model that are drawn anew for each picture. */
import { power } from "./portable-math.ts";
import type { Random } from "./rng.ts";

/**
 * A number, or the two ends of a range, the smaller one first, from which a number is drawn uniformly for each picture. No
 * number is larger than 10⁶; one that has to be above 0 is at least 10⁻⁶.
 */
export type Ranged = number | [number, number];

/** The number, or one that is drawn uniformly from the range, rounded to float32. */
export function drawFrom(range: Ranged, random: Random): number {
  if (typeof range === "number") return range;
  const [least, greatest] = range;
  return Math.fround(least + (greatest - least) * random.uniform());
}

/** The number, or one from the range, whose ends are above 0, such that the number's logarithm is drawn uniformly. */
export function drawLogarithmicallyFrom(range: Ranged, random: Random): number {
  if (typeof range === "number") return range;
  const [least, greatest] = range;
  return Math.fround(least * power(greatest / least, random.uniform()));
}
