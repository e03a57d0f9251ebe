/**
 * Reads and writes PNG files (ISO/IEC 15948). The size in the header is checked before anything is unpacked, and no more
 * is unpacked than a picture of that size needs.
 */
import { DataError, optionsFrom, requireNoOthers } from "../errors.ts";
import { brokenFile, type DecodedValues, type DecodeOptions, requireAllowedSize } from "./decoding.ts";
import { type CheckedPicture, checkPicture, kindOf, type Picture, type Range } from "./picture.ts";
import { filterRows, unfilterRow } from "./png-filters.ts";
import { unzlib, zlib } from "./zlib.ts";

const signature = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
/** The chunks that decoding needs. Others, which may be large when unpacked, are skipped. */
const needed = ["IHDR", "PLTE", "tRNS", "IDAT", "IEND"];
/** For each colour type: the values per pixel, and the bits that a value may have. */
const colorTypes: Record<number, { channels: 1 | 2 | 3 | 4; depths: number[] }> = {
  0: { channels: 1, depths: [1, 2, 4, 8, 16] },
  2: { channels: 3, depths: [8, 16] },
  3: { channels: 1, depths: [1, 2, 4, 8] },
  4: { channels: 2, depths: [8, 16] },
  6: { channels: 4, depths: [8, 16] },
};
const PALETTE = 3;
/** The most bytes that one byte of deflate data can unpack to (RFC 1951: 258 bytes from 2 bits). */
const LARGEST_RATIO = 1032;
/** The passes in which a picture is stored: first column, first row, step between columns, step between rows. */
const whole = [[0, 0, 1, 1]] as const;
const adam7 = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
] as const;

export function isPng(bytes: Uint8Array): boolean {
  return signature.every((byte, index) => bytes[index] === byte);
}

/**
 * Decodes a PNG of any colour type. A palette becomes RGB, or RGBA if it has transparent colours. 1, 2 and 4 bits per
 * value become 8; 16 bits stay as they are, in a `Uint16Array`. Of an animated PNG, the still picture is decoded. A file
 * without a palette that declares a single colour transparent is refused.
 *
 * @param name what errors call the file
 * @throws DataError if the file is not a PNG, is broken, is of a kind that is refused, or has too many pixels
 * @throws SpecError if `maxPixels` is not a number of at least 0
 */
export async function decodePng(
  bytes: Uint8Array,
  name: string,
  options: DecodeOptions = {},
): Promise<Required<Picture<DecodedValues>>> {
  if (!ArrayBuffer.isView(bytes) || !isPng(bytes)) throw new DataError(`${name} is not a PNG file; give one`);
  const broken = (what: string, cause?: unknown) => brokenFile(name, "PNG", what, cause);
  const chunks = readChunks(bytes, broken);
  const header = readHeader(chunks[0], broken);
  requireAllowedSize(header, name, options);
  const { width, height, colorType } = header;
  const transparency = chunks.find(({ type }) => type === "tRNS")?.data;
  if (colorType !== PALETTE && transparency)
    throw new DataError(
      `${name} declares one colour transparent, which is not supported; save it with an alpha channel`,
    );
  const packed = chunks.filter(({ type }) => type === "IDAT").map(({ data }) => data);
  const samples = samplesOf(await unpack(packed, dataLength(header), broken), header, broken);
  if (colorType !== PALETTE) return { data: samples, width, height, channels: header.channels };
  const palette = chunks.find(({ type }) => type === "PLTE")?.data ?? new Uint8Array();
  if (palette.length % 3 !== 0 || palette.length === 0)
    throw broken(`its palette has ${palette.length} bytes`);
  const channels = transparency ? 4 : 3;
  const data = new Uint8Array(width * height * channels);
  for (let i = 0, at = 0; i < samples.length; i++, at += channels) {
    const color = samples[i]!;
    if (3 * color >= palette.length) throw broken(`its palette lacks color ${color}`);
    for (let c = 0; c < 3; c++) data[at + c] = palette[3 * color + c]!;
    if (transparency) data[at + 3] = transparency[color] ?? 255;
  }
  return { data, width, height, channels };
}

type Broken = (what: string, cause?: unknown) => DataError;

interface Chunk {
  readonly type: string;
  readonly data: Uint8Array;
}

