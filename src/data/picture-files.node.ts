import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { DataError } from "../errors.ts";
import { decodePicture } from "./decode-picture.ts";
import type { DecodedPicture, DecodeOptions } from "./picture.ts";

/** A picture to train on or measure with: bytes, row after row, channels interleaved. */
export interface Photo {
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3;
}

/** Reads a PNG or JPEG file. @throws DataError that names it: see `decodePicture` */
export async function readPicture(path: string, options: DecodeOptions = {}): Promise<DecodedPicture> {
  const bytes = await readFile(path).catch((cause) => {
    throw new DataError(`${path} cannot be read: ${cause.message}; name a PNG or JPEG file`, { cause });
  });
  return decodePicture(bytes, path, options);
}

/** The PNG and JPEG files in a folder, not in folders within, by name. @throws DataError if there is none */
export async function picturesIn(folder: string): Promise<string[]> {
  const entries = await readdir(folder).catch((cause) => {
    throw new DataError(`${folder} cannot be read: ${cause.message}; name a folder of pictures`, { cause });
  });
  const names = entries.filter((name) => /^[^.].*\.(png|jpe?g)$/i.test(name)).sort();
  if (names.length === 0) {
    throw new DataError(`${folder} holds no PNG or JPEG files; name a folder of pictures`);
  }
  return names.map((name) => join(folder, name));
}

/**
 * Reads every picture of a folder and keeps it as bytes: alpha is dropped, 16 bits are rounded to 8.
 * @throws DataError if there is none, or one cannot be decoded
 */
export async function readPhotos(folder: string, options: DecodeOptions = {}): Promise<Photo[]> {
  const photos: Photo[] = [];
  for (const path of await picturesIn(folder)) photos.push(toPhoto(await readPicture(path, options)));
  return photos;
}

/** The picture as bytes, grey or RGB. */
export function toPhoto({ data, width, height, channels }: DecodedPicture): Photo {
  const colors = channels < 3 ? 1 : 3;
  const kept = colors === channels ? data : data.filter((_, index) => index % channels < colors);
  return {
    data: kept instanceof Uint8Array ? kept : Uint8Array.from(Uint8ClampedArray.from(kept)),
    width,
    height,
    channels: colors,
  };
}
