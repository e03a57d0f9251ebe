/** The buffers in the arena of images in rows, whose layout is that of assembly/conv/pixels.ts. */
import { type Arena, roundUp } from "./arena.ts";

/** How many bytes past an image's last row kernels may read. */
const SLACK = 128;

/** What all image buffers of one resolution have in common. */
export interface Geometry {
  readonly height: number;
  readonly width: number;
  /** Distance in bytes from one channel of a row to the next. */
  readonly pitch: number;
  /** Distance in rows from one image to the next. */
  readonly rows: number;
  /** Width of the border around an image, in rows and in columns. */
  readonly border: number;
  /** How many bytes before the first border kernels may read. */
  readonly before: number;
}

export interface ImageBuffer {
  readonly geometry: Geometry;
  readonly channels: number;
  /** Address of row 0, channel 0, column 0 of image 0. */
  readonly origin: number;
}

/**
 * A border of zeros is shared between neighbours: the border to the right of a row is also the one to the left of the
 * next row. Mirrored borders cannot be shared. They are twice as wide as the windows' reach, since gradients reach into
 * the border, and from there as far again.
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
    // The gradient of a mirrored border begins within a vector, so that of the first one a part lies before the border.
    before: shared ? 0 : 64,
  };
}

/** The values of an image's shape that operations take. */
export function shapeOf({ geometry: { height, width, pitch, rows } }: ImageBuffer) {
  return { height, width, pitch, rows };
}

/** Places `count` images. Their memory, borders and slack included, has to be zero at the start. */
export function placeImages(arena: Arena, count: number, geometry: Geometry, channels: number): ImageBuffer {
  const { pitch, rows, border, before } = geometry;
  const row = channels * pitch;
  const address = arena.place(before + (border + count * rows) * row + SLACK) + before;
  return { geometry, channels, origin: address + border * row + 4 * roundUp(border, 4) };
}
