/** Reads JPEG files (ITU-T T.81, with JFIF's and Adobe's conventions for colours). */
import { DataError } from "../errors.ts";
import { brokenFile, type DecodedPicture, type DecodeOptions, requireAllowedSize } from "./decoding.ts";
import { lookupOf } from "./jpeg-bits.ts";
import { type ColorForm, pixelsOf } from "./jpeg-colors.ts";
import { blocksOf, type Frame, isFrame, readFrame } from "./jpeg-frame.ts";
import { rgbOfInks } from "./jpeg-inks.ts";
import { JpegMetadataReader } from "./jpeg-metadata.ts";
import { decodeScan, type Tables, transformBlocks } from "./jpeg-scan.ts";
import {
  APP14,
  type Broken,
  DHT,
  DQT,
  DRI,
  EOI,
  type Segment,
  SOI,
  SOS,
  segmentsOf,
} from "./jpeg-segments.ts";
import { STANDARD_AC, STANDARD_DC, ZIGZAG } from "./jpeg-tables.ts";
import { latin1Of } from "./latin1.ts";
import { upright } from "./orientation.ts";

export function isJpeg(bytes: Uint8Array): boolean {
  return bytes[0] === 0xff && bytes[1] === SOI && bytes[2] === 0xff;
}

/**
 * Decodes a baseline, extended or progressive JPEG with 8 bits per value, and turns and mirrors it as its Exif orientation
 * says. Grey stays grey; YCbCr, RGB, CMYK and YCCK become RGB. The values are those of libjpeg-turbo. A file without
 * Huffman tables, as webcams send it, is decoded with the standard's. 12 bits per value, lossless, hierarchical and
 * arithmetic coding are refused.
 *
 * @param name what errors call the file
 * @throws DataError if the file is not a JPEG, is broken, is of a kind that is refused, or has too many pixels
 * @throws SpecError if `maxPixels` is not a number of at least 0
 */
export function decodeJpeg(bytes: Uint8Array, name: string, options: DecodeOptions = {}): DecodedPicture {
  if (!ArrayBuffer.isView(bytes) || !isJpeg(bytes))
    throw new DataError(`${name} is not a JPEG file; give one`);
  const broken: Broken = (what, cause) => brokenFile(name, "JPEG", what, cause);
  const metadata = new JpegMetadataReader();
  const tables: Tables = {
    dc: STANDARD_DC.map(lookupOf),
    ac: STANDARD_AC.map(lookupOf),
    steps: [],
    restart: 0,
  };
  let frame: Frame | undefined;
  let adobe: number | undefined;
  let isWhole = false;
  let hasEnd = false;
  let work = 0;
  for (const segment of segmentsOf(bytes, broken)) {
    const { marker, data } = segment;
    if (marker === EOI) hasEnd = true;
    else if (marker === DQT) readSteps(data, tables, broken);
    else if (marker === DHT) readCodes(data, tables, broken);
    else if (marker === DRI && data.length === 2) tables.restart = 256 * data[0]! + data[1]!;
    else if (marker === APP14) adobe ??= adobeTransform(data);
    else if (isFrame(marker)) {
      if (frame) throw broken("it has two frame headers");
      frame = readFrame(marker, data, name, broken);
      requireAllowedSize(frame, name, options, {
        fileBytes: bytes.length,
        pixelBytes: frame.components.length,
      });
      requireRoom(frame, bytes.length, broken);
    } else if (marker === SOS) {
      if (!frame) throw broken("a scan comes before the frame header");
      work = limitedWork(work, frame, segment, bytes.length, broken);
      decodeScan(segment, frame, tables, broken);
      isWhole = frame.components.every(({ steps }) => steps);
      // A sequential picture is whole when each component had its scan. A progressive one may get further details.
      if (isWhole && !frame.isProgressive) break;
    } else metadata.add(segment);
  }
  if (!frame || !isWhole || (frame.isProgressive && !hasEnd))
    throw broken(hasEnd ? "it lacks a picture, or a component of it" : `cut short to ${bytes.length} bytes`);
  if (frame.isProgressive) frame.components.forEach(transformBlocks);
  const form = colorForm(frame, metadata.isJfif, adobe);
  const pixels = pixelsOf(frame, form);
  const { width, height, components } = frame;
  const isInk = components.length === 4;
  const { icc, ...kept } = metadata.result();
  const data = isInk ? rgbOfInks(pixels, adobe !== undefined, icc) : pixels;
  const picture = { data, width, height, channels: isInk ? 3 : components.length };
  return {
    ...upright(picture, kept.orientation ?? 1),
    // The profile of inks does not fit the colours that they have become.
    metadata: icc && !isInk ? { icc, ...kept } : kept,
  };
}

