/**
 * npm run bench, bench:conv, bench:photo, bench:peers, bench:load: how close the kernels come to what the processor can do, and how
 * long training steps and inference take, in this package and in its peers, all in turns; or training steps on a
 * computer that has other things to do. Options:
 *
 *     --only torch,onnx   peers, by parts of their names, "none" for none
 *     --turns N           of each contestant
 *     --name NAME         of the results
 *     --against FOLDER    another checkout of this package, built; without peers unless --only names some. A table of ratios, turn by turn
 *
 * PYTHON names an interpreter that has PyTorch.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { parseArgs } from "node:util";
import { checkoutAt, ours } from "./checkout.ts";
import { type Contestant, nameOf, ourInference, oursOf, ourTraining, variants } from "./contestants.ts";
import { addProfile, type Operations, profileOf, timesOf } from "./kernels.ts";
import { peakOf } from "./peak.ts";
import { peersFor } from "./peers.ts";
import { addTable, provenance, type Row, writeResults } from "./report.ts";
import { ratio, summary, takeTurns, timesCells } from "./turns.ts";
import { verifyInference, verifyTraining } from "./verify.ts";
import { type Setting, settings, trainingWorkload, type Workload } from "./workloads.ts";

type Kind = keyof typeof settings;
/** Runs with busy processes beside the contestants, one number after the other, are of training alone. */
const runs: Record<string, { kinds: Kind[]; kernels?: true; only?: string; busy?: number[] }> = {
  bench: { kinds: ["dense"], kernels: true, only: "tfjs" },
  conv: { kinds: ["conv"], kernels: true },
  photo: { kinds: ["photo", "photo-grey", "photo-tiny", "photo-large"], kernels: true },
  peers: { kinds: ["dense"] },
  load: { kinds: ["dense", "conv"], only: "torch", busy: [0, 1, 8] },
};
/** Beside other processes a turn lasts long enough for the system's shares to even out, in milliseconds. */
const BUSY_TURN = 1000;

const { values: options, positionals } = parseArgs({
  args: process.argv.slice(3),
  allowPositionals: true,
  options: {
    name: { type: "string" },
    only: { type: "string" },
    turns: { type: "string" },
    against: { type: "string" },
  },
});
const name = positionals[0] ?? "bench";
const { kinds, kernels, busy, ...defaults } = runs[name]!;
const turns = Number(options.turns ?? (busy ? 9 : 25));
if (!Number.isInteger(turns) || turns < 1) throw new Error(`--turns ${options.turns}: not a count`);
const other = options.against === undefined ? undefined : await checkoutAt(options.against);
const only = options.only ?? (other ? "none" : defaults.only);
const checkouts = other ? [ours, other] : [ours];
/** What ratios refer to: our fastest build on one thread. */
const unit = nameOf({ checkout: ours, variant: variants.at(-1)!, threads: 1 });
const ratios: Row[] = [];

const run = provenance();
for (const kind of kinds) {
  const setting = settings[kind];
  const workload = await trainingWorkload(setting);
  if (kernels) await compareKernels(setting, workload);
  await compareTraining(kind, workload);
  for (const size of busy ? [] : setting.passes) await compareInference(kind, setting.pass(workload, size));
}
if (other) {
  addTable(`Times of this checkout over those of ${other.name} in the same turns`, ratios);
  const slower = ratios.filter(({ ratio }) => Number(ratio) > 1.02).map(({ name }) => `\n- ${name}`);
  console.log(`\nMore than 2 % slower: ${slower.length} of ${ratios.length}${slower.join("")}`);
}
const runtime = `${name}-node${process.versions.node.split(".")[0]}`;
if (other) writeResults(options.name ?? `against-${other.name}-${runtime}`, run, "build/bench");
else writeResults(options.name ?? runtime, run);

/** Multiplies on their own, and each operation of a step as it is in training, beside the peak. */
async function compareKernels({ products }: Setting, workload: Workload): Promise<void> {
  for (const variant of variants) {
    const peak = await peakOf(variant);
    const profiles = [];
    for (const product of [...products, undefined]) {
      for (const checkout of checkouts) {
        profiles.push(await profileOf({ checkout, variant, threads: 1 }, workload, product));
      }
    }
    const results = await takeTurns<number | Operations>([peak, ...profiles], { turns });
    const best = summary(results.shift() as number[]).median;
    for (const { what } of [...products, { what: `Operations of a step of ${workload.batch} pictures` }]) {
      const [own, others] = results.splice(0, checkouts.length) as Operations[][];
      addProfile(`${what}, ${variant}`, own!, best);
      if (others) compareOperations(`${what}, ${variant}`, own!, others);
    }
  }
}

