import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { DataError } from "../errors.ts";
import { decodePicture } from "./decode-picture.ts";
import type { DecodedValues, DecodeOptions } from "./decoding.ts";
import type { Picture } from "./picture.ts";

/** Reads a PNG or JPEG file. @throws DataError that names it: see `decodePicture` */
export async function readPicture(
  path: string,
  options: DecodeOptions = {},
): Promise<Required<Picture<DecodedValues>>> {
  const bytes = await readFile(path).catch((cause) => {
    throw new DataError(`${path} cannot be read: ${cause.message}; name a PNG or JPEG file`, { cause });
  });
  return decodePicture(bytes, path, options);
}

/** Whether a file of this name counts as a picture. */
export function isPictureName(name: string): boolean {
  return /^[^.].*\.(png|jpe?g)$/i.test(name);
}

/** The PNG and JPEG files in a folder, not in folders within, by name. @throws DataError if there is none */
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
