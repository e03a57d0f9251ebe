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

/** A training set, the test set that is never trained on, and where they came from. */
export interface Dataset {
  readonly name: string;
  /** Where the files were found: a folder, or a phrase such as "embedded sample". */
  readonly source: string;
  readonly train: LabelledImages;
  readonly test: LabelledImages;
  /**
   * Names the pictures: SHA-256, in hex, over two lines, each the hex SHA-256 of a set's `data` and a line
   * feed, training set first. (So that the sets need not be joined in memory.)
   */
  readonly sha256: string;
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
