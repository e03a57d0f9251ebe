/**
 * Estimates how strong the noise of a picture is from the picture alone. It uses only + − × ÷, √ and sorting, so that
 * every engine finds exactly the same value.
 */
import { type CheckedChannels, checkPicture, type Picture } from "../pictures/picture.ts";
import { levelOfBlocks } from "./block-level.ts";
import { blocksOf } from "./blocks.ts";
import { whiteNoiseOf } from "./white-noise.ts";

/** In a picture that is drawn, there are at least this many times as many blocks that look drawn as others. */
const DRAWN_SHARE = 0.5;
/** The least number of blocks, neither even nor drawn, that tell the level. */
const FEWEST_NATURAL = 64;
/** In grey levels. Below it, noise cannot be told from texture, and a clean photograph is not to be smoothed. */
const LEAST_LEVEL = 2.4;

/** The noise that was found. */
export interface FoundNoise {
  /** Its level in grey levels; 0 if none was found. */
  readonly sigma: number;
  /** Why none was found; `Denoised.unchanged` says what the words mean. */
  readonly noiseless?: "drawn" | "no-noise";
}

/**
 * Estimates the level of the noise in a picture in grey levels: the root mean square of what the noise added to its
 * values. For white Gaussian noise this is its standard deviation, but it may also be the noise of a camera, smoothed and
 * compressed. The estimate is 0 if it would be below 2.4, if the picture looks drawn (as a page of text or a screenshot
 * does), or if it is less than 4 pixels wide or high. Alpha is left out, and so are wholly transparent parts.
 *
 * It looks at some thousand blocks of 16×16 pixels (`blocksOf`), and leaves out the even ones, such as bars around a
 * photograph. If half as many blocks look drawn as do not, the picture is taken for clean. Otherwise a small network finds
 * the level from the flattest blocks (`levelOfBlocks`), whatever kind of noise it is; and white Gaussian noise is measured
 * in patches of 4×4 pixels (`whiteNoiseOf`), which fit between letters or in pictures too small for many blocks. The
 * larger of both is taken.
 *
 * @throws DataError if the picture has no pixels, its parts do not fit together, or a value is not finite
 */
export function estimateSigma(picture: Picture): number {
  return findNoise(picture, checkPicture(picture)).sigma;
}

/** `estimateSigma` for a picture that has already been checked, with the reason if nothing is found. */
export function findNoise(picture: Picture, checked: CheckedChannels): FoundNoise {
  const { natural, drawn } = blocksOf(picture, checked);
  if (drawn > 0 && drawn >= DRAWN_SHARE * natural.length) return { sigma: 0, noiseless: "drawn" };
  const level = natural.length < FEWEST_NATURAL ? 0 : levelOfBlocks(natural, checked.distinct === 3);
  const sigma = Math.max(level, whiteNoiseOf(picture, checked));
  return sigma < LEAST_LEVEL ? { sigma: 0, noiseless: "no-noise" } : { sigma };
}
