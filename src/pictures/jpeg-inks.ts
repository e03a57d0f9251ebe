/** Turns CMYK into RGB. */
import { INK_COLORS, INK_NODES } from "./ink-colors.ts";

/** The colours at the grid's nodes: cyan changes slowest, black fastest. */
let nodes: Uint8Array | undefined;

/**
 * The colours of printed inks on coated paper in sRGB, interpolated between those of a grid of mixtures. libvips computes
 * the same colours, to within a level on average, for CMYK without a profile.
 * @param pixels cyan, magenta, yellow and black, side by side
 * @param isInverted whether 0 is full ink, as in Adobe's files, and not 255
 */
export function rgbOfInks(pixels: Uint8Array, isInverted: boolean): Uint8Array<ArrayBuffer> {
  nodes ??= Uint8Array.from(atob(INK_COLORS), (character) => character.charCodeAt(0));
  const data = new Uint8Array((pixels.length / 4) * 3);
  const mixture = { inks: new Float64Array(4), color: new Float64Array(3) };
  for (let from = 0, to = 0; from < pixels.length; from += 4, to += 3) {
    for (let c = 0; c < 4; c++) {
      const ink = isInverted ? 255 - pixels[from + c]! : pixels[from + c]!;
      mixture.inks[c] = (ink * (INK_NODES - 1)) / 255;
    }
    interpolate(nodes, mixture.inks, mixture.color);
    for (let c = 0; c < 3; c++) data[to + c] = Math.round(mixture.color[c]!);
  }
  return data;
}

/** Puts the colour at a place between the nodes into `color`: the mean of the 16 around it, by their nearness. */
function interpolate(nodes: Uint8Array, place: Float64Array, color: Float64Array): void {
  color.fill(0);
  for (let corner = 0; corner < 16; corner++) {
    let share = 1;
    let node = 0;
    for (let c = 0; c < 4; c++) {
      const low = Math.min(INK_NODES - 2, Math.floor(place[c]!));
      const isUpper = (corner >> c) & 1;
      share *= isUpper === 1 ? place[c]! - low : 1 - place[c]! + low;
      node = node * INK_NODES + low + isUpper;
    }
    if (share === 0) continue;
    for (let c = 0; c < 3; c++) color[c]! += share * nodes[3 * node + c]!;
  }
}
