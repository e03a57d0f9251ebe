/**
 * What a JPEG file makes of a picture: baseline, 8 bits, JFIF's colours, the tables of quantisation of ITU-T T.81,
 * Annex K.1, which libjpeg scales by the quality. Nothing is coded, since coding loses nothing. Colours, subsampling and
 * upsampling round as libjpeg's do (jccolor.c, jcsample.c, jdsample.c, jdcolor.c).
 */
import { CHROMINANCE, LUMINANCE, quantisationStep } from "../pictures/jpeg-tables.ts";
import { DCT_SCALE, forwardDct, inverseDct } from "./dct.ts";
import { type Area, double, halve, mirrorOutside } from "./jpeg-planes.ts";

/** How a picture is compressed. */
export interface JpegSettings {
  /** libjpeg's quality, a whole number from 1 to 100. */
  readonly quality: number;
  /** Whether the two components of colour have half the resolution in height and width (4:2:0). */
  readonly subsampled: boolean;
  /** The row and the column of the picture's first pixel within a 16×16 square of the file, each from 0 to 15. */
  readonly top: number;
  readonly left: number;
}

/** Adding and subtracting it rounds a float64 below 2⁵¹ to a whole number, ties to even. */
const ROUND = 1.5 * 2 ** 52;

const multiply = new Float64Array(64);
const restore = new Float64Array(64);
const block = new Float64Array(64);
/**
 * Luma, the two components of colour, and these two at full resolution where they are subsampled. The planes are as large
 * as the largest picture so far needs.
 */
let planes: readonly Float64Array[] = [];

/** Fills `multiply` and `restore` with what coefficients are multiplied by before and after they are rounded. */
function prepareQuantisation(table: readonly number[], quality: number): void {
  for (let row = 0; row < 8; row++) {
    for (let column = 0; column < 8; column++) {
      const at = 8 * row + column;
      const scale = 8 * DCT_SCALE[row]! * DCT_SCALE[column]!;
      const step = quantisationStep(table[at]!, quality);
      multiply[at] = 1 / (step * scale);
      restore[at] = (step * scale) / 64;
    }
  }
}

/** Transforms, quantises and restores the block of `plane` whose first value is at `from`. */
function codeBlock(plane: Float64Array, from: number, stride: number): void {
  for (let row = 0; row < 8; row++) forwardDct(plane, from + row * stride, block, 8 * row, 1);
  for (let column = 0; column < 8; column++) forwardDct(block, column, block, column, 8);
  // Four in a turn take half the time of one in a turn.
  for (let i = 0; i < 64; i += 4) {
    const a = block[i]! * multiply[i]! + ROUND - ROUND;
    const b = block[i + 1]! * multiply[i + 1]! + ROUND - ROUND;
    const c = block[i + 2]! * multiply[i + 2]! + ROUND - ROUND;
    const d = block[i + 3]! * multiply[i + 3]! + ROUND - ROUND;
    block[i] = a * restore[i]!;
    block[i + 1] = b * restore[i + 1]!;
    block[i + 2] = c * restore[i + 2]!;
    block[i + 3] = d * restore[i + 3]!;
  }
  for (let column = 0; column < 8; column++) inverseDct(block, column, block, column, 8);
  for (let row = 0; row < 8; row++) inverseDct(block, 8 * row, plane, from + row * stride, 1);
}

/** Codes all blocks of a plane that hold some of an area, and brings what comes out of the area to 8 bits. */
function codeBlocks(plane: Float64Array, stride: number, { top, left, bottom, right }: Area): void {
  for (let row = top & ~7; row < bottom; row += 8) {
    for (let column = left & ~7; column < right; column += 8) codeBlock(plane, row * stride + column, stride);
  }
  for (let row = top; row < bottom; row++) {
    for (let at = row * stride + left, end = row * stride + right; at < end; at++) {
      const value = plane[at]! + ROUND - ROUND;
      plane[at] = value < -128 ? -128 : value > 127 ? 127 : value;
    }
  }
}

