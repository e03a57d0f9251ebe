/** Planes of values on whole blocks of 8×8: what lies around a picture in them, and half the resolution and back. */

/** A rectangle of a plane, from its first row and column to those after its last. */
export interface Area {
  readonly top: number;
  readonly left: number;
  readonly bottom: number;
  readonly right: number;
}

/** The place in a row of `length` values that place `at` outside is the mirror image of; the ends are not repeated. */
function mirrored(at: number, length: number): number {
  if (length === 1) return 0;
  const period = 2 * length - 2;
  const within = (at < 0 ? -at : at) % period;
  return within < length ? within : period - within;
}

/** Mirrors an area of a plane at its sides, so that all of the plane's `height` × `stride` values are filled. */
export function mirrorOutside(plane: Float64Array, height: number, stride: number, area: Area): void {
  const { top, left, bottom, right } = area;
  for (let row = top; row < bottom; row++) {
    const start = row * stride;
    const copy = (column: number) => {
      plane[start + column] = plane[start + left + mirrored(column - left, right - left)]!;
    };
    for (let column = 0; column < left; column++) copy(column);
    for (let column = right; column < stride; column++) copy(column);
  }
  const copy = (row: number) => {
    const from = (top + mirrored(row - top, bottom - top)) * stride;
    plane.copyWithin(row * stride, from, from + stride);
  };
  for (let row = 0; row < top; row++) copy(row);
  for (let row = bottom; row < height; row++) copy(row);
}

/** Puts the means of 2×2 values at the beginning of the plane's rows; libjpeg rounds halves up in every other column. */
export function halve(plane: Float64Array, height: number, stride: number): void {
  for (let row = 0; 2 * row < height; row++) {
    const above = 2 * row * stride;
    for (let column = 0; 2 * column < stride; column++) {
      const at = above + 2 * column;
      const sum = plane[at]! + plane[at + 1]! + plane[at + stride]! + plane[at + stride + 1]!;
      plane[row * stride + column] = (sum + 1 + (column & 1)) >> 2;
    }
  }
}

/**
 * Undoes `halve` in an area: nearer values count three times as much as those beside them, in each direction (libjpeg's
 * "fancy upsampling"). At the area's sides the value beside is the nearer one again.
 */
export function double(halves: Float64Array, out: Float64Array, stride: number, area: Area): void {
  const first = area.left >> 1;
  const last = (area.right - 1) >> 1;
  for (let row = area.top; row < area.bottom; row++) {
    const nearRow = row >> 1;
    const farRow = Math.min((area.bottom - 1) >> 1, Math.max(area.top >> 1, nearRow + 2 * (row & 1) - 1));
    const near = nearRow * stride;
    const far = farRow * stride;
    const start = row * stride;
    let before = 3 * halves[near + first]! + halves[far + first]!;
    let here = before;
    for (let at = first; at <= last; at++) {
      const next = at + 1 <= last ? at + 1 : last;
      const after = 3 * halves[near + next]! + halves[far + next]!;
      // Of these two pixels, one may lie outside the area, where nothing is read.
      out[start + 2 * at] = (3 * here + before + 8) >> 4;
      out[start + 2 * at + 1] = (3 * here + after + 7) >> 4;
      before = here;
      here = after;
    }
  }
}