/**
 * Those that take at least a 200th of a step, and all together. They have this checkout's names: where the other one calls
 * them otherwise, they are found by their place in the step.
 */
function compareOperations(what: string, own: readonly Operations[], others: readonly Operations[]): void {
  const [names, otherNames] = [own, others].map((turns) => [...turns[0]!.keys()]) as [string[], string[]];
  const least = summary(timesOf(own, "all")).median / 200;
  for (const [place, operation] of names.entries()) {
    const byPlace = names.length === otherNames.length ? otherNames[place] : undefined;
    const twin = otherNames.includes(operation) ? operation : byPlace;
    const times = timesOf(own, operation);
    if (twin && summary(times).median >= least)
      addRatio(`${what}: ${operation}`, times, timesOf(others, twin));
  }
}

async function compareTraining(kind: Kind, workload: Workload): Promise<void> {
  const mine = await Promise.all(oursOf(checkouts).map((options) => ourTraining(workload, options)));
  const contestants = [...mine, ...(await peersFor(workload, "training", kind, only))];
  await verifyTraining(contestants, workload);
  const what = `Training step, ${workload.recipe.name}, batch ${workload.batch}`;
  if (!busy) await compare(what, contestants, workload.batch, settings[kind].turn);
  for (const count of busy ?? []) {
    const others = await Promise.all(Array.from({ length: count }, startBusy));
    await compare(`${what}, beside ${count} busy processes`, contestants, workload.batch, BUSY_TURN);
    for (const process of others) process.kill("SIGKILL");
  }
  for (const contestant of contestants) await contestant.dispose?.();
}

/** A process that keeps a core busy, until it is killed or this one has ended. */
async function startBusy(): Promise<ChildProcess> {
  const spin = `process.stdout.write("busy"); while (process.ppid === ${process.pid}) for (let i = 0; i < 1e7; i++);`;
  const busy = spawn(process.execPath, ["-e", spin], { stdio: ["ignore", "pipe", "inherit"] });
  await once(busy.stdout, "data");
  return busy;
}

async function compareInference(kind: Kind, workload: Workload): Promise<void> {
  const isShared = workload.batch > 1 || settings[kind].shared;
  const options = oursOf(checkouts).filter(({ threads }) => threads === 1 || isShared);
  const mine = await Promise.all(options.map((options) => ourInference(workload, options)));
  const contestants = [...mine, ...(await peersFor(workload, "inference", kind, only))];
  await verifyInference(contestants, workload);
  const { batch, height, width, recipe } = workload;
  await compare(`Inference, ${recipe.name}, ${batch} × ${height} × ${width}`, contestants, batch);
  for (const contestant of contestants) await contestant.dispose?.();
}

/** A table of contestants whose piece of work takes so many pictures. */
async function compare(
  what: string,
  contestants: readonly Contestant[],
  pictures: number,
  milliseconds?: number,
): Promise<void> {
  const times = await takeTurns(contestants, { turns, milliseconds, quiet: !busy });
  const base = times[contestants.findIndex(({ name }) => name === unit)]!;
  const rows = contestants.map(({ name, version }, index) => {
    const cells = timesCells(times[index]!);
    const rates = { "pictures/s": (1000 * pictures) / cells["median, ms"] };
    return { name, version, ...cells, ...rates, [`of ${unit}`]: ratio(times[index]!, base).median };
  });
  addTable(what, rows);
  for (let i = 0; other && i < contestants.length; i += 2) {
    addRatio(`${what}: ${contestants[i]!.name}`, times[i]!, times[i + 1]!);
  }
}

/** Of this checkout's times over the other's. */
function addRatio(name: string, own: readonly number[], others: readonly number[]): void {
  const { median, spread } = ratio(own, others);
  const [ms, otherMs] = [summary(own).median, summary(others).median];
  // Of a median of so many, were they normal: 95 times in 100 it is within this.
  ratios.push({ name, ms, [`${other!.name}, ms`]: otherMs, ratio: median, "±": spread / Math.sqrt(turns) });
}
