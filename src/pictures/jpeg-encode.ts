/** Writes JPEG files: baseline, 8 bits, with Huffman codes made for the picture. */
import { DataError, optionsFrom, requireNoOthers, requireOption } from "../errors.ts";
import { forwardBlock } from "./jpeg-dct.ts";
import { BitWriter, codesOf, optimalCode } from "./jpeg-huffman.ts";
import { metadataSegments } from "./jpeg-metadata.ts";
import { planesOf } from "./jpeg-planes.ts";
import { APP0, DHT, DQT, EOI, SOI, SOS } from "./jpeg-segments.ts";
import { CHROMINANCE, type HuffmanSpec, LUMINANCE, quantisationStep, ZIGZAG } from "./jpeg-tables.ts";
import type { PictureMetadata } from "./metadata.ts";
import { checkPicture, type Picture, type Range } from "./picture.ts";
import { storedValues } from "./stored-values.ts";

const SOF0 = 0xc0;

/** How a picture is written as a JPEG file. */
export interface EncodeJpegOptions {
  /**
   * libjpeg's quality, a whole number from 1 (worst) to 100. Default: 92, at which what is lost of a photograph is less
   * than the noise that is left after denoising.
   */
  quality?: number | undefined;
  /**
   * The resolution of the colours: that of the picture ("4:4:4", the default), half of it across ("4:2:2"), or half of it
   * across and down ("4:2:0").
   */
  chroma?: "4:4:4" | "4:2:2" | "4:2:0" | undefined;
  /** The values of black and of white in the picture: see `DenoiseOptions`. Alpha has the same range. */
  range?: Range | undefined;
  /** What the file is to hold beside the picture, such as what `decodeJpeg` found. Default: nothing. */
  metadata?: PictureMetadata | undefined;
}

/** How many pixels share a colour, across and down. */
const THINNED = new Map([
  ["4:4:4", [1, 1]],
  ["4:2:2", [2, 1]],
  ["4:2:0", [2, 2]],
]);

/** A plane of the picture, its coefficients, and the numbers of its tables. */
interface Coded {
  /** Blocks to a row of blocks, and in a unit of all planes. */
  readonly columns: number;
  readonly across: number;
  readonly down: number;
  /** 64 for each block, in the order of the file. */
  readonly coefficients: Int16Array;
  /** 0 luma, 1 colour. */
  readonly tables: 0 | 1;
}

/** Takes a symbol with its Huffman code, and `count` bits that follow it. */
type TakeSymbol = (symbol: number, bits: number, count: number) => void;

/**
 * Encodes a picture, grey or RGB, as a JPEG file. Values that are no bytes are rounded, and clamped to what is from
 * black to white. An alpha channel is
 * left out, and has to be opaque everywhere.
 * @throws DataError if the picture has no pixels or more than 65,535 in a row or column, its parts do not fit together, a
 * value is not finite or far outside of the range, 1 seems to be white where no range was given, or a pixel is transparent
 * @throws SpecError if an option is unknown, of the wrong type or out of range
 */
