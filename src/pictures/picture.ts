import { DataError, requireOption, shown } from "../errors.ts";

/** The kinds of array that a picture's values may be kept in. Node's `Buffer` is a `Uint8Array`. */
export type PictureValues = Uint8Array | Uint8ClampedArray | Uint16Array | Float32Array;

/**
 * A picture in memory; the web's `ImageData` is one. In a `Required<Picture>`, `channels` is always given.
 */
export interface Picture<Values extends PictureValues = PictureValues> {
  /**
   * Row after row from the top, with the channels of each pixel side by side: [height, width, channels]. Black is 0, and
   * white is 65,535 in a `Uint16Array` and 255 in any other array, unless an option `range` says otherwise. Values of a
   * `Float32Array` may lie outside of these.
   */
  readonly data: Values;
  /** In pixels, as is the height. */
  readonly width: number;
  readonly height: number;
  /**
   * Values of each pixel: 1 grey, 2 grey and alpha, 3 RGB, 4 RGBA. Colours are not premultiplied by alpha. Default: what
   * follows from the length of `data`.
   */
  readonly channels?: number;
}

/** The values of black and of white in a picture: finite, and white above black. */
export type Range = readonly [black: number, white: number];

/**
 * The kind of array that holds a result: the same as that of the picture that was given, also for Node's `Buffer`. Every
 * result has memory of its own.
 */
export type SameKind<Values extends PictureValues> = Values extends Float32Array
  ? Float32Array<ArrayBuffer>
  : Values extends Uint16Array
    ? Uint16Array<ArrayBuffer>
    : Values extends Uint8ClampedArray
      ? Uint8ClampedArray<ArrayBuffer>
      : Values extends { readUInt8: unknown }
        ? typeof globalThis extends { Buffer: { alloc(size: number): infer NodeBuffer } }
          ? NodeBuffer
          : Uint8Array<ArrayBuffer>
        : Uint8Array<ArrayBuffer>;

/** What the check of a picture finds out about it. */
export interface CheckedPicture {
  readonly channels: 1 | 2 | 3 | 4;
  /** How many of the channels are colours, that is, not alpha. */
  readonly colors: 1 | 3;
  /** How many of the colours have to be looked at: 1 where they are equal in every pixel. */
  readonly distinct: 1 | 3;
  /** The value of black. */
  readonly black: number;
  /** How many of the picture's values a grey level is, of which there are 255 from black to white. */
  readonly step: number;
}

/**
 * In grey levels. In the sums of the network's layers, float32 keeps whole grey levels beside a value of this size, but not
 * beside one much larger.
 */
export const MOST_LEVELS = 1e6;
/** Where 255 is white, a picture of fractions none of which is beyond this is taken for one in which 1 is white, with noise. */
const MOST_FRACTION = 4;

const kinds = { Uint8Array, Uint8ClampedArray, Uint16Array, Float32Array };

type Kind = keyof typeof kinds;

/** The kind of an array. The tag tells it, since arrays of other realms and Buffers have it too. */
export const kindOf = (data: PictureValues): Kind => data[Symbol.toStringTag];

/** An array with the prototype of another one of its kind: a Buffer, if that is one. */
export function likeOf<Values extends PictureValues>(values: PictureValues, data: Values): SameKind<Values> {
  return Object.setPrototypeOf(values, Object.getPrototypeOf(data));
}

/** A copy of an array, of the same kind, in memory of its own. */
export function copyOf<Values extends PictureValues>(data: Values): SameKind<Values> {
  return likeOf(new kinds[kindOf(data)](data), data);
}

/** The same values in memory that the caller has lost, or in a copy where memory cannot be handed over. */
export function takenFrom<Values extends PictureValues>(data: Values): SameKind<Values> {
  const { byteOffset, length } = data;
  const buffer = data.buffer as ArrayBuffer;
  try {
    const moved = structuredClone(buffer, { transfer: [buffer] });
    return likeOf(new kinds[kindOf(data)](moved, byteOffset, length), data);
  } catch {
    return copyOf(data);
  }
}

/**
 * Checks the kind and the size of a picture that a caller gave. @returns the number of its channels
 * @throws DataError if the picture has no pixels, or its parts do not fit together
 */
