/** Cubic curves through values at places of even distance. */

/**
 * What each of `count` nodes, evenly spaced from 0 to 1, weighs at a place between them: the cubic convolution of Keys
 * (1981), whose curve goes through the nodes. Beyond the ends it goes on as a parabola.
 */
export function cubicWeights(place: number, count: number): Float64Array {
  const low = Math.min(count - 2, Math.floor(place * (count - 1)));
  const t = place * (count - 1) - low;
  const weights = new Float64Array(count);
  const near = [((2 - t) * t - 1) * t, (3 * t - 5) * t * t + 2, ((4 - 3 * t) * t + 1) * t, (t - 1) * t * t];
  for (const [i, weight] of near.entries()) {
    const node = low - 1 + i;
    // The node before the first is 3 × the first − 3 × the second + the third; behind the last it is the same.
    const [from, step] = node < 0 ? [0, 1] : node < count ? [node, 0] : [count - 1, -1];
    if (step === 0) weights[from]! += weight / 2;
    else for (const [k, part] of [3, -3, 1].entries()) weights[from + k * step]! += (part * weight) / 2;
  }
  return weights;
}
