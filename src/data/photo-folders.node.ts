import { realpath } from "node:fs/promises";
import { basename, resolve } from "node:path";
import { DataError } from "../errors.ts";
import type { DecodeOptions } from "../pictures/decoding.ts";
import type { Picture } from "../pictures/picture.ts";
import { picturesIn, readPicture } from "../pictures/picture-files.node.ts";
import type { Dataset, Photos } from "./images.ts";
import {
  loadPhotos,
  type Named,
  opaqueBytes,
  type PatchSize,
  requirePhotoChannels,
  requireRoom,
  withChannels,
} from "./photos.ts";

/**
 * Reads every PNG and JPEG file of a folder (not of its subfolders) as bytes, grey or RGB: alpha is dropped, and 16 bits
 * per value are rounded to 8. Each picture's `name` is the path of its file.
 * @throws DataError if there is no such file, or one cannot be decoded
 */
export async function readPhotos(
  folder: string,
  options: DecodeOptions = {},
): Promise<Required<Picture<Uint8Array> & Named>[]> {
  const photos: Required<Picture<Uint8Array> & Named>[] = [];
  for (const path of await picturesIn(folder)) {
    photos.push({ ...opaqueBytes(await readPicture(path, options)), name: path });
  }
  return photos;
}

/** One file in this many is kept for the test, but at least one in all. They are the last ones by name. */
const TEST_SHARE = 10;

/** What stands between the folders to train on in a data set's `source`. */
const AND = " and ";
/** What stands before the folder of test pictures there. */
const TESTED_ON = ", tested on ";

/** The folders that the `source` of photographs names. */
export function foldersOf(source: string): { data: string[]; test?: string } {
  const [data, test] = source.split(TESTED_ON);
  return { data: data!.split(AND), ...(test !== undefined && { test }) };
}

/**
 * Reads the PNG and JPEG files of one or more folders (not of their subfolders) as a data set of photographs: see
 * `loadPhotos`. Each file is decoded once and kept as bytes with the patch's channels. The last tenth of the files by name,
 * but at least one file, is the test set; of several folders, the last tenth of each.
 *
 * @param folders a folder, or several
 * @param patch the size of the patches: the `spec.input` of the recipe that is to be trained
 * @param options.test another folder, whose pictures are the test set instead
 * @throws DataError that names the file that is broken or smaller than the patch, or the folder with too few pictures
 */
export async function loadPhotosFrom(
  folders: string | readonly string[],
  patch: PatchSize,
  { test, ...options }: DecodeOptions & { test?: string | undefined } = {},
): Promise<Dataset<Photos>> {
  const all = typeof folders === "string" ? [folders] : folders;
  const [paths, kept]: [string[], string[]] = [[], []];
  for (const folder of all) {
    const own = await picturesIn(folder);
    if (test === undefined) kept.push(...lastTenth(own, folder));
    else await requireOther(test, folder);
    paths.push(...own);
  }
  const testPaths = test === undefined ? kept : await picturesIn(test);
  const channels = requirePhotoChannels(patch);
  const read = async (paths: readonly string[]) => {
    const photos: (Picture & Named)[] = [];
    for (const path of paths) {
      const picture = await readPicture(path, options);
      requireRoom({ ...picture, name: path }, patch);
      photos.push({ ...withChannels(opaqueBytes(picture), channels), name: path });
    }
    return photos;
  };
  const places = all.map((folder) => resolve(folder));
  return loadPhotos({ train: await read(paths), test: await read(testPaths) }, patch, {
    name: places.map((folder) => basename(folder)).join(AND),
    source: [places.join(AND), ...(test === undefined ? [] : [resolve(test)])].join(TESTED_ON),
  });
}

/** Takes the last tenth of a folder's files, but at least one, out of the list. @throws DataError if none would be left */
function lastTenth(paths: string[], folder: string): string[] {
  const count = Math.max(1, Math.floor(paths.length / TEST_SHARE));
  if (count < paths.length) return paths.splice(-count);
  throw new DataError(
    `${folder} holds one picture, but one is kept for the test; add more, or name a folder of test pictures`,
  );
}

/** @throws DataError if the folder of test pictures is one to train on */
async function requireOther(test: string, folder: string): Promise<void> {
  if ((await realpath(test)) !== (await realpath(folder))) return;
  throw new DataError(`${test} is a folder to train on; name another one for the test`);
}
