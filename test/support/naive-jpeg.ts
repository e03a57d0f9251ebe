/** What JPEG leaves of a picture, by the formulas of ITU-T T.81, one value at a time. */
import type { JpegSettings } from "../../src/noise/jpeg-artifacts.ts";

/** T.81, tables K.1 and K.2. */
const TABLES = [
  [16, 11, 10, 16, 24, 40, 51, 61],
  [12, 12, 14, 19, 26, 58, 60, 55],
  [14, 13, 16, 24, 40, 57, 69, 56],
  [14, 17, 22, 29, 51, 87, 80, 62],
  [18, 22, 37, 56, 68, 109, 103, 77],
  [24, 35, 55, 64, 81, 104, 113, 92],
  [49, 64, 78, 87, 103, 121, 120, 101],
  [72, 92, 95, 98, 112, 100, 103, 99],
  [17, 18, 24, 47, 99, 99, 99, 99],
  [18, 21, 26, 66, 99, 99, 99, 99],
  [24, 26, 56, 99, 99, 99, 99, 99],
  [47, 66, 99, 99, 99, 99, 99, 99],
  ...Array.from({ length: 4 }, () => Array<number>(8).fill(99)),
];

/** The steps of quantisation of luma or of colours, in rows, as libjpeg derives them from the quality. */
function stepsOf(isLuma: boolean, quality: number): number[][] {
  const percent = quality < 50 ? Math.floor(5000 / quality) : 200 - 2 * quality;
  const table = isLuma ? TABLES.slice(0, 8) : TABLES.slice(8);
  const step = (base: number) => Math.min(255, Math.max(1, Math.floor((base * percent + 50) / 100)));
  return table.map((row) => row.map(step));
}

type Plane = (row: number, column: number) => number;

const clamp = (value: number): number => Math.min(255, Math.max(0, value));
const cosine = (x: number, u: number): number => Math.cos(((2 * x + 1) * u * Math.PI) / 16);
const scale = (u: number): number => (u === 0 ? Math.SQRT1_2 : 1);

/** How far an integer transform may be from the exact one: jfdctint.c of libjpeg keeps three bits of fractions. */
const DOUBT = 0.125;
const isNearHalf = (value: number, distance: number) => Math.abs(value - Math.floor(value) - 0.5) < distance;

/**
 * T.81, A.3.3 and A.3.4, on the 8×8 values of a plane that begin at a place. Where rounding has to decide between two
 * whole numbers that are equally near, the result is NaN.
 * @param doubtful is called with the squared step of each coefficient that is within DOUBT of being rounded otherwise
 */
function coded(
  plane: Plane,
  top: number,
  left: number,
  steps: number[][],
  doubtful: (square: number) => void,
): number[][] {
  const at = [0, 1, 2, 3, 4, 5, 6, 7];
  const sum = (term: (i: number, k: number) => number) =>
    at.reduce((total, i) => total + at.reduce((part, k) => part + term(i, k), 0), 0);
  const coefficients = at.map((v) =>
    at.map((u) => {
      const value = sum((y, x) => (plane(top + y, left + x) - 128) * cosine(x, u) * cosine(y, v));
      const quotient = (0.25 * scale(u) * scale(v) * value) / steps[v]![u]!;
      const step = steps[v]![u]!;
      if (isNearHalf(quotient, DOUBT / step)) doubtful(step * step);
      return isNearHalf(quotient, 1e-9) ? Number.NaN : Math.round(quotient) * step;
    }),
  );
  return at.map((y) =>
    at.map((x) => {
      const value = sum((v, u) => scale(u) * scale(v) * coefficients[v]![u]! * cosine(x, u) * cosine(y, v));
      return isNearHalf(0.25 * value, 1e-9) ? Number.NaN : clamp(Math.round(0.25 * value + 128));
    }),
  );
}

/** A plane after its blocks, which begin at multiples of 8, were coded. */
function codedPlane(plane: Plane, steps: number[][], doubtful: (square: number) => void): Plane {
  const blocks = new Map<string, number[][]>();
  return (row, column) => {
    const [top, left] = [row & ~7, column & ~7];
    const key = `${top},${left}`;
    if (!blocks.has(key)) blocks.set(key, coded(plane, top, left, steps, doubtful));
    return blocks.get(key)![row - top]![column - left]!;
  };
}

