/** The structure of a PNG file (ISO/IEC 15948, 5): chunks one after the other, each with a type and a checksum. */
import { type DataError, shown } from "../errors.ts";
import { latin1Of } from "./latin1.ts";

/** Makes the error of a broken file, which `what` describes. */
export type Broken = (what: string, cause?: unknown) => DataError;

export const SIGNATURE = [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a];
/** Chunks without which a picture cannot be decoded. A reader that does not know one has to refuse the file. */
const CRITICAL = ["IHDR", "PLTE", "IDAT", "IEND"];

export interface Chunk {
  readonly type: string;
  readonly data: Uint8Array;
}

/** What a file holds, with its data still packed. */
export interface PngChunks {
  readonly header: Uint8Array;
  readonly palette: Uint8Array | undefined;
  readonly transparency: Uint8Array | undefined;
  /** All data, and how many bytes it has. */
  readonly packed: Iterable<Uint8Array>;
  readonly packedLength: number;
  /** Chunks that say something about the picture, of the types that were asked for: those before the data, and those behind. */
  readonly before: readonly Chunk[];
  readonly behind: readonly Chunk[];
  /** Whether the file goes on to its end chunk. */
  readonly hasEnd: boolean;
}

/** Whether a reader that does not know the chunk may skip it: its type begins with a small letter. */
const isAncillary = (type: string) => type >= "a";

/**
 * Goes through a file. Its size bounds the cost, however many chunks there are. Chunks that the picture can do without are
 * left out if their checksum is wrong. The end of the file may be missing, which matters if the data is not whole.
 * @param wanted types of chunks to return in `before` and `behind`, and `most` how many of each
 * @throws DataError if the file is cut short, a checksum is wrong, or a chunk is not where it belongs
 */
export function readChunks(
  bytes: Uint8Array,
  wanted: readonly string[],
  most: number,
  broken: Broken,
): PngChunks {
  const before: Chunk[] = [];
  const behind: Chunk[] = [];
  const counts = new Map<string, number>();
  let [header, palette, transparency]: (Uint8Array | undefined)[] = [];
  let [start, end, packedLength] = [0, 0, 0];
  let hasEnd = false;
  for (const { type, data, at, isRight } of chunksOf(bytes, SIGNATURE.length)) {
    if (!header && type !== "IHDR") throw broken("it has no header");
    if (!isAncillary(type)) {
      if (!CRITICAL.includes(type)) throw broken(`it has the chunk ${shown(type)}, which is unknown`);
      if (!isRight) throw broken(`the checksum of its ${type} chunk is wrong`);
    } else if (!isRight) continue;
    if (type === "IHDR") {
      if (header) throw broken("it has two headers");
      header = data;
    } else if (type === "PLTE") {
      if (palette || start > 0) throw broken("it has two palettes, or one behind its data");
      palette = data;
    } else if (type === "IDAT") {
      if (end > 0 && at !== end) throw broken("its data is interrupted by other chunks");
      if (start === 0) start = at;
      end = at + 12 + data.length;
      packedLength += data.length;
    } else if (type === "tRNS" && start === 0) transparency ??= data;
    else if (type === "IEND") {
      hasEnd = true;
      break;
    } else if (wanted.includes(type)) {
      const count = (counts.get(type) ?? 0) + 1;
      counts.set(type, count);
      if (count <= most) (start === 0 ? before : behind).push({ type, data });
    }
  }
  if (!header || (start === 0 && !hasEnd)) throw broken(`cut short to ${bytes.length} bytes`);
  return {
    header,
    palette,
    transparency,
    packed: dataOf(bytes, start, end),
    packedLength,
    before,
    behind,
    hasEnd,
  };
}

interface Found extends Chunk {
  /** Where the chunk begins. */
  readonly at: number;
  /** Whether its checksum is right. */
  readonly isRight: boolean;
}

/** The chunks from a place on, as far as they are whole. */
function* chunksOf(bytes: Uint8Array, from: number): Generator<Found> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let at = from; ; ) {
    if (at + 12 > bytes.length) return;
    const length = view.getUint32(at);
    const type = latin1Of(bytes.subarray(at + 4, at + 8));
    const end = at + 12 + length;
    if (end > bytes.length) return;
    const isRight = crc32(bytes.subarray(at + 4, end - 4)) === view.getUint32(end - 4);
    yield { type, data: bytes.subarray(at + 8, end - 4), at, isRight };
    at = end;
  }
}

/** The data of the chunks between two places, which all are IDAT. */
function* dataOf(bytes: Uint8Array, start: number, end: number): Generator<Uint8Array> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let at = start; at < end; ) {
    const length = view.getUint32(at);
    yield bytes.subarray(at + 8, at + 8 + length);
    at += 12 + length;
  }
}

/** A file of these chunks. */
export function fileOf(chunks: readonly Chunk[]): Uint8Array<ArrayBuffer> {
  const length = chunks.reduce((sum, { data }) => sum + 12 + data.length, SIGNATURE.length);
  const file = new Uint8Array(length);
  const view = new DataView(file.buffer);
  file.set(SIGNATURE);
  let at = SIGNATURE.length;
  for (const { type, data } of chunks) {
    const end = at + 8 + data.length;
    view.setUint32(at, data.length);
    for (let i = 0; i < 4; i++) file[at + 4 + i] = type.charCodeAt(i);
    file.set(data, at + 8);
    view.setUint32(end, crc32(file.subarray(at + 4, end)));
    at = end + 4;
  }
  return file;
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
