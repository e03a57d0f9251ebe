/**
 * npm run bench:peers: the same training step and the same forward passes in this package and in its peers,
 * all in turns. Options: --only torch,jax (parts of names; ours always run), --repeats N, --name NAME of the
 * results. PYTHON names an interpreter that has PyTorch.
 */
import { parseArgs } from "node:util";
import { compareInference, compareTraining, forwardPass } from "./compare.ts";
import { ourInference, ours, oursFor, ourTraining } from "./contestants.ts";
import { available, chosen } from "./peer-modules.ts";
import { referenceStep } from "./reference.ts";
import { printProvenance, provenance, runtimeName, writeResults } from "./report.ts";
import { classicWorkload } from "./workload.ts";

/** Module in bench/peers, options, and what it can do. */
const peers = [
  { module: "tfjs", options: { backend: "wasm" }, trains: true },
  { module: "tfjs", options: { backend: "cpu" }, trains: true },
  { module: "jax", options: {}, trains: true },
  { module: "torch", options: { threads: 1 }, trains: true },
  { module: "torch", options: { threads: 1, fused: true }, trains: true, infers: false },
  { module: "torch", options: { threads: 2 }, trains: true },
  { module: "torch", options: { threads: 2, fused: true }, trains: true, infers: false },
  { module: "onnx", options: {}, trains: false },
];

const { values: options } = parseArgs({
  args: process.argv.slice(3),
  options: { name: { type: "string" }, only: { type: "string" }, repeats: { type: "string", default: "25" } },
});
const repeats = Number(options.repeats);
if (!Number.isInteger(repeats) || repeats < 1) throw new Error(`--repeats ${options.repeats}: not a count`);
const choices = chosen(peers, options.only);
const run = provenance();
printProvenance(run);

const workload = await classicWorkload();
const reference = referenceStep(workload);

const training = await compareTraining(
  workload,
  [
    ...(await Promise.all(ours.map((options) => ourTraining(workload, options)))),
    ...(await available(choices, (peer, { options, trains }) =>
      trains ? peer.training!(workload, options) : undefined,
    )),
  ],
  { repeats },
);
const inference = [];
for (const pictures of [workload.batch, 1]) {
  const contestants = [
    ...(await Promise.all(oursFor(pictures).map((options) => ourInference(workload, pictures, options)))),
    ...(await available(choices, (peer, { options, infers = true }) =>
      infers ? peer.inference!(workload, pictures, options) : undefined,
    )),
  ];
  const what = forwardPass(pictures);
  inference.push(await compareInference(what, pictures, reference, contestants, { repeats }));
}
writeResults(options.name ?? `peers-${runtimeName()}`, { ...run, training, inference });
