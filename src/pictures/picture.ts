import { DataError } from "../errors.ts";

/** The kinds of array that a picture's values may be kept in. */
export type PictureValues = Uint8Array | Uint8ClampedArray | Float32Array;

/**
 * A picture in memory; the web's `ImageData` is one. Row after row from the top, channels interleaved, 0 (black) to
 * 255 (white). Float32 values may lie outside that range. In a `Required<Picture>` the channels are always given.
 */
export interface Picture<Values extends PictureValues = PictureValues> {
  readonly data: Values;
  /** In pixels, as is the height. */
  readonly width: number;
  readonly height: number;
  /**
   * Values of each pixel: 1 grey, 2 grey and alpha, 3 RGB, 4 RGBA; alpha is not multiplied in. If left out, the length
   * of `data` tells.
   */
  readonly channels?: number;
}

/**
 * The kind of array that a result is kept in: that of the picture that was given. Node's `Buffer` is an array of bytes,
 * so the result for it is a `Uint8Array`; every result has memory of its own.
 */
export type SameKind<Values extends PictureValues> = Values extends Float32Array
  ? Float32Array<ArrayBuffer>
  : Values extends Uint8ClampedArray
    ? Uint8ClampedArray<ArrayBuffer>
    : Uint8Array<ArrayBuffer>;

/** What the check of a picture finds out. */
export interface CheckedChannels {
  readonly channels: number;
  /** Those of the channels that are colours, not alpha. */
  readonly colors: 1 | 3;
  /** How many of the colours have to be looked at: 1 where they are equal in every pixel. */
  readonly distinct: 1 | 3;
}

const kinds = { Uint8Array, Uint8ClampedArray, Float32Array };

/** A new array of the same kind. By its tag, since arrays of other realms and Node's buffers count too. */
export function copyOf<Values extends PictureValues>(data: Values): SameKind<Values> {
  return new kinds[data[Symbol.toStringTag]](data as PictureValues) as PictureValues as SameKind<Values>;
}

/**
 * Checks a picture that comes from outside, its shape and its values, in one pass over the pixels.
 * @throws DataError where it has no pixels, its parts do not fit together, or a value is not finite
 */
export function checkPicture(picture: Picture): CheckedChannels {
  const { data, width, height, channels } = picture ?? {};
  if (!kinds[data?.[Symbol.toStringTag]])
    throw new DataError("The picture's data has to be a Uint8Array, Uint8ClampedArray or Float32Array.");
  if (!(Number.isInteger(width) && Number.isInteger(height) && width > 0 && height > 0))
    throw new DataError(`The picture's size is ${width} × ${height}. Give whole numbers above 0.`);
  const { length } = data;
  const count = channels ?? length / (width * height);
  if (![1, 2, 3, 4].includes(count) || length !== width * height * count) {
    throw new DataError(
      `The picture has ${length} values, which is not ${width} × ${height} × ${channels ?? "1, 2, 3 or 4"}. ` +
        "Give 1 to 4 values a pixel: grey or RGB, with or without alpha.",
    );
  }
  const colors = count < 3 ? 1 : 3;
  let distinct: 1 | 3 = 1;
  for (let i = 0; i < length; i += count) {
    for (let c = 0; c < count; c++) {
      const value = data[i + c]!;
      if (!Number.isFinite(value))
        throw new DataError(`The picture's value ${i + c} is ${value}. Give finite values.`);
      if (c < colors && value !== data[i]) distinct = colors;
    }
  }
  return { channels: count, colors, distinct };
}
