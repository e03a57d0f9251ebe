/** Loads training data in the page: the sample, or IDX files or pictures that the user chose. */
import {
  embeddedSample,
  type FashionMnistPart,
  fashionMnistFiles,
  loadFashionMnist,
} from "../src/data/fashion-mnist.ts";
import type { Dataset, Images, Photos } from "../src/data/images.ts";
import { loadPhotos, type PatchSize, testPatches } from "../src/data/photos.ts";
import { DataError } from "../src/errors.ts";
import type { Recipe } from "../src/training/recipes.ts";
import type { DataSource } from "./training-messages.ts";
import { readTrainingPictures } from "./training-pictures.ts";

export interface LoadedData {
  readonly data: Dataset<Images | Photos>;
  /** Files that were left out, each with the reason. */
  readonly leftOut: readonly string[];
}

/** @throws DataError where the data is broken, missing or too small */
export async function loadDataset(source: DataSource, recipe: Recipe): Promise<LoadedData> {
  switch (source.kind) {
    case "sample":
      return { data: await loadFashionMnist(sampleFiles(), { source: embeddedSample }), leftOut: [] };
    case "idx":
      return { data: await loadFashionMnist(source.files, { source: "your files" }), leftOut: [] };
    case "pictures":
      return datasetOfPictures(source.files, recipe);
  }
}

/** Finds the four files of Fashion-MNIST among the user's files by their names. @throws DataError where one is missing */
export function idxFilesOf(files: readonly File[]): Record<FashionMnistPart, File> {
  const parts = Object.entries(fashionMnistFiles).map(([part, { name }]) => {
    const file = files.find((file) => file.name.startsWith(name));
    if (file) return [part, file] as const;
    throw new DataError(
      `${name} is not among the files. Choose all four: ` +
        `${Object.values(fashionMnistFiles)
          .map(({ name }) => name)
          .join(", ")}; gzipped or not.`,
    );
  });
  return Object.fromEntries(parts) as Record<FashionMnistPart, File>;
}

function sampleFiles(): Record<FashionMnistPart, () => Promise<Uint8Array>> {
  const parts = Object.entries(fashionMnistFiles).map(([part, { name }]) => [part, () => fetchSample(name)]);
  return Object.fromEntries(parts);
}

async function fetchSample(name: string): Promise<Uint8Array> {
  const response = await fetch(`data/${name}.gz`);
  if (!response.ok) throw new DataError(`The sample's ${name} is not on the server (${response.status}).`);
  return new Uint8Array(await response.arrayBuffer());
}

/** One of this many pictures is kept for testing. */
const TEST_SHARE = 10;

/** Networks that take patches get the pictures themselves; others get patches that lie side by side, as pictures. */
async function datasetOfPictures(files: readonly File[], recipe: Recipe): Promise<LoadedData> {
  const patch: PatchSize = recipe.spec.input;
  const { pictures, leftOut } = await readTrainingPictures(files, patch);
  if (pictures.length < 2) {
    const why = leftOut.length > 0 ? ` Left out: ${leftOut.join("; ")}.` : "";
    throw new DataError(
      `Training needs 2 or more pictures, one of them to test on. There ${pictures.length === 1 ? "is one" : "are none"}.${why}`,
    );
  }
  const train = pictures.filter((_, index) => index % TEST_SHARE !== 0);
  const test = pictures.filter((_, index) => index % TEST_SHARE === 0);
  const data = await loadPhotos({ train, test }, patch, { name: "your pictures", source: "your pictures" });
  const isOfPatches = recipe.patchesPerEpoch !== undefined;
  return { data: isOfPatches ? data : { ...data, train: testPatches(data.train, patch) }, leftOut };
}
