/**
 * Reads PNG files (ISO/IEC 15948). The size in the header is checked before anything is unpacked, and no more is unpacked
 * than a picture of that size needs.
 */
import { DataError } from "../errors.ts";
import {
  brokenFile,
  type DecodedPicture,
  type DecodedValues,
  type DecodeOptions,
  requireAllowedSize,
} from "./decoding.ts";
import { Inflater } from "./inflate.ts";
import { upright } from "./orientation.ts";
import { type Broken, readChunks, SIGNATURE } from "./png-chunks.ts";
import { unfilterRow } from "./png-filters.ts";
import { METADATA_CHUNKS, MOST_CHUNKS, metadataOf } from "./png-metadata.ts";

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
  return SIGNATURE.every((byte, index) => bytes[index] === byte);
}

/**
 * Decodes a PNG of any colour type, and turns and mirrors it as its Exif orientation says. A palette becomes RGB, or RGBA if
 * it has transparent colours; a single colour that is declared transparent becomes an alpha channel. 1, 2 and 4 bits per
 * value become 8; 16 bits stay as they are, in a `Uint16Array`. Of an animated PNG, the still picture is decoded.
 *
 * @param name what errors call the file
 * @throws DataError if the file is not a PNG, is broken, or has too many pixels
 * @throws SpecError if `maxPixels` is not a number of at least 0
 */
export async function decodePng(
  bytes: Uint8Array,
  name: string,
  options: DecodeOptions = {},
): Promise<DecodedPicture> {
  if (!ArrayBuffer.isView(bytes) || !isPng(bytes)) throw new DataError(`${name} is not a PNG file; give one`);
  const broken: Broken = (what, cause) => brokenFile(name, "PNG", what, cause);
  const chunks = readChunks(bytes, METADATA_CHUNKS, MOST_CHUNKS, broken);
  const header = readHeader(chunks.header, broken);
  const { width, height, depth } = header;
  const colors = colorsOf(header, chunks.palette, chunks.transparency, broken);
  const pixelBytes = colors.channels * (depth === 16 ? 2 : 1);
  requireAllowedSize(header, name, options, { fileBytes: bytes.length, pixelBytes });
  const expected = dataLength(header);
  const { packed, packedLength } = chunks;
  if (expected > LARGEST_RATIO * packedLength)
    throw broken(`${packedLength} bytes cannot unpack to ${expected}`);
  const count = width * height * colors.channels;
  const data = depth === 16 ? new Uint16Array(count) : new Uint8Array(count);
  const read = readRows(new Inflater(packed), data, header, colors, broken);
  if (read < expected)
    throw broken(
      chunks.hasEnd
        ? `its data has ${read} instead of ${expected} bytes`
        : `cut short to ${bytes.length} bytes`,
    );
  const metadata = metadataOf(chunks.before, chunks.behind);
  const picture = { data, width, height, channels: colors.channels };
  return { ...upright(picture, metadata.orientation ?? 1), metadata };
}

interface Header {
  readonly width: number;
  readonly height: number;
  readonly depth: number;
  readonly colorType: number;
  readonly channels: 1 | 2 | 3 | 4;
  readonly passes: readonly (readonly [number, number, number, number])[];
}

function readHeader(data: Uint8Array, broken: Broken): Header {
  if (data.length !== 13) throw broken("it has no header");
  const view = new DataView(data.buffer, data.byteOffset);
  const [depth, colorType, compression, filter, interlace] = data.subarray(8) as unknown as number[];
  const kind = colorTypes[colorType!];
  if (!kind?.depths.includes(depth!) || compression !== 0 || filter !== 0 || interlace! > 1)
    throw broken(`its header (${data.subarray(8).join(", ")}) is none of the standard's`);
  return {
    width: view.getUint32(0),
    height: view.getUint32(4),
    depth: depth!,
    colorType: colorType!,
    channels: kind.channels,
    passes: interlace === 1 ? adam7 : whole,
  };
}

/** How stored values become those of the picture. */
interface Colors {
  /** Values of a pixel in the picture. */
  readonly channels: 1 | 2 | 3 | 4;
  /** For each stored index the values of its colour, one colour after the other. */
  readonly palette?: Uint8Array;
  /** The stored values of the colour that is transparent. */
  readonly key?: readonly number[];
}

