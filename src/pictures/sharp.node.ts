/**
 * Picture files by sharp (libvips), which is an optional dependency. Those of other formats than PNG and JPEG are converted from and to PNG
 * files, so that all they hold beside the picture takes the same way: see png-metadata.ts. JPEG files are only written faster.
 */
import type { Metadata } from "sharp";
import { DataError } from "../errors.ts";
import { type DecodedPicture, type DecodeOptions, requireAllowedSize } from "./decoding.ts";
import { formatNames, type PictureFormat } from "./formats.ts";
import { jpegValues, withMetadata } from "./jpeg-encode.ts";
import type { PictureMetadata } from "./metadata.ts";
import type { Picture } from "./picture.ts";
import { decodePng } from "./png.ts";

/** The formats that are written by sharp. */
export type SharpFormat = "webp" | "avif" | "tiff";

/** Packed but little, since the file is read again at once. */
const AS_PNG = { compressionLevel: 1, adaptiveFiltering: false } as const;

/** What libvips calls values of a byte and of 16 bits. */
const BYTE = "uchar";
const WORD = "ushort";

/** A picture that was read, and how many its file holds: further frames of an animation, or pages. */
export interface FirstPicture extends DecodedPicture {
  readonly pictures: number;
}

/**
 * Decodes a file of another format than PNG and JPEG: its first picture, upright.
 * @param name what errors call the file
 * @throws DataError if sharp is not installed, or the file is broken, of a kind that sharp does not read, has values of other
 * kinds than 1 to 8 and 16 bits, or too many pixels
 * @throws SpecError if `maxPixels` is not a number of at least 0
 */
export async function decodeBySharp(
  bytes: Uint8Array,
  name: string,
  format: PictureFormat,
  options: DecodeOptions,
): Promise<FirstPicture> {
  const sharp = await loadSharp(name, format);
  const kind = formatNames[format];
  const unreadable = (cause: Error) =>
    new DataError(
      `${name} is a ${kind} file that sharp cannot read: ${printed(cause)}; get it anew, or save it as a PNG`,
      { cause },
    );
  // Warnings, such as of tags that nobody knows, are no reason to refuse a file; missing data is.
  const image = sharp(bytes, { limitInputPixels: false, failOn: "error" });
  const size = await image.metadata().catch((cause: Error) => {
    throw unreadable(cause);
  });
  const { width = 0, height = 0, channels, depth } = size;
  const isDeep = depth === WORD;
  const cost = { fileBytes: bytes.length, pixelBytes: channels * (isDeep ? 2 : 1) };
  requireAllowedSize({ width, height: size.pageHeight ?? height }, name, options, cost);
  if (depth !== BYTE && !isDeep) {
    const what = `${name} is a ${kind} file with values of the kind "${depth}", of which black and white are unknown`;
    throw new DataError(
      `${what}; save it with 8 or 16 bits a value, or give the values to \`denoise\` with a \`range\``,
    );
  }
  image.autoOrient().keepMetadata().toColourspace(spaceOf(size));
  // Inks become sRGB, by the profile of the file if it has one.
  if (size.space === "cmyk") image.withIccProfile("srgb", { attach: false });
  else image.keepIccProfile();
  const png = await image
    .png(AS_PNG)
    .toBuffer()
    .catch((cause: Error) => {
      throw unreadable(cause);
    });
  const picture = await decodePng(png, name, { maxPixels: Infinity });
  const { orientation, density, pages: pictures = 1 } = size;
  // Where a file has none, libvips puts a pixel to the millimetre.
  const { density: put, ...others } = picture.metadata;
  const metadata = {
    ...others,
    ...(density !== undefined && put && { density: put }),
    ...(orientation !== undefined && { orientation }),
  };
  return { ...picture, metadata, pictures };
}

/**
 * Turns a PNG file into one of another format, with what it holds beside the picture.
 * @param name what errors call the file
 * @param quality from 1 to 100; TIFF files lose nothing, and WebP files at 100
 * @throws DataError if sharp is not installed
 */
export async function encodeBySharp(
  png: Uint8Array,
  name: string,
  format: SharpFormat,
  quality: number,
): Promise<Uint8Array> {
  const image = (await loadSharp(name, format))(png, { limitInputPixels: false });
  const kept = await image.metadata();
  image.keepMetadata().keepIccProfile();
  if (format === "tiff") {
    const { density } = kept;
    const resolution = density === undefined ? {} : { xres: density / 25.4, yres: density / 25.4 };
    return image
      .toColourspace(spaceOf(kept))
      .tiff({ compression: "deflate", predictor: "horizontal", ...resolution })
      .toBuffer();
  }
  // The others hold RGB, which a profile of grey does not fit, so its colours are made those of sRGB.
  if (kept.channels < 3 && kept.hasProfile) image.withIccProfile("srgb", { attach: false });
  if (format === "avif") return image.avif({ quality, chromaSubsampling: "4:4:4" }).toBuffer();
  if (quality === 100) return image.webp({ lossless: true, exact: true }).toBuffer();
  // Otherwise WebP halves the resolution of colours; this filter keeps their edges.
  return image.webp({ quality, smartSubsample: true }).toBuffer();
}

/**
 * Encodes a picture as `encodeJpeg` does, to the same pixels, in a fifth of the time.
 * @returns undefined if sharp is not installed
 * @throws DataError, SpecError: see `encodeJpeg`
 */
export async function encodeJpegBySharp(
  picture: Picture,
  { quality, metadata }: { readonly quality: number; readonly metadata: PictureMetadata },
): Promise<Uint8Array | undefined> {
  const sharp = (await import("sharp").catch(() => undefined))?.default;
  if (!sharp) return undefined;
  const { values, channels, colors } = jpegValues(picture);
  const { width, height } = picture;
  const file = await sharp(values, { raw: { width, height, channels }, limitInputPixels: false })
    .removeAlpha()
    .toColourspace(colors === 1 ? "b-w" : "srgb")
    // Codes made for the picture save a hundredth of the file, and cost 11 bytes of memory for each pixel.
    .jpeg({ quality, chromaSubsampling: "4:4:4", optimiseCoding: false })
    .toBuffer();
  return withMetadata(file, metadata, colors);
}

/** The space of colours in which libvips leaves values as they are: without being told, it makes RGB of 8 bits of all. */
const spaceOf = ({ depth, channels }: Metadata): "b-w" | "srgb" | "grey16" | "rgb16" =>
  depth === WORD ? (channels < 3 ? "grey16" : "rgb16") : channels < 3 ? "b-w" : "srgb";

/** @throws DataError if it is not installed */
async function loadSharp(name: string, format: PictureFormat): Promise<typeof import("sharp").default> {
  try {
    return (await import("sharp")).default;
  } catch (cause) {
    const what = `${name} is a ${formatNames[format]} file, for which the package sharp is needed`;
    throw new DataError(`${what}: run npm install sharp, or give a PNG or JPEG`, { cause });
  }
}

/** What an error of libvips says, on one line: the last that does not only say that the PNG file could not be written. */
const printed = ({ message }: Error): string =>
  message
    .trim()
    .split("\n")
    .findLast((line) => !line.startsWith("vips2png")) ?? "its data is broken or cut short";
