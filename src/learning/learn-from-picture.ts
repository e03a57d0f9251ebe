/**
 * Learns to denoise one picture from that picture alone: a small network is trained on patches of it, and then takes its noise
 * away. Nothing is known beforehand but that the noise is independent from pixel to pixel.
 */
import type { Scenes } from "../data/images.ts";
import { DataError, optionsFrom, requireNoOthers, requireOption } from "../errors.ts";
import {
  type CheckedPicture,
  checkPicture,
  copyOf,
  type Picture,
  type PictureValues,
  type Range,
} from "../pictures/picture.ts";
import { type Learned, type LearnOptions, runningFrom } from "./learn-options.ts";
import { levelOfCurve, MOST_CORRELATION, type NoiseCurve, noiseCurveOf } from "./noise-curve.ts";
import { learnAndDenoise } from "./small-network.ts";

/** In grey levels of noise in mid grey. Below it there is nothing to learn. */
export const LEAST_LEVEL = 0.5;

/**
 * Learns from one noisy picture and denoises it. The mean over the picture's eight orientations is taken, so that a picture of
 * 512×768 pixels takes about half a minute on two threads.
 *
 * @throws DataError if the picture is broken or less than 16 pixels wide or high, no noise is found, or that of neighbouring
 * pixels goes together
 * @throws SpecError if an option is unknown, of the wrong type or out of range
 * @throws DivergenceError if the training diverges
 */
export async function learnFromPicture<Values extends PictureValues>(
  picture: Picture<Values>,
  options?: LearnOptions,
): Promise<Learned<Values>> {
  const { noise: given = "auto", ...others } = optionsFrom(options);
  const running = runningFrom(others);
  const { kept, set, noise } = lessonOf(picture, given, running.range);
  const { denoised, model } = await learnAndDenoise(kept, set, noise, running);
  const { data, width, height, channels } = denoised;
  return { data, width, height, channels, noise, model };
}

/** What is learned from one picture: a copy of it, since the caller may change it meanwhile, its scene, and its noise. */
export function lessonOf<Values extends PictureValues>(
  picture: Picture<Values>,
  noise: "auto" | NoiseCurve,
  range?: Range,
): { kept: Picture<Values>; set: Scenes; noise: NoiseCurve } {
  const checked = checkPicture(picture, range);
  const { width, height } = picture;
  const { channels } = checked;
  const kept = { data: copyOf(picture.data), width, height, channels } as unknown as Picture<Values>;
  const scene = { frames: [colorsOf(kept, checked)], width, height };
  return {
    kept,
    set: { scenes: [scene], count: 1, channels: checked.distinct },
    noise: noise === "auto" ? foundNoise(kept, checked) : requireCurve(noise),
  };
}

/** The colours of a picture in grey levels, without alpha, and only the first of three that are equal. */
function colorsOf(
  { data, width, height }: Picture,
  { channels, distinct, black, step }: CheckedPicture,
): Float32Array<ArrayBuffer> {
  const values = new Float32Array(width * height * distinct);
  for (let i = 0; i < values.length; i++) {
    const pixel = Math.floor(i / distinct);
    values[i] = (data[pixel * channels + (i % distinct)]! - black) / step;
  }
  return values;
}

/** The noise of a picture. @throws DataError if it is too weak, or not independent from pixel to pixel */
function foundNoise(picture: Picture, checked: CheckedPicture): NoiseCurve {
  const found = noiseCurveOf(picture, checked);
  if (!found || levelOfCurve(found) < LEAST_LEVEL)
    throw new DataError("No noise is found in the picture. Give the noise as `noise` if there is some.");
  const { gain, sigma, correlation } = found;
  requireIndependent(correlation);
  return { gain: Math.fround(gain), sigma: Math.fround(sigma) };
}

/** @throws DataError if the noise of neighbouring pixels goes together */
export function requireIndependent(correlation: number): void {
  if (correlation > MOST_CORRELATION)
    throw new DataError(
      `The noise of neighbouring pixels goes together (correlation ${correlation.toFixed(2)}), as JPEG, smoothing and mosaics ` +
        "leave it: a network would learn to keep it. Take the picture before that; or make it half as large; or give the noise as `noise` to learn all the same.",
    );
}

/** @throws SpecError if this is no noise */
function requireCurve(noise: NoiseCurve): NoiseCurve {
  const { gain, sigma, ...others } = optionsFrom(noise);
  requireNoOthers(others);
  const isNumber = (value: number) => Number.isFinite(value) && value >= 0 && value <= 1e6;
  const isCurve = isNumber(gain) && isNumber(sigma) && gain + sigma > 0;
  requireOption(
    "noise",
    noise,
    isCurve,
    '"auto" or { gain, sigma }, neither below 0 nor above a million, and not both 0',
  );
  return { gain, sigma };
}
