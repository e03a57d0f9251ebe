/**
 * npm run bench: how close the kernels come to what the processor can do, and how long training steps, forward
 * passes and a cold start take, TensorFlow.js beside them. Options: --no-peers; --name NAME of the results.
 */
import { execFileSync } from "node:child_process";
import { parseArgs } from "node:util";
import { Setting } from "../assembly/opcodes.ts";
import { type OperationProfile, StepProfile } from "../src/profile.ts";
import type { Variant } from "../src/wasm/detect.ts";
import type { ColdStart } from "./cold-start.ts";
import { compareInference, compareTraining } from "./compare.ts";
import {
  createNetwork,
  installPeers,
  loadPeer,
  modes,
  ourInference,
  ours,
  oursFor,
  ourTraining,
  setBatch,
  variants,
} from "./contestants.ts";
import { peakLoops } from "./peak.ts";
import { referenceStep } from "./reference.ts";
import {
  digits,
  percent,
  printProvenance,
  printTable,
  provenance,
  runtimeName,
  writeResults,
} from "./report.ts";
import { summary } from "./timing.ts";
import { verified, verifyBuilds } from "./verify.ts";
import { classicWorkload, recipe, type Workload } from "./workload.ts";

/** The recipe's network without its sigmoids. Trained at a rate of 0, so that its values stay those of the first step. */
const linearSpec = {
  ...recipe.spec,
  layers: recipe.spec.layers.map((layer) => ({ ...layer, activation: "linear" as const })),
};

const { values: options } = parseArgs({
  args: process.argv.slice(3),
  options: { name: { type: "string" }, "no-peers": { type: "boolean" } },
});
const run = provenance();
printProvenance(run);

const workload = await classicWorkload();
const reference = referenceStep(workload);
const verification = await verifyBuilds(workload, reference);
console.log(`\n${verified("loss and gradients of each build", verification)}`);

const builds = await profileBuilds(workload);
const installed = options["no-peers"] || installPeers();
if (!installed) console.log("\nTensorFlow.js is not installed and cannot be fetched: its rows are left out.");
const tfjs = options["no-peers"] || !installed ? undefined : await loadPeer("tfjs");
const training = await compareTraining(workload, [
  ...(await Promise.all(ours.map((options) => ourTraining(workload, options)))),
  ...(tfjs ? [await tfjs.training!(workload)] : []),
]);
const inference = [];
for (const pictures of [workload.batch, 1]) {
  const contestants = [
    ...(await Promise.all(oursFor(pictures).map((options) => ourInference(workload, pictures, options)))),
    ...(tfjs ? [await tfjs.inference!(workload, pictures)] : []),
  ];
  inference.push(await compareInference(workload, reference, pictures, contestants));
}
const coldStart = variants.map(coldStarts);
printTable(
  "Cold start in a fresh process, ms (medians of 9)",
  ["", "Node and modules", "create", "first step", "all"],
  coldStart.map(({ variant, load, create, step, total }) => [
    variant,
    ...[load, create, step, total].map(({ median }) => digits(median)),
  ]),
);
writeResults(options.name ?? `bench-${runtimeName()}`, {
  ...run,
  verification,
  builds,
  training,
  inference,
  coldStart,
});

