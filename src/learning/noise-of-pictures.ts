import { DataError } from "../errors.ts";
import { LEAST_LEVEL, requireIndependent } from "./learn-from-picture.ts";
import { levelOfCurve, type NoiseCurve, noiseCurveOf } from "./noise-curve.ts";
import type { Frame } from "./registration.ts";

/** At most so many pictures are looked at, evenly spread. */
const MOST_PICTURES = 64;

/**
 * The noise that pictures of one source have in common, as far as it shows in them: the mean of what is found in each.
 * @param areScenes whether there are several frames of each scene, so that neighbouring pixels may have noise in common
 * @throws DataError if no picture shows noise, or it is not independent from pixel to pixel
 */
export function noiseOfPictures(pictures: readonly Frame[], areScenes: boolean): NoiseCurve {
  const every = Math.ceil(pictures.length / MOST_PICTURES);
  const found = pictures
    .filter((_, index) => index % every === 0)
    .flatMap((picture) => {
      const distinct = picture.channels === 3 ? 3 : 1;
      return noiseCurveOf(picture, { channels: distinct, distinct, black: 0, step: 1 }) ?? [];
    })
    .filter((curve) => levelOfCurve(curve) >= LEAST_LEVEL);
  const meanOf = (value: (curve: (typeof found)[number]) => number) =>
    found.reduce((sum, curve) => sum + value(curve), 0) / found.length;
  if (found.length === 0)
    throw new DataError(
      "No noise is found in the pictures. Give it: --sigma, or --noise poisson-gaussian,gain=…,sigma=…; or, if they fill little " +
        "of their range, that part of it: --range black,white.",
    );
  if (!areScenes) requireIndependent(meanOf(({ correlation }) => correlation));
  const [gain, variance] = [meanOf(({ gain }) => gain), meanOf(({ sigma }) => sigma * sigma)];
  return { gain: Math.fround(gain), sigma: Math.fround(Math.sqrt(variance)) };
}
