/** What is timed, and what is left of many times: a median, a minimum and a spread. */

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
