/**
 * The levels that are tried, in grey levels: 0, which leaves a picture as it is, then steps of half a grey level, later
 * of at most a quarter of the level. Near the best level, PSNR changes little.
 */
export const TRIED_LEVELS: readonly number[] = [
  0, 1, 1.5, 2, 2.5, 3, 3.5, 4, 4.5, 5, 5.5, 6, 7, 8, 9, 10, 11, 12, 14, 16, 18, 20, 22, 25, 28, 32, 36, 40,
  45, 50, 60, 75,
];

/**
 * Above all levels that were found, the search ends after this many levels in a row at which no picture is better than
 * at all lower ones.
 */
const PATIENCE = 3;

/** The levels with the best PSNR, in grey levels. */
export interface BestLevels {
  /** The level with the best mean over the pictures, if all are given the same. */
  readonly ofSet: number;
  /** For each picture, the best level of its own. */
  readonly ofEach: readonly number[];
}

/**
 * Tries levels of noise from low to high, in order to know how far from the best those are that were found.
 * @param found for each picture the level that was found from it alone, and its PSNR in dB, which are tried with it
 * @param psnrAt denoises a picture, told a level, and measures it, in dB
 * @param onProgress is called with the part of the levels that were tried, from 0 to 1
 */
export async function bestLevels(
  found: readonly { readonly sigma: number; readonly psnr: number }[],
  psnrAt: (index: number, sigma: number) => Promise<number>,
  onProgress: (part: number) => void = () => {},
): Promise<BestLevels> {
  const best = found.map(() => ({ sigma: 0, psnr: -Infinity }));
  const ofSet = { sigma: 0, psnr: -Infinity };
  const highest = Math.max(...found.map(({ sigma }) => sigma));
  let since = 0;
  for (const [step, sigma] of TRIED_LEVELS.entries()) {
    since++;
    let sum = 0;
    for (const [index, one] of best.entries()) {
      const psnr = await psnrAt(index, sigma);
      sum += psnr;
      if (psnr <= one.psnr) continue;
      best[index] = { sigma, psnr };
      since = 0;
    }
    if (sum > ofSet.psnr) Object.assign(ofSet, { sigma, psnr: sum });
    onProgress((step + 1) / TRIED_LEVELS.length);
    if (sigma > highest && since >= PATIENCE) break;
  }
  const ofEach = best.map((one, index) => (found[index]!.psnr > one.psnr ? found[index]! : one).sigma);
  return { ofSet: ofSet.sigma, ofEach };
}
