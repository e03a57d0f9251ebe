/**
 * Pictures of one size, kept as bytes: picture after picture, row after row, channels interleaved.
 * `data.length === count * height * width * channels`; a value is 0 (black) to 255 (white).
 */
export interface Images {
  readonly data: Uint8Array;
  readonly count: number;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
}

/** Pictures with one class number each. */
export interface LabelledImages extends Images {
  readonly labels: Uint8Array;
}

/** One picture of any size, kept as `Images` are. */
export interface Raster {
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
  readonly channels: number;
}

/** Pictures of different sizes, all with these channels: what patches are cut out of. */
export interface Photos {
  readonly photos: readonly Raster[];
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
export function pixelsOf(images: Images): number {
  return images.height * images.width * images.channels;
}

/** The values of picture `index`, a view without a copy. */
export function pictureAt(images: Images, index: number): Uint8Array {
  const size = pixelsOf(images);
  return images.data.subarray(index * size, (index + 1) * size);
}

/** Picture `index`, a view without a copy. */
export function rasterAt(pictures: Images | Photos, index: number): Raster {
  if ("photos" in pictures) return pictures.photos[index]!;
  const { width, height, channels } = pictures;
  return { data: pictureAt(pictures, index), width, height, channels };
}

/** The pictures one by one, views without a copy. */
export function photosOf(pictures: Images | Photos): Photos {
  if ("photos" in pictures) return pictures;
  const { count, channels } = pictures;
  return { photos: Array.from({ length: count }, (_, index) => rasterAt(pictures, index)), count, channels };
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
