/** PNG files (ISO/IEC 15948). Chunks, sizes and the length of the data are checked here, fast-png does the rest. */
import { convertIndexedToRgb, decode, encode } from "fast-png";
import { DataError } from "../errors.ts";
import { brokenFile, type DecodedPicture, type DecodeOptions, requireAllowedSize } from "./picture.ts";

const signature = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
/** What decoding needs; others, which may be large when unpacked, are left out. */
const needed = ["IHDR", "PLTE", "tRNS", "IDAT", "IEND"];
/** Colour types: values per pixel, and the bits a value may have. */
const colorTypes: Record<number, { channels: 1 | 2 | 3 | 4; depths: number[] }> = {
  0: { channels: 1, depths: [1, 2, 4, 8, 16] },
  2: { channels: 3, depths: [8, 16] },
  3: { channels: 1, depths: [1, 2, 4, 8] },
  4: { channels: 2, depths: [8, 16] },
  6: { channels: 4, depths: [8, 16] },
};
const PALETTE = 3;
/** The seven passes of an interlaced picture: first column and row, and steps between them. */
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
 * Decodes a PNG of any colour type: a palette becomes RGB, or RGBA if it has transparent colours; 1, 2 and 4 bits
 * become 8; of an animation it is the still picture. Refused by name: a single colour declared transparent, and
 * interlaced pictures of less than 8 bits.
 *
 * @param name what the file is called in errors
 * @throws DataError if the file is broken, refused, or larger than allowed
 */
export async function decodePng(
  bytes: Uint8Array,
  name: string,
  options: DecodeOptions = {},
): Promise<DecodedPicture> {
  const chunks = readChunks(bytes, name);
  const header = readHeader(chunks[0], name);
  const { width, height, depth, colorType, interlaced } = header;
  requireAllowedSize(header, name, options);
  if (colorType !== PALETTE && chunks.some(({ type }) => type === "tRNS")) {
    throw new DataError(
      `${name} declares one colour transparent, which is not supported; save it with an alpha channel`,
    );
  }
  if (interlaced && depth < 8) {
    throw new DataError(
      `${name} is interlaced with ${depth} bits, which is not supported; save it with 8 bits`,
    );
  }
  await requireDataLength(chunks, dataLength(header), name);

  const kept = chunks.filter(
    ({ type, data }) => needed.includes(type) && !(type === "IDAT" && data.length === 0),
  );
  let decoded: ReturnType<typeof decode>;
  let colors: Uint8Array | undefined;
  try {
    decoded = decode(join([bytes.subarray(0, signature.length), ...kept.map(({ whole }) => whole)]), {
      checkCrc: true,
    });
    if (colorType === PALETTE) colors = convertIndexedToRgb(decoded);
  } catch (error) {
    throw brokenFile(name, "PNG", (error as Error).message, error);
  }
  if (colors) {
    return {
      data: colors as Uint8Array<ArrayBuffer>,
      width,
      height,
      channels: decoded.palette![0]!.length as 3 | 4,
    };
  }
  const { channels } = colorTypes[colorType]!;
  return { data: toByteRange(decoded.data, header, channels), width, height, channels };
}

interface Chunk {
  readonly type: string;
  readonly data: Uint8Array;
  /** Length, type, data and checksum. */
  readonly whole: Uint8Array;
}

function readChunks(bytes: Uint8Array, name: string): Chunk[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const chunks: Chunk[] = [];
  for (let at = signature.length; ; ) {
    const length = at + 12 > bytes.length ? Infinity : view.getUint32(at);
    const end = at + 12 + length;
    if (end > bytes.length) throw brokenFile(name, "PNG", `cut short to ${bytes.length} bytes`);
    const type = String.fromCharCode(...bytes.subarray(at + 4, at + 8));
    chunks.push({ type, data: bytes.subarray(at + 8, end - 4), whole: bytes.subarray(at, end) });
    if (type === "IEND") return chunks;
    at = end;
  }
}

