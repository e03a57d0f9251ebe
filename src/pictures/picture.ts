import { DataError } from "../errors.ts";

/** The kinds of array that a picture's values may be kept in. */
export type PictureValues = Uint8Array | Uint8ClampedArray | Float32Array;

/**
 * A picture in memory; the web's `ImageData` is one. In a `Required<Picture>`, `channels` is always given.
 */
export interface Picture<Values extends PictureValues = PictureValues> {
  /**
   * Row after row from the top, with the channels of each pixel side by side: [height, width, channels]. 0 is black and
   * 255 is white; float32 values may lie outside that range.
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

/**
 * The kind of array that holds a result: the same as that of the picture that was given. For Node's `Buffer`, which is a
 * `Uint8Array`, the result is a plain `Uint8Array`. Every result has memory of its own.
 */
export type SameKind<Values extends PictureValues> = Values extends Float32Array
  ? Float32Array<ArrayBuffer>
  : Values extends Uint8ClampedArray
    ? Uint8ClampedArray<ArrayBuffer>
    : Uint8Array<ArrayBuffer>;

/** What the check of a picture finds out about its channels. */
export interface CheckedChannels {
  readonly channels: number;
  /** How many of the channels are colours, that is, not alpha. */
  readonly colors: 1 | 3;
  /** How many of the colours have to be looked at: 1 where they are equal in every pixel. */
  readonly distinct: 1 | 3;
}

const kinds = { Uint8Array, Uint8ClampedArray, Float32Array };

/** A copy of an array, of the same kind. The tag tells the kind, since arrays of other realms and Buffers have it too. */
export function copyOf<Values extends PictureValues>(data: Values): SameKind<Values> {
  return new kinds[data[Symbol.toStringTag]](data as PictureValues) as PictureValues as SameKind<Values>;
}

/**
 * Checks the shape and the values of a picture that a caller gave, in one pass over its pixels.
 * @throws DataError if the picture has no pixels, its parts do not fit together, or a value is not finite
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