/** A picture after JPEG. */
export interface Naive {
  /** Its values. They are NaN where rounding has to decide between two whole numbers that are equally near. */
  readonly values: number[];
  /** The sums of squared steps over the coefficients, of luma, Cb and Cr, that an integer transform may round otherwise. */
  readonly doubt: readonly [number, number, number];
}

/** A picture, [height, width, channels], after JPEG. Outside the picture lies its mirror image. */
export function naiveJpeg(
  picture: ArrayLike<number>,
  height: number,
  width: number,
  channels: number,
  { quality, subsampled, top, left }: JpegSettings,
): Naive {
  const doubt: [number, number, number] = [0, 0, 0];
  const doubtful = (component: 0 | 1 | 2) => (square: number) => {
    doubt[component] += square;
  };
  const mirrored = (at: number, length: number): number => {
    if (length === 1) return 0;
    if (at < 0) return mirrored(-at, length);
    return at < length ? at : mirrored(2 * length - 2 - at, length);
  };
  const plane =
    (value: (r: number, g: number, b: number) => number): Plane =>
    (row, column) => {
      const pixel = mirrored(row - top, height) * width + mirrored(column - left, width);
      const [r, g = 0, b = 0] = Array.from({ length: channels }, (_, c) => picture[pixel * channels + c]!);
      const exactly = value(r!, g, b);
      return isNearHalf(exactly, 1e-6) ? Number.NaN : clamp(Math.round(exactly));
    };
  const [firstRow, firstColumn] = [top >> 1, left >> 1];
  const [lastRow, lastColumn] = [(top + height - 1) >> 1, (left + width - 1) >> 1];
  const halved =
    (whole: Plane): Plane =>
    (row, column) => {
      const [y, x] = [2 * row, 2 * column];
      const sum = whole(y, x) + whole(y, x + 1) + whole(y + 1, x) + whole(y + 1, x + 1);
      return Math.floor((sum + (column % 2 === 0 ? 1 : 2)) / 4);
    };
  const doubled =
    (half: Plane): Plane =>
    (row, column) => {
      const [y, x] = [row >> 1, column >> 1];
      const far = Math.min(lastRow, Math.max(firstRow, row % 2 === 0 ? y - 1 : y + 1));
      const beside = Math.min(lastColumn, Math.max(firstColumn, column % 2 === 0 ? x - 1 : x + 1));
      const sum = 9 * half(y, x) + 3 * half(far, x) + 3 * half(y, beside) + half(far, beside);
      return Math.floor((sum + (column % 2 === 0 ? 8 : 7)) / 16);
    };
  const colour = (whole: Plane, component: 1 | 2): Plane => {
    const part = codedPlane(subsampled ? halved(whole) : whole, stepsOf(false, quality), doubtful(component));
    return subsampled ? doubled(part) : part;
  };
  const luma = codedPlane(
    plane((r, g, b) => (channels === 1 ? r : 0.299 * r + 0.587 * g + 0.114 * b)),
    stepsOf(true, quality),
    doubtful(0),
  );
  const cb = colour(
    plane((r, g, b) => (b - 0.299 * r - 0.587 * g - 0.114 * b) / 1.772 + 128),
    1,
  );
  const cr = colour(
    plane((r, g, b) => (r - 0.299 * r - 0.587 * g - 0.114 * b) / 1.402 + 128),
    2,
  );
  const values = Array.from({ length: height * width }, (_, pixel) => {
    const [row, column] = [top + Math.floor(pixel / width), left + (pixel % width)];
    const y = luma(row, column);
    if (channels === 1) return [y];
    const [b, r] = [cb(row, column) - 128, cr(row, column) - 128];
    const green = y - ((0.114 * 1.772) / 0.587) * b - ((0.299 * 1.402) / 0.587) * r;
    return [y + 1.402 * r, green, y + 1.772 * b].map((value) => clamp(Math.round(value)));
  }).flat();
  return { values, doubt };
}
