/** Converts a browser's pictures: reads a `Blob` or `ImageBitmap`, and makes `ImageData`. */
import { DataError, requireOption } from "../errors.ts";
import { checkPicture, type Picture } from "./picture.ts";

/** Limits on a picture that `readImage` reads. */
export interface ReadImageOptions {
  /** The most pixels that the picture may have. Default: 100 million. */
  maxPixels?: number | undefined;
}

/**
 * Reads the pixels of a bitmap, or of a picture file in a format that the browser can decode, such as PNG, JPEG or WebP.
 * The result has 8-bit RGBA values, and the denoiser takes it as a picture. A bitmap that is given is not closed.
 * @throws DataError if the file is not a picture, or if the picture has too many pixels
 * @throws SpecError if `maxPixels` is not a number of at least 0
 */
export async function readImage(
  source: Blob | ImageBitmap,
  { maxPixels = 100e6 }: ReadImageOptions = {},
): Promise<ImageData> {
  requireOption(
    "maxPixels",
    maxPixels,
    maxPixels >= 0 && typeof maxPixels === "number",
    "a number of at least 0",
  );
  const bitmap = source instanceof Blob ? await decode(source) : source;
  try {
    const { width, height } = bitmap;
    if (width * height > maxPixels) {
      throw new DataError(
        `The picture has ${width} × ${height} pixels, more than ${maxPixels / 1e6} million. Make it smaller, or raise maxPixels.`,
      );
    }
    const context = new OffscreenCanvas(width, height).getContext("2d", { willReadFrequently: true });
    if (!context) throw new DataError(`There is no memory for a picture of ${width} × ${height} pixels.`);
    context.drawImage(bitmap, 0, 0);
    return context.getImageData(0, 0, width, height);
  } finally {
    if (bitmap !== source) bitmap.close();
  }
}

/**
 * Makes `ImageData` for a canvas from a picture of any kind. Values are rounded and clamped to 0 to 255. An RGBA picture
 * in a `Uint8ClampedArray` is not copied: the `ImageData` shares its memory.
 * @throws DataError if the picture has no pixels, its parts do not fit together, or a value is not finite
 */
export function toImageData(picture: Picture): ImageData {
  const { channels, colors } = checkPicture(picture);
  const { data, width, height } = picture;
  if (channels === 4 && data instanceof Uint8ClampedArray) {
    return new ImageData(data as Uint8ClampedArray<ArrayBuffer>, width, height);
  }
  const rgba = new Uint8ClampedArray(4 * width * height);
  for (let from = 0, to = 0; to < rgba.length; from += channels, to += 4) {
    for (let c = 0; c < 3; c++) rgba[to + c] = data[from + (c % colors)]!;
    rgba[to + 3] = channels === colors ? 255 : data[from + colors]!;
  }
  return new ImageData(rgba, width, height);
}

async function decode(blob: Blob): Promise<ImageBitmap> {
  try {
    return await createImageBitmap(blob);
  } catch (cause) {
    const name = blob instanceof File ? blob.name : "The file";
    throw new DataError(
      `${name} is not a picture that this browser can read. Give a PNG, JPEG or WebP file.`,
      {
        cause,
      },
    );
  }
}
