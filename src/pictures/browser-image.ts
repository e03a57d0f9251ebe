/** Pictures of a browser: `Blob` and `ImageBitmap` in, `ImageData` out. */
import { DataError, requireOption } from "../errors.ts";
import { checkPicture, type Picture } from "./picture.ts";

/** What is accepted of a picture. */
export interface ReadImageOptions {
  /** The largest picture that is taken, in pixels. Default 100 million. */
  maxPixels?: number | undefined;
}

/**
 * The pixels of a picture file (PNG, JPEG, WebP: what the browser can decode) or of a bitmap, as the denoiser takes
 * them: RGBA, 8 bits. A bitmap that is given stays open.
 * @throws DataError where the file is no picture, or it has too many pixels; SpecError where `maxPixels` is no number
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

/** A picture of any kind as `ImageData` for a canvas: values are rounded and cut off at 0 and 255. @throws DataError */
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
