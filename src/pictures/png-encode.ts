/** Writes PNG files (ISO/IEC 15948). */
import type { PictureMetadata } from "./metadata.ts";
import { checkPicture, type Picture } from "./picture.ts";
import { fileOf } from "./png-chunks.ts";
import { filterRows } from "./png-filters.ts";
import { metadataChunks } from "./png-metadata.ts";
import { zlib } from "./zlib.ts";

/** How a picture is written as a PNG file. */
export interface EncodePngOptions {
  /** What the file is to hold beside the picture, such as what `decodePng` found. Default: nothing. */
  metadata?: PictureMetadata | undefined;
}

/**
 * Encodes a picture as a PNG file. Bytes are stored with 8 bits per value. Float32 values are stored with 16 bits, where
 * 255 becomes 65,535; they are rounded, and clamped to 0 to 255.
 * @throws DataError if the picture has no pixels, its parts do not fit together, or a value is not finite
 */
export async function encodePng(
  picture: Picture,
  { metadata = {} }: EncodePngOptions = {},
): Promise<Uint8Array<ArrayBuffer>> {
  const { channels, colors } = checkPicture(picture);
  const { data, width, height } = picture;
  const deep = data instanceof Float32Array;
  const bytes = deep ? new Uint8Array(2 * data.length) : data;
  if (deep) {
    const view = new DataView(bytes.buffer);
    data.forEach((value, i) => {
      view.setUint16(2 * i, Math.min(65_535, Math.max(0, Math.round(value * 257))));
    });
  }
  const pixelBytes = deep ? 2 * channels : channels;
  const packed = await zlib(filterRows(bytes, width * pixelBytes, height, pixelBytes));
  const header = new Uint8Array(13);
  const view = new DataView(header.buffer);
  view.setUint32(0, width);
  view.setUint32(4, height);
  header.set([deep ? 16 : 8, [0, 4, 2, 6][channels - 1]!], 8);
  return fileOf([
    { type: "IHDR", data: header },
    ...(await metadataChunks(metadata, colors)),
    { type: "IDAT", data: packed },
    { type: "IEND", data: new Uint8Array() },
  ]);
}
