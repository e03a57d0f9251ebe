/** CMYK to RGB. */

/**
 * The light that is left after each ink has taken its part. Adobe's files hold the inks' complements.
 * @param pixels cyan, magenta, yellow and black, side by side
 */
export function rgbOfInks(pixels: Uint8Array, isInverted: boolean): Uint8Array<ArrayBuffer> {
  const data = new Uint8Array((pixels.length / 4) * 3);
  const left = (value: number) => (isInverted ? value : 255 - value);
  for (let from = 0, to = 0; from < pixels.length; from += 4, to += 3) {
    const black = left(pixels[from + 3]!);
    for (let c = 0; c < 3; c++) data[to + c] = Math.round((left(pixels[from + c]!) * black) / 255);
  }
  return data;
}
