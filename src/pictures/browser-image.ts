/** Converts a browser's pictures: reads a `Blob` or `ImageBitmap`, and makes `ImageData`. */
import { DataError, optionsFrom, requireNoOthers, requireOption, shown } from "../errors.ts";
import { checkPicture, inGreyLevels, type Picture, type Range } from "./picture.ts";

/** Limits on a picture that `readImage` reads. */
export interface ReadImageOptions {
  /** The most pixels that the picture may have. Default: 100 million. */
  maxPixels?: number | undefined;
}

/**
 * Reads the pixels of a bitmap, or of a picture file in a format that the browser can decode, such as PNG, JPEG or WebP.
 * The result has 8-bit RGBA values, and the denoiser takes it as a picture. A bitmap that is given is not closed.
 * @throws DataError if the source is not a picture, or if the picture has too many pixels
 * @throws SpecError if an option is unknown, or `maxPixels` is not a number of at least 0
 */
export async function readImage(source: Blob | ImageBitmap, options?: ReadImageOptions): Promise<ImageData> {
  const { maxPixels = 100e6, ...others } = optionsFrom(options);
  requireNoOthers(others);
  requireOption(
    "maxPixels",
    maxPixels,
    maxPixels >= 0 && typeof maxPixels === "number",
    "a number of at least 0",
  );
  if (!(source instanceof Blob || source instanceof ImageBitmap))
    throw new DataError(`The picture has to be a Blob, File or ImageBitmap, but is ${shown(source)}.`);
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

/** How a picture becomes `ImageData`. */
export interface ToImageDataOptions {
  /** The values of black and of white in the picture: see `DenoiseOptions`. Alpha has the same range. */
  range?: Range | undefined;
}

/**
 * Makes `ImageData` for a canvas from a picture of any kind. Values are converted to 0 for black and 255 for white, rounded,
 * and clamped. An RGBA picture in a `Uint8ClampedArray` is not copied if it has that range: the `ImageData` shares its memory.
 * @throws DataError if the picture has no pixels, its parts do not fit together, a value is not finite or far outside of
 * the range, or 1 seems to be white where no range was given
 * @throws SpecError if an option is unknown or of the wrong type
 */
export function toImageData(picture: Picture, options?: ToImageDataOptions): ImageData {
  const { range, ...others } = optionsFrom(options);
  requireNoOthers(others);
  const checked = checkPicture(picture, range);
  const { channels, colors } = checked;
  const { data, width, height } = inGreyLevels(picture, checked);
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
