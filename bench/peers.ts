/**
 * npm run bench:peers: the same training step and the same forward passes in this package and in its peers,
 * all in turns. Options: --only torch,jax (parts of names; ours always run), --repeats N, --name NAME of the
 * results. PYTHON names an interpreter that has PyTorch.
 */
import { parseArgs } from "node:util";
import { compareInference, compareTraining } from "./compare.ts";
import {
  type Inference,
  installPeers,
  loadPeer,
  ourInference,
  ours,
  oursFor,
  ourTraining,
  type Training,
} from "./contestants.ts";
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
const wanted = options.only?.split(",");
const chosen = peers.filter(({ module }) => !wanted || wanted.some((name) => module.includes(name)));
const run = provenance();
printProvenance(run);

const installed = installPeers();
const workload = await classicWorkload();
const reference = referenceStep(workload);

const leftOut = new Set<string>();

/** The peers that can be had here; for the others a line that says why not. */
async function available<T>(make: (peer: (typeof peers)[number]) => Promise<T | undefined>): Promise<T[]> {
  const contestants: T[] = [];
  for (const peer of chosen) {
    try {
      if (!installed && peer.module !== "torch") throw new Error("not installed and cannot be fetched");
      const contestant = await make(peer);
      if (contestant) contestants.push(contestant);
    } catch (error) {
      const reason = `Left out: ${peer.module} ${JSON.stringify(peer.options)}: ${(error as Error).message}`;
      if (!leftOut.has(reason)) console.log(reason);
      leftOut.add(reason);
    }
  }
  return contestants;
}

const training = await compareTraining(
  workload,
  [
    ...(await Promise.all(ours.map((options) => ourTraining(workload, options)))),
    ...(await available<Training>(async ({ module, options, trains }) =>
      trains ? (await loadPeer(module)).training!(workload, options) : undefined,
    )),
  ],
  { repeats },
);
const inference = [];
for (const pictures of [workload.batch, 1]) {
  const contestants = [
    ...(await Promise.all(oursFor(pictures).map((options) => ourInference(workload, pictures, options)))),
    ...(await available<Inference>(async ({ module, options, infers = true }) =>
      infers ? (await loadPeer(module)).inference!(workload, pictures, options) : undefined,
    )),
  ];
  inference.push(await compareInference(workload, reference, pictures, contestants, { repeats }));
}
writeResults(options.name ?? `peers-${runtimeName()}`, { ...run, training, inference });
