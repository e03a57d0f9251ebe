import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { DataError } from "../errors.ts";
import { decodePicture } from "./decode-picture.ts";
import type { DecodedPicture, DecodeOptions } from "./decoding.ts";

/**
 * Reads a PNG or JPEG file. 8 bits per value give bytes, 16 bits a `Uint16Array`. A palette becomes
 * RGB or RGBA, and the picture is turned upright as its Exif orientation says.
 * @throws DataError if the file cannot be read, is neither PNG nor JPEG, is broken, is of a kind that is refused, or has
 * too many pixels
 * @throws SpecError if `maxPixels` is not a number of at least 0
 */
export async function readPicture(path: string, options: DecodeOptions = {}): Promise<DecodedPicture> {
  const bytes = await readFile(path).catch((cause) => {
    throw new DataError(`${path} cannot be read: ${cause.message}; name a PNG or JPEG file`, { cause });
  });
  return decodePicture(bytes, path, options);
}

/** Whether a file counts as a picture by its name: it ends in .png, .jpg or .jpeg, and the file is not hidden. */
export function isPictureName(name: string): boolean {
  return /^[^.].*\.(png|jpe?g)$/i.test(name);
}

/**
 * The paths of the PNG and JPEG files in a folder, sorted by name; subfolders are left out.
 * @throws DataError if there is no such file, or the folder cannot be read
 */
export async function picturesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder).catch((cause) => {
    throw new DataError(`${folder} cannot be read: ${cause.message}; name a folder of pictures`, { cause });
  });
  const names = entries.filter(isPictureName).sort();
  if (names.length === 0) {
    throw new DataError(`${folder} holds no PNG or JPEG files; name a folder of pictures`);
  }
  return names.map((name) => join(folder, name));
}
