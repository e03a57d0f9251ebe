/** A model file opens in Python as it is, and NumPy's forward pass on it agrees with ours. */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import type { Model } from "../../src/model/model.ts";
import { encodeModel } from "../../src/model/model-file.ts";
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
import { randomBatch, setBatch } from "../support/conv-networks.ts";
import { pictures, smallRecipe, smallUNetRecipe } from "../support/pictures.ts";

const python = process.env.PYTHON ?? "python3";
const { status } = spawnSync(python, ["-c", "import numpy, safetensors.numpy"], { stdio: "ignore" });
const able = status === 0;
const title = able
  ? "model files in Python"
  : `model files in Python (skipped: ${python} cannot import numpy and safetensors; set PYTHON to one that can)`;

describe.skipIf(!able)(title, () => {
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

    const difference = differenceOf(name, model, network);

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
    const network = await networkOf(model, { batch: 4 });
    const batch = randomBatch(model.spec, 4);
    setBatch(network, batch);
    network.forward();
    const difference = differenceOf("scales", model, network);
    const { value, error } = convLoss(model.spec, model.parameters, batch, "mse").output;
    const tolerance = Math.max(...error);
    expect(difference).toBeGreaterThan(0);
    expect(difference).toBeLessThanOrEqual(tolerance);
    // Bounds for the worst case grow with each layer.
    expect(tolerance).toBeLessThan(3e-3 * Math.max(...value.map(Math.abs)));
  });
});

/** The largest difference between what a network has put out and what NumPy computes for the same input from the model's file. */
function differenceOf(name: string, model: Model, network: Network): number {
  const folder = fileURLToPath(new URL(`../.output/interop ${name}/`, import.meta.url));
  mkdirSync(folder, { recursive: true });
  const { batch, pixels } = network.plan;
  const f32 = (values: Float32Array, ...shape: number[]): Tensor => ({
    dtype: "F32",
    shape,
    data: values.slice(),
  });
  writeFileSync(`${folder}model.safetensors`, encodeModel(model));
  writeFileSync(
    `${folder}io.safetensors`,
    writeSafetensors(
      new Map([
        ["input", f32(network.input, batch, pixels)],
        ["output", f32(network.output, batch, pixels)],
        ["sigma", f32(network.sigma, batch)],
      ]),
    ),
  );
  const script = fileURLToPath(new URL("./interop/forward.py", import.meta.url));
  const files = [`${folder}model.safetensors`, `${folder}io.safetensors`];
  return Number(execFileSync(python, [script, ...files], { encoding: "utf8" }));
}
