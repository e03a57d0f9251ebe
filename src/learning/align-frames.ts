/** Brings the frames of a scene together: checks them, finds their shifts, and takes their mean. */
import type { Scenes } from "../data/images.ts";
import { DataError, optionsFrom, requireNoOthers, requireOption } from "../errors.ts";
import { checkPicture, type Picture, type Range } from "../pictures/picture.ts";
import { requireWhole } from "../training/train-options.ts";
import { type Frame, type Shift, shiftsOf } from "./registration.ts";

/** How frames are brought together. */
export interface FramesOptions {
  /** The values of black and of white in the frames: see `DenoiseOptions`. */
  range?: Range | undefined;
  /** The largest shift between frames that is looked for, in whole pixels each way, from 0 to 255. Default 32. */
  reach?: number | undefined;
}

/**
 * The mean of frames, as the first one shows the scene; where shifted frames do not reach, it is the mean of those that do.
 * Black and white are those of the frames.
 */
export interface MeanOfFrames extends Picture<Float32Array<ArrayBuffer>> {
  /** Values of each pixel: 1 grey, 3 RGB. */
  readonly channels: 1 | 3;
  /** By how much each frame is shifted against the first. */
  readonly shifts: readonly Shift[];
}

/** Frames that are brought together, in grey levels. */
export interface AlignedFrames {
  readonly mean: Required<Picture<Float32Array<ArrayBuffer>>> & { readonly channels: 1 | 3 };
  readonly shifts: readonly Shift[];
  /** What all frames show, cut out of each. */
  readonly common: Scenes;
  /** The values of a grey level and of black in the pictures that were given. */
  readonly step: number;
  readonly black: number;
}

/**
 * Finds how frames of one scene are shifted against each other and gives their mean, whose noise is weaker by the square root of
 * their number. A denoiser takes most of the rest away. It works in one go, about half a second for each frame of 3 megapixels:
 * where something else has to go on meanwhile, call it in a worker.
 * @param frames two or more, of one size, grey or RGB; alpha is left out
 * @throws DataError if a frame is broken, has another size than the first, or does not show the same scene within `reach`
 * @throws SpecError if an option is unknown, of the wrong type or out of range
 */
export function meanOfFrames(frames: readonly Picture[], options?: FramesOptions): MeanOfFrames {
  const { range, reach, ...others } = optionsFrom(options);
  requireNoOthers(others);
  const { mean, shifts, step, black } = alignedFrames(frames, range, reach);
  return { ...mean, data: mean.data.map((value) => value * step + black), shifts };
}

/** Checks frames and brings them together. @throws DataError and SpecError as `meanOfFrames` */
export function alignedFrames(
  pictures: readonly Picture[],
  range: Range | undefined,
  reach = 32,
): AlignedFrames {
  requireWhole("reach", reach, 0, 255);
  requireOption(
    "frames",
    pictures,
    Array.isArray(pictures) && pictures.length > 1,
    "a list of two pictures or more",
  );
  const { step, black, colors: channels } = checkPicture(pictures[0]!, range);
  const frames = pictures.map((picture, index): Frame => {
    const { width, height, data } = picture;
    const other = checkPicture(picture, range);
    const fits = width === pictures[0]!.width && height === pictures[0]!.height && other.colors === channels;
    if (!fits || other.step !== step)
      throw new DataError(
        `Frame ${index} has another size or kind than the first. Give frames of one kind, grey or RGB.`,
      );
    const levels = new Float32Array(width * height * channels);
    for (let i = 0; i < levels.length; i++) {
      const pixel = Math.floor(i / channels);
      levels[i] = (data[pixel * other.channels + (i % channels)]! - black) / step;
    }
    return { data: levels, width, height, channels };
  });
  const shifts = shiftsOf(frames, reach);
  const { width, height } = pictures[0]!;
  const mean = { data: meanOf(frames, shifts), width, height, channels };
  return { mean, shifts, common: commonOf(frames, shifts), step, black };
}

/** The mean of shifted frames, as large as the first. */
function meanOf(frames: readonly Frame[], shifts: readonly Shift[]): Float32Array<ArrayBuffer> {
  const { width, height, channels } = frames[0]!;
  const mean = new Float32Array(width * height * channels);
  const counts = new Uint16Array(width * height);
  for (const [index, { data }] of frames.entries()) {
    const { right, down } = shifts[index]!;
    for (let y = Math.max(0, -down); y < Math.min(height, height - down); y++) {
      for (let x = Math.max(0, -right); x < Math.min(width, width - right); x++) {
        const [to, from] = [y * width + x, (y + down) * width + x + right];
        counts[to] = counts[to]! + 1;
        for (let c = 0; c < channels; c++)
          mean[to * channels + c] = mean[to * channels + c]! + data[from * channels + c]!;
      }
    }
  }
  return mean.map((sum, i) => sum / counts[Math.floor(i / channels)]!);
}

/** What all frames show, cut out of each. @throws DataError if that is nothing */
function commonOf(frames: readonly Frame[], shifts: readonly Shift[]): Scenes {
  const { width, height, channels } = frames[0]!;
  const most = (values: readonly number[]) => Math.max(0, ...values);
  const left = most(shifts.map(({ right }) => -right));
  const top = most(shifts.map(({ down }) => -down));
  const across = width - left - most(shifts.map(({ right }) => right));
  const high = height - top - most(shifts.map(({ down }) => down));
  if (across < 1 || high < 1)
    throw new DataError("There is nothing that all frames show. Give frames of one scene.");
  const cut = frames.map(({ data }, index) => {
    const { right, down } = shifts[index]!;
    const out = new Float32Array(across * high * channels);
    for (let y = 0; y < high; y++) {
      const start = ((top + y + down) * width + left + right) * channels;
      out.set(data.subarray(start, start + across * channels), y * across * channels);
    }
    return out;
  });
  return { scenes: [{ frames: cut, width: across, height: high }], count: 1, channels };
}
