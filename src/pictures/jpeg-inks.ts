/** Turns CMYK into RGB. */
import { cubicWeights } from "./cubic.ts";
import { INK_COLORS, INK_LOWEST, INK_NODES, INK_STEP } from "./ink-colors.ts";
import { type InkColors, inkColorsOf, interpolateInks } from "./ink-profile.ts";

/** Nodes for each ink in the grid that colours are read from, 17 levels of ink apart. */
const FINE = 16;

/** The colours at that grid's nodes without a profile, which may lie beyond black and white. */
let coatedPaper: Float64Array | undefined;

/**
 * The colours of inks in sRGB: by the profile of the file, or else those of coated paper, interpolated between those of a grid
 * of mixtures. libvips computes the same colours, to within a level on average.
 * @param pixels cyan, magenta, yellow and black, side by side
 * @param isInverted whether 0 is full ink, as in Adobe's files, and not 255
 * @param icc the profile of the inks; one that is not understood is left alone
 */
export function rgbOfInks(
  pixels: Uint8Array,
  isInverted: boolean,
  icc?: Uint8Array,
): Uint8Array<ArrayBuffer> {
  const colors = icc && inkColorsOf(icc);
  if (!colors) coatedPaper ??= fineGrid();
  const grid = colors ? gridOf(colors) : coatedPaper!;
  const data = new Uint8ClampedArray((pixels.length / 4) * 3);
  const [place, color] = [new Float64Array(4), new Float64Array(3)];
  for (let from = 0, to = 0; from < pixels.length; from += 4, to += 3) {
    for (let c = 0; c < 4; c++) {
      const ink = isInverted ? 255 - pixels[from + c]! : pixels[from + c]!;
      place[c] = (ink * (FINE - 1)) / 255;
    }
    interpolateInks(grid, FINE, place, color);
    for (let c = 0; c < 3; c++) data[to + c] = color[c]!;
  }
  return new Uint8Array(data.buffer);
}

/** The colours of a profile at the grid's nodes. */
function gridOf(colors: InkColors): Float64Array {
  const grid = new Float64Array(3 * FINE ** 4);
  const inks = new Float64Array(4);
  for (let node = 0; node < FINE ** 4; node++) {
    for (let c = 0, rest = node; c < 4; c++, rest = Math.floor(rest / FINE))
      inks[3 - c] = (rest % FINE) / (FINE - 1);
    colors(inks, grid.subarray(3 * node, 3 * node + 3));
  }
  return grid;
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
