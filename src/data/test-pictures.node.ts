import { basename, extname } from "node:path";
import { DataError } from "../errors.ts";
import type { Picture } from "../pictures/picture.ts";
import type { TestPicture } from "./images.ts";
import { readPhotos } from "./photo-folders.node.ts";
import type { Named } from "./photos.ts";

/** What is between the name of a pair and its ending: `NAME_noisy.EXT` and `NAME_clean.EXT`. */
const PART = /^(.+)_(noisy|clean)$/;

/**
 * Reads the PNG and JPEG files of a folder, sorted by name: see `readPhotos`. If a file is called `NAME_noisy.EXT` or
 * `NAME_clean.EXT`, the folder holds pairs, and every file has to belong to one.
 * @throws DataError that names the file that cannot be read, belongs to no pair, or differs from its partner in size
 */
export async function readTestPictures(folder: string): Promise<TestPicture[]> {
  const photos = await readPhotos(folder);
  const plainName = (path: string) => basename(path, extname(path));
  if (!photos.some(({ name }) => PART.test(plainName(name)))) {
    return photos.map(({ name, ...clean }) => ({ name: basename(name), clean }));
  }
  const pairs = new Map<string, { noisy?: Photo; clean?: Photo }>();
  for (const photo of photos) {
    const [, name, part] = PART.exec(plainName(photo.name)) ?? [];
    if (name === undefined) {
      throw new DataError(
        `${photo.name} belongs to no pair NAME_noisy, NAME_clean, as other files of its folder do; rename it or take it out`,
      );
    }
    const pair = pairs.get(name) ?? {};
    const twin = pair[part as "noisy" | "clean"];
    if (twin) throw new DataError(`${twin.name} and ${photo.name} are the same half of a pair; take one out`);
    pairs.set(name, { ...pair, [part!]: photo });
  }
  return [...pairs].map(([name, { noisy, clean }]) => {
    if (!noisy || !clean) {
      const [there, missing] = noisy ? [noisy, "clean"] : [clean!, "noisy"];
      throw new DataError(
        `${there.name} has no ${name}_${missing} beside it; add ${name}_${missing}.png or .jpg, or take the file out`,
      );
    }
    requireSameForm(noisy, clean);
    return { name, clean: pictureOf(clean), noisy: pictureOf(noisy) };
  });
}

type Photo = Required<Picture<Uint8Array> & Named>;

const pictureOf = ({ name: _, ...picture }: Photo): Required<Picture<Uint8Array>> => picture;

/** @throws DataError if the two pictures of a pair differ in size or in colours */
function requireSameForm(noisy: Photo, clean: Photo): void {
  const form = ({ width, height, channels }: Photo) =>
    `${width} × ${height} pixels, ${channels === 1 ? "grey" : "colour"}`;
  if (form(noisy) === form(clean)) return;
  throw new DataError(
    `${noisy.name} (${form(noisy)}) and ${clean.name} (${form(clean)}) are not alike; give two pictures of one size, both grey or both in colour`,
  );
}
