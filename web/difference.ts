/** What denoising took away: as a picture, and counted. */
import { MOST_CHANGE, type Outcome, type PictureAnswers } from "./picture-messages.ts";

/** How many times stronger it is shown than it is. */
const AMPLIFIED = 4;

export function difference({ before, after, strength }: Outcome): PictureAnswers["difference"] {
  const { width, height } = before;
  const image = new ImageData(width, height);
  const { data } = image;
  const changes = new Array<number>(2 * MOST_CHANGE + 1).fill(0);
  for (let i = 0; i < data.length; i += 4) {
    for (let c = i; c < i + 3; c++) {
      const change = strength * (before.data[c]! - after.data[c]!);
      data[c] = 128 + AMPLIFIED * change;
      changes[Math.max(-MOST_CHANGE, Math.min(MOST_CHANGE, Math.round(change))) + MOST_CHANGE]!++;
    }
    data[i + 3] = 255;
  }
  return { image, changes };
}
