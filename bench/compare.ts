/** Training and inference of several contestants: verified, timed in turns, printed. */
import { type Inference, type Training, unit } from "./contestants.ts";
import type { Reference } from "./reference.ts";
import { digits, printTable, timesCells, timesHeadings } from "./report.ts";
import { type InterleaveOptions, interleave, type Times } from "./timing.ts";
import { type Comparison, verified, verifyInference, verifyTraining } from "./verify.ts";
import type { Workload } from "./workload.ts";

const EPOCH = 60_000;

export interface Results {
  readonly what: string;
  readonly verification: readonly Comparison[];
  readonly contestants: readonly ({ name: string; version: string; picturesPerSecond: number } & Times)[];
}

/** The training step. */
export async function compareTraining(
  workload: Workload,
  contestants: readonly Training[],
  options?: InterleaveOptions,
): Promise<Results> {
  const what = `Training step, batch ${workload.batch}, dense ${workload.sizes.join("-")}, Adagrad`;
  const verification = await verifyTraining(workload, contestants);
  return compare(what, contestants, workload.batch, verification, options);
}

/** Forward passes of `pictures` pictures at once. */
export async function compareInference(
  workload: Workload,
  reference: Reference,
  pictures: number,
  contestants: readonly Inference[],
  options?: InterleaveOptions,
): Promise<Results> {
  const what = `Forward pass, ${pictures === 1 ? "1 picture" : `${pictures} pictures`}`;
  const verification = await verifyInference(reference, workload, contestants);
  return compare(what, contestants, pictures, verification, options);
}

/** Times and prints contestants whose piece of work takes `pictures` pictures. */
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
