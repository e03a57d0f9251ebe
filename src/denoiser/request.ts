/** A call of `denoise`: its options, checked, and its picture, in memory that the caller cannot change any more. */
import { optionsFrom, requireNoOthers, requireOption, requireRunOptions } from "../errors.ts";
import { requireStrength } from "../pictures/blend.ts";
import {
  channelsOf,
  copyOf,
  type Picture,
  type PictureValues,
  type Range,
  requireRange,
  type SameKind,
  takenFrom,
} from "../pictures/picture.ts";

/** How a picture is denoised. */
export interface DenoiseOptions {
  /**
   * Level of the noise in grey levels, from 0 to 1,000: its standard deviation, or the root mean square of what it added to
   * the picture. A grey level is a 255th of the way from black to white, in pictures of any kind. `"auto"`, the default,
   * takes what `estimateSigma` finds. With 0 the result is a copy of the picture.
   */
  sigma?: number | "auto" | undefined;
  /**
   * The part of the noise that is removed, from 0 (none: the result is a copy of the picture) to 1 (all). `blend` gives the
   * results of other strengths without another run. Default 1.
   */
  strength?: number | undefined;
  /**
   * `"best"` takes the mean of what becomes of the picture in its eight orientations, mirrored and turned, which takes
   * eight times as long; for integers also 4 bytes of memory for each value. Default `"standard"`: the picture as it is.
   */
  quality?: "standard" | "best" | undefined;
  /**
   * The values of black and of white in the picture, such as `[0, 1]` for floats or `[0, 4095]` for 12 bits. Default:
   * `[0, 65535]` for a `Uint16Array`, else `[0, 255]`. It is an error to leave it out if 1 seems to be white: if a
   * `Float32Array` holds no colour beyond ±4, and not only whole numbers.
   */
  range?: Range | undefined;
  /**
   * Takes the memory of the picture's `data` over instead of copying it, which leaves `data` empty. Memory that cannot be
   * handed over, such as that of a `SharedArrayBuffer`, is copied all the same. Default `false`: the values are copied before
   * `denoise` returns its promise, so that they may be changed at once.
   */
  transfer?: boolean | undefined;
  /** Aborts the work: the promise is rejected with the signal's reason. */
  signal?: AbortSignal | undefined;
  /** Called from time to time with the part of the work that is done, from 0 to 1. */
  onProgress?: ((done: number) => void) | undefined;
}

/** A picture and how it is to be denoised. */
export interface Request<Values extends PictureValues> {
  readonly picture: Required<Picture<SameKind<Values>>>;
  readonly sigma: number | "auto";
  readonly strength: number;
  readonly quality: "standard" | "best";
  readonly range: Range | undefined;
  readonly signal: AbortSignal | undefined;
  readonly onProgress: ((done: number) => void) | undefined;
}

/** The most that `sigma` may be: four times all there is between black and white. */
const MOST_SIGMA = 1000;

/**
 * Checks the options and the shape of the picture, whose values are checked later, and takes possession of its values.
 * @throws DataError if the picture has no pixels, or its parts do not fit together
 * @throws SpecError if an option is unknown, of the wrong type or out of range
 */
export function requestOf<Values extends PictureValues>(
  given: Picture<Values>,
  options: DenoiseOptions | undefined,
): Request<Values> {
  const {
    sigma = "auto",
    strength = 1,
    quality = "standard",
    range,
    transfer = false,
    signal,
    onProgress,
    ...others
  } = optionsFrom(options);
  requireNoOthers(others);
  requireRunOptions(signal, onProgress);
  const isLevel = sigma === "auto" || (Number.isFinite(sigma) && sigma >= 0 && sigma <= MOST_SIGMA);
  requireOption("sigma", sigma, isLevel, `"auto" or a number from 0 to ${MOST_SIGMA}`);
  requireStrength(strength);
  requireOption("quality", quality, ["standard", "best"].includes(quality), '"standard" or "best"');
  requireOption("transfer", transfer, typeof transfer === "boolean", "true or false");
  requireRange(range);
  signal?.throwIfAborted();
  const channels = channelsOf(given);
  const { data, width, height } = given;
  const picture = { data: transfer ? takenFrom(data) : copyOf(data), width, height, channels };
  return { picture, sigma, strength, quality, range: range && [...range], signal, onProgress };
}
