/**
 * npm run bench, bench:conv, bench:peers: how close the kernels come to what the processor can do, and how long training
 * steps, inference and a cold start take, in this package and in its peers, all in turns. Options:
 *
 *     --only torch,onnx   peers, by parts of their names, "none" for none
 *     --turns N           of each contestant
 *     --name NAME         of the results
 *     --against FOLDER    another checkout of this package, built, in place of the peers: a table of ratios, turn by turn
 *
 * PYTHON names an interpreter that has PyTorch.
 */
import { parseArgs } from "node:util";
import { checkoutAt, ours } from "./checkout.ts";
import { coldStarts } from "./cold-starts.ts";
import { type Contestant, nameOf, ourPass, oursOf, ourTraining, variants } from "./contestants.ts";
import { type Operation, printProfile, productProfile, stepProfile, timesOf } from "./kernels.ts";
import { peakOf } from "./peak.ts";
import { peersFor } from "./peers.ts";
import {
  digits,
  percent,
  printTable,
  provenance,
  runtimeName,
  timesCells,
  timesHeadings,
  writeResults,
} from "./report.ts";
import { ratio, type Summary, summary, type TurnOptions, takeTurns } from "./turns.ts";
import { verifyBuilds, verifyPass, verifyTraining } from "./verify.ts";
import { type Pass, passWorkload, settings, trainingWorkload, type Workload } from "./workloads.ts";

const runs = {
  bench: { kind: "dense", kernels: true, only: "tfjs" },
  conv: { kind: "conv", kernels: true, only: undefined },
  peers: { kind: "dense", kernels: false, only: undefined },
} as const;

const { values: options, positionals } = parseArgs({
  args: process.argv.slice(2),
  allowPositionals: true,
  options: {
    name: { type: "string" },
    only: { type: "string" },
    turns: { type: "string", default: "25" },
    against: { type: "string" },
  },
});
const name = (positionals[1] ?? "bench") as keyof typeof runs;
const { kind, kernels } = runs[name];
const turns = Number(options.turns);
if (!Number.isInteger(turns) || turns < 1) throw new Error(`--turns ${options.turns}: not a count`);
const other = options.against === undefined ? undefined : await checkoutAt(options.against);
const only = other ? "none" : (options.only ?? runs[name].only);
const checkouts = other ? [ours, other] : [ours];
/** What ratios refer to: our fastest build on one thread. */
const unit = nameOf({ checkout: ours, variant: variants.at(-1)!, threads: 1 });

/** Of this checkout's times over the other's. */
interface Ratio {
  readonly what: string;
  readonly ours: Summary;
  readonly other: Summary;
  readonly ratio: Summary;
}
const ratios: Ratio[] = [];
function addRatio(what: string, times: readonly number[], others: readonly number[]): void {
  const [ours, other] = [summary(times), summary(others)];
  ratios.push({ what, ours, other, ratio: ratio(times, others) });
}

const run = provenance();
const setting = settings[kind];
const workload = await trainingWorkload(setting);
const verification = kernels && (await verifyBuilds(workload));
const builds = kernels && (await compareKernels());
const training = await compareTraining(workload);
const inference = [];
for (const pass of setting.passes) inference.push(await compareInference(passWorkload(workload, pass), pass));
if (other) {
  printRatios(other.name);
  writeResults(
    options.name ?? `against-${other.name}-${name}-${runtimeName}`,
    { ...run, against: other.name, ratios },
    "build/bench",
  );
} else {
  const coldStart = kernels && (await coldStarts(kind));
  const results = { verification, builds, training, inference, coldStart };
  writeResults(options.name ?? `${name}-${runtimeName}`, { ...run, ...results });
}

