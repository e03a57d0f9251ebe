/**
 * npm run bench:conv: convolutions against the multiply-add peak; a training step of the recipe fashion-conv and its
 * network's forward passes, in this package and in its peers, all in turns. Options: --only torch,onnx (parts of
 * names; ours always run), --repeats N, --name NAME of the results. PYTHON names an interpreter that has PyTorch.
 */
import { parseArgs } from "node:util";
import { initialize } from "../src/network/initialize.ts";
import { Network } from "../src/network/network.ts";
import type { OperationProfile } from "../src/network/profile.ts";
import type { Spec } from "../src/network/spec.ts";
import { Purpose, Random } from "../src/noise/rng.ts";
import type { Variant } from "../src/wasm/detect.ts";
import { compareInference, compareTraining } from "./compare.ts";
import { modes, ours, variants } from "./contestants.ts";
import { ourDenoiser, ourTraining } from "./conv-contestants.ts";
import { gradientTolerance, referenceOutput, referenceStep } from "./conv-reference.ts";
import { pictureWorkload, recipe, SEED, trainingWorkload } from "./conv-workload.ts";
import { firstPictures } from "./first-pictures.ts";
import { available, chosen } from "./peer-modules.ts";
import { printOperations, printProducts, profileBuilds, type Subject } from "./profiles.ts";
import { printProvenance, provenance, runtimeName, writeResults } from "./report.ts";
import { lossTolerance } from "./tolerance.ts";
import { verified, verifyBuilds } from "./verify.ts";

/** Pictures of the step that is verified against float64, number by number. */
const VERIFIED = 2;

const { values: options } = parseArgs({
  args: process.argv.slice(3),
  options: { name: { type: "string" }, only: { type: "string" }, repeats: { type: "string", default: "25" } },
});
const repeats = Number(options.repeats);
if (!Number.isInteger(repeats) || repeats < 1) throw new Error(`--repeats ${options.repeats}: not a count`);
const torch = [1, 2].map((threads) => ({ module: "torch", options: { threads } }));
const run = provenance();
printProvenance(run);

const workload = await trainingWorkload();
const verification = await verifyBuilds(
  (variant) => networkOf(recipe.spec, VERIFIED, variant),
  referenceStep(workload, VERIFIED),
  lossTolerance(workload.sumLength, 1),
  () => gradientTolerance(workload, VERIFIED),
);
console.log(`\n${verified("loss and gradients of each build", verification)}`);

const builds = await profileConvolutions();
const training = await compareTraining(
  workload,
  [
    ...(await Promise.all(ours.map((options) => ourTraining(workload, options)))),
    ...(await available(chosen(torch, options.only), (peer, { options }) =>
      peer.convTraining!(workload, options),
    )),
  ],
  { repeats, turnMilliseconds: 150, warmUpMilliseconds: 1000 },
);
const inference = [];
const single = [...torch.slice(0, 1), { module: "onnx", options: {} }];
for (const side of [1024, 28]) {
  const picture = await pictureWorkload({ height: side, width: side });
  const contestants = [
    ...(await Promise.all(variants.map((variant) => ourDenoiser(picture, { variant })))),
    ...(await available(chosen(single, options.only), (peer, { options }) =>
      peer.convInference!(picture, options),
    )),
  ];
  const what = `One picture of ${side} × ${side}, ${picture.network}, 1 thread`;
  inference.push(await compareInference(what, 1, referenceOutput(picture), contestants, { repeats }));
}
const coldStart = await firstPictures();
writeResults(options.name ?? `conv-${runtimeName()}`, {
  ...run,
  verification,
  builds,
  training,
  inference,
  coldStart,
});

/** A network with the workload's weights, as many of its pictures, and gradients that stay where they are. */
async function networkOf(spec: Spec, batch: number, variant: Variant): Promise<Network> {
  const network = await Network.create(spec, { mode: modes[variant], batch, training: { gradients: true } });
  for (const [name, values] of workload.parameters) network.set(name, values);
  network.input.set(workload.noisy.subarray(0, network.input.length).map((value) => 255 * value));
  network.target.set(workload.clean.subarray(0, network.target.length).map((value) => 255 * value));
  network.sigma.set(workload.level.subarray(0, batch).map((value) => 255 * value));
  network.weights.set(workload.weight.subarray(0, batch));
  network.resetAccumulators(1);
  return network;
}

/**
 * Convolutions of 16 channels on batches of small pictures and on single large ones, then the operations of a step of
 * the recipe. The learning rate is 0, so that the values stay those of the first step.
 */
async function profileConvolutions() {
  const batches = [
    { batch: recipe.batch, side: 28 },
    { batch: 1, side: 256 },
  ];
  const profiles = await profileBuilds(
    async (variant) => [
      ...(await Promise.all(batches.map(({ batch, side }) => sixteenChannels(batch, side, variant)))),
      { network: await networkOf(recipe.spec, recipe.batch, variant), fill: () => {} },
    ],
    { rounds: 20, samples: 1, warmUp: 5 },
  );
  return profiles.map((profile) => {
    const { operations, ...build } = profile;
    const convolutions = batches.map(({ batch, side }, index) => {
      const of16 = kernels(operations[index]!);
      const what = `Convolution of 16 channels, ${batch === 1 ? "" : `${batch} × `}${side} × ${side}`;
      printProducts(what, profile, of16);
      return { batch, height: side, width: side, operations: of16 };
    });
    printOperations(`a step of ${recipe.batch} pictures`, profile, operations.at(-1)!);
    return { ...build, convolutions, operations: operations.at(-1) };
  });
}

/** A network with a layer from 16 to 16 channels behind a ReLU, on random pictures. */
async function sixteenChannels(batch: number, side: number, variant: Variant): Promise<Subject> {
  const layer = (channels: number, activation: "linear" | "relu") =>
    ({ type: "conv3x3", channels, dilation: 1, activation }) as const;
  const spec: Spec = {
    ...recipe.spec,
    input: { height: side, width: side, channels: 1 },
    layers: [layer(16, "relu"), layer(16, "relu"), layer(1, "linear")],
  };
  const network = await Network.create(spec, { mode: modes[variant], batch, training: { gradients: true } });
  initialize(network, SEED);
  network.resetAccumulators(1);
  new Random(SEED, Purpose.testNoise).fillNormal(network.input, 100);
  return { network, fill: () => {} };
}

/** The layer from 16 to 16 channels, in the order of a step. */
function kernels(operations: readonly OperationProfile[]) {
  const of16 = operations.filter(({ layer, flop }) => flop && layer?.inputs === 16 && layer.outputs === 16);
  const names = ["forward", "weight gradient", "input gradient"];
  if (of16.length !== names.length) throw new Error(`${of16.length} convolutions of 16 channels in a step`);
  return of16.map((kernel, index) => ({ name: names[index]!, ...kernel }));
}
