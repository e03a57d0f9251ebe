import { encode } from "jpeg-js";
import { decodeJpeg } from "./jpeg.ts";
import type { Picture } from "./picture.ts";

/**
 * What is left of a picture after it was saved as a JPEG file and read again. jpeg-js writes the file: baseline, with the
 * tables of ITU-T T.81 Annex K scaled by the quality as libjpeg scales them, and with colour at full resolution (4:4:4,
 * no chroma subsampling). A grey picture goes through it as three equal colours, whose colour differences are zero.
 * @param picture grey or RGB, without alpha
 * @param quality from 1 to 100
 */
export function throughJpeg(
  { data, width, height, channels }: Required<Picture<Uint8Array>>,
  quality: number,
): Required<Picture<Uint8Array>> {
  const rgba = new Uint8Array(width * height * 4);
  for (let pixel = 0; pixel < width * height; pixel++) {
    for (let c = 0; c < 3; c++) rgba[4 * pixel + c] = data[channels * pixel + (channels === 3 ? c : 0)]!;
    rgba[4 * pixel + 3] = 255;
  }
  const rgb = decodeJpeg(encode({ data: rgba, width, height }, quality).data, "the JPEG file");
  const values = Uint8Array.from(rgb.data);
  return {
    data: channels === 3 ? values : values.filter((_, index) => index % 3 === 0),
    width,
    height,
    channels,
  };
}