export function encodeJpeg(picture: Picture, options?: EncodeJpegOptions): Uint8Array<ArrayBuffer> {
  const { quality = 92, chroma = "4:4:4", range, metadata = {}, ...others } = optionsFrom(options);
  requireNoOthers(others);
  const isQuality = Number.isInteger(quality) && quality >= 1 && quality <= 100;
  requireOption("quality", quality, isQuality, "a whole number from 1 to 100");
  const thinned = THINNED.get(chroma);
  requireOption("chroma", chroma, thinned, '"4:4:4", "4:2:2" or "4:2:0"');
  const { values, channels, colors } = jpegValues(picture, range);
  const { width, height } = picture;
  const tables = [LUMINANCE, CHROMINANCE].map((table) =>
    table.map((base) => quantisationStep(base, quality)),
  );
  const [across = 1, down = 1] = colors === 1 ? [] : thinned!;
  const planes = planesOf({ data: values, width, height, channels }, colors, across, down).map(
    (plane, i): Coded => {
      const steps = tables[i === 0 ? 0 : 1]!;
      const [ownAcross, ownDown] = i === 0 ? [across, down] : [1, 1];
      return {
        columns: plane.stride / 8,
        across: ownAcross,
        down: ownDown,
        coefficients: quantised(plane.values, plane.stride, steps),
        tables: i === 0 ? 0 : 1,
      };
    },
  );
  const unitsAcross = Math.ceil(width / (8 * across));
  const units = unitsAcross * Math.ceil(height / (8 * down));
  const codes = codesFor(planes, units, unitsAcross);
  const data = writeScan(planes, units, unitsAcross, codes);
  const count = planes.length;
  const numbers = planes.map((plane) => plane.tables);
  const frame = [8, height >> 8, height & 255, width >> 8, width & 255, count].concat(
    planes.flatMap(({ across, down, tables }, i) => [i + 1, (across << 4) | down, tables]),
  );
  const used = colors === 1 ? [0] : [0, 1];
  const order = Array.from(ZIGZAG.subarray(0, 64));
  return fileOf(
    [
      ...metadataSegments(metadata, colors),
      ...used.map((i) => [DQT, Uint8Array.from([i, ...order.map((at) => tables[i]![at]!)])] as const),
      [SOF0, Uint8Array.from(frame)],
      ...codes.map(
        ({ number, spec }) =>
          [
            DHT,
            Uint8Array.from([number, ...(spec.counts as number[]), ...(spec.symbols as number[])]),
          ] as const,
      ),
      [SOS, Uint8Array.from([count, ...numbers.flatMap((tables, i) => [i + 1, tables * 17]), 0, 63, 0])],
    ],
    data,
  );
}

/** What a JPEG file holds of a picture: bytes, whose alpha is opaque if they have one. @throws DataError: see `encodeJpeg` */
export function jpegValues(
  picture: Picture,
  range?: Range,
): { values: Uint8Array | Uint8ClampedArray; channels: 1 | 2 | 3 | 4; colors: 1 | 3 } {
  const checked = checkPicture(picture, range);
  const { channels, colors } = checked;
  const { width, height } = picture;
  if (Math.max(width, height) > 65_535)
    throw new DataError(
      `The picture has ${width} × ${height} pixels; a JPEG file holds 65,535 in a row or column.`,
    );
  const values = storedValues(picture, checked, false);
  if (channels > colors) requireOpaque(values, channels);
  return { values, channels, colors };
}

function requireOpaque(data: Uint8Array | Uint8ClampedArray, channels: number): void {
  for (let i = channels - 1; i < data.length; i += channels) {
    if (data[i]! < 255)
      throw new DataError(
        "The picture has transparent pixels, which JPEG cannot hold. Write a PNG file, or fill them.",
      );
  }
}

/** The coefficients of a plane's blocks, divided by their steps of quantisation and rounded. */
function quantised(values: Uint8Array, stride: number, steps: readonly number[]): Int16Array {
  const coefficients = new Int16Array(values.length);
  const block = new Int32Array(64);
  // The transform's results are 8 times too large.
  const divisors = Int32Array.from(steps, (step) => 8 * step);
  for (let top = 0, to = 0; top < values.length; top += 8 * stride) {
    for (let left = top; left < top + stride; left += 8, to += 64) {
      for (let i = 0; i < 64; i++) block[i] = values[left + (i >> 3) * stride + (i & 7)]! - 128;
      forwardBlock(block);
      for (let k = 0; k < 64; k++) {
        const at = ZIGZAG[k]!;
        const divisor = divisors[at]!;
        const value = block[at]!;
        const size = value < 0 ? -value : value;
        const quotient = ((size + (divisor >> 1)) / divisor) | 0;
        coefficients[to + k] = value < 0 ? -quotient : quotient;
      }
    }
  }
  return coefficients;
}

const sizeOf = (value: number): number => 32 - Math.clz32(value < 0 ? -value : value);
/** The bits that stand for a value: for negative ones, those of the value below. */
const bitsOf = (value: number): number => (value < 0 ? value - 1 : value);

