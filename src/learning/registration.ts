/**
 * Finds by how many whole pixels the frames of a scene are shifted against each other, by phase correlation: Charles Kuglin and
 * David Hines, "The phase correlation image alignment method", IEEE Conference on Cybernetics and Society, 1975.
 */
import { DataError } from "../errors.ts";
import { cosineOfPi } from "../noise/portable-math.ts";
import { type Complex, transformSquare } from "./fourier.ts";

/** Values in rows, channels interleaved: [height, width, channels]. */
export interface Frame {
  readonly data: Uint8Array | Float32Array;
  readonly width: number;
  readonly height: number;
  readonly channels: number;
}

/** Pixel (x + right, y + down) of a frame shows what pixel (x, y) of the reference shows. */
export interface Shift {
  readonly right: number;
  readonly down: number;
}

/** At most this many pixels each way around the middle are compared. */
const MOST_SIDE = 512;
const NONE: Shift = { right: 0, down: 0 };
/**
 * The highest value of the correlation stands out if it is so many times the root mean square of all, or so many times the next
 * highest. Between pictures of different scenes it was up to 8 times and mostly less than 6 times the former, and less than 1.3
 * times the latter, except for patches of 32 pixels; between frames with noise of σ = 50 that were brought together rightly, 7 to
 * 26 times the former.
 */
const CLEAR = 7.5;
const CLEARER = 1.3;
/** The next highest value is more than so many pixels away. */
const NEAR = 3;

/**
 * The shift of each frame against the first.
 * @throws DataError that names a frame that does not seem to show the same
 * @param reach the largest shift that is looked for, in pixels each way
 */
export function shiftsOf(frames: readonly Frame[], reach: number): Shift[] {
  const [first, ...others] = frames;
  const smallest = Math.min(first!.width, first!.height, MOST_SIDE);
  let side = 1;
  while (2 * side <= smallest) side *= 2;
  if (others.length === 0) return [NONE];
  const reference = spectrumOf(first!, side);
  return [
    NONE,
    ...others.map((frame, index) => {
      const shift = shiftBetween(reference, spectrumOf(frame, side), side, reach);
      if (shift) return shift;
      throw new DataError(
        `Frame ${index + 1} does not seem to show what frame 0 shows, shifted by up to ${reach} pixels. Take it out; or, if it ` +
          "does, give a larger `reach`, or a `reach` of 0 for frames that are not shifted.",
      );
    }),
  ];
}

/** The spectrum of the middle of a frame, in grey, faded out towards its borders. */
function spectrumOf({ data, width, height, channels }: Frame, side: number): Complex {
  const [left, top] = [(width - side) >> 1, (height - side) >> 1];
  const re = new Float64Array(side * side);
  let mean = 0;
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      const start = ((top + y) * width + left + x) * channels;
      let sum = 0;
      for (let c = 0; c < channels; c++) sum += data[start + c]!;
      re[y * side + x] = sum;
      mean += sum / (side * side);
    }
  }
  const fade = Float64Array.from(
    { length: side },
    (_, i) => (1 + cosineOfPi(Math.abs(1 - (2 * i + 1) / side))) / 2,
  );
  for (let i = 0; i < re.length; i++) re[i] = (re[i]! - mean) * fade[i % side]! * fade[Math.floor(i / side)]!;
  const square = { re, im: new Float64Array(re.length) };
  transformSquare(square, side);
  return square;
}

/**
 * The place of the highest value of the phase correlation, in which fine detail, mostly noise, counts less.
 * @returns undefined if it does not stand out, as in frames of different scenes
 */
function shiftBetween(one: Complex, other: Complex, side: number, reach: number): Shift | undefined {
  // Swapped, so that the same transform becomes its inverse.
  const [im, re] = [new Float64Array(side * side), new Float64Array(side * side)];
  const weights = Float64Array.from({ length: side }, (_, k) => {
    const low = (1 + cosineOfPi((2 * Math.min(k, side - k)) / side)) / 2;
    return low * low;
  });
  for (let i = 0; i < re.length; i++) {
    const real = other.re[i]! * one.re[i]! + other.im[i]! * one.im[i]!;
    const imaginary = other.im[i]! * one.re[i]! - other.re[i]! * one.im[i]!;
    const size = Math.sqrt(real * real + imaginary * imaginary);
    if (size === 0) continue;
    const weight = (weights[i % side]! * weights[Math.floor(i / side)]!) / size;
    im[i] = real * weight;
    re[i] = imaginary * weight;
  }
  transformSquare({ re, im }, side);
  const most = Math.min(reach, (side >> 1) - 1);
  const highest = (far: (right: number, down: number) => boolean) => {
    let found = { right: 0, down: 0, value: -Infinity };
    for (let down = 0 - most; down <= most; down++) {
      for (let right = 0 - most; right <= most; right++) {
        const value = im[((down + side) % side) * side + ((right + side) % side)]!;
        if (value > found.value && far(right, down)) found = { right, down, value };
      }
    }
    return found;
  };
  const { right, down, value } = highest(() => true);
  const next = highest((x, y) => Math.max(Math.abs(x - right), Math.abs(y - down)) > NEAR);
  const rms = Math.sqrt(im.reduce((sum, one) => sum + (one * one) / im.length, 0));
  const isClear = most === 0 || value > CLEAR * rms || value > CLEARER * next.value;
  return isClear ? { right, down } : undefined;
}
