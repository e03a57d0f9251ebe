import { encode } from "fast-png";
import type { Picture } from "./figures.ts";

/** The bytes of a PNG file. */
export function toPng({ data, width, height, channels }: Picture): Uint8Array {
  return encode({ data, width, height, channels, depth: 8 });
}