/** Each operation of a step as it is in training, and multiplies on their own, beside the peak. */
async function compareKernels() {
  const subjects = [];
  for (const variant of variants) {
    const contestants = [];
    for (const products of [...setting.products, undefined]) {
      for (const checkout of checkouts) {
        const options = { checkout, variant, threads: 1 };
        contestants.push(
          products ? await productProfile(products, options) : await stepProfile(workload, options),
        );
      }
    }
    subjects.push({ variant, peak: await peakOf(variant), contestants });
  }
  const all = subjects.flatMap(({ peak, contestants }) => [peak, ...contestants]);
  const results = await takeTurns<number | ReadonlyMap<string, Operation>>(all, { turns });
  return subjects.map(({ variant, contestants }) => {
    const peak = summary(results.shift() as number[]).median;
    const profiles = [];
    for (let i = 0; i < contestants.length; i += checkouts.length) {
      const what = `${contestants[i]!.what}, ${variant}`;
      const [mine, others] = results.splice(0, checkouts.length) as ReadonlyMap<string, Operation>[][];
      profiles.push(printProfile(what, mine!, peak));
      if (others) compareOperations(what, timesOf(mine!), timesOf(others));
    }
    return { variant, peak, profiles };
  });
}

/** Those that take at least a 200th of a step, and all together. */
function compareOperations(what: string, times: Map<string, number[]>, others: Map<string, number[]>): void {
  const least = summary(times.get("all")!).median / 200;
  for (const [operation, own] of times) {
    const twin = others.get(operation);
    if (twin && summary(own).median >= least) addRatio(`${what}: ${operation}`, own, twin);
  }
}

async function compareTraining(workload: Workload) {
  const contestants = [
    ...(await Promise.all(oursOf(checkouts).map((options) => ourTraining(workload, options)))),
    ...(await peersFor(workload, "training", { kind, only })),
  ];
  const verification = await verifyTraining(contestants, workload);
  const title = `Training step, ${workload.recipe.name}, batch ${workload.batch}`;
  return {
    verification,
    ...(await compare(title, contestants, workload.batch, { milliseconds: setting.turn })),
  };
}

async function compareInference(workload: Workload, pass: Pass) {
  // A single picture is taken by one thread.
  const mine = oursOf(checkouts).filter(({ threads }) => threads === 1 || workload.batch > 1);
  const contestants = [
    ...(await Promise.all(mine.map((options) => ourPass(workload, pass, options)))),
    ...(await peersFor(workload, "inference", { kind, only })),
  ];
  const verification = await verifyPass(contestants, workload);
  const { batch, height, width, recipe } = workload;
  const title = `Inference, ${recipe.name}, ${batch} × ${height} × ${width}`;
  return { verification, ...(await compare(title, contestants, batch)) };
}

/** Times, prints and disposes of contestants whose piece of work takes so many pictures. */
async function compare(
  what: string,
  contestants: readonly Contestant[],
  pictures: number,
  options?: TurnOptions,
) {
  const times = await takeTurns(contestants, { turns, ...options });
  for (const contestant of contestants) await contestant.dispose?.();
  const base = times[contestants.findIndex(({ name }) => name === unit)]!;
  const results = contestants.map(({ name, version }, index) => {
    const own = summary(times[index]!);
    const picturesPerSecond = (pictures / own.median) * 1000;
    return { name, version, picturesPerSecond, ...own, ofUnit: ratio(times[index]!, base).median };
  });
  printTable(
    what,
    ["", ...timesHeadings, "pictures/s", `of ${unit}`],
    results.map(({ name, picturesPerSecond, ofUnit, ...times }) => [
      name,
      ...timesCells(times),
      picturesPerSecond.toFixed(0),
      `${ofUnit.toFixed(2)}×`,
    ]),
  );
  for (let i = 0; other && i < contestants.length; i += 2) {
    addRatio(`${what}: ${contestants[i]!.name}`, times[i]!, times[i + 1]!);
  }
  return { what, contestants: results };
}

function printRatios(name: string): void {
  printTable(
    `Times of this checkout over those of ${name} in the same turns`,
    ["", "ms", `${name}, ms`, "ratio", "±"],
    ratios.map(({ what, ours, other, ratio }) => [
      what,
      digits(ours.median),
      digits(other.median),
      ratio.median.toFixed(3),
      // Of a median of so many, were they normal: 95 times in 100 it is within this.
      percent(ratio.spread / Math.sqrt(turns), 1),
    ]),
  );
  const slower = ratios.filter(({ ratio }) => ratio.median > 1.02);
  console.log(
    `\nMore than 2 % slower: ${slower.length} of ${ratios.length}${slower.map(({ what }) => `\n- ${what}`).join("")}`,
  );
}
