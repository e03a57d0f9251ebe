import { realpath } from "node:fs/promises";
import { basename, resolve, sep } from "node:path";
import { DataError, requireOption } from "../errors.ts";
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
 * Reads every picture file of a folder (not of its subfolders) as bytes, grey or RGB: alpha is dropped, and 16 bits
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
export const TESTED_ON = ", tested on ";

/** The folders that the `source` of photographs names. */
export function foldersOf(source: string): { data: string[]; test?: string } {
  const [data, test] = source.split(TESTED_ON);
  return { data: data!.split(AND), ...(test !== undefined && { test }) };
}

/** What `loadPhotosFrom` reads, beside folders. */
export interface PhotoFolderOptions extends DecodeOptions {
  /** Another folder, whose pictures are the test set. If it lies in a folder to train on, nothing in it is trained on. */
  test?: string | undefined;
  /** Called for each file that is left out, since it is broken or smaller than a patch. Without it, such a file is an error. */
  onLeftOut?: ((reason: Error) => void) | undefined;
}

/**
 * Reads the picture files of one or more folders, and of those inside them, as a data set of photographs: see `loadPhotos`.
 * Each file is decoded once and kept as bytes with the patch's channels. The last tenth of the files by path, but at least one
 * file, is the test set; of several folders, the last tenth of each.
 *
 * @param folders a folder, or several
 * @param patch the size of the patches: the `spec.input` of the recipe that is to be trained
 * @throws DataError that names the file that is broken or smaller than the patch, or the folder with too few pictures
 */
export async function loadPhotosFrom(
  folders: string | readonly string[],
  patch: PatchSize,
  options: PhotoFolderOptions = {},
): Promise<Dataset<Photos>> {
  const channels = requirePhotoChannels(patch);
  const convert = (picture: Picture) => withChannels(opaqueBytes(picture), channels);
  const { train, test, ...origin } = await readFolders(folders, patch, convert, options);
  return loadPhotos({ train, test }, patch, origin);
}

/**
 * The pictures of the folders, and their name and source as `Dataset` has them.
 * @param convert what is kept of each picture
 * @throws DataError as `loadPhotosFrom`
 */
export async function readFolders<Kept extends Picture>(
  folders: string | readonly string[],
  patch: PatchSize,
  convert: (picture: Picture) => Kept,
  { test, onLeftOut, ...options }: PhotoFolderOptions,
): Promise<{ train: (Kept & Named)[]; test: (Kept & Named)[]; name: string; source: string }> {
  const all = typeof folders === "string" ? [folders] : folders;
  const arePaths = Array.isArray(all) && all.every((path) => typeof path === "string");
  requireOption("folders", folders, arePaths, "the path of a folder, or a list of such");
  const read = async (paths: readonly string[]) => {
    const photos: (Kept & Named)[] = [];
    for (const path of paths) {
      try {
        const picture = await readPicture(path, options);
        requireRoom({ ...picture, name: path }, patch);
        photos.push({ ...convert(picture), name: path });
      } catch (error) {
        if (!onLeftOut || !(error instanceof DataError)) throw error;
        onLeftOut(error);
      }
    }
    return photos;
  };
  const train: (Kept & Named)[] = [];
  const kept: (Kept & Named)[] = [];
  for (const folder of all) {
    if (test !== undefined) await requireOther(test, folder);
    const paths = await picturesIn(folder, true);
    const own = await read(paths.filter((path) => test === undefined || !isWithin(path, test)));
    // A folder may hold more pictures than a call can have arguments.
    if (test === undefined) for (const photo of lastTenth(own, folder)) kept.push(photo);
    for (const photo of own) train.push(photo);
  }
  const tested = test === undefined ? kept : await read(await picturesIn(test, true));
  const places = all.map((folder) => resolve(folder));
  return {
    train,
    test: tested,
    name: places.map((folder) => basename(folder)).join(AND),
    source: [places.join(AND), ...(test === undefined ? [] : [resolve(test)])].join(TESTED_ON),
  };
}

const isWithin = (path: string, folder: string) => resolve(path).startsWith(resolve(folder) + sep);

/** Takes the last tenth of a folder's pictures, but at least one, out of the list. @throws DataError if none would be left */
function lastTenth<Photo>(photos: Photo[], folder: string): Photo[] {
  const count = Math.max(1, Math.floor(photos.length / TEST_SHARE));
  if (count < photos.length) return photos.splice(-count);
  throw new DataError(
    `${folder} holds ${photos.length === 1 ? "one picture" : "no picture that can be used"}, but one is kept for the test; ` +
      "add more, or name a folder of test pictures",
  );
}

/** @throws DataError if the folder of test pictures is one to train on */
async function requireOther(test: string, folder: string): Promise<void> {
  if ((await realpath(test)) !== (await realpath(folder))) return;
  throw new DataError(`${test} is a folder to train on; name another one for the test`);
}
