/** Turns CMYK into RGB. */
import { cubicWeights } from "./cubic.ts";
import { INK_COLORS, INK_LOWEST, INK_NODES, INK_STEP } from "./ink-colors.ts";

/** Nodes for each ink in the grid that colours are read from, 17 levels of ink apart. */
const FINE = 16;
/** How far apart neighbours along each ink are in that grid, in values: cyan changes slowest, black fastest. */
const strides = [FINE ** 3, FINE ** 2, FINE, 1].map((nodes) => 3 * nodes);

/** The colours at that grid's nodes, which may lie beyond black and white. */
let grid: Float64Array | undefined;

/**
 * The colours of printed inks on coated paper in sRGB, interpolated between those of a grid of mixtures. libvips computes
 * the same colours, to within a level on average, for CMYK without a profile.
 * @param pixels cyan, magenta, yellow and black, side by side
 * @param isInverted whether 0 is full ink, as in Adobe's files, and not 255
 */
export function rgbOfInks(pixels: Uint8Array, isInverted: boolean): Uint8Array<ArrayBuffer> {
  grid ??= fineGrid();
  const data = new Uint8ClampedArray((pixels.length / 4) * 3);
  const mixture = { inks: new Float64Array(4), color: new Float64Array(3) };
  for (let from = 0, to = 0; from < pixels.length; from += 4, to += 3) {
    for (let c = 0; c < 4; c++) {
      const ink = isInverted ? 255 - pixels[from + c]! : pixels[from + c]!;
      mixture.inks[c] = (ink * (FINE - 1)) / 255;
    }
    interpolate(grid, mixture.inks, mixture.color);
    for (let c = 0; c < 3; c++) data[to + c] = mixture.color[c]!;
  }
  return new Uint8Array(data.buffer);
}

/** Puts the colour at a place between the nodes into `color`: the mean of the 16 around it, by their nearness. */
function interpolate(nodes: Float64Array, place: Float64Array, color: Float64Array): void {
  color.fill(0);
  for (let corner = 0; corner < 16; corner++) {
    let share = 1;
    let at = 0;
    for (let c = 0; c < 4; c++) {
      const low = Math.min(FINE - 2, Math.floor(place[c]!));
      const isUpper = (corner >> c) & 1;
      share *= isUpper === 1 ? place[c]! - low : 1 - place[c]! + low;
      at += strides[c]! * (low + isUpper);
    }
    if (share === 0) continue;
    for (let c = 0; c < 3; c++) color[c]! += share * nodes[at + c]!;
  }
}

/** Unpacks the colours of few mixtures, and puts further ones between them, ink by ink, on cubic curves. */
function fineGrid(): Float64Array {
  let values = Float64Array.from(atob(INK_COLORS), (byte) => INK_LOWEST + INK_STEP * byte.charCodeAt(0));
  // The ink that comes first in the grid goes last, and so each one comes first once.
  for (const count of INK_NODES) {
    const rest = values.length / count / 3;
    const finer = new Float64Array(FINE * rest * 3);
    for (let i = 0; i < FINE; i++) {
      const weights = cubicWeights(i / (FINE - 1), count);
      for (let r = 0; r < rest; r++) {
        for (let c = 0; c < 3; c++) {
          let sum = 0;
          for (let node = 0; node < count; node++) sum += weights[node]! * values[3 * (node * rest + r) + c]!;
          finer[3 * (r * FINE + i) + c] = sum;
        }
      }
    }
    values = finer;
  }
  return values;
}
