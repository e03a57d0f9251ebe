/** Contestants timed in turns and printed, after their results were verified. */
import { type Inference, type Training, unit } from "./contestants.ts";
import { type InterleaveOptions, interleave } from "./interleave.ts";
import { digits, printTable, timesCells, timesHeadings } from "./report.ts";
import type { Times } from "./timing.ts";
import {
  type Comparison,
  type OutputReference,
  verified,
  verifyInference,
  verifyTraining,
} from "./verify.ts";

const EPOCH = 60_000;

export interface Results {
  readonly what: string;
  readonly verification: readonly Comparison[];
  readonly contestants: readonly ({ name: string; version: string; picturesPerSecond: number } & Times)[];
}

/** A forward pass, in words. */
export function forwardPass(pictures: number): string {
  return `Forward pass, ${pictures === 1 ? "1 picture" : `${pictures} pictures`}`;
}

/** The training step. */
export async function compareTraining(
  { network, batch, sumLength }: { network: string; batch: number; sumLength: number },
  contestants: readonly Training[],
  options?: InterleaveOptions,
): Promise<Results> {
  const verification = await verifyTraining(contestants, sumLength);
  return compare(`Training step, batch ${batch}, ${network}`, contestants, batch, verification, options);
}

/** Forward passes of `pictures` pictures at once. */
export async function compareInference(
  what: string,
  pictures: number,
  reference: OutputReference,
  contestants: readonly Inference[],
  options?: InterleaveOptions,
): Promise<Results> {
  const verification = await verifyInference(contestants, reference);
  return compare(what, contestants, pictures, verification, options);
}

/** Times, prints and disposes of contestants whose piece of work takes `pictures` pictures. */
async function compare(
  what: string,
  contestants: readonly (Training | Inference)[],
  pictures: number,
  verification: readonly Comparison[],
  options?: InterleaveOptions,
): Promise<Results> {
  const times = await interleave(contestants, options);
  for (const contestant of contestants) await contestant.dispose?.();
  const base = times[contestants.findIndex(({ name }) => name === unit)]!.median;
  const results = contestants.map(({ name, version }, index) => {
    const picturesPerSecond = (pictures / times[index]!.median) * 1000;
    return { name, version, picturesPerSecond, ...times[index]! };
  });
  printTable(
    what,
    ["", ...timesHeadings, "pictures/s", "60,000, s", `of ${unit}`],
    results.map(({ name, picturesPerSecond, ...times }) => [
      name,
      ...timesCells(times),
      picturesPerSecond.toFixed(0),
      digits(EPOCH / picturesPerSecond),
      `${(times.median / base).toFixed(2)}×`,
    ]),
  );
  console.log(`\n${verified("its results", verification)}`);
  return { what, verification, contestants: results };
}