const toByte = (value: number): number => (value < 0 ? 0 : value > 255 ? 255 : value);

/** Compresses a picture of whole numbers from 0 to 255, [height, width, channels], in place. Channels are 1 or 3. */
export function compress(
  picture: Float32Array,
  height: number,
  width: number,
  channels: number,
  { quality, subsampled, top, left }: JpegSettings,
): void {
  const stride = (left + width + 15) & ~15;
  const rows = (top + height + 15) & ~15;
  if (planes.length === 0 || planes[0]!.length < rows * stride) {
    planes = Array.from({ length: 5 }, () => new Float64Array(rows * stride));
  }
  const [luma, blue, red, wholeBlue, wholeRed] = planes as [
    Float64Array,
    Float64Array,
    Float64Array,
    Float64Array,
    Float64Array,
  ];
  const area = { top, left, bottom: top + height, right: left + width };

  split(picture, area, stride, channels);
  mirrorOutside(luma, rows, stride, area);
  prepareQuantisation(LUMINANCE, quality);
  codeBlocks(luma, stride, area);
  if (channels === 1) {
    for (let row = 0, i = 0; row < height; row++) {
      for (let at = (top + row) * stride + left, end = at + width; at < end; at++)
        picture[i++] = luma[at]! + 128;
    }
    return;
  }
  prepareQuantisation(CHROMINANCE, quality);
  const halves = {
    top: top >> 1,
    left: left >> 1,
    bottom: (area.bottom + 1) >> 1,
    right: (area.right + 1) >> 1,
  };
  for (const [plane, whole] of [
    [blue, wholeBlue],
    [red, wholeRed],
  ] as const) {
    mirrorOutside(plane, rows, stride, area);
    if (subsampled) halve(plane, rows, stride);
    codeBlocks(plane, stride, subsampled ? halves : area);
    if (subsampled) double(plane, whole, stride, area);
  }
  join(picture, subsampled ? [luma, wholeBlue, wholeRed] : [luma, blue, red], stride, area);
}

/** Puts an area of three planes, from −128 to 127, into a picture as red, green and blue. */
function join(
  picture: Float32Array,
  [luma, blue, red]: readonly [Float64Array, Float64Array, Float64Array],
  stride: number,
  { top, left, bottom, right }: Area,
): void {
  for (let row = top, i = 0; row < bottom; row++) {
    for (let at = row * stride + left, end = row * stride + right; at < end; at++, i += 3) {
      const y = luma[at]! + 128;
      const cb = blue[at]!;
      const cr = red[at]!;
      picture[i] = toByte(y + 1.402 * cr + ROUND - ROUND);
      picture[i + 1] = toByte(y - 0.344136286 * cb - 0.714136286 * cr + ROUND - ROUND);
      picture[i + 2] = toByte(y + 1.772 * cb + ROUND - ROUND);
    }
  }
}

/** Puts a picture's luma and components of colour, from −128 to 127, into an area of `planes`. */
function split(picture: Float32Array, area: Area, stride: number, channels: number): void {
  const [luma, blue, red] = planes as [Float64Array, Float64Array, Float64Array];
  for (let row = area.top, i = 0; row < area.bottom; row++) {
    for (let at = row * stride + area.left, end = row * stride + area.right; at < end; at++, i += channels) {
      const r = picture[i]!;
      if (channels === 1) {
        luma[at] = r - 128;
        continue;
      }
      const g = picture[i + 1]!;
      const b = picture[i + 2]!;
      luma[at] = 0.299 * r + 0.587 * g + 0.114 * b - 128 + ROUND - ROUND;
      // At ±127.5 the value is rounded towards 0, so that it stays within 8 bits.
      blue[at] = Math.min(127, -0.168735892 * r - 0.331264108 * g + 0.5 * b + ROUND - ROUND);
      red[at] = Math.min(127, 0.5 * r - 0.418687589 * g - 0.081312411 * b + ROUND - ROUND);
    }
  }
}
