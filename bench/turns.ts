/** Taking turns, and what is left of many times: a median, a minimum and a spread. */
import { quietMachine } from "./quiet.ts";

/** Works for so many milliseconds, on one piece of work at least. @returns what one piece took */
export interface Timed<Times = number> {
  run(milliseconds: number): Times | Promise<Times>;
}

/** Of milliseconds, or of ratios. */
export interface Summary {
  readonly median: number;
  readonly minimum: number;
  /** From the 10th to the 90th percentile, as a fraction of the median. */
  readonly spread: number;
  readonly turns: number;
}

export function summary(values: readonly number[]): Summary {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (fraction: number) => sorted[Math.round(fraction * (sorted.length - 1))]!;
  return { median: at(0.5), minimum: at(0), spread: (at(0.9) - at(0.1)) / at(0.5), turns: values.length };
}

/** Of one list over another, turn by turn: what slows a turn slows the other list's too. */
export function ratio(values: readonly number[], others: readonly number[]): Summary {
  return summary(values.map((value, turn) => value / others[turn]!));
}

/** Does a piece of work again and again for so many milliseconds. @returns those of one piece */
export async function repeat(work: () => unknown, milliseconds: number): Promise<number> {
  const start = performance.now();
  for (let count = 1; ; count++) {
    const result = work();
    if (result instanceof Promise) await result;
    const spent = performance.now() - start;
    if (spent >= milliseconds) return spent / count;
  }
}

export const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Who begins changes from round to round, and so does who follows whom. */
export function orderOf<T>(all: readonly T[], round: number): T[] {
  const order = all.map((_, index) => all[(index + round) % all.length]!);
  return round % 2 ? order.reverse() : order;
}

export interface TurnOptions {
  readonly turns?: number;
  /** How long one lasts. */
  readonly milliseconds?: number;
  /** How long each contestant runs before, for the engine to optimise it. */
  readonly warmUp?: number;
}

/**
 * Times contestants turn by turn, so that whatever else the machine does hits all alike, each turn while the machine is
 * quiet. A turn opens with two pieces of work that do not count: they fetch back what the last contestant pushed out of
 * the caches. It ends with a pause, in which the last contestant's threads fall asleep.
 * @returns for each contestant what its turns gave
 */
export async function takeTurns<Times>(
  contestants: readonly Timed<Times>[],
  { turns = 25, milliseconds = 60, warmUp = 600 }: TurnOptions = {},
): Promise<Times[][]> {
  for (const contestant of contestants) await contestant.run(warmUp);
  const machine = await quietMachine();
  const results = contestants.map(() => [] as Times[]);
  for (let round = 0; round < turns; round++) {
    for (const index of orderOf([...contestants.keys()], round)) {
      const contestant = contestants[index]!;
      const times = await machine.during(async () => {
        for (let i = 0; i < 2; i++) await contestant.run(0);
        const times = await contestant.run(milliseconds);
        await pause(10);
        return times;
      });
      results[index]!.push(times);
    }
  }
  machine.dispose();
  return results;
}
