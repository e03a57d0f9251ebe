/**
 * npm run bench: how close the kernels come to what the processor can do, and how long training steps, forward
 * passes and a cold start take, TensorFlow.js beside them. Options: --no-peers; --name NAME of the results.
 */
import { execFileSync } from "node:child_process";
import { parseArgs } from "node:util";
import { Setting } from "../assembly/program/opcodes.ts";
import type { Variant } from "../src/wasm/detect.ts";
import type { ColdStart } from "./cold-start.ts";
import { compareInference, compareTraining, forwardPass } from "./compare.ts";
import {
  createNetwork,
  modes,
  ourInference,
  ours,
  oursFor,
  ourTraining,
  setBatch,
  variants,
} from "./contestants.ts";
import { installPeers, loadPeer } from "./peer-modules.ts";
import { operationName, printOperations, printProducts, profileBuilds } from "./profiles.ts";
import { gradientTolerance, referenceStep } from "./reference.ts";
import { digits, printProvenance, printTable, provenance, runtimeName, writeResults } from "./report.ts";
import { summary } from "./timing.ts";
import { lossTolerance } from "./tolerance.ts";
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
const verification = await verifyBuilds(
  async (variant) => {
    const network = await createNetwork(workload, { variant }, { training: { gradients: true } });
    network.resetAccumulators(workload.initialAccumulator);
    setBatch(network, workload, 0);
    return network;
  },
  reference,
  lossTolerance(workload.sumLength, 1),
  (name) => gradientTolerance(workload, reference, name),
);
console.log(`\n${verified("loss and gradients of each build", verification)}`);

const builds = await profileSteps(workload);
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
  const what = forwardPass(pictures);
  inference.push(await compareInference(what, pictures, reference, contestants));
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

/** Each operation of the step as it is in training, and the multiplies on their own. */
async function profileSteps(workload: Workload) {
  const profiles = await profileBuilds(async (variant) => {
    const network = await createNetwork(workload, { variant }, { training: {} });
    network.settings[Setting.rate] = workload.learningRate;
    network.resetAccumulators(workload.initialAccumulator);
    const options = { spec: linearSpec, training: { gradients: true } };
    const products = await createNetwork(workload, { variant }, options);
    return [network, products].map((network) => {
      let next = 0;
      return { network, fill: () => setBatch(network, workload, next++) };
    });
  });
  return profiles.map((profile) => {
    const {
      operations: [operations, products],
      ...build
    } = profile;
    const multiplies = products!
      .filter(({ flop }) => flop > 1e6)
      .map((operation) => ({ name: operationName(operation), ...operation }));
    printProducts(
      "Matrix multiplies above 1 MFLOP on their own (linear layers, gradients written out)",
      profile,
      multiplies,
    );
    printOperations(`a step of ${workload.batch} pictures`, profile, operations!);
    console.log(`\nMemory of the training network: ${digits(build.memoryBytes / 2 ** 20)} MiB.`);
    return { ...build, multiplies, operations };
  });
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