/** DQT: steps of quantisation, of 8 or 16 bits. */
function readSteps(data: Uint8Array, tables: Tables, broken: Broken): void {
  for (let at = 0; at < data.length; ) {
    const [number, wide] = [data[at]! & 15, data[at]! >> 4];
    if (number > 3 || wide > 1 || at + 1 + 64 * (wide + 1) > data.length)
      throw broken("a table of quantisation is cut short or has no number");
    const steps = new Int32Array(64);
    at++;
    for (let i = 0; i < 64; i++, at += wide + 1)
      steps[ZIGZAG[i]!] = wide ? 256 * data[at]! + data[at + 1]! : data[at]!;
    tables.steps[number] = steps;
  }
}

/** DHT: Huffman codes. */
function readCodes(data: Uint8Array, tables: Tables, broken: Broken): void {
  for (let at = 0; at < data.length; ) {
    const [number, kind] = [data[at]! & 15, data[at]! >> 4];
    const counts = data.subarray(at + 1, at + 17);
    const end = at + 17 + counts.reduce((sum, count) => sum + count, 0);
    const symbols = data.subarray(at + 17, end);
    const lookup = end <= data.length && lookupOf({ counts, symbols });
    if (number > 3 || kind > 1 || !lookup || (kind === 0 && symbols.some((size) => size > 15)))
      throw broken("a Huffman table is cut short or has values that do not exist");
    (kind === 0 ? tables.dc : tables.ac)[number] = lookup;
    at = end;
  }
}

/** What Adobe's segment says of the colours: 0 RGB or CMYK, 1 YCbCr, 2 YCCK. */
function adobeTransform(data: Uint8Array): number | undefined {
  return latin1Of(data.subarray(0, 5)) === "Adobe" ? data[11] : undefined;
}

/** What the components are, by the rules of libjpeg. */
function colorForm({ components }: Frame, isJfif: boolean, adobe: number | undefined): ColorForm {
  if (components.length === 1) return "grey";
  if (components.length === 4) return adobe === undefined || adobe === 0 ? "cmyk" : "ycck";
  if (isJfif) return "ycc";
  if (adobe !== undefined) return adobe === 0 ? "rgb" : "ycc";
  return latin1Of(Uint8Array.from(components, ({ id }) => id)) === "RGB" ? "rgb" : "ycc";
}

/** @throws DataError if the file is too short for its blocks: each takes at least a bit, in a sequential file two */
function requireRoom(frame: Frame, length: number, broken: Broken): void {
  const least = (blocksOf(frame) * (frame.isProgressive ? 1 : 2)) / 8;
  if (length < least) throw broken(`${length} bytes cannot hold ${frame.width} × ${frame.height} pixels`);
}

/**
 * The blocks that scans have gone through so far. Scans of a few bytes can go through all blocks of a picture, so a file
 * may not have many of them.
 */
function limitedWork(
  before: number,
  frame: Frame,
  { data }: Segment,
  length: number,
  broken: Broken,
): number {
  const work = before + (blocksOf(frame) / frame.components.length) * Math.max(1, data[0] ?? 1);
  if (work > 2 ** 25 + 64 * length) throw broken("it has more scans than a picture needs");
  return work;
}
