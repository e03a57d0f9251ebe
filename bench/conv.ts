/**
 * npm run bench:conv: convolutions against the multiply-add peak; a training step of the recipe fashion-conv and its
 * network's forward passes, in this package and in its peers, all in turns. Options: --only torch,onnx (parts of
 * names; ours always run), --repeats N, --name NAME of the results. PYTHON names an interpreter that has PyTorch.
 */
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { Network } from "../src/network.ts";
import type { OperationProfile } from "../src/profile.ts";
import { Random } from "../src/rng.ts";
import type { Spec } from "../src/spec.ts";
import type { Variant } from "../src/wasm/detect.ts";
import { compareInference, compareTraining, forwardPass } from "./compare.ts";
import { modes, ours, variants } from "./contestants.ts";
import { ourNetwork, ourTraining } from "./conv-contestants.ts";
import { gradientTolerance, referenceOutput, referenceStep } from "./conv-reference.ts";
import { type ConvWorkload, pictureWorkload, SEED, trainingWorkload } from "./conv-workload.ts";
import { available, chosen } from "./peer-modules.ts";
import { printOperations, printProducts, profileBuilds, type Subject } from "./profiles.ts";
import { printProvenance, provenance, runtimeName, writeResults } from "./report.ts";
import { lossTolerance } from "./tolerance.ts";
import { verified, verifyBuilds } from "./verify.ts";

const { values: options } = parseArgs({
  args: process.argv.slice(3),
  options: { name: { type: "string" }, only: { type: "string" }, repeats: { type: "string", default: "25" } },
});
const repeats = Number(options.repeats);
if (!Number.isInteger(repeats) || repeats < 1) throw new Error(`--repeats ${options.repeats}: not a count`);