function colorsOf(
  { colorType, channels, depth }: Header,
  palette: Uint8Array | undefined,
  transparency: Uint8Array | undefined,
  broken: Broken,
): Colors {
  if (colorType !== PALETTE) {
    // With an alpha channel, or with too few bytes, it means nothing.
    if (channels % 2 === 0 || !transparency || transparency.length < 2 * channels) return { channels };
    const view = new DataView(transparency.buffer, transparency.byteOffset);
    const key = Array.from({ length: channels }, (_, c) => view.getUint16(2 * c) & (2 ** depth - 1));
    return { channels: channels === 1 ? 2 : 4, key };
  }
  if (!palette || palette.length % 3 !== 0 || palette.length === 0 || palette.length > 768)
    throw broken(`its palette has ${palette?.length ?? 0} bytes`);
  const given = palette.length / 3;
  const count = transparency && transparency.length > 0 && transparency.length <= given ? 4 : 3;
  // Colours that the palette lacks are black, as libpng has them.
  const colors = new Uint8Array(256 * count);
  for (let i = 0; i < 256; i++) {
    for (let c = 0; c < 3; c++) colors[count * i + c] = palette[3 * i + c] ?? 0;
    if (count === 4) colors[4 * i + 3] = transparency![i] ?? 255;
  }
  return { channels: count, palette: colors };
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

/** Unpacks all rows of all passes, and puts their values into `data`. @returns how many bytes it has unpacked */
function readRows(
  inflater: Inflater,
  data: DecodedValues,
  header: Header,
  colors: Colors,
  broken: Broken,
): number {
  const { width, depth, channels, passes } = header;
  const filterBytes = Math.ceil((depth * channels) / 8);
  let read = 0;
  for (const pass of passes) {
    const [x, y, xStep, yStep] = pass;
    const { columns, rows, bytes } = sizeOf(pass, header);
    let row = new Uint8Array(1 + bytes);
    let above = new Uint8Array(1 + bytes);
    for (let r = 0; r < rows; r++) {
      const filled = fill(inflater, row, broken);
      read += filled;
      if (filled < row.length) return read;
      const values = row.subarray(1);
      if (!unfilterRow(row[0]!, values, above.subarray(1), filterBytes))
        throw broken(`its row ${r} has the filter ${row[0]}`);
      const first = ((y + r * yStep) * width + x) * colors.channels;
      putRow(values, columns, header, colors, data, first, xStep * colors.channels);
      [row, above] = [above, row];
    }
  }
  return read;
}

function fill(inflater: Inflater, row: Uint8Array, broken: Broken): number {
  try {
    return inflater.read(row);
  } catch (error) {
    throw broken(`its data cannot be unpacked (${(error as Error).message})`, error);
  }
}

/** Puts the pixels of a row into `data`: the first at `first`, the others `step` values apart. */
function putRow(
  row: Uint8Array,
  columns: number,
  { depth, channels }: Header,
  { channels: to, palette, key }: Colors,
  data: DecodedValues,
  first: number,
  step: number,
): void {
  if (depth === 8 && step === channels && !palette) {
    data.set(row, first);
    return;
  }
  const mask = 2 ** depth - 1;
  const stored = (i: number): number => {
    if (depth === 8) return row[i]!;
    if (depth === 16) return row[2 * i]! * 256 + row[2 * i + 1]!;
    const bit = i * depth;
    return (row[bit >> 3]! >> (8 - depth - (bit & 7))) & mask;
  };
  for (let x = 0, at = first; x < columns; x++, at += step) {
    if (palette) {
      const from = stored(x) * to;
      for (let c = 0; c < to; c++) data[at + c] = palette[from + c]!;
      continue;
    }
    let isKey = key !== undefined;
    for (let c = 0; c < channels; c++) {
      const value = stored(x * channels + c);
      data[at + c] = depth === 16 ? value : (value * 255) / mask;
      if (isKey && value !== key![c]) isKey = false;
    }
    if (key) data[at + channels] = isKey ? 0 : depth === 16 ? mask : 255;
  }
}
