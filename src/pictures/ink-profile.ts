/** Colours of inks by an ICC profile (ICC.1:2001-04): from CMYK through CIELAB to sRGB. */
import { latin1Of } from "./latin1.ts";

/** Puts the values of sRGB for a mixture, whose inks are from 0 to 1, into `color`: 255 is white, and some lie beyond. */
export type InkColors = (inks: Float64Array, color: Float64Array) => void;

const TAG = "A2B0";

/** Reads the table of a profile for perceptual rendering; undefined if there is none for CMYK to CIELAB, or it is broken. */
export function inkColorsOf(icc: Uint8Array): InkColors | undefined {
  const view = new DataView(icc.buffer, icc.byteOffset, icc.length);
  if (icc.length < 132 || latin1Of(icc.subarray(16, 24)) !== "CMYKLab ") return undefined;
  const count = Math.min(view.getUint32(128), Math.floor((icc.length - 132) / 12));
  const entries = Array.from({ length: count }, (_, i) => 132 + 12 * i);
  const entry = entries.find((at) => latin1Of(icc.subarray(at, at + 4)) === TAG);
  if (entry === undefined) return undefined;
  const [start, length] = [view.getUint32(entry + 4), view.getUint32(entry + 8)];
  if (start + length > icc.length || length < 52) return undefined;
  const type = latin1Of(icc.subarray(start, start + 4));
  const [inputs, outputs, nodes] = icc.subarray(start + 8, start + 11) as unknown as [number, number, number];
  if (!["mft1", "mft2"].includes(type) || inputs !== 4 || outputs !== 3 || nodes < 2) return undefined;
  const isWide = type === "mft2";
  const [before, after] = isWide ? [view.getUint16(start + 48), view.getUint16(start + 50)] : [256, 256];
  const size = 4 * before + 3 * nodes ** 4 + 3 * after;
  const first = start + (isWide ? 52 : 48);
  if (before < 2 || after < 2 || first + size * (isWide ? 2 : 1) > start + length) return undefined;
  /** Values of curves and of the table, from 0 to 1. */
  const values = Float64Array.from({ length: size }, (_, i) =>
    isWide ? view.getUint16(first + 2 * i) / 65_535 : icc[first + i]! / 255,
  );
  const table = values.subarray(4 * before, 4 * before + 3 * nodes ** 4);
  const last = values.subarray(4 * before + 3 * nodes ** 4);
  // White and the middle of a and b in 16 bits are those of 8 bits with a zero byte behind.
  const scale = isWide ? 65_535 / 65_280 : 1;
  const place = new Float64Array(4);
  const lab: InkColors = (inks, color) => {
    for (let c = 0; c < 4; c++)
      place[c] = onCurve(values.subarray(c * before, (c + 1) * before), inks[c]!) * (nodes - 1);
    interpolateInks(table, nodes, place, color);
    for (let c = 0; c < 3; c++)
      color[c] = onCurve(last.subarray(c * after, (c + 1) * after), color[c]!) * scale;
  };
  const darkest = new Float64Array(3);
  lab(new Float64Array(4).fill(1), darkest);
  // The darkest mixture becomes black, as Little CMS does for perceptual rendering; what is not even dark is no black.
  const black = darkest[0]! < 0.5 ? lightOf(darkest) : [0, 0, 0];
  return (inks, color) => {
    lab(inks, color);
    const light = lightOf(color).map((value, c) => (value - black[c]!) / (1 - black[c]!));
    for (let c = 0; c < 3; c++)
      color[c] = encoded(toSrgb[c]!.reduce((sum, part, i) => sum + part * light[i]!, 0));
  };
}

/** The value of a curve of evenly spaced points at a place from 0 to 1. */
function onCurve(points: Float64Array, at: number): number {
  const place = at * (points.length - 1);
  const low = Math.min(points.length - 2, Math.floor(place));
  return points[low]! + (place - low) * (points[low + 1]! - points[low]!);
}

/**
 * Puts the colour at a place between the nodes of a table into `color`: the mean of the 16 around it, by their nearness.
 * @param table colours, of which cyan changes slowest and black fastest
 * @param nodes how many there are for each ink
 * @param place for each ink a number from 0 to `nodes` − 1
 */
export function interpolateInks(
  table: Float64Array,
  nodes: number,
  place: Float64Array,
  color: Float64Array,
): void {
  color.fill(0);
  for (let corner = 0; corner < 16; corner++) {
    let share = 1;
    let node = 0;
    for (let c = 0; c < 4; c++) {
      const low = Math.min(nodes - 2, Math.floor(place[c]!));
      const isUpper = (corner >> c) & 1;
      share *= isUpper === 1 ? place[c]! - low : 1 - place[c]! + low;
      node = node * nodes + low + isUpper;
    }
    if (share === 0) continue;
    for (let c = 0; c < 3; c++) color[c]! += share * table[3 * node + c]!;
  }
}

/** X, Y and Z of CIELAB as profiles store it (0 to 1: L* from 0 to 100, a* and b* from −128 to 127); of white, each is 1. */
function lightOf([lightness, a, b]: Float64Array): number[] {
  const y = (100 * lightness! + 16) / 116;
  return [y + (255 * a! - 128) / 500, y, y - (255 * b! - 128) / 200].map((f) =>
    f > 6 / 29 ? f * f * f : ((f - 4 / 29) * 108) / 841,
  );
}

/** The matrix of sRGB (IEC 61966-2-1), adapted by Bradford's method to the white of profiles, D50, with X, Y, Z of `lightOf`. */
const toSrgb = [
  [3.0216641, -1.6168667, -0.404708],
  [-0.9437285, 1.9161415, 0.0275962],
  [0.0693697, -0.2289914, 1.1591847],
] as const;

/** A linear value from 0 to 1 as sRGB has it, from 0 to 255. The power 5/12 is that of 1/4 times that of 1/6. */
function encoded(value: number): number {
  if (value <= 0.0031308) return 255 * 12.92 * value;
  const root = Math.sqrt(value);
  let cube = 1;
  for (let i = 0; i < 12; i++) cube -= (cube - root / (cube * cube)) / 3;
  return 255 * (1.055 * Math.sqrt(root) * cube - 0.055);
}
