/** Converts a browser's pictures: reads files, elements and frames, and makes `ImageData`. */
import { DataError, optionsFrom, requireNoOthers, requireOption, shown } from "../errors.ts";
import { checkPicture, inGreyLevels, type Picture, type Range } from "./picture.ts";

/** Limits on a picture that `readImage` reads. */
export interface ReadImageOptions {
  /** The most pixels that the picture may have. Default: 100 million. */
  maxPixels?: number | undefined;
}

/** What `readImage` reads: a picture file, or an object of the browser that holds a picture. */
export type ImageSource =
  | Blob
  | HTMLImageElement
  | HTMLCanvasElement
  | OffscreenCanvas
  | ImageBitmap
  | VideoFrame;

/**
 * Reads the pixels of a picture file in a format that the browser can decode, such as PNG, JPEG or WebP, or of an `img`
 * element, a canvas, an `ImageBitmap` or a `VideoFrame`. The result has 8-bit RGBA values in sRGB, is upright as the file
 * says, and the denoiser takes it as a picture. What is given stays as it is: it is not closed.
 *
 * Colours are not premultiplied by alpha. Those of a file or an `img` element are exact where alpha is above 0, if the
 * browser has canvases of floats (the option `colorType` of a context, as in Chrome 137). In others they are rounded where the
 * picture is transparent, the more the smaller alpha is, as they are already in a canvas; `decodePng` is exact everywhere.
 * @throws DataError if the source is not a picture, is not loaded, was closed, comes from another site that does not
 * permit reading it, or has too many pixels
 * @throws SpecError if an option is unknown, or `maxPixels` is not a number of at least 0
 */
export async function readImage(source: ImageSource, options?: ReadImageOptions): Promise<ImageData> {
  const { maxPixels = 100e6, ...others } = optionsFrom(options);
  requireNoOthers(others);
  requireOption(
    "maxPixels",
    maxPixels,
    maxPixels >= 0 && typeof maxPixels === "number",
    "a number of at least 0",
  );
  const kind = kindOfSource(source);
  const isDecoded = kind === "Blob" || kind === "HTMLImageElement";
  if (kind === "HTMLImageElement") requireLoaded(source as HTMLImageElement, maxPixels);
  const drawn = isDecoded ? await decode(source as Blob | HTMLImageElement) : (source as Drawn);
  try {
    const width = "displayWidth" in drawn ? drawn.displayWidth : drawn.width;
    const height = "displayHeight" in drawn ? drawn.displayHeight : drawn.height;
    requireSize(width, height, kind, maxPixels);
    const image = pixelsOf(drawn, width, height, {});
    // The first canvas keeps bytes that are premultiplied by alpha.
    return isDecoded && isTranslucent(image)
      ? pixelsOf(drawn, width, height, { colorType: "float16" })
      : image;
  } finally {
    if (isDecoded) (drawn as ImageBitmap).close();
  }
}

type Drawn = Exclude<ImageSource, Blob | HTMLImageElement>;

/** The kind of a source, by its tag, since objects of another frame are of other classes. */
function kindOfSource(source: ImageSource): string {
  const tag = Object.prototype.toString.call(source).slice(8, -1);
  if (tag === "File") return "Blob";
  const isKnown = [
    ...["Blob", "HTMLImageElement", "HTMLCanvasElement"],
    ...["OffscreenCanvas", "ImageBitmap", "VideoFrame"],
  ].includes(tag);
  if (isKnown) return tag;
  throw new DataError(
    `The picture has to be a Blob, File, img element, canvas, ImageBitmap or VideoFrame, but is ${shown(source)}.`,
  );
}

function requireLoaded({ complete, naturalWidth, naturalHeight }: HTMLImageElement, maxPixels: number): void {
  if (!complete) throw new DataError("The img element is not loaded yet. Await its decode() first.");
  if (naturalWidth === 0)
    throw new DataError("The img element has no picture, or none that could be loaded. Check its src.");
  requireSize(naturalWidth, naturalHeight, "img element", maxPixels);
}

function requireSize(width: number, height: number, kind: string, maxPixels: number): void {
  if (width * height === 0)
    throw new DataError(`The ${kind} has no pixels. It was closed or handed over, or its size is 0.`);
  if (width * height > maxPixels) {
    throw new DataError(
      `The picture has ${width} × ${height} pixels, more than ${maxPixels / 1e6} million. Make it smaller, or raise maxPixels.`,
    );
  }
}

function pixelsOf(drawn: Drawn, width: number, height: number, more: { colorType?: "float16" }): ImageData {
  const settings: CanvasRenderingContext2DSettings = { willReadFrequently: true, ...more };
  const context = new OffscreenCanvas(width, height).getContext("2d", settings);
  if (!context) throw new DataError(`There is no memory for a picture of ${width} × ${height} pixels.`);
  try {
    context.drawImage(drawn, 0, 0, width, height);
    return context.getImageData(0, 0, width, height);
  } catch (cause) {
    const reason =
      (cause as Error).name === "SecurityError"
        ? "it comes from another site, which has to permit that (Access-Control-Allow-Origin), and be asked: by " +
          'crossOrigin="anonymous" of an img element'
        : (cause as Error).message;
    throw new DataError(`The picture's pixels cannot be read: ${reason}.`, { cause });
  }
}

/** Whether some pixel is neither opaque nor invisible. */
function isTranslucent({ data }: ImageData): boolean {
  for (let i = 3; i < data.length; i += 4) if (data[i]! % 255 !== 0) return true;
  return false;
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

async function decode(source: Blob | HTMLImageElement): Promise<ImageBitmap> {
  try {
    return await createImageBitmap(source, { premultiplyAlpha: "none" });
  } catch (cause) {
    const { name = "The file" } = source as Partial<File & HTMLImageElement>;
    throw new DataError(
      `${name || "The img element"} is not a picture that this browser can read. Give a PNG, JPEG or WebP file.`,
      { cause },
    );
  }
}
