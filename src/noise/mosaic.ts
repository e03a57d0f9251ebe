/** The mosaic of colours in front of a camera's sensor (Bryce Bayer, US patent 3,971,065), on noise. */

/**
 * The colour of the mosaic at a pixel: 0 red, 1 green, 2 blue. Rows of red and green alternate with rows of green and
 * blue.
 * @param phase 0 to 3: twice the parity of rows with red, plus the parity of columns with red
 */
export function mosaicColour(row: number, column: number, phase: number): number {
  const isRedRow = ((row ^ (phase >> 1)) & 1) === 0;
  const isRedColumn = ((column ^ phase) & 1) === 0;
  return isRedRow === isRedColumn ? (isRedRow ? 0 : 2) : 1;
}

/**
 * Interpolates a mosaic bilinearly: a colour that a pixel does not have is the mean of its two or four nearest neighbours
 * that have it.
 * @param raw one value for each pixel, with a margin of one pixel around: [height + 2, width + 2]
 * @param out is filled: [height, width, 3]
 * @param phase as for `mosaicColour`, of the pixels without the margin
 */
export function interpolateMosaic(
  raw: Float32Array,
  out: Float32Array,
  height: number,
  width: number,
  phase: number,
): void {
  const stride = width + 2;
  for (let row = 0, to = 0; row < height; row++) {
    // The colour, beside green, that this row has, and the one that the rows above and below have.
    const own = ((row ^ (phase >> 1)) & 1) === 0 ? 0 : 2;
    const other = 2 - own;
    let at = (row + 1) * stride + 1;
    for (let column = 0; column < width; column++, at++, to += 3) {
      const beside = raw[at - 1]! + raw[at + 1]!;
      const acrossRows = raw[at - stride]! + raw[at + stride]!;
      if (mosaicColour(row, column, phase) === 1) {
        out[to + own] = beside * 0.5;
        out[to + 1] = raw[at]!;
        out[to + other] = acrossRows * 0.5;
      } else {
        const corners =
          raw[at - stride - 1]! + raw[at - stride + 1]! + raw[at + stride - 1]! + raw[at + stride + 1]!;
        out[to + own] = raw[at]!;
        out[to + 1] = (beside + acrossRows) * 0.25;
        out[to + other] = corners * 0.25;
      }
    }
  }
}
