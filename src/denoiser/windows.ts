/** Cuts pictures into windows over their columns, which go through the network one by one. */

/** The widest picture, in pixels, that goes through the network whole. Wider ones are cut into overlapping windows. */
const MOST_COLUMNS = 2048;

/** The columns [start, end) go through the network. Those in [from, to) come out as if the whole picture had done so. */
export interface Window {
  readonly start: number;
  readonly end: number;
  readonly from: number;
  readonly to: number;
}

/**
 * Windows over a picture's columns. At the picture's edges a window ends where the picture does, so that every layer
 * pads it there as it pads the whole picture. At its other ends, padding in the wrong place spoils `reach` columns, so
 * neighbouring windows overlap by 2 · `reach` columns. Windows begin and end at multiples of `multiple`, and so does `reach`.
 * @param lighter by what part of the others' inner columns the first window is narrower; 0 if the picture is to stay whole
 */
export function windowsOf(
  width: number,
  reach: number,
  multiple = 1,
  most = MOST_COLUMNS,
  lighter = 0,
): Window[] {
  const inner = Math.max(most - 2 * reach, 2 * reach);
  const count = width <= inner + 2 * reach ? 1 : Math.ceil((width - 2 * reach) / inner + lighter);
  const whole = (columns: number) => Math.ceil(columns / multiple) * multiple;
  const size = whole((width - 2 * reach) / (count - lighter)) + 2 * reach;
  const windows: Window[] = [];
  for (let from = 0; from < width; from = windows.at(-1)!.to) {
    const start = Math.max(0, from - reach);
    const end = Math.min(width, start + (from ? size : whole(size - lighter * (size - 2 * reach))));
    windows.push({ start, end, from, to: end === width ? width : end - reach });
  }
  return windows;
}