function readChunks(bytes: Uint8Array, broken: Broken): Chunk[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const chunks: Chunk[] = [];
  for (let at = signature.length; ; ) {
    const length = at + 12 > bytes.length ? Infinity : view.getUint32(at);
    const end = at + 12 + length;
    if (end > bytes.length) throw broken(`cut short to ${bytes.length} bytes`);
    const type = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    if (needed.includes(type)) {
      if (crc32(bytes.subarray(at + 4, end - 4)) !== view.getUint32(end - 4))
        throw broken(`the checksum of its ${type} chunk is wrong`);
      chunks.push({ type, data: bytes.subarray(at + 8, end - 4) });
    }
    if (type === "IEND") return chunks;
    at = end;
  }
}

interface Header {
  readonly width: number;
  readonly height: number;
  readonly depth: number;
  readonly colorType: number;
  readonly channels: 1 | 2 | 3 | 4;
  readonly passes: readonly (readonly [number, number, number, number])[];
}

function readHeader(chunk: Chunk | undefined, broken: Broken): Header {
  if (chunk?.type !== "IHDR" || chunk.data.length !== 13) throw broken("it has no header");
  const { buffer, byteOffset } = chunk.data;
  const view = new DataView(buffer, byteOffset);
  const [depth, colorType, compression, filter, interlace] = chunk.data.subarray(8) as unknown as number[];
  const kind = colorTypes[colorType!];
  if (!kind?.depths.includes(depth!) || compression !== 0 || filter !== 0 || interlace! > 1)
    throw broken(`its header (${chunk.data.subarray(8).join(", ")}) is none of the standard's`);
  return {
    width: view.getUint32(0),
    height: view.getUint32(4),
    depth: depth!,
    colorType: colorType!,
    channels: kind.channels,
    passes: interlace === 1 ? adam7 : whole,
  };
}

/** The number of columns and rows of a pass, and the number of bytes of one of its rows. */
function sizeOf([x, y, xStep, yStep]: Header["passes"][number], { width, height, depth, channels }: Header) {
  const columns = Math.max(0, Math.ceil((width - x) / xStep));
  const rows = columns && Math.max(0, Math.ceil((height - y) / yStep));
  return { columns, rows, bytes: Math.ceil((columns * depth * channels) / 8) };
}

/** The number of bytes of a picture's data when unpacked: every row, and a byte for its filter. */
function dataLength(header: Header): number {
  return header.passes.reduce((sum, pass) => {
    const { rows, bytes } = sizeOf(pass, header);
    return sum + rows * (1 + bytes);
  }, 0);
}

/** Unpacks data. @throws DataError if it does not have the expected length */
async function unpack(packed: Uint8Array[], expected: number, broken: Broken): Promise<Uint8Array> {
  const length = packed.reduce((sum, part) => sum + part.length, 0);
  if (expected > LARGEST_RATIO * length) throw broken(`${length} bytes cannot unpack to ${expected}`);
  const data = new Uint8Array(expected);
  let filled = 0;
  try {
    for await (const part of unzlib(packed)) {
      if (filled + part.length > expected) throw broken(`its data has more than ${expected} bytes`);
      data.set(part, filled);
      filled += part.length;
    }
  } catch (error) {
    if (error instanceof DataError) throw error;
    throw broken(`its data cannot be unpacked (${(error as Error).message})`, error);
  }
  if (filled !== expected) throw broken(`its data has ${filled} instead of ${expected} bytes`);
  return data;
}

/**
 * A picture's values from its unpacked data: bytes from 0 to 255; with a palette, indices into it; with 16 bits per
 * value, these. The filters are undone in `data` itself.
 */