/** Goes through a block in the order of the file. @returns its DC coefficient */
function takeBlock(
  from: Int16Array,
  start: number,
  previous: number,
  dc: TakeSymbol,
  ac: TakeSymbol,
): number {
  const difference = from[start]! - previous;
  dc(sizeOf(difference), bitsOf(difference), sizeOf(difference));
  let zeros = 0;
  for (let k = start + 1; k < start + 64; k++) {
    const value = from[k]!;
    if (value === 0) {
      zeros++;
      continue;
    }
    for (; zeros > 15; zeros -= 16) ac(0xf0, 0, 0);
    const size = sizeOf(value);
    ac((zeros << 4) | size, bitsOf(value), size);
    zeros = 0;
  }
  if (zeros > 0) ac(0, 0, 0);
  return from[start]!;
}

/** Goes through all blocks in the order of the file. */
function takeBlocks(
  planes: readonly Coded[],
  units: number,
  unitsAcross: number,
  dc: readonly TakeSymbol[],
  ac: readonly TakeSymbol[],
): void {
  const previous = planes.map(() => 0);
  for (let unit = 0; unit < units; unit++) {
    const x = unit % unitsAcross;
    const y = Math.floor(unit / unitsAcross);
    for (let p = 0; p < planes.length; p++) {
      const { columns, across, down, coefficients, tables } = planes[p]!;
      for (let j = 0; j < down; j++) {
        for (let i = 0; i < across; i++) {
          const start = 64 * ((y * down + j) * columns + x * across + i);
          previous[p] = takeBlock(coefficients, start, previous[p]!, dc[tables]!, ac[tables]!);
        }
      }
    }
  }
}

interface NumberedCode {
  /** As DHT has it: 0 and 1 for DC, 16 and 17 for AC, of luma and of colour. */
  readonly number: number;
  readonly spec: HuffmanSpec;
}

function codesFor(planes: readonly Coded[], units: number, unitsAcross: number): NumberedCode[] {
  const numbers = planes.length === 1 ? [0, 16] : [0, 16, 1, 17];
  const frequencies = new Map(numbers.map((number) => [number, new Float64Array(256)]));
  const counter = (number: number): TakeSymbol => {
    const counts = frequencies.get(number);
    return (symbol) => {
      counts![symbol]!++;
    };
  };
  takeBlocks(planes, units, unitsAcross, [0, 1].map(counter), [16, 17].map(counter));
  return numbers.map((number) => ({ number, spec: optimalCode(frequencies.get(number)!) }));
}

function writeScan(
  planes: readonly Coded[],
  units: number,
  unitsAcross: number,
  codes: readonly NumberedCode[],
): Uint8Array {
  const bits = new BitWriter();
  const writer = (number: number): TakeSymbol => {
    const spec = codes.find((code) => code.number === number)?.spec;
    const table = spec && codesOf(spec);
    return (symbol, value, count) => {
      const code = table![symbol]!;
      bits.write(code >>> 5, code & 31);
      if (count > 0) bits.write(value, count);
    };
  };
  takeBlocks(planes, units, unitsAcross, [0, 1].map(writer), [16, 17].map(writer));
  return bits.finish();
}

/** A JPEG file with metadata in place of that which it begins with, if any. */
export function withMetadata(
  file: Uint8Array,
  metadata: PictureMetadata,
  colors: 1 | 3,
): Uint8Array<ArrayBuffer> {
  let at = 2;
  while ((file[at + 1]! & 0xf0) === APP0) at += 2 + (file[at + 2]! << 8) + file[at + 3]!;
  return fileOf(metadataSegments(metadata, colors), file.subarray(at, -2));
}

/** A file of segments and of what follows them: the data of the last one, or more segments. */
function fileOf(
  segments: readonly (readonly [number, Uint8Array])[],
  data: Uint8Array,
): Uint8Array<ArrayBuffer> {
  const length = segments.reduce((sum, [, segment]) => sum + 4 + segment.length, 4 + data.length);
  const file = new Uint8Array(length);
  file.set([0xff, SOI]);
  let at = 2;
  for (const [marker, segment] of segments) {
    const size = segment.length + 2;
    file.set([0xff, marker, size >> 8, size & 255], at);
    file.set(segment, at + 4);
    at += 4 + segment.length;
  }
  file.set(data, at);
  file.set([0xff, EOI], length - 2);
  return file;
}
