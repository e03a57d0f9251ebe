/** Writes PNG files (ISO/IEC 15948). */
import { optionsFrom, requireNoOthers, requireOption } from "../errors.ts";
import { concatenate } from "./concatenate.ts";
import type { PictureMetadata } from "./metadata.ts";
import { type CheckedPicture, checkPicture, kindOf, type Picture, type Range } from "./picture.ts";
import { fileOf } from "./png-chunks.ts";
import { filterRows } from "./png-filters.ts";
import { metadataChunks, words } from "./png-metadata.ts";
import { storedValues } from "./stored-values.ts";
import { zlib } from "./zlib.ts";

/** How a picture is written as a PNG file. */
export interface EncodePngOptions {
  /** The values of black and of white in the picture: see `DenoiseOptions`. Alpha has the same range. */
  range?: Range | undefined;
  /** What the file is to hold beside the picture, such as what `decodePng` found. Default: nothing. */
  metadata?: PictureMetadata | undefined;
}

/**
 * Encodes a picture as a PNG file: bytes with 8 bits per value, other values with 16 bits. They are rounded, and clamped to
 * what is from black to white. The picture must not change before the promise is fulfilled: its rows are packed one after
 * the other.
 * @throws DataError if the picture has no pixels, its parts do not fit together, a value is not finite or far outside of
 * the range, or 1 seems to be white where no range was given
 * @throws SpecError if an option is unknown or of the wrong type
 */
export async function encodePng(
  picture: Picture,
  options?: EncodePngOptions,
): Promise<Uint8Array<ArrayBuffer>> {
  const { range, metadata = {}, ...others } = optionsFrom(options);
  requireNoOthers(others);
  const checked = checkPicture(picture, range);
  const { channels, colors } = checked;
  const { width, height } = picture;
  const deep = !kindOf(picture.data).startsWith("Uint8");
  const packed = await zlib(filteredBands(picture, checked, deep));
  const header = concatenate([words(width, height), [deep ? 16 : 8, [0, 4, 2, 6][channels - 1]!, 0, 0, 0]]);
  const chunks = await metadataChunks(metadata, colors).catch(() => {});
  requireOption("metadata", metadata, chunks, "such as readers give");
  return fileOf([
    { type: "IHDR", data: header },
    ...chunks!,
    { type: "IDAT", data: packed },
    { type: "IEND", data: new Uint8Array() },
  ]);
}

/** About this many values are filtered at a time, so that beside the picture and the file there is no third copy. */
const BAND = 2 ** 16;

/** The filtered rows of a picture, some at a time. */
function* filteredBands(
  { data, width, height }: Picture,
  checked: CheckedPicture,
  deep: boolean,
): Generator<Uint8Array<ArrayBuffer>> {
  const { channels } = checked;
  const row = width * channels;
  const rows = Math.ceil(BAND / row);
  let above: Uint8Array | Uint8ClampedArray = new Uint8Array(deep ? 2 * row : row);
  for (let y = 0; y < height; y += rows) {
    const bytes = storedValues({ data: data.subarray(y * row, (y + rows) * row) }, checked, deep);
    yield filterRows(bytes, above, deep ? 2 * channels : channels);
    above = bytes.subarray(-above.length);
  }
}
