/** Taking turns. */
import { quietMachine } from "./quiet.ts";
import { summary, type Timed, type Times } from "./timing.ts";

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
 * Each round begins with another contestant, each turn while the machine is quiet.
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
  const machine = await quietMachine();
  for (let round = 0; round < repeats; round++) {
    for (let turn = 0; turn < runs.length; turn++) {
      const { contestant, count, times } = runs[(round + turn) % runs.length]!;
      const time = await machine.during(async () => {
        await contestant.run(LEAD_IN);
        const all = await contestant.run(count);
        await new Promise((resolve) => setTimeout(resolve, pauseMilliseconds));
        return all;
      });
      times.push(time / count);
    }
  }
  machine.dispose();
  return runs.map(({ count, times }) => summary(times, count));
}
