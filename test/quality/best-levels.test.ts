import { describe, expect, it } from "vitest";
import { bestLevels, TRIED_LEVELS } from "../../src/quality/best-levels.ts";

/** PSNR that is the best at `peak` and falls on both sides, and the levels that were asked for. */
function pictures(peaks: readonly number[]) {
  const asked: number[] = [];
  const psnrAt = async (index: number, sigma: number) => {
    if (index === 0) asked.push(sigma);
    return 30 - (sigma - peaks[index]!) ** 2 / 100;
  };
  return { asked, psnrAt };
}
const none = (count: number) => Array.from({ length: count }, () => ({ sigma: 0, psnr: -100 }));

describe("bestLevels", () => {
  it("finds the best of each picture and of the set", async () => {
    const { psnrAt } = pictures([0, 5, 16]);
    // The sum of the parabolas is the best at the mean of the peaks, which is 7.
    expect(await bestLevels(none(3), psnrAt)).toEqual({ ofSet: 7, ofEach: [0, 5, 16] });
  });

  it("stops after three levels at which no picture becomes better", async () => {
    const { asked, psnrAt } = pictures([4.5, 1]);
    const parts: number[] = [];
    await bestLevels(none(2), psnrAt, (part) => parts.push(part));
    expect(asked).toEqual(TRIED_LEVELS.slice(0, TRIED_LEVELS.indexOf(4.5) + 4));
    expect(parts).toEqual(asked.map((_, i) => (i + 1) / TRIED_LEVELS.length));
  });

  it("does not stop below a level that was found", async () => {
    const psnrAt = async (_: number, sigma: number) => (sigma >= 12 && sigma < 20 ? 30 : 20 - sigma / 100);
    expect((await bestLevels([{ sigma: 0, psnr: 20 }], psnrAt)).ofEach).toEqual([0]);
    expect((await bestLevels([{ sigma: 11, psnr: 20 }], psnrAt)).ofEach).toEqual([12]);
  });

  it("takes the level that was found if it is better than all that were tried", async () => {
    const { psnrAt } = pictures([5.2, 5.2]);
    const found = [
      { sigma: 5.2, psnr: 30 },
      { sigma: 9, psnr: 15.5 },
    ];
    expect((await bestLevels(found, psnrAt)).ofEach).toEqual([5.2, 5]);
  });
});
