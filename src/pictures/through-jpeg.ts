import { decodeJpeg } from "./jpeg.ts";
import { encodeJpeg } from "./jpeg-encode.ts";
import type { Picture } from "./picture.ts";

/**
 * What is left of a picture after it was saved as a JPEG file and read again: baseline, with the tables of ITU-T T.81
 * Annex K scaled by the quality as libjpeg scales them, and with colour at full resolution (4:4:4, no chroma subsampling).
 * @param picture grey or RGB, without alpha
 * @param quality from 1 to 100
 */
export function throughJpeg(
  picture: Required<Picture<Uint8Array>>,
  quality: number,
): Required<Picture<Uint8Array>> {
  const { data, width, height, channels } = decodeJpeg(encodeJpeg(picture, { quality }), "the JPEG file");
  return { data: data as Uint8Array, width, height, channels };
}
