import { DataError } from "../errors.ts";
import { gunzipIfNeeded } from "./gzip.ts";
import { type Idx, parseIdx } from "./idx.ts";
import type { Dataset, LabelledImages } from "./images.ts";
import { sha256 } from "./sha256.ts";

/** One of the four files: its name without `.gz`, and the size in bytes and the SHA-256 of its uncompressed content. */
export interface OfficialFile {
  readonly name: string;
  readonly bytes: number;
  readonly sha256: string;
}

/** The four files of Fashion-MNIST. */
export type FashionMnistPart = "trainImages" | "trainLabels" | "testImages" | "testLabels";

/** The `Dataset.source` of the sample that comes with the sources. */
export const embeddedSample = "embedded sample";

/** The files of Fashion-MNIST: 60,000 training and 10,000 test pictures of 28×28 (Xiao, Rasul, Vollgraf 2017). */
export const fashionMnistFiles = {
  trainImages: {
    name: "train-images-idx3-ubyte",
    bytes: 47_040_016,
    sha256: "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
  },
  trainLabels: {
    name: "train-labels-idx1-ubyte",
    bytes: 60_008,
    sha256: "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
  },
  testImages: {
    name: "t10k-images-idx3-ubyte",
    bytes: 7_840_016,
    sha256: "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
  },
  testLabels: {
    name: "t10k-labels-idx1-ubyte",
    bytes: 10_008,
    sha256: "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
  },
} as const satisfies Record<FashionMnistPart, OfficialFile>;

/** What the labels 0 to 9 stand for. */
const fashionMnistClasses = [
  "T-shirt/top",
  "Trouser",
  "Pullover",
  "Dress",
  "Coat",
  "Sandal",
  "Shirt",
  "Sneaker",
  "Bag",
  "Ankle boot",
] as const;

/** The bytes of a file, gzipped or plain, or a function that gives them. It is called once, when the file is needed. */
export type FileSource = Uint8Array | ArrayBuffer | Blob | (() => Promise<Uint8Array>);

/**
 * Decodes Fashion-MNIST, or another data set in the same four IDX files. Pictures are count × height × width bytes; they
 * may have any size, which has to be the same in both sets. Labels are 0 to 9. The files are read one after the other.
 * Pictures of a file that is not gzipped are not copied: the result shares the memory of the bytes that were given.
 *
 * @param options.source what the result's `source` says; default: "given files"
 * @throws DataError if a file is broken, a set is empty, or the files do not fit together
 */
export async function loadFashionMnist(
  files: Readonly<Record<FashionMnistPart, FileSource>>,
  options: { source?: string | undefined } = {},
): Promise<Dataset> {
  const train = await readSet(files, "trainImages", "trainLabels");
  const test = await readSet(files, "testImages", "testLabels");
  if (train.height !== test.height || train.width !== test.width) {
    throw new DataError(
      `${fashionMnistFiles.trainImages.name} has pictures of ${train.height} × ${train.width} pixels, ` +
        `but ${fashionMnistFiles.testImages.name} of ${test.height} × ${test.width}; give files of one data set`,
    );
  }
  const sums = `${await sha256(train.data)}\n${await sha256(test.data)}\n`;
  return {
    name: "Fashion-MNIST",
    source: options.source ?? "given files",
    train,
    test,
    sha256: await sha256(new TextEncoder().encode(sums)),
    classNames: fashionMnistClasses,
  };
}

async function readSet(
  files: Readonly<Record<FashionMnistPart, FileSource>>,
  imagesPart: FashionMnistPart,
  labelsPart: FashionMnistPart,
): Promise<LabelledImages> {
  const imagesName = fashionMnistFiles[imagesPart].name;
  const labelsName = fashionMnistFiles[labelsPart].name;
  const images = await readIdx(files[imagesPart], imagesName);
  const labels = await readIdx(files[labelsPart], labelsName);
  if (images.shape.length !== 3 || labels.shape.length !== 1) {
    throw new DataError(
      `${imagesName} has dimensions ${images.shape.join(" × ")} and ${labelsName} ${labels.shape.join(" × ")}; ` +
        "expected count × height × width and count: were they mixed up?",
    );
  }
  const [count, height, width] = images.shape as readonly [number, number, number];
  if (count !== labels.shape[0]) {
    throw new DataError(
      `${imagesName} has ${count} pictures, but ${labelsName} has ${labels.shape[0]} labels; give files of one data set`,
    );
  }
  if (images.data.length === 0) {
    throw new DataError(
      `${imagesName} (${images.shape.join(" × ")}) and ${labelsName} hold no pixels; give files with pictures`,
    );
  }
  const wrong = labels.data.findIndex((label) => label >= fashionMnistClasses.length);
  if (wrong >= 0) {
    throw new DataError(
      `${labelsName} gives picture ${wrong} of ${imagesName} the label ${labels.data[wrong]}; labels are 0 to 9: fetch it again`,
    );
  }
  return { data: images.data, count, height, width, channels: 1, labels: labels.data };
}

async function readIdx(source: FileSource, name: string): Promise<Idx> {
  return parseIdx(await gunzipIfNeeded(await bytesOf(source, name), name), name);
}

async function bytesOf(source: FileSource, name: string): Promise<Uint8Array> {
  if (source instanceof Uint8Array) return source;
  if (source instanceof ArrayBuffer) return new Uint8Array(source);
  if (typeof source === "function") return source();
  if (typeof source?.arrayBuffer === "function") return new Uint8Array(await source.arrayBuffer());
  throw new DataError(`${name} was not given as bytes; pass a Uint8Array, an ArrayBuffer or a Blob`);
}
