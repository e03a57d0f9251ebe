/** Picture files in Node. */
import { open, readdir, readFile, readlink } from "node:fs/promises";
import { extname, join } from "node:path";
import { DataError, shown } from "../errors.ts";
import { decodePicture } from "./decode-picture.ts";
import type { DecodedPicture, DecodeOptions } from "./decoding.ts";
import {
  formatNames,
  formatOf,
  formatOfName,
  isAnyPictureName,
  isLosslessWebp,
  isRawName,
} from "./formats.ts";
import { encodeJpeg } from "./jpeg-encode.ts";
import type { PictureMetadata } from "./metadata.ts";
import { checkPicture, type Picture } from "./picture.ts";
import { encodePng } from "./png-encode.ts";
import { decodeBySharp, encodeBySharp, encodeJpegBySharp, type FirstPicture } from "./sharp.node.ts";
import { storedValues } from "./stored-values.ts";

/**
 * Reads a picture file: PNG and JPEG, and, where the package sharp is installed, WebP, AVIF, TIFF, GIF (its first picture) and
 * what else its libvips reads of HEIF. 8 bits per value give bytes, 16 bits a `Uint16Array`. A palette becomes RGB or RGBA, and
 * the picture is turned upright as its orientation says.
 * @throws DataError if the file cannot be read, is no picture, is broken, is of a kind that is refused, or has too many pixels
 * @throws SpecError if `maxPixels` is not a number of at least 0
 */
export async function readPicture(path: string, options: DecodeOptions = {}): Promise<DecodedPicture> {
  const isPath = typeof path === "string" || (path as unknown) instanceof URL;
  if (!isPath)
    throw new DataError(
      `${shown(path)} cannot be read: name a file; decodePng and decodeJpeg take its bytes`,
    );
  const { pictures: _, ...picture } = await decodeAny(await pictureBytes(path), `${path}`, options);
  return picture;
}

/** The bytes of a picture file. @throws DataError if it cannot be read */
export function pictureBytes(path: string): Promise<Uint8Array> {
  return readFile(path).catch(async (cause) => {
    const target = cause.code === "ENOENT" ? await readlink(path).catch(() => undefined) : undefined;
    const why = target === undefined ? cause.message : `it is a link to ${target}, which is not there`;
    throw new DataError(`${path} cannot be read: ${why}; name a picture file`, { cause });
  });
}

/**
 * Decodes the bytes of a picture file: see `readPicture`.
 * @param name what errors call the file
 * @returns the first picture, and how many the file holds
 */
export async function decodeAny(
  bytes: Uint8Array,
  name: string,
  options: DecodeOptions = {},
): Promise<FirstPicture> {
  const format = formatOf(bytes);
  if (format === undefined || (format === "tiff" && isRawName(name))) {
    const other =
      isAnyPictureName(name) && !formatOfName(name) ? "a picture file of another format" : "no picture file";
    throw new DataError(`${name} is ${bytes.length === 0 ? "empty" : other}; give one of ${kinds}`);
  }
  if (format !== "png" && format !== "jpeg") return decodeBySharp(bytes, name, format, options);
  const picture = await decodePicture(bytes, name, options);
  return { ...picture, pictures: format === "png" ? framesOf(bytes) : 1 };
}

/** How many pictures an animated PNG file that can be decoded says that it holds, in a chunk before the data. */
function framesOf(png: Uint8Array): number {
  const file = Buffer.from(png.buffer, png.byteOffset, png.length);
  for (let at = 8; ; at += 12 + file.readUInt32BE(at)) {
    const type = file.toString("latin1", at + 4, at + 8);
    if (type === "IDAT") return 1;
    if (type === "acTL") return file.readUInt32BE(at + 8);
  }
}

const kinds = Object.values(formatNames).join(", ");

/** Whether a file counts as a picture by its name: it ends as pictures do, and the file is not hidden. */
export function isPictureName(name: string): boolean {
  return !name.startsWith(".") && isAnyPictureName(name);
}

/**
 * The paths of the picture files in a folder, sorted by name: those whose names end as pictures do, also of formats that are not
 * read, so that none is passed over in silence; and those without an ending that begin as a picture.
 * @param recursive whether those in its subfolders are listed too
 * @throws DataError if there is no such file, or the folder cannot be read
 */
export async function picturesIn(folder: string, recursive = false): Promise<string[]> {
  const entries = await readdir(folder, { recursive, withFileTypes: true }).catch((cause) => {
    throw new DataError(`${folder} cannot be read: ${cause.message}; name a folder of pictures`, { cause });
  });
  const paths: string[] = [];
  for (const entry of entries) {
    const { name } = entry;
    const path = recursive ? join(entry.parentPath ?? entry.path, name) : join(folder, name);
    const mayBegin = entry.isFile() && extname(name) === "" && !name.startsWith(".");
    if (entry.isDirectory()) continue;
    if (isPictureName(name) || (mayBegin && (await beginsAsPicture(path)))) paths.push(path);
  }
  if (paths.length === 0) {
    throw new DataError(`${folder} holds no pictures (${kinds}); name a folder that does`);
  }
  return paths.sort();
}

async function beginsAsPicture(path: string): Promise<boolean> {
  try {
    await using file = await open(path);
    const { buffer, bytesRead } = await file.read(new Uint8Array(32), 0, 32, 0);
    return formatOf(buffer.subarray(0, bytesRead)) !== undefined;
  } catch {
    return false;
  }
}

/**
 * Encodes a picture in the format that a file's name ends in: PNG, JPEG, and, where the package sharp is installed, WebP, AVIF
 * and TIFF. A name that ends in none of these gets a PNG file.
 * @param name what errors call the file
 * @param options.quality of JPEG, WebP and AVIF files, 1 to 100. At 100, a WebP file loses nothing
 * @param options.like a file: if it is a WebP file that lost nothing, so is the one that is written, unless a quality is given
 * @throws DataError if the picture cannot be held by the format, such as transparent pixels by JPEG, or sharp is not installed
 */
export async function encodeAny(
  picture: Picture,
  name: string,
  options: { quality?: number | undefined; like?: Uint8Array; metadata?: PictureMetadata },
): Promise<Uint8Array> {
  const format = formatOfName(name);
  const isLossless = format === "webp" && options.like && isLosslessWebp(options.like);
  const { quality = isLossless ? 100 : 92, metadata = {} } = options;
  if (format === "jpeg")
    return (
      (await encodeJpegBySharp(picture, { quality, metadata })) ?? encodeJpeg(picture, { quality, metadata })
    );
  if (format === "tiff") return encodeBySharp(await encodePng(picture, { metadata }), name, format, 100);
  if (format !== "webp" && format !== "avif") return encodePng(picture, { metadata });
  const bytes = storedValues(picture, checkPicture(picture), false);
  const png = await encodePng({ ...picture, data: bytes }, { metadata });
  return encodeBySharp(png, name, format, quality);
}
