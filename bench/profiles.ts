/** Each operation of a training step beside the multiply-add peak of its build, all taking turns. */

import type { Network } from "../src/network/network.ts";
import { type OperationProfile, StepProfile } from "../src/network/profile.ts";
import type { Variant } from "../src/wasm/detect.ts";
import { variants } from "./contestants.ts";
import { peakLoops } from "./peak.ts";
import { quietMachine } from "./quiet.ts";
import { digits, percent, printTable } from "./report.ts";
import { summary } from "./timing.ts";

/** A network whose steps are looked at. */
export interface Subject {
  readonly network: Network;
  /** Gives the network what its next step works on. */
  fill(): void;
}

interface Peak {
  readonly gigaflops: number;
  readonly chains: number;
  readonly unrolled: number;
}

export interface BuildProfile {
  readonly variant: Variant;
  /** The best of `peakLoops`. */
  readonly peak: Peak;
  readonly peakLoops: readonly Peak[];
  /** The operations of each subject. */
  readonly operations: readonly (readonly OperationProfile[])[];
  /** Of the first subject's wasm memory. */
  readonly memoryBytes: number;
}

/** @param samples steps of each subject in a round */
export async function profileBuilds(
  create: (variant: Variant) => Promise<Subject[]>,
  { rounds = 50, samples = 8, warmUp = 20 } = {},
): Promise<BuildProfile[]> {
  const measured = await Promise.all(
    variants.map(async (variant) => ({
      variant,
      loops: (await peakLoops(variant)).map((loop) => ({ loop, times: [] as number[] })),
      subjects: (await create(variant)).map((subject) => ({
        ...subject,
        profile: new StepProfile(subject.network),
      })),
    })),
  );
  const machine = await quietMachine();
  for (let round = 0; round < warmUp + rounds; round++) {
    for (const { loops, subjects } of measured) {
      await machine.wait();
      if (round === warmUp) for (const { profile } of subjects) profile.clear();
      for (const { loop, times } of loops) {
        const time = await loop.run(1);
        if (round >= warmUp) times.push(time);
      }
      // Each subject's one after the other: a network's steps find in the caches what its own last step left there.
      for (const { profile, fill } of subjects) {
        for (let sample = 0; sample < samples; sample++) {
          fill();
          profile.sample();
        }
      }
    }
  }
  machine.dispose();
  return measured.map(({ variant, loops, subjects }) => {
    const rates = loops.map(({ loop: { chains, unrolled, flop }, times }) => ({
      chains,
      unrolled,
      gigaflops: flop / summary(times).median / 1e6,
    }));
    const peak = rates.reduce((a, b) => (a.gigaflops > b.gigaflops ? a : b));
    return {
      variant,
      peak,
      peakLoops: rates,
      operations: subjects.map(({ profile }) => profile.result()),
      memoryBytes: subjects[0]!.network.core.memory.buffer.byteLength,
    };
  });
}

/** In GFLOP/s. */
const rate = ({ flop, milliseconds }: { flop: number; milliseconds: number }) => flop / milliseconds / 1e6;

/** `denseForward 784 × 256` */
export const operationName = ({ operation, layer }: OperationProfile) =>
  layer ? `${operation} ${layer.inputs} × ${layer.outputs}` : operation;

/** Cells for operations, GFLOP/s and the fraction of the peak. */
function rateCells(operation: { flop: number; milliseconds: number }, peak: Peak): string[] {
  if (!operation.flop) return ["", "", ""];
  const gigaflops = rate(operation);
  return [digits(operation.flop / 1e6), digits(gigaflops), percent(gigaflops / peak.gigaflops)];
}
const rateHeadings = ["MFLOP", "GFLOP/s", "of peak"];

export function printOperations(
  what: string,
  { variant, peak }: BuildProfile,
  operations: readonly OperationProfile[],
): void {
  const sum = (key: "flop" | "milliseconds" | "share") =>
    operations.reduce((total, operation) => total + operation[key], 0);
  const all = { flop: sum("flop"), milliseconds: sum("milliseconds"), share: sum("share") };
  const named = [
    ...operations.map((operation) => ({ name: operationName(operation), ...operation })),
    { name: "all", ...all },
  ];
  printTable(
    `Operations of ${what}, ${variant} build; multiply-add peak ${digits(peak.gigaflops)} GFLOP/s ` +
      `(${peak.chains} chains, unrolled ${peak.unrolled}×)`,
    ["operation, inputs × outputs", ...rateHeadings, "µs", "share"],
    named.map(({ name, share, ...operation }) => [
      name,
      ...rateCells(operation, peak),
      (1000 * operation.milliseconds).toFixed(1),
      percent(share, 1),
    ]),
  );
}

/** Operations under names, on their own. */
export function printProducts(
  what: string,
  { variant, peak }: BuildProfile,
  operations: readonly { name: string; flop: number; milliseconds: number }[],
): void {
  printTable(
    `${what}, ${variant} build`,
    ["operation", ...rateHeadings],
    operations.map(({ name, ...operation }) => [name, ...rateCells(operation, peak)]),
  );
}
