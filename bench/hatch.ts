/**
 * How strong a hatch is: a pattern that repeats every second pixel, which networks leave that move pixels into channels and
 * back. It is the root mean square, over the four places of a 2×2 square and the channels, of what the pixels at that place
 * differ from the mean of their four neighbours, on average over a picture. It is in grey levels; noise and detail hardly show.
 */
import type { Picture } from "../src/train.ts";

export function hatchOf({ data, width, height, channels = 1 }: Picture): number {
  let squares = 0;
  for (let place = 0; place < 4 * channels; place++) {
    const channel = place >> 2;
    const at = (x: number, y: number) => data[(y * width + x) * channels + channel]!;
    let sum = 0;
    let count = 0;
    for (let y = 1 + (place & 1); y < height - 1; y += 2) {
      for (let x = 1 + ((place >> 1) & 1); x < width - 1; x += 2) {
        sum += at(x, y) - (at(x - 1, y) + at(x + 1, y) + at(x, y - 1) + at(x, y + 1)) / 4;
        count++;
      }
    }
    squares += (sum / count) ** 2;
  }
  return Math.sqrt(squares / (4 * channels));
}
