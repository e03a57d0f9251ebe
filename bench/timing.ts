/** Taking turns, and what is left of many times: a median, a minimum and a spread. */

/** Something that can be timed: runs its work `count` times and says how many milliseconds all of it took. */
export interface Timed {
  readonly name: string;
  run(count: number): number | Promise<number>;
}

/** Milliseconds of one piece of work. */
export interface Times {
  readonly median: number;
  readonly minimum: number;
  /** From the 10th to the 90th percentile, as a fraction of the median. */
  readonly spread: number;
  readonly repeats: number;
  /** Pieces of work in a repeat. */
  readonly count: number;
}

export interface InterleaveOptions {
  repeats?: number;
  /** How long a contestant's turn lasts, at least one piece of work. */
  turnMilliseconds?: number;
  /** How long each is run before its times count, for the engine to optimise it. */
  warmUpMilliseconds?: number;
  /** Silence after each turn, for the threads of the last contestant to fall asleep. */
  pauseMilliseconds?: number;
}

/** Pieces of work that open a turn untimed: they fetch back what the last contestant pushed out of the caches. */
const LEAD_IN = 2;

/**
 * Times the contestants turn by turn, A B C A B C …, so that whatever else the machine does hits all alike.
 * Each round begins with another contestant.
 */
export async function interleave(
  contestants: readonly Timed[],
  {
    repeats = 25,
    turnMilliseconds = 60,
    warmUpMilliseconds = 600,
    pauseMilliseconds = 10,
  }: InterleaveOptions = {},
): Promise<Times[]> {
  const runs: { contestant: Timed; count: number; times: number[] }[] = [];
  for (const contestant of contestants) {
    let one = Number.POSITIVE_INFINITY;
    for (let spent = 0, count = 1; spent < warmUpMilliseconds; count = Math.min(2 * count, 1024)) {
      const time = await contestant.run(count);
      spent += time;
      one = Math.min(one, time / count);
    }
    runs.push({ contestant, count: Math.max(1, Math.round(turnMilliseconds / one)), times: [] });
  }
  for (let round = 0; round < repeats; round++) {
    for (let turn = 0; turn < runs.length; turn++) {
      const { contestant, count, times } = runs[(round + turn) % runs.length]!;
      await contestant.run(LEAD_IN);
      times.push((await contestant.run(count)) / count);
      await new Promise((resolve) => setTimeout(resolve, pauseMilliseconds));
    }
  }
  return runs.map(({ count, times }) => summary(times, count));
}

/** @param count pieces of work behind each time */
export function summary(times: readonly number[], count = 1): Times {
  const sorted = times.toSorted((a, b) => a - b);
  const at = (fraction: number) => sorted[Math.round(fraction * (sorted.length - 1))]!;
  const median = at(0.5);
  return { median, minimum: at(0), spread: (at(0.9) - at(0.1)) / median, repeats: times.length, count };
}

/** Milliseconds that `count` calls of `work` take. */
export function timeCalls(work: () => void, count: number): number {
  const start = performance.now();
  for (let i = 0; i < count; i++) work();
  return performance.now() - start;
}
