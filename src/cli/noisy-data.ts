/** What `train --noisy-only` and `train --pairs` learn from: noisy pictures, or several noisy frames of each scene. */
import { readdir } from "node:fs/promises";
import { basename, join, resolve } from "node:path";
import { type Dataset, type Scenes, scenesOf, type TrainingSet } from "../data/images.ts";
import { readPhotos } from "../data/photo-folders.node.ts";
import { loadPhotos, opaqueBytes, type PatchSize, withChannels } from "../data/photos.ts";
import { DataError } from "../errors.ts";
import { alignedFrames } from "../learning/align-frames.ts";
import { noiseOfPictures } from "../learning/noise-of-pictures.ts";
import { noisyOnlyRecipe } from "../training/noisy-only.ts";
import type { Recipe } from "../training/recipes.ts";

/** What the `source` of frames begins with. */
const FRAMES = "frames of scenes in ";
const TESTED_ON = ", tested on ";

/** Whether a run had `source` from `loadFrames`, and the folders then. */
export function frameFoldersOf(source: string): { data: string; test?: string } | undefined {
  if (!source.startsWith(FRAMES)) return undefined;
  const [data, test] = source.slice(FRAMES.length).split(TESTED_ON);
  return { data: data!, ...(test !== undefined && { test }) };
}

/**
 * Loads scenes: each folder inside `folder` holds the frames of one, as picture files of one size. Shifted frames are brought
 * together by whole pixels.
 * @param test a folder of clean pictures to test on; without it, these are the means of the scenes' frames
 * @throws DataError if a scene has fewer than two frames, they do not go together, or show less than a patch in common
 */
export async function loadFrames(
  folder: string,
  patch: PatchSize,
  test: string | undefined,
): Promise<Dataset<Scenes>> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const places = entries
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => join(folder, name))
    .sort();
  if (places.length === 0)
    throw new DataError(
      `${folder} holds no folders. Give each scene a folder with its frames, inside this one.`,
    );
  const all: Awaited<ReturnType<typeof readPhotos>> = [];
  const scenes: Scenes["scenes"][number][] = [];
  const means: typeof all = [];
  for (const place of places) {
    const read = await readPhotos(place);
    if (read.length < 2)
      throw new DataError(`${place} holds ${read.length} pictures; a scene has two frames or more.`);
    const frames = read.map((one) => ({ ...one, ...withChannels(one, patch.channels === 1 ? 1 : 3) }));
    const { mean, common } = alignedFrames(frames, [0, 255]);
    all.push(...frames);
    scenes.push(...common.scenes);
    means.push({ ...opaqueBytes(mean), name: place });
  }
  const tests = test === undefined ? means : await readPhotos(test);
  const source = `${FRAMES}${resolve(folder)}${test === undefined ? "" : TESTED_ON + resolve(test)}`;
  const loaded = await loadPhotos({ train: all, test: tests }, patch, {
    name: basename(resolve(folder)),
    source,
  });
  return { ...loaded, train: { scenes, count: scenes.length, channels: patch.channels } };
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
