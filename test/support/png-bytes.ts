/** PNG files made by hand, so that every colour type, depth and fault can be had. */
import { crc32, deflateSync } from "node:zlib";

export interface PngParts {
  readonly width: number;
  readonly height: number;
  /** 8 if left out. */
  readonly depth?: number;
  /** 0 grey, 2 RGB, 3 palette, 4 grey and alpha, 6 RGBA. */
  readonly colorType: number;
  /** One value after the other, row after row, as many bits each as `depth`. */
  readonly values: ArrayLike<number>;
  readonly interlaced?: boolean;
  /** Chunks between the header and the data. */
  readonly extra?: readonly (readonly [type: string, data: Uint8Array])[];
}

const channelsOf: Record<number, number> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };
const passes = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
] as const;

/** A whole file. Rows take the filters none, sub and up in turn. */
export function pngBytes(parts: PngParts): Uint8Array {
  const { width, height, depth = 8, colorType, interlaced = false, extra = [] } = parts;
  return pngOf([
    ["IHDR", header(width, height, [depth, colorType, 0, 0, interlaced ? 1 : 0])],
    ...extra,
    ["IDAT", deflateSync(pngData(parts))],
    ["IEND", new Uint8Array(0)],
  ]);
}

export function header(width: number, height: number, rest: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(13);
  new DataView(bytes.buffer).setUint32(0, width);
  new DataView(bytes.buffer).setUint32(4, height);
  bytes.set(rest, 8);
  return bytes;
}

/** The signature and these chunks, each with its checksum. */
export function pngOf(chunks: readonly (readonly [type: string, data: Uint8Array])[]): Uint8Array {
  const parts = chunks.map(([type, data]) => {
    const chunk = Buffer.alloc(12 + data.length);
    chunk.writeUint32BE(data.length, 0);
    chunk.write(type, 4, "latin1");
    chunk.set(data, 8);
    chunk.writeUint32BE(crc32(chunk.subarray(4, 8 + data.length)), 8 + data.length);
    return chunk;
  });
  return new Uint8Array(
    Buffer.concat([Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]), ...parts]),
  );
}

/** Rows with a filter byte each, of all passes. */
export function pngData({
  width,
  height,
  depth = 8,
  colorType,
  values,
  interlaced = false,
}: PngParts): Uint8Array {
  const channels = channelsOf[colorType]!;
  const step = Math.max(1, (depth * channels) / 8);
  const rows: number[] = [];
  for (const [x0, y0, xStep, yStep] of interlaced ? passes : ([[0, 0, 1, 1]] as const)) {
    let above: number[] = [];
    for (let y = y0; y < height && x0 < width; y += yStep) {
      let bits = "";
      for (let x = x0; x < width; x += xStep) {
        for (let c = 0; c < channels; c++)
          bits += values[(y * width + x) * channels + c]!.toString(2).padStart(depth, "0");
      }
      const row = (bits.match(/.{1,8}/g) ?? []).map((byte) => Number.parseInt(byte.padEnd(8, "0"), 2));
      const filter = y % 3;
      const predicted = (i: number) => (filter === 1 ? row[i - step] : filter === 2 ? above[i] : 0) ?? 0;
      rows.push(filter, ...row.map((byte, i) => (byte - predicted(i)) & 255));
      above = row;
    }
  }
  return Uint8Array.from(rows);
}
