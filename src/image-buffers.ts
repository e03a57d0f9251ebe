/** Buffers of images in rows (assembly/pixels.ts) in the arena, and the tables that kernels find their pixels with. */
import { type Arena, roundUp, type Table } from "./arena.ts";

/** Bytes past an image's last row that kernels may read. */
const SLACK = 128;

/** What the buffers of one resolution have in common. */
export interface Geometry {
  readonly height: number;
  readonly width: number;
  /** Bytes from one channel of a row to the next. */
  readonly pitch: number;
  /** Rows from one image to the next. */
  readonly rows: number;
  /** Rows and columns of the border. */
  readonly border: number;
}

export interface ImageBuffer {
  readonly geometry: Geometry;
  readonly channels: number;
  /** Address of row 0, channel 0, column 0 of image 0. */
  readonly origin: number;
}

/**
 * A border of zeros is shared between neighbours: the right one of a row is the left one of the next. Mirrored ones
 * cannot be, and are twice as wide as windows reach, since gradients reach into the border and from there on.
 */
export function geometryOf(
  { height, width }: { height: number; width: number },
  reach: number,
  padding: "zeros" | "reflect",
): Geometry {
  const shared = padding === "zeros";
  const border = shared ? reach : 2 * reach;
  const left = roundUp(border, 4);
  return {
    height,
    width,
    pitch: 4 * roundUp(shared ? left + roundUp(width, 4) : left + width + border + 3, 16),
    rows: height + (shared ? border : 2 * border),
    border,
  };
}

/** The arguments that operations call `shape`. */
export function shapeOf({ geometry: { height, width, pitch, rows } }: ImageBuffer): number[] {
  return [height, width, pitch, rows];
}

/** Places `count` images; they have to be zero at the start, borders and slack included. */
export function placeImages(arena: Arena, count: number, geometry: Geometry, channels: number): ImageBuffer {
  const { pitch, rows, border } = geometry;
  const row = channels * pitch;
  const address = arena.place((border + count * rows) * row + SLACK);
  return { geometry, channels, origin: address + border * row + 4 * roundUp(border, 4) };
}

/** taps[9i + 3ky + kx] = ((ky − 1)·dilation·channels + i)·pitch + (kx − 1)·4·dilation: see assembly/conv3x3.ts. */
export function tapsOf(channels: number, pitch: number, dilation: number): Int32Array {
  return Int32Array.from({ length: 9 * channels }, (_, k) => {
    const ky = (Math.floor(k / 3) % 3) - 1;
    const kx = (k % 3) - 1;
    return (ky * dilation * channels + Math.floor(k / 9)) * pitch + kx * 4 * dilation;
  });
}

/** Tables of taps, each placed when it is first asked for. */
export class TapTables {
  readonly tables: Table[] = [];
  readonly #known = new Map<string, number>();

  constructor(readonly arena: Arena) {}

  /** The address of the taps on a buffer's images. */
  place({ channels, geometry: { pitch } }: ImageBuffer, dilation: number): number {
    const key = `${channels}, ${pitch}, ${dilation}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const address = this.arena.place(36 * channels);
    this.#known.set(key, address);
    this.tables.push({ address, words: new Uint32Array(tapsOf(channels, pitch, dilation).buffer) });
    return address;
  }
}
