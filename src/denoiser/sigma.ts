/**
 * Estimates how strong the noise of a picture is from the picture alone. It uses only + − × ÷, √ and sorting, so that
 * every engine finds exactly the same value.
 */
import { optionsFrom, requireNoOthers } from "../errors.ts";
import {
  type CheckedPicture,
  checkPicture,
  inGreyLevels,
  type Picture,
  type Range,
} from "../pictures/picture.ts";
import { type BlockLevel, levelOfBlocks } from "./block-level.ts";
import { blocksOf } from "./blocks.ts";
import { whiteNoiseOf } from "./white-noise.ts";

/** In a picture that is drawn, there are at least this many times as many blocks that look drawn as others. */
const DRAWN_SHARE = 0.5;
/** The least number of blocks, neither even nor drawn, that tell the level. */
const FEWEST_NATURAL = 64;
/** In grey levels. Below it, noise cannot be told from texture, and a clean photograph is not to be smoothed. */
const LEAST_LEVEL = 2.35;
/** The same for white noise, as patches show it. */
const LEAST_WHITE = 3;
/** If the white noise is at least this part of all noise, the noise is taken for white. */
const WHITE = 0.8;
/** White noise that is found this many times stronger is believed: blocks that are full of letters do not show it. */
const MORE_WHITE = 1.35;
/** In a plain picture, noise is taken for white if the white noise is at least this part of all. */
const WHITE_PLAIN = 0.95;
/**
 * With noise that is not white, a model does best if it is told so many times its level and so many grey levels more; where
 * the picture is plain, the level itself: see docs/experiments.md.
 */
const SPREAD = 1.05;
const MORE_SPREAD = 1.5;

/** How the level of the noise is estimated. */
export interface EstimateOptions {
  /** The values of black and of white in the picture: see `DenoiseOptions`. */
  range?: Range | undefined;
}

/** The noise that was found. */
export interface FoundNoise {
  /** Its level in grey levels; 0 if none was found. */
  readonly sigma: number;
  /** Why none was found; `Denoised.unchanged` says what the words mean. */
  readonly noiseless?: "drawn" | "no-noise";
}

/**
 * Estimates the level of the noise in a picture in grey levels: the root mean square of what the noise added to its
 * values. For white Gaussian noise this is its standard deviation. The noise may also be that of a camera, smoothed and
 * compressed; unless the picture is plain, its level is then raised by a twentieth and 1.5, since models denoise it best so.
 * Alpha is left out, and so are wholly transparent parts. The estimate is 0 if the level is below 2.35, if the picture looks
 * drawn (as a page of text or a screenshot does), or if it is less than 4 pixels wide or high.
 *
 * It looks at some thousand blocks of 16×16 pixels (`blocksOf`), and leaves out the even ones, such as bars around a
 * photograph. If half as many blocks look drawn as do not, the picture is taken for clean. Otherwise a small network finds
 * the level of any kind of noise from the flattest blocks (`levelOfBlocks`). White Gaussian noise is measured also in
 * patches of 4×4 pixels (`whiteNoiseOf`), which fit between letters or in pictures too small for many blocks. That level
 * counts, from 3 on, if it is at least 1.35 times that of the blocks, in a plain picture 0.95 times.
 *
 * @throws DataError if the picture has no pixels, its parts do not fit together, a value is not finite or far outside of
 * the range, or 1 seems to be white where no range was given
 * @throws SpecError if an option is unknown or of the wrong type
 */
export function estimateSigma(picture: Picture, options?: EstimateOptions): number {
  const { range, ...others } = optionsFrom(options);
  requireNoOthers(others);
  return findNoise(picture, checkPicture(picture, range)).sigma;
}

/** `estimateSigma` for a picture that has already been checked, with the reason if nothing is found. */
export function findNoise(picture: Picture, checked: CheckedPicture): FoundNoise {
  picture = inGreyLevels(picture, checked);
  const { natural, drawn } = blocksOf(picture, checked);
  if (drawn && drawn >= DRAWN_SHARE * natural.length) return { sigma: 0, noiseless: "drawn" };
  const isSmall = natural.length < FEWEST_NATURAL;
  const { level = 0, isPlain }: Partial<BlockLevel> = isSmall
    ? {}
    : levelOfBlocks(natural, checked.distinct === 3);
  const white = whiteNoiseOf(picture, checked, isSmall);
  let sigma = white < LEAST_WHITE ? 0 : white;
  if (level >= LEAST_LEVEL) {
    if (isPlain) {
      if (white < WHITE_PLAIN * level) sigma = level;
    } else if (white < MORE_WHITE * level)
      sigma = white < WHITE * level ? SPREAD * level + MORE_SPREAD : level;
  }
  return sigma ? { sigma } : { sigma, noiseless: "no-noise" };
}
