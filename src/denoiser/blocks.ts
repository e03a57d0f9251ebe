/**
 * A picture's blocks of 16×16 pixels: which of them look drawn, and how strong the details of each scale are in the others.
 */
import type { CheckedPicture, Picture } from "../pictures/picture.ts";

const SIDE = 16;
const PIXELS = SIDE * SIDE;
/** At most about this many blocks of a picture are looked at, evenly spread. */
const MOST_BLOCKS = 1024;
/** The least distance between blocks in pixels: those of small pictures overlap. */
const LEAST_STEP = 4;
/** The part of neighbours that have to be equal in every colour, in a block that is taken for even. */
const EVEN = 0.95;
/** The same in a block that is taken for drawn. */
const DRAWN = 0.5;
/** A block is also taken for drawn if no colour has more values than this in it. */
const FEW_VALUES = 5;

/** Four scales of details, two kinds each: diagonal ones, then horizontal and vertical ones together. */
export const BANDS = 8;

/** What was found in a block. */
export interface Block {
  /**
   * The mean square of the details of each kind and scale, from the finest scale on: first their mean over the colours,
   * then those of the mean of the colours. White noise of variance v gives each of the former an expectation of v.
   */
  readonly details: Float64Array;
  /** The mean square of the details of the three finest scales. */
  readonly strength: number;
  /** The mean of its values. */
  readonly brightness: number;
  /** The part of its values that is at 0 or 255. */
  readonly clipped: number;
}

export interface Blocks {
  /** Blocks that are neither even nor drawn. */
  readonly natural: Block[];
  /** How many blocks look drawn: most of their pixels equal a neighbour, or they have hardly any values. */
  readonly drawn: number;
}

/** Looks at blocks all over a picture: about a thousand, or fewer in small pictures. Those with a wholly transparent pixel are left out. */
export function blocksOf(
  picture: Picture,
  { channels, distinct }: Pick<CheckedPicture, "channels" | "distinct">,
): Blocks {
  const { data, width, height } = picture;
  const natural: Block[] = [];
  let drawn = 0;
  const step = Math.max(LEAST_STEP, Math.ceil(Math.sqrt((width * height) / MOST_BLOCKS)));
  const planes = Array.from({ length: channels }, () => new Float64Array(PIXELS));
  const values = planes.slice(0, distinct);
  for (let y = 0; y <= height - SIDE; y += step) {
    for (let x = 0; x <= width - SIDE; x += step) {
      for (const [channel, plane] of planes.entries()) {
        for (let i = 0; i < PIXELS; i++)
          plane[i] = data[((y + (i >> 4)) * width + x + (i & 15)) * channels + channel]!;
      }
      if (channels % 2 === 0 && planes.at(-1)!.includes(0)) continue;
      const equal = equalNeighbours(values);
      if (equal > EVEN) continue;
      if (equal > DRAWN || values.every(hasFewValues)) drawn++;
      else natural.push(blockOf(values));
    }
  }
  return { natural, drawn };
}

/** The part of the pixels that equal the one to the right or below in every colour, over both directions. */
function equalNeighbours(planes: readonly Float64Array[]): number {
  const [first] = planes as [Float64Array];
  let equal = 0;
  for (let i = 0; i < PIXELS - SIDE; i++) {
    if (i % SIDE === SIDE - 1) continue;
    if (first[i] === first[i + 1] && planes.every((plane) => plane[i] === plane[i + 1])) equal++;
    if (first[i] === first[i + SIDE] && planes.every((plane) => plane[i] === plane[i + SIDE])) equal++;
  }
  return equal / (2 * (SIDE - 1) * (SIDE - 1));
}

function hasFewValues(plane: Float64Array): boolean {
  const seen: number[] = [];
  for (const value of plane) {
    if (seen.includes(value)) continue;
    if (seen.push(value) > FEW_VALUES) return false;
  }
  return true;
}

function blockOf(planes: Float64Array[]): Block {
  const details = new Float64Array(2 * BANDS);
  const grey = new Float64Array(PIXELS);
  const colours = planes.length;
  let sum = 0;
  let clipped = 0;
  for (const plane of planes) {
    for (let i = 0; i < PIXELS; i++) {
      const value = plane[i]!;
      grey[i] = grey[i]! + value / colours;
      sum += value;
      if (value === 0 || value === 255) clipped++;
    }
    addDetails(plane, details, 0, 1 / colours);
  }
  addDetails(grey, details, BANDS, 1);
  let strength = 0;
  for (let band = 0, share = 1 / 4; band < 6; band += 2, share /= 4)
    strength += share * (details[band]! + 2 * details[band + 1]!);
  return { details, strength, brightness: sum / (colours * PIXELS), clipped: clipped / (colours * PIXELS) };
}

const square = (value: number): number => value * value;

/** Adds `weight` times the mean squares of a block's Haar wavelets to `details`, from `at` on. It overwrites the block. */
function addDetails(block: Float64Array, details: Float64Array, at: number, weight: number): void {
  for (let half = SIDE / 2, band = at; half >= 1; half /= 2, band += 2) {
    const size = 2 * half;
    let diagonal = 0;
    let straight = 0;
    for (let y = 0; y < half; y++) {
      for (let x = 0; x < half; x++) {
        const i = 2 * (y * size + x);
        const a = block[i]!;
        const b = block[i + 1]!;
        const c = block[i + size]!;
        const d = block[i + size + 1]!;
        diagonal += square(a - b - c + d);
        straight += square(a - b + c - d) + square(a + b - c - d);
        block[y * half + x] = (a + b + c + d) / 2;
      }
    }
    const share = weight / (size * size);
    details[band] = details[band]! + share * diagonal;
    details[band + 1] = details[band + 1]! + (share / 2) * straight;
  }
}