interface Header {
  readonly width: number;
  readonly height: number;
  readonly depth: number;
  readonly colorType: number;
  readonly interlaced: boolean;
}

function readHeader(chunk: Chunk | undefined, name: string): Header {
  if (chunk?.type !== "IHDR" || chunk.data.length !== 13) throw brokenFile(name, "PNG", "it has no header");
  const { buffer, byteOffset } = chunk.data;
  const view = new DataView(buffer, byteOffset);
  const [depth, colorType, compression, filter, interlace] = chunk.data.subarray(8) as unknown as number[];
  if (
    !colorTypes[colorType!]?.depths.includes(depth!) ||
    compression !== 0 ||
    filter !== 0 ||
    interlace! > 1
  ) {
    throw brokenFile(
      name,
      "PNG",
      `its header (${chunk.data.subarray(8).join(", ")}) is none of the standard's`,
    );
  }
  return {
    width: view.getUint32(0),
    height: view.getUint32(4),
    depth: depth!,
    colorType: colorType!,
    interlaced: interlace === 1,
  };
}

/** Bytes of a picture's data when it is unpacked: each row and a byte for its filter. */
function dataLength({ width, height, depth, colorType, interlaced }: Header): number {
  const bits = depth * colorTypes[colorType]!.channels;
  const rows = (columns: number, count: number) =>
    columns > 0 ? count * (1 + Math.ceil((columns * bits) / 8)) : 0;
  if (!interlaced) return rows(width, height);
  return adam7.reduce(
    (sum, [x, y, xStep, yStep]) =>
      sum + rows(Math.ceil((width - x) / xStep), Math.max(0, Math.ceil((height - y) / yStep))),
    0,
  );
}

/** Unpacks the data without keeping it, since fast-png takes any amount of it, whatever the header says. */
async function requireDataLength(chunks: readonly Chunk[], expected: number, name: string): Promise<void> {
  const packed = chunks
    .filter(({ type }) => type === "IDAT")
    .map(({ data }) => data as Uint8Array<ArrayBuffer>);
  const reader = new Blob(packed).stream().pipeThrough(new DecompressionStream("deflate")).getReader();
  let length = 0;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      length += value.length;
      if (length > expected) break;
    }
  } catch (error) {
    throw brokenFile(name, "PNG", `its data cannot be unpacked (${(error as Error).message})`, error);
  } finally {
    reader.cancel().catch(() => {});
  }
  if (length !== expected) {
    throw brokenFile(
      name,
      "PNG",
      `its data has ${length > expected ? "more than " : `${length} instead of `}${expected} bytes`,
    );
  }
}

/** Values of any depth as bytes, or, of 16 bits, as float32 from 0 to 255. */
function toByteRange(
  data: ArrayLike<number>,
  { width, height, depth }: Header,
  channels: number,
): DecodedPicture["data"] {
  if (depth === 8) return data as Uint8Array<ArrayBuffer>;
  if (depth === 16) return Float32Array.from(data, (value) => value / 257);
  const values = new Uint8Array(width * height * channels);
  const bytesPerRow = Math.ceil((width * depth) / 8);
  const greatest = 2 ** depth - 1;
  for (let i = 0; i < values.length; i++) {
    const bit = (i % width) * depth;
    const byte = data[Math.floor(i / width) * bytesPerRow + (bit >> 3)]!;
    values[i] = (255 / greatest) * ((byte >> (8 - depth - (bit & 7))) & greatest);
  }
  return values;
}

function join(parts: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}

/** The bytes of a PNG file: 8 bits a value, or 16 for float32, of which 255 becomes 65,535. */
export function encodePng({ data, width, height, channels }: DecodedPicture): Uint8Array {
  if (data instanceof Uint8Array) return encode({ data, width, height, channels, depth: 8 });
  const words = Uint16Array.from(data, (value) => Math.min(65_535, Math.max(0, Math.round(value * 257))));
  return encode({ data: words, width, height, channels, depth: 16 });
}
