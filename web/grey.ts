/** Grey pictures in RGBA. */

/** Luma of each pixel of RGBA, 0 to 255 (ITU-R BT.601). */
export function greyOf({ data }: { data: Uint8ClampedArray }): Uint8Array {
  return Uint8Array.from({ length: data.length / 4 }, (_, pixel) => {
    const [red, green, blue] = [data[4 * pixel]!, data[4 * pixel + 1]!, data[4 * pixel + 2]!];
    return Math.round(0.299 * red + 0.587 * green + 0.114 * blue);
  });
}

/** Whether every pixel of RGBA has three equal colours. */
export function isGrey(data: Uint8ClampedArray): boolean {
  for (let i = 0; i < data.length; i += 4) {
    if (data[i] !== data[i + 1] || data[i] !== data[i + 2]) return false;
  }
  return true;
}