function samplesOf(data: Uint8Array, header: Header, broken: Broken): DecodedValues {
  const { width, height, depth, colorType, channels, passes } = header;
  const count = width * height * channels;
  const samples = depth === 16 ? new Uint16Array(count) : new Uint8Array(count);
  const factor = colorType === PALETTE || depth > 4 ? 1 : 255 / (2 ** depth - 1);
  const mask = 2 ** depth - 1;
  const pixelBytes = Math.ceil((depth * channels) / 8);
  let at = 0;
  for (const pass of passes) {
    const [x, y, xStep, yStep] = pass;
    const { columns, rows, bytes } = sizeOf(pass, header);
    let above = new Uint8Array(bytes);
    for (let r = 0; r < rows; r++, at += 1 + bytes) {
      const row = data.subarray(at + 1, at + 1 + bytes);
      if (!unfilterRow(data[at]!, row, above, pixelBytes))
        throw broken(`its row ${r} has the filter ${data[at]}`);
      above = row as Uint8Array<ArrayBuffer>;
      const first = ((y + r * yStep) * width + x) * channels;
      if (depth === 8 && xStep === 1) samples.set(row, first);
      else {
        for (let i = 0; i < columns * channels; i++) {
          const bit = i * depth;
          const value =
            depth === 16
              ? row[2 * i]! * 256 + row[2 * i + 1]!
              : (row[bit >> 3]! >> (8 - depth - (bit & 7))) & mask;
          const column = Math.floor(i / channels);
          samples[first + i + column * (xStep - 1) * channels] = factor * value;
        }
      }
    }
  }
  return samples;
}

/** How a PNG file is encoded. */
export interface EncodePngOptions {
  /** The values of black and of white in the picture: see `DenoiseOptions`. Alpha has the same range. */
  range?: Range | undefined;
}

/**
 * Encodes a picture as a PNG file: bytes with 8 bits per value, other values with 16 bits. They are rounded, and clamped to
 * what is from black to white.
 * @throws DataError if the picture has no pixels, its parts do not fit together, a value is not finite or far outside of
 * the range, or 1 seems to be white where no range was given
 * @throws SpecError if an option is unknown or of the wrong type
 */
export async function encodePng(
  picture: Picture,
  options?: EncodePngOptions,
): Promise<Uint8Array<ArrayBuffer>> {
  const { range, ...others } = optionsFrom(options);
  requireNoOthers(others);
  const checked = checkPicture(picture, range);
  const { channels } = checked;
  const { width, height } = picture;
  const deep = !kindOf(picture.data).startsWith("Uint8");
  const bytes = samplesFor(picture, checked, deep);
  const pixelBytes = deep ? 2 * channels : channels;
  const packed = await zlib(filterRows(bytes, width * pixelBytes, height, pixelBytes));
  const header = new Uint8Array(13);
  const view = new DataView(header.buffer);
  view.setUint32(0, width);
  view.setUint32(4, height);
  header.set([deep ? 16 : 8, [0, 4, 2, 6][channels - 1]!], 8);
  const chunks: [string, Uint8Array][] = [
    ["IHDR", header],
    ["IDAT", packed],
    ["IEND", new Uint8Array()],
  ];
  const file = new Uint8Array(signature.length + header.length + packed.byteLength + 12 * chunks.length);
  const fileView = new DataView(file.buffer);
  file.set(signature);
  let at = signature.length;
  for (const [type, content] of chunks) {
    const end = at + 8 + content.length;
    fileView.setUint32(at, content.length);
    for (let i = 0; i < 4; i++) file[at + 4 + i] = type.charCodeAt(i);
    file.set(content, at + 8);
    fileView.setUint32(end, crc32(file.subarray(at + 4, end)));
    at = end + 4;
  }
  return file;
}

/** A picture's values as a PNG file holds them: a byte each, or two if it is deep. */
function samplesFor(
  { data }: Picture,
  { black, step }: CheckedPicture,
  deep: boolean,
): Uint8Array | Uint8ClampedArray {
  if (!deep && black === 0 && step === 1) return data as Uint8Array | Uint8ClampedArray;
  const white = deep ? 65_535 : 255;
  const samples = new Uint8Array((deep ? 2 : 1) * data.length);
  const view = new DataView(samples.buffer);
  for (let i = 0; i < data.length; i++) {
    const value = Math.round(((data[i]! - black) * (white / 255)) / step);
    const clamped = Math.min(white, Math.max(0, value));
    if (deep) view.setUint16(2 * i, clamped);
    else samples[i] = clamped;
  }
  return samples;
}

const table = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? 0xedb8_8320 ^ (crc >>> 1) : crc >>> 1;
  return crc;
});

function crc32(bytes: Uint8Array): number {
  let crc = -1;
  for (let i = 0; i < bytes.length; i++) crc = table[(crc ^ bytes[i]!) & 255]! ^ (crc >>> 8);
  return ~crc >>> 0;
}
