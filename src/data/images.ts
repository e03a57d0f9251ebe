import { DataError, shown } from "../errors.ts";
import { channelsOf, type Picture } from "../pictures/picture.ts";

/**
 * Pictures of one size in one array: [count, height, width, channels]. The values are bytes by default; 0 is black and
 * 255 is white.
 */
export interface Images<Values extends Uint8Array | Float32Array = Uint8Array> {
  /** Picture after picture, row after row, channels interleaved: count × height × width × channels values. */
  readonly data: Values;
  /** The number of pictures. */
  readonly count: number;
  /** In pixels, as is the width. */
  readonly height: number;
  readonly width: number;
  /** Values of each pixel. */
  readonly channels: number;
}

/** Pictures of one size, each with a label. */
export interface LabelledImages extends Images {
  /** For each picture, the number of its class. */
  readonly labels: Uint8Array;
}

/** Pictures that may differ in size but have the same number of channels. Patches for training are cut out of them. */
export interface Photos {
  /** The pictures, as bytes without alpha. */
  readonly photos: readonly Required<Picture<Uint8Array>>[];
  /** `photos.length`. */
  readonly count: number;
  /** Values of each pixel: 1 for grey, 3 for RGB. */
  readonly channels: number;
}

/** A picture to measure on: clean, and where its noise is real, also the noisy picture of the same scene. */
export interface TestPicture {
  /** The name of its file, without the folder; of a pair, what the names of both files begin with. */
  readonly name: string;
  readonly clean: Required<Picture<Uint8Array>>;
  /** It has the size and the channels of `clean`. */
  readonly noisy?: Required<Picture<Uint8Array>>;
}

/** A training set, a test set that is never trained on, and where they came from. */
export interface Dataset<Train extends Images | Photos = LabelledImages> {
  /** What the data set is called in reports and model files. */
  readonly name: string;
  /** Where the files were found: a folder, or a phrase such as "embedded sample". */
  readonly source: string;
  /** The pictures to train on. */
  readonly train: Train;
  /** The pictures to test on. */
  readonly test: LabelledImages;
  /**
   * A digest that identifies the pictures, in hex: the SHA-256 of two lines, first for the training set and then for the
   * test set, each of which is the hex SHA-256 of the set's `data` and a line feed. (So the sets need not be joined in
   * memory.) Photographs have another digest: see `loadPhotos`.
   */
  readonly sha256: string;
  /** The names of the classes that the test pictures' labels stand for; empty if there are no classes. */
  readonly classNames: readonly string[];
}

/**
 * Checks that the parts of a set of pictures fit together, and that it has some.
 * @param name what errors call the set
 * @param kinds the kinds of array that pictures of one size may be kept in
 * @throws DataError that says what does not fit
 */
export function requirePictures(
  set: Images<Uint8Array | Float32Array> | Photos,
  name: string,
  kinds: readonly string[] = ["Uint8Array"],
): void {
  const given = set ?? {};
  const fault = "photos" in given ? photosFault(given) : imagesFault(given, kinds);
  if (fault) throw new DataError(`${name}: ${fault}.`);
}

function imagesFault(
  images: Images<Uint8Array | Float32Array>,
  kinds: readonly string[],
): string | undefined {
  const { data, count, height, width, channels } = images;
  if (!ArrayBuffer.isView(data) || !kinds.includes(data[Symbol.toStringTag]))
    return `its data has to be a ${kinds.join(" or ")}, but is ${shown(data)}`;
  if (![count, height, width, channels].every((size) => Number.isInteger(size) && size > 0))
    return `there are ${shown(count)} pictures of ${shown(height)}×${shown(width)}×${shown(channels)}; give whole numbers above 0`;
  const needed = count * pixelsOf(images);
  if (data.length === needed) return undefined;
  return `${count} pictures of ${height}×${width}×${channels} have ${needed} values, but ${data.length} are given`;
}

function photosFault({ photos, count, channels }: Photos): string | undefined {
  if (!Array.isArray(photos) || photos.length === 0) return "there are no pictures";
  if (photos.length !== count) return `there are ${photos.length} pictures, but the count is ${shown(count)}`;
  const odd = photos.findIndex((photo) => channelsOf(photo) !== channels || photo.channels !== channels);
  return odd < 0 ? undefined : `picture ${odd} has other channels than ${shown(channels)}`;
}

/** The number of values of one picture. */
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

/** The pictures as separate pictures, which are views without a copy. */
export function photosOf(pictures: Images | Photos): Photos {
  if ("photos" in pictures) return pictures;
  const { count, channels } = pictures;
  return { photos: Array.from({ length: count }, (_, index) => pictureAt(pictures, index)), count, channels };
}

/**
 * The indices of a few test pictures to look at, one for each column of a figure: the first picture of each class, or, if
 * there are no classes, at most ten that are evenly spread over the set.
 */
export function samplesOf({ test, classNames }: Pick<Dataset, "test" | "classNames">): number[] {
  const ofEachClass = classNames.map((_, label) => test.labels.indexOf(label)).filter((index) => index >= 0);
  if (ofEachClass.length > 0) return ofEachClass;
  const columns = Math.min(10, test.count);
  return Array.from({ length: columns }, (_, column) => Math.floor((column * test.count) / columns));
}
