import type { Picture } from "../pictures/picture.ts";

/**
 * Pictures of one size in one array, bytes unless it says otherwise: picture after picture, row after row, channels
 * interleaved. `data.length === count * height * width * channels`; a value is 0 (black) to 255 (white).
 */
export interface Images<Values extends Uint8Array | Float32Array = Uint8Array> {
  readonly data: Values;
  readonly count: number;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
}

/** Pictures with one class number each. */
export interface LabelledImages extends Images {
  readonly labels: Uint8Array;
}

/** Pictures of different sizes, all with these channels: what patches are cut out of. */
export interface Photos {
  readonly photos: readonly Required<Picture<Uint8Array>>[];
  /** `photos.length`. */
  readonly count: number;
  readonly channels: number;
}

/** A training set, the test set that is never trained on, and where they came from. */
export interface Dataset<Train extends Images | Photos = LabelledImages> {
  readonly name: string;
  /** Where the files were found: a folder, or a phrase such as "embedded sample". */
  readonly source: string;
  readonly train: Train;
  readonly test: LabelledImages;
  /**
   * Names the pictures: SHA-256, in hex, over two lines, each the hex SHA-256 of a set's `data` and a line
   * feed, training set first. (So that the sets need not be joined in memory.) Of photographs it is another sum: see
   * `loadPhotos`.
   */
  readonly sha256: string;
  /** Of the test pictures' labels; empty where there are no classes. */
  readonly classNames: readonly string[];
}

/** Values per picture. */
export function pixelsOf(images: Omit<Images, "data">): number {
  return images.height * images.width * images.channels;
}

/** The values of picture `index`, a view without a copy. */
export function valuesAt(images: Images, index: number): Uint8Array {
  const size = pixelsOf(images);
  return images.data.subarray(index * size, (index + 1) * size);
}

/** Picture `index`, a view without a copy. */
export function pictureAt(pictures: Images | Photos, index: number): Required<Picture<Uint8Array>> {
  if ("photos" in pictures) return pictures.photos[index]!;
  const { width, height, channels } = pictures;
  return { data: valuesAt(pictures, index), width, height, channels };
}

/** The pictures one by one, views without a copy. */
export function photosOf(pictures: Images | Photos): Photos {
  if ("photos" in pictures) return pictures;
  const { count, channels } = pictures;
  return { photos: Array.from({ length: count }, (_, index) => pictureAt(pictures, index)), count, channels };
}

/**
 * A few test pictures to be looked at, one a column: the first of each class, or where there are no classes ten or
 * fewer from all over the set.
 */
export function samplesOf({ test, classNames }: Pick<Dataset, "test" | "classNames">): number[] {
  const ofEachClass = classNames.map((_, label) => test.labels.indexOf(label)).filter((index) => index >= 0);
  if (ofEachClass.length > 0) return ofEachClass;
  const columns = Math.min(10, test.count);
  return Array.from({ length: columns }, (_, column) => Math.floor((column * test.count) / columns));
}