export function channelsOf(picture: Picture): 1 | 2 | 3 | 4 {
  const { data, width, height, channels } = picture ?? {};
  if (!ArrayBuffer.isView(data) || !(kindOf(data) in kinds))
    throw new DataError(
      `The picture's data has to be a Uint8Array, Uint8ClampedArray, Uint16Array or Float32Array, but is ${shown(
        "then" in Object(picture) ? picture : data,
      )}.`,
    );
  if (!(Number.isInteger(width) && Number.isInteger(height) && width > 0 && height > 0))
    throw new DataError(
      `The picture's size is ${shown(width)} × ${shown(height)}. Give whole numbers above 0.`,
    );
  const { length } = data;
  const count = channels === undefined ? length / (width * height) : channels;
  if (![1, 2, 3, 4].includes(count) || length !== width * height * count) {
    throw new DataError(
      `The picture has ${length} values, which is not ${width} × ${height} × ` +
        `${channels === undefined ? "1, 2, 3 or 4" : shown(channels)}. ` +
        "Give 1 to 4 values a pixel: grey or RGB, with or without alpha.",
    );
  }
  return count as 1 | 2 | 3 | 4;
}

/** Checks an option `range`. @throws SpecError if it is given, and is not [black, white] */
export function requireRange(range: Range | undefined): void {
  if (range === undefined) return;
  const isPair = Array.isArray(range) && range.length === 2 && range.every(Number.isFinite);
  const step = isPair ? (range[1] - range[0]) / 255 : 0;
  const isRight = step > 0 && step < Infinity && 1 / step < Infinity;
  requireOption("range", range, isRight, "the values of black and of white, of which white is the larger");
}

/**
 * Checks the shape and the values of a picture that a caller gave, in one pass over its pixels.
 * @param range the values of black and of white. Default: 0 and what `Picture` says
 * @throws DataError if the picture has no pixels, its parts do not fit together, a value is not finite or far outside of
 * the range, or 1 seems to be white where no range was given
 * @throws SpecError if the range is none
 */
export function checkPicture(picture: Picture, range?: Range): CheckedPicture {
  const channels = channelsOf(picture);
  requireRange(range);
  const { data } = picture;
  const [black, white] = range ?? [0, kindOf(data) === "Uint16Array" ? 65_535 : 255];
  const step = (white - black) / 255;
  const most = MOST_LEVELS * step;
  const colors = channels < 3 ? 1 : 3;
  let distinct: 1 | 3 = 1;
  // Whole numbers are finite, and within the range that they have by default.
  const areRight = !range && kindOf(data) !== "Float32Array";
  for (let i = 0; i < data.length && !(areRight && distinct === colors); i += channels) {
    for (let c = 0; c < channels; c++) {
      const value = data[i + c]!;
      if (!(Math.abs(value - black) <= most)) {
        throw new DataError(
          `The picture's value ${i + c} is ${value}. Give finite values, and as \`range\` those of black and white.`,
        );
      }
      if (c < colors && value !== data[i]) distinct = colors;
    }
  }
  if (!range && kindOf(data) === "Float32Array" && looksLikeFractions(data, channels, colors))
    throw new DataError(
      "1 seems to be white in this picture of float32 values, not 255. Pass `range`, the values of black and white: " +
        "[0, 1], or [0, 255] if it is that dark.",
    );
  return { channels, colors, distinct, black, step };
}

/**
 * Whether 1 seems to be white: no colour is far beyond it, and some are no whole numbers. So bytes in a float32 array are
 * never taken for fractions, and neither is a black picture.
 */
function looksLikeFractions(data: PictureValues, channels: number, colors: number): boolean {
  const all: ArrayLike<number> = data;
  let hasFraction = false;
  for (let i = 0; i < all.length; i += channels) {
    for (let c = i; c < i + colors; c++) {
      if (Math.abs(all[c]!) > MOST_FRACTION) return false;
      hasFraction ||= all[c]! % 1 !== 0;
    }
  }
  return hasFraction;
}

/** The picture with 0 for black and 255 for white: itself if it has them, or else a copy in float32. */
export function inGreyLevels(picture: Picture, { channels, black, step }: CheckedPicture): Picture {
  if (black === 0 && step === 1) return picture;
  const { width, height } = picture;
  const data = new Float32Array(picture.data.length);
  for (let i = 0; i < data.length; i++) data[i] = (picture.data[i]! - black) / step;
  return { data, width, height, channels };
}
