/** Loads training data in the page: the sample, or IDX files or pictures that the user chose. */
import {
  embeddedSample,
  type FashionMnistPart,
  fashionMnistFiles,
  loadFashionMnist,
} from "../src/data/fashion-mnist.ts";
import type { Dataset, LabelledImages } from "../src/data/images.ts";
import { sha256 } from "../src/data/sha256.ts";
import { DataError } from "../src/errors.ts";
import { greyOf } from "./grey.ts";
import type { DataSource } from "./training-messages.ts";

interface Size {
  readonly width: number;
  readonly height: number;
}

/** @throws DataError where the data is broken, missing or too small */
export async function loadDataset(source: DataSource, size: Size): Promise<Dataset> {
  switch (source.kind) {
    case "sample":
      return loadFashionMnist(sampleFiles(), { source: embeddedSample });
    case "idx":
      return loadFashionMnist(source.files, { source: "your files" });
    case "pictures":
      return datasetOfPictures(source.files, size);
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

async function datasetOfPictures(files: readonly File[], size: Size): Promise<Dataset> {
  const sorted = [...files].filter(({ type }) => type.startsWith("image/")).sort(byPath);
  const sets: { train: Uint8Array[]; test: Uint8Array[] } = { train: [], test: [] };
  for (const [index, file] of sorted.entries()) {
    (index % TEST_SHARE === 0 ? sets.test : sets.train).push(await squareOf(file, size));
  }
  if (sets.train.length === 0) {
    throw new DataError(`There are ${sorted.length} pictures among the files; training needs 2 or more.`);
  }
  const [train, test] = [imagesOf(sets.train, size), imagesOf(sets.test, size)];
  const sums = `${await sha256(train.data)}\n${await sha256(test.data)}\n`;
  return {
    name: "your pictures",
    source: "your pictures",
    train,
    test,
    sha256: await sha256(new TextEncoder().encode(sums)),
    classNames: [],
  };
}

function byPath(a: File, b: File): number {
  const [first, second] = [a.webkitRelativePath || a.name, b.webkitRelativePath || b.name];
  return first < second ? -1 : Number(first > second);
}

function imagesOf(pictures: readonly Uint8Array[], { width, height }: Size): LabelledImages {
  const data = new Uint8Array(pictures.length * width * height);
  pictures.forEach((picture, index) => {
    data.set(picture, index * width * height);
  });
  const count = pictures.length;
  return { data, count, height, width, channels: 1, labels: new Uint8Array(count) };
}

/** The largest part of a picture's middle that has the shape of the network's input, scaled to its size and in grey. */
async function squareOf(file: File, { width, height }: Size): Promise<Uint8Array> {
  let bitmap: ImageBitmap;
  try {
    bitmap = await createImageBitmap(file);
  } catch (cause) {
    throw new DataError(`${file.name} is not a picture that this browser can read.`, { cause });
  }
  const scale = Math.max(width / bitmap.width, height / bitmap.height);
  const [w, h] = [bitmap.width * scale, bitmap.height * scale];
  const context = new OffscreenCanvas(width, height).getContext("2d")!;
  context.imageSmoothingQuality = "high";
  context.drawImage(bitmap, (width - w) / 2, (height - h) / 2, w, h);
  bitmap.close();
  return greyOf(context.getImageData(0, 0, width, height));
}