/** Register-only peak and each operation of the step for each build, all taking turns. */
async function profileBuilds(workload: Workload) {
  const measured = await Promise.all(
    variants.map(async (variant) => {
      const network = await createNetwork(workload, { variant }, { training: {} });
      network.settings[Setting.rate] = workload.learningRate;
      network.resetAccumulators(workload.initialAccumulator);
      const products = await createNetwork(
        workload,
        { variant },
        { spec: linearSpec, training: { gradients: true } },
      );
      const loops = (await peakLoops(variant)).map((loop) => ({ loop, times: [] as number[] }));
      return { variant, loops, profile: new StepProfile(network), products: new StepProfile(products) };
    }),
  );
  const warmUp = 20;
  for (let round = 0; round < warmUp + 50; round++) {
    for (const { loops, profile, products } of measured) {
      if (round === warmUp) for (const each of [profile, products]) each.clear();
      for (const { loop, times } of loops) {
        const time = await loop.run(1);
        if (round >= warmUp) times.push(time);
      }
      for (let i = 0; i < 8; i++) {
        for (const each of [profile, products]) {
          setBatch(each.network, workload, 8 * round + i);
          each.sample();
        }
      }
    }
  }
  return measured.map(({ variant, loops, profile, products }) => {
    const rates = loops.map(({ loop, times }) => ({
      chains: loop.chains,
      unrolled: loop.unrolled,
      gigaflops: loop.flop / summary(times).median / 1e6,
    }));
    const peak = rates.reduce((a, b) => (a.gigaflops > b.gigaflops ? a : b));
    const operations = profile.result();
    const multiplies = products.result().filter(({ flop }) => flop > 1e6);
    printProducts(variant, peak, multiplies);
    printOperations(variant, peak, operations);
    const memoryBytes = profile.network.core.memory.buffer.byteLength;
    console.log(`\nMemory of the training network: ${digits(memoryBytes / 2 ** 20)} MiB.`);
    return { variant, peak, peakLoops: rates, memoryBytes, multiplies, operations };
  });
}

function printOperations(
  variant: Variant,
  peak: { gigaflops: number; chains: number; unrolled: number },
  operations: readonly OperationProfile[],
): void {
  const rate = ({ flop, milliseconds }: { flop: number; milliseconds: number }) => flop / milliseconds / 1e6;
  const row = (name: string, flop: number, milliseconds: number, share: number) => [
    name,
    ...(flop ? [digits(flop / 1e6), digits(rate({ flop, milliseconds }))] : ["", ""]),
    flop ? percent(rate({ flop, milliseconds }) / peak.gigaflops) : "",
    (1000 * milliseconds).toFixed(1),
    percent(share, 1),
  ];
  const total = operations.reduce((sum, { milliseconds }) => sum + milliseconds, 0);
  const flop = operations.reduce((sum, operation) => sum + operation.flop, 0);
  const shape = workload.batch;
  printTable(
    `Operations of a step of ${shape} pictures, ${variant} build; multiply-add peak ${digits(peak.gigaflops)} GFLOP/s ` +
      `(${peak.chains} chains, unrolled ${peak.unrolled}×)`,
    ["operation, inputs × units", "MFLOP", "GFLOP/s", "of peak", "µs", "share"],
    [
      ...operations.map(({ operation, layer, flop, milliseconds, share }) =>
        row(layer ? `${operation} ${layer.inputs} × ${layer.outputs}` : operation, flop, milliseconds, share),
      ),
      row("all", flop, total, 1),
    ],
  );
}

function printProducts(
  variant: Variant,
  peak: { gigaflops: number },
  operations: readonly OperationProfile[],
): void {
  const rate = ({ flop, milliseconds }: { flop: number; milliseconds: number }) => flop / milliseconds / 1e6;
  printTable(
    `Matrix multiplies above 1 MFLOP on their own (linear layers, gradients written out), ${variant} build`,
    ["operation, inputs × units", "MFLOP", "GFLOP/s", "of peak"],
    operations.map((operation) => [
      `${operation.operation} ${operation.layer!.inputs} × ${operation.layer!.outputs}`,
      digits(operation.flop / 1e6),
      digits(rate(operation)),
      percent(rate(operation) / peak.gigaflops),
    ]),
  );
}

/** Medians over fresh processes. */
function coldStarts(variant: Variant) {
  const times = Array.from({ length: 9 }, (): ColdStart => {
    const args = ["build/bench/cold-start.js", modes[variant]];
    return JSON.parse(execFileSync(process.execPath, args, { encoding: "utf8" }));
  });
  const of = (key: keyof ColdStart) => summary(times.map((time) => time[key]));
  return { variant, load: of("load"), create: of("create"), step: of("step"), total: of("total") };
}
