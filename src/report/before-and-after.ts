/** Draws photographs before and after denoising, with a part of each enlarged. */
import { SpecError } from "../errors.ts";
import type { Picture } from "../pictures/picture.ts";
import { pictureRows } from "./figures.ts";

/** A photograph before and after denoising. */
export interface BeforeAndAfter {
  /** The text to the left of the photograph. A `\n` starts a new line. */
  readonly label: string;
  readonly noisy: Required<Picture<Uint8Array>>;
  readonly denoised: Required<Picture<Uint8Array>>;
  /** The top left corner of the part that is enlarged, in pixels from the left and from the top. */
  readonly detail: readonly [left: number, top: number];
}

/** How many times smaller than the photograph the enlarged part is, in both directions. */
const TIMES = 4;

/**
 * A figure with a row for each photograph: noisy, denoised, and a sixteenth of each, which is enlarged four times by
 * repeating pixels. Photographs are shown pixel for pixel.
 * @param photographs RGB pictures of one size, whose width and height are multiples of 4
 * @throws SpecError if there is none, sizes differ, or a detail does not lie inside its photograph
 */
export function beforeAndAfter(photographs: readonly BeforeAndAfter[]): Required<Picture<Uint8Array>> {
  const rows = photographs.map(({ label, noisy, denoised, detail }) => ({
    label,
    pictures: [noisy.data, denoised.data, enlarged(noisy, detail), enlarged(denoised, detail)],
  }));
  const { width = 0, height = 0, channels = 3 } = photographs[0]?.noisy ?? {};
  return pictureRows(rows, {
    width,
    height,
    channels,
    columnLabels: ["noisy", "denoised", `noisy, ${TIMES} ×`, `denoised, ${TIMES} ×`],
    scale: 1,
  });
}

/** A part of the picture, as large as the whole. */
function enlarged(
  { data, width, height, channels }: Required<Picture<Uint8Array>>,
  [left, top]: BeforeAndAfter["detail"],
): Uint8Array {
  const fits = (start: number, size: number) =>
    Number.isInteger(start) && start >= 0 && size % TIMES === 0 && start + size / TIMES <= size;
  if (!fits(left, width) || !fits(top, height)) {
    throw new SpecError(
      `The detail at ${left}, ${top} does not fit: a picture of ${width} × ${height} pixels needs sides that are ` +
        `multiples of ${TIMES}, and the detail, ${TIMES} times smaller, has to lie inside it.`,
    );
  }
  const result = new Uint8Array(data.length);
  for (let y = 0; y < height; y++) {
    const row = (top + Math.floor(y / TIMES)) * width + left;
    for (let x = 0; x < width; x++) {
      const from = (row + Math.floor(x / TIMES)) * channels;
      result.set(data.subarray(from, from + channels), (y * width + x) * channels);
    }
  }
  return result;
}
