/** A model file opens in Python as it is, and the forward passes of NumPy and of PyTorch on it agree with ours. */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, it } from "vitest";
import type { Model } from "../../src/model/model.ts";
import { decodeModel, encodeModel } from "../../src/model/model-file.ts";
import { networkOf } from "../../src/model/model-network.ts";
import { type Tensor, writeSafetensors } from "../../src/model/safetensors.ts";
import type { Network } from "../../src/network/network.ts";
import { denseShapes } from "../../src/network/spec.ts";
import { addNoise } from "../../src/noise/noise.ts";
import { Purpose } from "../../src/noise/rng.ts";
import type { Recipe } from "../../src/training/recipes.ts";
import { train } from "../../src/training/trainer.ts";
import { exact, forward } from "../support/bounds.ts";
import { convLoss } from "../support/conv-bounds.ts";
import { type ConvModelOptions, convModel } from "../support/conv-models.ts";
import { randomBatch, setBatch } from "../support/conv-networks.ts";
import { pictures, smallRecipe, smallUNetRecipe } from "../support/pictures.ts";
import { layerCases, networkCases } from "../support/unets.ts";

const python = process.env.PYTHON ?? "python3";
const imports = (modules: string) =>
  spawnSync(python, ["-c", `import ${modules}`], { stdio: "ignore" }).status === 0;
const hasNumpy = imports("numpy, safetensors.numpy");
const hasTorch = hasNumpy && imports("torch");
const skipped = (packages: string) =>
  `(skipped: ${python} cannot import ${packages}; set PYTHON to one that can)`;

describe.skipIf(!hasNumpy)(
  `model files in Python ${hasNumpy ? "" : skipped("numpy and safetensors")}`,
  () => {
    const size = [9, 7] as const;
    const activations: Recipe["spec"]["layers"] = [
      { type: "dense", units: 31, activation: "sigmoid" },
      { type: "dense", units: 12, activation: "relu" },
      { type: "dense", units: 63, activation: "linear" },
    ];

    it.each([
      ["sigmoid", smallRecipe({ size, units: [31, 8, 63] })],
      ["sigmoid and relu", smallRecipe({ size, units: [], layers: activations })],
    ])("NumPy's forward pass, %s", async (name, recipe) => {
      const data = pictures(21, size);
      const model = await train(recipe, data).model();
      const network = await networkOf(model, { batch: 21 });
      network.input.set(addNoise(data.train, model.noise, 1, Purpose.testNoise));
      network.forward();

      const difference = differencesBy("forward.py", writeFiles(name, model, network))[0]!;

      // The script computes in float64, so the difference is our rounding alone, and bounded as in bounds.ts:
      // each sum by (its length + 2) × 2⁻²⁴ × Σ |terms|, carried through the layers.
      const layers = denseShapes(model.spec).map((layer) => ({
        ...layer,
        units: layer.outputs,
        weight: exact(model.parameters.get(`${layer.name}.weight`)!),
        bias: exact(model.parameters.get(`${layer.name}.bias`)!),
      }));
      const { value, error } = forward(layers, exact(network.input), 21).at(-1)!;
      const tolerance = Math.max(...error);
      expect(difference).toBeGreaterThan(0);
      expect(difference).toBeLessThanOrEqual(tolerance);
      expect(tolerance).toBeLessThan(1e-3 * Math.max(...value.map(Math.abs)));
    });

    it("NumPy's forward pass, two scales with a skip connection", async () => {
      const recipe = smallUNetRecipe({ size: [6, 10] });
      const model = await train(recipe, pictures(21, [6, 10])).model();
      const { files, bounds } = await runConv("scales", model);
      const difference = differencesBy("forward.py", files)[0]!;
      const { value, error } = bounds;
      const tolerance = Math.max(...error);
      expect(difference).toBeGreaterThan(0);
      expect(difference).toBeLessThanOrEqual(tolerance);
      // Bounds for the worst case grow with each layer.
      expect(tolerance).toBeLessThan(3e-3 * Math.max(...value.map(Math.abs)));
    });
  },
);

describe.skipIf(!hasTorch)(
  `model files in PyTorch ${hasTorch ? "" : skipped("torch and safetensors")}`,
  () => {
    const reflected: [string, ConvModelOptions] = [
      "mirrored borders",
      { dilations: [3, 1, 4], padding: "reflect" },
    ];
    const shipped = new URL("../../models/photo.safetensors", import.meta.url);
    const models = new Map(
      [...layerCases, ...networkCases, reflected].map(([name, options]) => [name, convModel(options)]),
    );
    const photo = "the model for photographs that comes with the package";
    models.set(photo, ofSize(decodeModel(readFileSync(shipped), photo), 16, 24));
    const bounds = new Map<string, ConvOutput>();
    const found = new Map<string, number>();

    // Python takes seconds to load PyTorch, so one process does all.
    beforeAll(async () => {
      const files: string[] = [];
      for (const [name, model] of models) {
        const run = await runConv(name, model);
        bounds.set(name, run.bounds);
        files.push(...run.files);
      }
      const differences = differencesBy("forward_torch.py", files);
      for (const [i, name] of [...models.keys()].entries()) found.set(name, differences[i]!);
    }, 120_000);

    it.each([...models.keys()])("%s", (name) => {
      // Bounds for the worst case grow with each layer; a hundredth of a grey level shows every fault.
      expect(found.get(name)).toBeLessThanOrEqual(Math.min(0.01, Math.max(...bounds.get(name)!.error)));
      expect(Math.max(...bounds.get(name)!.value.map(Math.abs))).toBeGreaterThan(10);
    });
  },
);

type ConvOutput = ReturnType<typeof convLoss>["output"];

function ofSize(model: Model, height: number, width: number): Model {
  const { channels } = model.spec.input;
  return { ...model, spec: { ...model.spec, input: { height, width, channels } } };
}

/** Runs a network of convolutions on random pictures. @returns its files, and the naive twin's output with its bounds */
async function runConv(name: string, model: Model): Promise<{ files: string[]; bounds: ConvOutput }> {
  const network = await networkOf(model, { batch: 4 });
  const batch = randomBatch(model.spec, 4);
  setBatch(network, batch);
  network.forward();
  const files = writeFiles(name, model, network);
  return { files, bounds: convLoss(model.spec, model.parameters, batch, "mse").output };
}

/** Writes the file of a model, and one with what its network has taken and put out. @returns their paths */
function writeFiles(name: string, model: Model, network: Network): string[] {
  const folder = fileURLToPath(
    new URL(`../.output/interop ${name.replaceAll(/\W+/g, "-")}/`, import.meta.url),
  );
  mkdirSync(folder, { recursive: true });
  const { batch, pixels } = network.plan;
  const f32 = (values: Float32Array, ...shape: number[]): Tensor => ({
    dtype: "F32",
    shape,
    data: values.slice(),
  });
  const files = [`${folder}model.safetensors`, `${folder}io.safetensors`] as const;
  writeFileSync(files[0], encodeModel(model));
  writeFileSync(
    files[1],
    writeSafetensors(
      new Map([
        ["input", f32(network.input, batch, pixels)],
        ["output", f32(network.output, batch, pixels)],
        ["sigma", f32(network.sigma, batch)],
      ]),
    ),
  );
  return [...files];
}

/** For each pair of files, the largest difference between the network's output and what a Python script computes. */
function differencesBy(program: string, files: readonly string[]): number[] {
  const script = fileURLToPath(new URL(`./interop/${program}`, import.meta.url));
  return execFileSync(python, [script, ...files], { encoding: "utf8" })
    .trim()
    .split("\n")
    .map(Number);
}
