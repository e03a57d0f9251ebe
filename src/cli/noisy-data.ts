/** What `train --noisy-only` and `train --pairs` learn from: noisy pictures, or several noisy frames of each scene. */
import { readdir } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { type Dataset, type Scenes, scenesOf, type TrainingSet } from "../data/images.ts";
import { type PhotoFolderOptions, readFolders, TESTED_ON } from "../data/photo-folders.node.ts";
import {
  loadPhotos,
  type Named,
  namingIt,
  noisyLevels,
  opaqueBytes,
  type PatchSize,
  requirePhotoChannels,
} from "../data/photos.ts";
import { DataError } from "../errors.ts";
import { alignedFrames } from "../learning/align-frames.ts";
import { noiseOfPictures } from "../learning/noise-of-pictures.ts";
import type { Picture, Range } from "../pictures/picture.ts";
import { picturesIn, readPicture } from "../pictures/picture-files.node.ts";
import { noisyOnlyRecipe } from "../training/noisy-only.ts";
import type { Recipe } from "../training/recipes.ts";

/** What the `source` of frames begins with. */
const FRAMES = "frames of scenes in ";
/** What stands between it and the values of black and of white, if they were given. */
const IN_RANGE = ", in the range ";
/** Values in grey levels. */
const LEVELS: Range = [0, 255];

/** What a run of noisy pictures learned from, by its data's source. */
export function noisySourceOf(source: string): { pairs: boolean; folders: string; range?: Range } {
  const pairs = source.startsWith(FRAMES);
  const [folders, range] = (pairs ? source.slice(FRAMES.length) : source).split(IN_RANGE);
  return {
    pairs,
    folders: folders!,
    ...(range && { range: range.split(",").map(Number) as [number, number] }),
  };
}

/**
 * Loads noisy pictures of folders, each as a scene of one frame.
 * @param range the values of black and of white in the pictures, and in those to test on
 * @throws DataError as `loadPhotosFrom`
 */
export async function loadNoisy(
  folders: readonly string[],
  patch: PatchSize,
  range: Range | undefined,
  options: PhotoFolderOptions,
): Promise<Dataset<Scenes>> {
  const channels = requirePhotoChannels(patch);
  const convert = (picture: Picture) => noisyLevels(picture, channels, range);
  const { train, test, name, source } = await readFolders(folders, patch, convert, options);
  const scenes = train.map(({ data, width, height }) => ({ frames: [data], width, height }));
  return datasetOf(scenes, train, test, patch, { name, source: source + inWords(range) });
}

const inWords = (range: Range | undefined) => (range ? IN_RANGE + range.join() : "");

/** @param all the pictures of all scenes: the data set's digest is theirs, as bytes */
async function datasetOf(
  scenes: Scenes["scenes"],
  all: readonly (Picture & Named)[],
  tests: readonly (Picture & Named)[],
  patch: PatchSize,
  origin: { name: string; source: string },
): Promise<Dataset<Scenes>> {
  const bytes = (pictures: typeof all) => pictures.map((one) => ({ ...one, ...opaqueBytes(one, LEVELS) }));
  const loaded = await loadPhotos({ train: bytes(all), test: bytes(tests) }, patch, origin);
  return { ...loaded, train: { scenes, count: scenes.length, channels: patch.channels } };
}

/**
 * Loads scenes: each folder inside `folder` holds the frames of one, as picture files of one size. Shifted frames are brought
 * together by whole pixels.
 * @param range the values of black and of white in the frames, and in the pictures to test on
 * @param test a folder of clean pictures to test on; without it, these are the means of the scenes' frames
 * @throws DataError if a scene has fewer than two frames, they do not go together, or show less than a patch in common
 */
export async function loadFrames(
  folder: string,
  patch: PatchSize,
  range: Range | undefined,
  test: string | undefined,
): Promise<Dataset<Scenes>> {
  const channels = requirePhotoChannels(patch);
  const read = async (place: string) => {
    const pictures: (Picture & Named)[] = [];
    for (const name of await picturesIn(place))
      pictures.push({ ...noisyLevels(await readPicture(name), channels, range), name });
    return pictures;
  };
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const places = entries
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => join(folder, name))
    .sort();
  if (places.length === 0)
    throw new DataError(
      `${folder} holds no folders. Give each scene a folder with its frames, inside this one.`,
    );
  const all: (Picture & Named)[] = [];
  const scenes: Scenes["scenes"][number][] = [];
  const means: typeof all = [];
  for (const place of places) {
    const frames = await read(place);
    if (frames.length < 2)
      throw new DataError(`${place} holds ${frames.length} pictures; a scene has two frames or more.`);
    const { mean, common } = namingIt(place, () => alignedFrames(frames, LEVELS));
    all.push(...frames);
    scenes.push(...common.scenes);
    means.push({ ...mean, name: place });
  }
  const tests = test === undefined ? means : await read(test);
  const tested = `${resolve(folder)}${test === undefined ? "" : TESTED_ON + resolve(test)}`;
  return datasetOf(scenes, all, tests, patch, {
    name: basename(resolve(folder)),
    source: FRAMES + tested + inWords(range),
  });
}

/**
 * The recipe for noisy pictures alone.
 * @param isGiven whether the recipe's noise is that of the pictures; else it is found in them
 * @throws DataError if it cannot be found, or is not independent where it has to be
 */
export function recipeForNoisy(recipe: Recipe, train: TrainingSet, isGiven: boolean): Recipe {
  const { noise } = recipe;
  if (isGiven && (noise.model === "gaussian" || noise.model === "poisson-gaussian"))
    return noisyOnlyRecipe(recipe, noise);
  const { scenes, channels } = scenesOf(train);
  const pictures = scenes.map(({ frames, width, height }) => ({ data: frames[0]!, width, height, channels }));
  const areScenes = scenes.every(({ frames }) => frames.length > 1);
  return noisyOnlyRecipe(recipe, { model: "poisson-gaussian", ...noiseOfPictures(pictures, areScenes) });
}
