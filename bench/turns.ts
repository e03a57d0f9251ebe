/** Taking turns, and what is left of many times: a median, a minimum and a spread. */
import { quietMachine } from "./quiet.ts";

/** Works for so many milliseconds, on one piece of work at least. @returns what one piece took */
export interface Timed<Times = number> {
  run(milliseconds: number): Times | Promise<Times>;
}

export function summary(values: readonly number[]) {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (fraction: number) => sorted[Math.round(fraction * (sorted.length - 1))]!;
  /** From the 10th to the 90th percentile, as a fraction of the median. */
  const spread = (at(0.9) - at(0.1)) / at(0.5);
  return { median: at(0.5), minimum: at(0), spread };
}

/** Cells of a table for times in milliseconds. */
export function timesCells(values: readonly number[]) {
  const { median, minimum, spread } = summary(values);
  return { "median, ms": median, "minimum, ms": minimum, spread };
}

/** Of one list over another, turn by turn: what slows a turn slows the other list's too. */
export const ratio = (values: readonly number[], others: readonly number[]) =>
  summary(values.map((value, turn) => value / others[turn]!));

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

export interface TurnOptions {
  readonly turns: number;
  /** How long one lasts. */
  readonly milliseconds?: number | undefined;
  /** Whether to wait for a quiet machine. */
  readonly quiet?: boolean;
}

/**
 * Times contestants turn by turn, so that whatever else the machine does hits all alike. Who begins changes from round to
 * round, and so does who follows whom. A turn opens with two pieces of work that do not count: they fetch back what the
 * last contestant pushed out of the caches. It ends with a pause, in which its contestant's threads fall asleep.
 * @returns for each contestant what its turns gave
 */
export async function takeTurns<Times>(
  contestants: readonly Timed<Times>[],
  { turns, milliseconds = 60, quiet = true }: TurnOptions,
): Promise<Times[][]> {
  // For the engine to optimise them.
  for (const contestant of contestants) await contestant.run(600);
  const machine = quiet ? await quietMachine() : undefined;
  const results = contestants.map(() => [] as Times[]);
  for (let round = 0; round < turns; round++) {
    const order = contestants.map((_, index) => (index + round) % contestants.length);
    for (const index of round % 2 ? order.reverse() : order) {
      const turn = async () => {
        for (let i = 0; i < 2; i++) await contestants[index]!.run(0);
        const times = await contestants[index]!.run(milliseconds);
        await new Promise((resolve) => setTimeout(resolve, 10));
        return times;
      };
      results[index]!.push(await (machine ? machine.during(turn) : turn()));
    }
  }
  machine?.dispose();
  return results;
}
