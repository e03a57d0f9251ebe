/** Luma of each pixel of RGBA, 0 to 255 (ITU-R BT.601). */
export function greyOf({ data }: { data: Uint8ClampedArray }): Uint8Array {
  return Uint8Array.from({ length: data.length / 4 }, (_, pixel) => {
    const [red, green, blue] = [data[4 * pixel]!, data[4 * pixel + 1]!, data[4 * pixel + 2]!];
    return Math.round(0.299 * red + 0.587 * green + 0.114 * blue);
  });
}
