import { readdir } from "node:fs/promises";
import { basename, isAbsolute } from "node:path";
import { findFashionMnist, loadFashionMnistFrom, thisMachine } from "../data/fashion-mnist.node.ts";
import { embeddedSample, fashionMnistFiles } from "../data/fashion-mnist.ts";
import { type Dataset, pixelsOf, type TrainingSet } from "../data/images.ts";
import { foldersOf, loadPhotosFrom } from "../data/photo-folders.node.ts";
import { testPatches } from "../data/photos.ts";
import { DataError, printable } from "../errors.ts";
import { inputSize } from "../network/spec.ts";
import type { Range } from "../pictures/picture.ts";
import { isPictureName } from "../pictures/picture-files.node.ts";
import type { Recipe } from "../training/recipes.ts";
import { loadFrames, loadNoisy, noisySourceOf } from "./noisy-data.ts";

/** Loads Fashion-MNIST from the folder that `--data` names, or from where `findFashionMnist` finds it. @throws DataError */
export async function loadData(data: string | undefined): Promise<Dataset> {
  const found = await findFashionMnist({ data });
  return loadFashionMnistFrom(found.folder, { source: found.source });
}

/** The options that say what is trained on. */
export interface DataOptions {
  data?: readonly string[] | undefined;
  test?: string | undefined;
  noisyOnly?: boolean | undefined;
  pairs?: boolean | undefined;
  range?: Range | undefined;
}

/**
 * Loads the data that a recipe is trained on: folders of pictures, or Fashion-MNIST's files as `loadData` finds them.
 * @throws DataError if there is no such data, or it cannot be read
 */
export async function loadTrainingData(
  recipe: Recipe,
  { data, test, noisyOnly, pairs, range }: DataOptions,
): Promise<Dataset<TrainingSet>> {
  if (pairs) {
    if (data?.length === 1) return loadFrames(data[0]!, recipe.spec.input, range, test);
    throw new DataError("--pairs learns from one folder of scenes; name it with --data");
  }
  if (noisyOnly && data === undefined)
    throw new DataError("--noisy-only learns from noisy pictures; name their folder with --data");
  const kinds = new Set(await Promise.all((data ?? []).map(kindOf)));
  if (kinds.has("pictures")) {
    if (kinds.size === 1) {
      const onLeftOut = ({ message }: Error) => console.error(`Left out: ${printable(message)}.`);
      return noisyOnly
        ? loadNoisy(data!, recipe.spec.input, range, { test, onLeftOut })
        : loadPhotosFrom(data!, recipe.spec.input, { test, onLeftOut });
    }
    throw new DataError("--data names folders of pictures and of IDX files; name one kind");
  }
  if (data !== undefined && data.length > 1) {
    throw new DataError(`--data names ${data.length} folders of IDX files; name one`);
  }
  if (test !== undefined) {
    throw new DataError(
      "--test names a folder of test pictures beside --data, a folder of pictures; name both",
    );
  }
  return withTestPatches(await loadData(data?.[0]), recipe);
}

/** Loads the data of an earlier run again, from that run's `Dataset.source`. @throws DataError */
export async function loadTrainingDataAgain(
  recipe: Recipe,
  source: string | undefined,
): Promise<Dataset<TrainingSet>> {
  const sample = thisMachine().sampleFolder;
  if (source === embeddedSample && sample) {
    return withTestPatches(await loadFashionMnistFrom(sample, { source }), recipe);
  }
  const { pairs, folders, range } = noisySourceOf(source ?? "");
  const noisyOnly = recipe.noisyOnly !== undefined;
  if (isAbsolute(folders))
    return loadTrainingData(recipe, { ...foldersOf(folders), pairs, noisyOnly, range });
  throw new DataError(
    `The run had its data from ${source ? `"${source}"` : "a place it does not name"}, which is not here. ` +
      "Name the folder that holds it: --data DIR.",
  );
}

/** The data set; if patches of larger pictures are trained on, its test pictures are cut into patches too. */
function withTestPatches(loaded: Dataset, { spec, patchesPerEpoch }: Recipe): Dataset {
  const isLarger = pixelsOf(loaded.test) > inputSize(spec);
  if (patchesPerEpoch === undefined || !isLarger) return loaded;
  return { ...loaded, test: testPatches(loaded.test, spec.input), classNames: [] };
}

/** What a folder holds, by the names of its files. @throws DataError if there is nothing to train on */
async function kindOf(folder: string): Promise<"pictures" | "IDX files"> {
  const entries = (await readdir(folder, { recursive: true }).catch(() => [])).map((path) => basename(path));
  const parts = Object.values(fashionMnistFiles).map(({ name }) => name);
  // If the folder is empty or missing, the search for IDX files throws an error that says so.
  if (entries.length === 0 || entries.some((entry) => parts.some((name) => entry.startsWith(name)))) {
    return "IDX files";
  }
  if (entries.some(isPictureName)) return "pictures";
  throw new DataError(
    `${folder} holds neither pictures nor the files of Fashion-MNIST (${parts.join(", ")}); ` +
      "name a folder that does, or run `denoise-wasm download`",
  );
}
