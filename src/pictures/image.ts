import { DataError } from "../errors.ts";

/** What an image's values may be kept in. */
export type ImageValues = Uint8Array | Uint8ClampedArray | Float32Array;

/**
 * A picture in memory, `ImageData` among them: row after row, channels interleaved, 0 (black) to 255 (white). Float32
 * values may lie outside that range.
 */
export interface Image<Values extends ImageValues = ImageValues> {
  readonly data: Values;
  readonly width: number;
  readonly height: number;
  /** 1 grey, 2 grey and alpha, 3 RGB, 4 RGBA; what the length of `data` says, if left out. */
  readonly channels?: number;
}

/** An image's channels, and those of them that are colours, not alpha. */
export interface Channels {
  readonly channels: number;
  readonly colors: 1 | 3;
  /** How many of the colours have to be looked at: 1 where they are equal in every pixel. */
  readonly distinct: 1 | 3;
}

const kinds = { Uint8Array, Uint8ClampedArray, Float32Array };

/** A new array of the same kind. By its tag, since arrays of other realms and Node's buffers count too. */
export function copyOf<Values extends ImageValues>(data: Values): Values {
  return new kinds[data[Symbol.toStringTag]](data as ImageValues) as ImageValues as Values;
}

/**
 * Looks at an image that comes from outside.
 * @throws DataError where it has no pixels, its parts do not fit together, or a value is not finite
 */
export function checkImage({ data, width, height, channels }: Image): Channels {
  if (!kinds[data?.[Symbol.toStringTag]])
    throw new DataError("The image's data has to be a Uint8Array, Uint8ClampedArray or Float32Array.");
  if (!(Number.isInteger(width) && Number.isInteger(height) && width > 0 && height > 0))
    throw new DataError(`The image's size is ${width} × ${height}. Give whole numbers above 0.`);
  const { length } = data;
  const count = channels ?? length / (width * height);
  if (![1, 2, 3, 4].includes(count) || length !== width * height * count) {
    throw new DataError(
      `The image has ${length} values, which is not ${width} × ${height} × ${channels ?? "1, 2, 3 or 4"}. ` +
        "Give 1 to 4 values a pixel: grey or RGB, with or without alpha.",
    );
  }
  // The sum of finite float32 values is finite in float64.
  let sum = 0;
  for (let i = 0; i < length; i++) sum += data[i]!;
  if (!Number.isFinite(sum)) {
    const bad = data.findIndex((value) => !Number.isFinite(value));
    throw new DataError(`The image's value ${bad} is ${data[bad]}. Give finite values.`);
  }
  const colors = count < 3 ? 1 : 3;
  let grey = true;
  for (let i = 0; i < length && grey && colors > 1; i += count)
    grey = data[i] === data[i + 1] && data[i] === data[i + 2];
  return { channels: count, colors, distinct: grey ? 1 : colors };
}
