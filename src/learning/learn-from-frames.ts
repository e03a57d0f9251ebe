/**
 * Learns to denoise a scene from several noisy frames of it: a network sees the mean of half of them and is to put out the
 * mean of the others. Nothing is known beforehand but that the noise of one frame is independent of that of the others.
 */
import { optionsFrom } from "../errors.ts";
import type { Picture } from "../pictures/picture.ts";
import { alignedFrames, type FramesOptions } from "./align-frames.ts";
import { type Learned, type LearnOptions, runningFrom } from "./learn-options.ts";
import { noiseCurveOf } from "./noise-curve.ts";
import type { Shift } from "./registration.ts";
import { learnAndDenoise } from "./small-network.ts";

/** How frames are learned from. Every option has a default. */
export interface LearnFromFramesOptions extends Omit<LearnOptions, "noise">, FramesOptions {}

/**
 * What was learned from frames: the denoised scene, as the first frame shows it, with the frames' black and white. Its `noise`
 * is that of one frame.
 */
export interface LearnedFromFrames extends Learned<Float32Array<ArrayBuffer>> {
  /** By how much each frame is shifted against the first. */
  readonly shifts: readonly Shift[];
}

/**
 * Learns from several noisy frames of one scene and denoises it. The noise may be of any kind that is independent from frame to
 * frame and 0 in the mean; neighbouring pixels may have it in common. Frames may be shifted by whole pixels.
 * @param frames two or more, of one size, grey or RGB; alpha is left out
 * @returns values that are neither rounded nor clamped
 * @throws DataError if a frame is broken, has another size than the first, or does not show the same scene within `reach`, or
 * what all show is less than 16 pixels wide or high
 * @throws SpecError if an option is unknown, of the wrong type or out of range
 * @throws DivergenceError if the training diverges
 */
export async function learnFromFrames(
  frames: readonly Picture[],
  options?: LearnFromFramesOptions,
): Promise<LearnedFromFrames> {
  const { reach, ...others } = optionsFrom(options);
  const running = runningFrom(others);
  const { mean, shifts, common, step, black } = alignedFrames(frames, running.range, reach);
  const { width, height, channels } = mean;
  const [first] = common.scenes[0]!.frames;
  const part = { data: first!, width: common.scenes[0]!.width, height: common.scenes[0]!.height };
  const { gain, sigma } = noiseCurveOf(part, { channels, distinct: channels, black: 0, step: 1 }) ?? {
    gain: 0,
    sigma: 0,
  };
  const noise = { gain: Math.fround(gain), sigma: Math.fround(sigma) };
  const { denoised, model } = await learnAndDenoise(mean, common, noise, { ...running, range: [0, 255] });
  const data = denoised.data.map((value) => value * step + black);
  return { data, width, height, channels, noise, model, shifts };
}
