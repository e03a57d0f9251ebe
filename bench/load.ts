/**
 * npm run bench:load: training on a computer that has other things to do. A step of the classic recipe's network and of
 * fashion-conv's, on one thread and on all cores, alone and beside busy processes, in turns. Options:
 *
 *     --turns N           of each contestant beside each number of processes
 *     --seconds N         that a turn lasts, long enough for the system's shares to even out
 *     --busy 0,1,8        numbers of busy processes
 *     --network dense     one of dense, conv; both if left out
 *     --mode fast         of reproducible (the default) and fast
 *     --against FOLDER    another checkout of this package, built, in the same turns
 *     --no-torch          without PyTorch, which runs where it is found; PYTHON names an interpreter that has it
 *     --name NAME         of the results
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { parseArgs } from "node:util";
import { type Checkout, checkoutAt, ours } from "./checkout.ts";
import { oursOf, ourTraining } from "./contestants.ts";
import { peersFor } from "./peers.ts";
import { digits, percent, printTable, provenance, runtimeName, writeResults } from "./report.ts";
import { orderOf, pause, ratio, summary } from "./turns.ts";
import { verifyTraining } from "./verify.ts";
import { settings, trainingWorkload } from "./workloads.ts";

const { values: options } = parseArgs({
  args: process.argv.slice(3),
  options: {
    turns: { type: "string", default: "9" },
    seconds: { type: "string", default: "1" },
    busy: { type: "string", default: "0,1,8" },
    network: { type: "string", multiple: true, default: ["dense", "conv"] },
    mode: { type: "string", default: "reproducible" },
    against: { type: "string" },
    "no-torch": { type: "boolean" },
    name: { type: "string" },
  },
});
const turns = Number(options.turns);
const milliseconds = 1000 * Number(options.seconds);
const loads = options.busy.split(",").map(Number);
if (!(turns >= 1 && milliseconds > 0 && loads.every((count) => count >= 0))) {
  throw new Error("--turns, --seconds and --busy take numbers.");
}
const variant = options.mode === "fast" ? "relaxed" : "simd";
const other = options.against === undefined ? undefined : await checkoutAt(options.against);
const checkouts: Checkout[] = other ? [ours, other] : [ours];

/** A thread that spins, until the process is killed or the other end of its standard input is gone: with this process. */
const SPIN = `
  process.stdin.on("close", () => process.exit()).resume();
  const spin = 'require("node:worker_threads").parentPort.postMessage("busy"); for (;;);';
  new (require("node:worker_threads").Worker)(spin, { eval: true }).once("message", () => console.log("busy"));
`;
const busy = new Set<ChildProcess>();
function stopBusy(): void {
  for (const child of busy) child.kill("SIGKILL");
  busy.clear();
}
process.on("exit", stopBusy);
process.on("SIGINT", () => process.exit(130));
process.on("SIGTERM", () => process.exit(143));

/** Resolves when as many processes are busy. */
async function startBusy(count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    busy.add(spawn(process.execPath, ["--eval", SPIN], { stdio: ["pipe", "pipe", "inherit"] }));
  }
  await Promise.all([...busy].map(({ stdout }) => once(stdout!, "data")));
}

const run = provenance();
const networks = [];
for (const name of options.network) {
  if (name !== "dense" && name !== "conv") throw new Error(`--network ${name}: dense or conv`);
  networks.push({ network: name, ...(await compare(name)) });
}
const fileName = options.name ?? `load-${runtimeName}`;
writeResults(fileName, { ...run, against: other?.name, networks }, other ? "build/bench" : "bench/results");

async function compare(kind: "dense" | "conv") {
  const { recipe, batches } = settings[kind];
  const workload = await trainingWorkload({
    recipe: kind === "conv" ? { ...recipe, batch: 32 } : recipe,
    batches,
  });
  const mine = oursOf(checkouts, [variant]);
  const contestants = [
    ...(await Promise.all(mine.map((options) => ourTraining(workload, options)))),
    ...(await peersFor(workload, "training", { kind, only: options["no-torch"] ? "none" : "torch" })),
  ];
  const verification = await verifyTraining(contestants, workload);
  for (const { run } of contestants) await run(600);
  /** For each number of busy processes and each contestant, the milliseconds of a step in each turn. */
  const times = loads.map(() => contestants.map(() => [] as number[]));
  for (let round = 0; round < turns; round++) {
    for (const [load, count] of loads.entries()) {
      await startBusy(count);
      for (const index of orderOf([...contestants.keys()], round)) {
        await contestants[index]!.run(0);
        times[load]![index]!.push(await contestants[index]!.run(milliseconds));
        // The last contestant's threads fall asleep, and signals are heard.
        await pause(20);
      }
      stopBusy();
      await pause(100);
    }
  }
  for (const contestant of contestants) await contestant.dispose?.();
  const results = contestants.map(({ name }, index) => ({
    name,
    loads: loads.map((busy, load) => {
      const own = times[load]![index]!;
      const twin = other && index < mine.length && index % 2 === 0 ? times[load]![index + 1] : undefined;
      return { busy, ...summary(own), ...(twin && { ofOther: ratio(own, twin) }) };
    }),
  }));
  const beside = loads.map((count) => (count === 0 ? "alone" : `beside ${count} busy`));
  const what = `Training step of ${recipe.name}, batch ${workload.batch}, ${variant}, ${options.seconds} s a turn`;
  printTable(
    `${what}: median ms (spread)`,
    ["", ...beside],
    results.map(({ name, loads }) => [
      name,
      ...loads.map(({ median, spread }) => `${digits(median)} (${percent(spread)})`),
    ]),
  );
  if (other) {
    printTable(
      `The same over ${other.name} in the same turns: median ratio (spread)`,
      ["", ...beside],
      results.flatMap(({ name, loads }) =>
        loads[0]!.ofOther
          ? [
              [
                name,
                ...loads.map(({ ofOther }) => `${ofOther!.median.toFixed(3)} (${percent(ofOther!.spread)})`),
              ],
            ]
          : [],
      ),
    );
  }
  return { what, verification, results };
}
