/** Reads JPEG files (ITU-T T.81). Size, kind and completeness are checked here; jpeg-js decodes the pixels. */
import { decode } from "jpeg-js";
import { DataError } from "../errors.ts";
import { brokenFile, type DecodedValues, type DecodeOptions, requireAllowedSize } from "./decoding.ts";
import type { Picture } from "./picture.ts";

const SOI = 0xd8;
const EOI = 0xd9;
const SOS = 0xda;
const TEM = 0x01;
const APP1 = 0xe1;

export function isJpeg(bytes: Uint8Array): boolean {
  return bytes[0] === 0xff && bytes[1] === SOI && bytes[2] === 0xff;
}

/**
 * Decodes a baseline or progressive JPEG with 8 bits per value, grey or colour (YCbCr or RGB), and turns and mirrors it
 * as its EXIF orientation says. CMYK, 12 bits per value, lossless, hierarchical and arithmetic coding are refused.
 *
 * @param name what errors call the file
 * @throws DataError if the file is broken, is of a kind that is refused, or has too many pixels
 * @throws SpecError if `maxPixels` is not a number of at least 0
 */
export function decodeJpeg(
  bytes: Uint8Array,
  name: string,
  options: DecodeOptions = {},
): Required<Picture<DecodedValues>> {
  const { frame, orientation } = readSegments(bytes, name);
  requireAllowedSize(frame, name, options);
  let rgb: Uint8Array;
  try {
    rgb = decode(bytes, {
      useTArray: true,
      formatAsRGBA: false,
      tolerantDecoding: false,
      maxResolutionInMP: Infinity,
      maxMemoryUsageInMB: Infinity,
    }).data;
  } catch (error) {
    throw brokenFile(name, "JPEG", (error as Error).message, error);
  }
  return upright(frame.channels === 3 ? rgb : rgb.filter((_, index) => index % 3 === 0), frame, orientation);
}

interface Frame {
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3;
}

/** Walks from marker to marker to the end of the picture, so that a file that is cut short is noticed. */
function readSegments(bytes: Uint8Array, name: string): { frame: Frame; orientation: number } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  let frame: Frame | undefined;
  let orientation = 1;
  let scans = 0;
  for (let at = 2; at + 4 <= bytes.length || bytes[at + 1] === EOI; ) {
    const marker = bytes[at + 1]!;
    if (bytes[at] !== 0xff) throw brokenFile(name, "JPEG", `there is no marker at byte ${at}`);
    if (marker === 0xff || marker === TEM || (marker >= 0xd0 && marker <= 0xd7)) {
      at += marker === 0xff ? 1 : 2;
      continue;
    }
    if (marker === EOI) {
      if (!frame || scans === 0) throw brokenFile(name, "JPEG", "there is no picture in it");
      return { frame, orientation };
    }
    const end = at + 2 + view.getUint16(at + 2);
    const segment = bytes.subarray(at + 4, end);
    if (marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker))
      frame = readFrame(marker, segment, name);
    if (marker === APP1) orientation = orientationIn(segment) ?? orientation;
    at = end;
    if (marker === SOS) {
      scans++;
      // Within coded data, 0xff is followed by 0 or belongs to a restart marker. Any other marker ends the data.
      while (
        at < bytes.length &&
        !(bytes[at] === 0xff && bytes[at + 1] !== 0 && (bytes[at + 1]! & 0xf8) !== 0xd0)
      )
        at++;
    }
  }
  throw brokenFile(name, "JPEG", `cut short to ${bytes.length} bytes`);
}

function readFrame(marker: number, segment: Uint8Array, name: string): Frame {
  const kinds = ["baseline", "extended", "progressive", "lossless"];
  const kind = marker > 0xc8 ? "arithmetically coded" : (kinds[marker - 0xc0] ?? "hierarchical");
  const [bits, high, low, wideHigh, wideLow, components] = segment as unknown as number[];
  if (components === undefined) throw brokenFile(name, "JPEG", "its frame header is cut short");
  const refused = (what: string) =>
    new DataError(`${name} is a JPEG ${what}, which is not supported; save it as a PNG or as a usual JPEG`);
  if (marker > 0xc2) throw refused(`of a rare kind (${kind})`);
  if (bits !== 8) throw refused(`of ${bits} bits`);
  if (components !== 1 && components !== 3) throw refused(`of ${components} channels (CMYK)`);
  return { width: wideHigh! * 256 + wideLow!, height: high! * 256 + low!, channels: components };
}

/** The EXIF orientation, 1 to 8, if the segment holds one (JEITA CP-3451, tag 0x0112 of the first directory). */
function orientationIn(segment: Uint8Array): number | undefined {
  const view = new DataView(segment.buffer, segment.byteOffset, segment.length);
  if (segment.length < 14 || view.getUint32(0) !== 0x45786966) return undefined;
  const little = view.getUint16(6) === 0x4949;
  const directory = 6 + view.getUint32(10, little);
  if (directory + 2 > segment.length) return undefined;
  const count = view.getUint16(directory, little);
  for (let i = 0, at = directory + 2; i < count && at + 12 <= segment.length; i++, at += 12) {
    if (view.getUint16(at, little) !== 0x0112) continue;
    const value = view.getUint16(at + 8, little);
    return value >= 1 && value <= 8 ? value : undefined;
  }
  return undefined;
}

/** Turns and mirrors the picture so that its first row is the top of the scene. */
function upright(
  source: Uint8Array,
  { width, height, channels }: Frame,
  orientation: number,
): Required<Picture<DecodedValues>> {
  const [across, down] = orientation > 4 ? [height, width] : [width, height];
  const data = new Uint8Array(source.length);
  for (let y = 0; y < down; y++) {
    for (let x = 0; x < across; x++) {
      const [u, v] = orientation > 4 ? [y, x] : [x, y];
      const column = [2, 3, 7, 8].includes(orientation) ? width - 1 - u : u;
      const row = [3, 4, 6, 7].includes(orientation) ? height - 1 - v : v;
      for (let c = 0; c < channels; c++) {
        data[(y * across + x) * channels + c] = source[(row * width + column) * channels + c]!;
      }
    }
  }
  return { data, width: across, height: down, channels };
}
