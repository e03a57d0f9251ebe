import { DataError } from "./errors.ts";

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
}

/**
 * Looks at an image that comes from outside.
 * @throws DataError where it has no pixels, its parts do not fit together, or a value is not finite
 */
export function checkImage({ data, width, height, channels }: Image): Channels {
  if (!(data instanceof Uint8Array || data instanceof Uint8ClampedArray || data instanceof Float32Array)) {
    throw new DataError(
      "The image's data has to be a Uint8Array, Uint8ClampedArray or Float32Array. Convert it.",
    );
  }
  if (!(Number.isInteger(width) && Number.isInteger(height) && width > 0 && height > 0)) {
    throw new DataError(`The image's size is ${width} × ${height}. Give whole numbers above 0.`);
  }
  const count = channels ?? data.length / (width * height);
  if (![1, 2, 3, 4].includes(count) || data.length !== width * height * count) {
    throw new DataError(
      `The image has ${data.length} values, which is not ${width} × ${height} × ${channels ?? "1, 2, 3 or 4"}. ` +
        "Give 1 (grey), 2 (grey and alpha), 3 (RGB) or 4 (RGBA) values a pixel.",
    );
  }
  if (data instanceof Float32Array) {
    // The sum of finite float32 values is finite in float64.
    let sum = 0;
    for (const value of data) sum += value;
    if (!Number.isFinite(sum)) {
      const bad = data.findIndex((value) => !Number.isFinite(value));
      throw new DataError(`The image's value ${bad} is ${data[bad]}. Replace values that are not finite.`);
    }
  }
  return { channels: count, colors: count < 3 ? 1 : 3 };
}
