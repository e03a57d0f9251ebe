/** Training steps against PyTorch's autograd in float64: see fixtures/README.md. */
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { readSafetensors } from "../../src/model/safetensors.ts";
import { layerShapes, parameters, type Spec } from "../../src/network/spec.ts";
import { recipes } from "../../src/training/recipes.ts";
import { type Bounded, BoundedTraining } from "../support/bounds.ts";
import { type Build, describeBuilds } from "../support/builds.ts";
import { Comparison, roundoff } from "../support/comparison.ts";
import { type Layer, transpose, type Values } from "../support/naive.ts";
import { networkWith, outputsOf, specOf, takeFloatTargets, tensorsOf } from "../support/networks.ts";

interface Reference {
  /** Values in one row that goes in, in what each layer puts out. */
  readonly sizes: readonly number[];
  readonly rows: number;
  readonly steps: number;
  tensor(name: string): Float32Array;
  /** `prefix.W1` as [units, inputs], the file having [inputs, units]. */
  weight(prefix: string, layer: number): Float32Array;
  readonly losses: Float64Array;
}

function referenceAt(path: string): Reference {
  const { tensors, metadata } = readSafetensors(new Uint8Array(readFileSync(path)), path);
  const sizes: number[] = JSON.parse(metadata.layers!);
  const tensor = (name: string) => tensors.get(name)!.data as Float32Array;
  return {
    sizes,
    rows: Number(metadata.batch),
    steps: Number(metadata.steps),
    tensor,
    weight: (prefix, layer) => transpose(tensor(`${prefix}.W${layer}`), sizes[layer - 1]!, sizes[layer]!),
    losses: tensors.get("losses")!.data as Float64Array,
  };
}

function layersOf(reference: Reference): (Layer & Record<"weight" | "bias", Float32Array>)[] {
  const { sizes } = reference;
  return sizes.slice(1).map((units, index) => ({
    inputs: sizes[index]!,
    units,
    activation: index === sizes.length - 2 ? "linear" : "sigmoid",
    weight: reference.weight("init", index + 1),
    bias: reference.tensor(`init.B${index + 1}`),
  }));
}

describeBuilds("small networks against PyTorch", (build) => {
  describe.each(["mlp-small", "mlp-aligned"])("%s", (name) => {
    const reference = referenceAt(fileURLToPath(new URL(`../fixtures/${name}.safetensors`, import.meta.url)));
    const { sizes, rows, steps } = reference;
    const layers = layersOf(reference);
    const spec = specOf(
      sizes[0]!,
      layers.map(({ units, activation }) => [units, activation]),
    );
    /** The file's value, stored as float32, may be a rounding off. */
    const stored = ({ error }: Bounded, expected: Values) =>
      error.map((bound, i) => bound + roundoff * Math.abs(expected[i]!));

    it.each([
      ["separate", true],
      ["fused", false],
    ] as const)("every output, gradient, loss, weight and accumulator; update %s", async (_, gradients) => {
      const network = await networkWith(build, spec, tensorsOf(layers), {
        batch: rows,
        training: { gradients },
      });
      // These networks put out other sizes than they take, and their targets are not bytes.
      takeFloatTargets(network, sizes.at(-1)!);
      const bounds = new BoundedTraining(layers, 0.1, 0.1);
      const comparison = new Comparison();
      const add = (what: string, actual: Values, expected: Values, bound: Bounded) =>
        comparison.add(what, actual, expected, stored(bound, expected));
      for (let step = 1; step <= steps; step++) {
        const x = reference.tensor(`x${step}`);
        const target = reference.tensor(`y${step}`);
        network.input.set(x);
        network.output.set(target);
        const expected = bounds.step(x, target, rows);
        const loss = network.step();
        comparison.add(`loss ${step}`, [loss], [reference.losses[step - 1]!], [expected.loss.error]);
        if (step > 1) continue;
        outputsOf(network, network.plan.steps[0]!).forEach(({ values }, l) => {
          const name = `step1.activation${l + 1}`;
          add(name, values, reference.tensor(name), expected.outputs[l]!);
        });
        if (!gradients) continue;
        expected.gradients.forEach(({ weight, bias }, l) => {
          const layer = l + 1;
          const dw = network.get(`layer${layer}.weight`, "gradient");
          add(`dW${layer}`, dw, reference.weight("step1.grad", layer), weight);
          const db = network.get(`layer${layer}.bias`, "gradient");
          add(`dB${layer}`, db, reference.tensor(`step1.grad.B${layer}`), bias);
        });
      }
      for (let l = 0; l < layers.length; l++) {
        const layer = l + 1;
        for (const [prefix, kind, bound] of [
          ["final", "value", bounds.layers[l]!],
          ["final.acc", "accumulator", bounds.accumulators[l]!],
        ] as const) {
          const w = network.get(`layer${layer}.weight`, kind);
          add(`${prefix}.W${layer}`, w, reference.weight(prefix, layer), bound.weight);
          const b = network.get(`layer${layer}.bias`, kind);
          add(`${prefix}.B${layer}`, b, reference.tensor(`${prefix}.B${layer}`), bound.bias);
        }
      }
      comparison.finish();
      await network.dispose();
    });
  });
});

const folder =
  process.env.DENOISE_REFERENCE_DIR ?? fileURLToPath(new URL("../../../shared/reference", import.meta.url));
const recipeFile = `${folder}/seed-recipe-3-steps.safetensors`;
const absent = !existsSync(recipeFile);

describe.skipIf(absent)(
  absent
    ? "the classic recipe (skipped: no seed-recipe-3-steps.safetensors; set DENOISE_REFERENCE_DIR to its folder)"
    : "the classic recipe",
  () => {
    describeBuilds("three steps on real pictures", (build) => {
      it("losses and gradients are as near to float64 as twice PyTorch's own float32", async () => {
        const reference = referenceAt(recipeFile);
        const measured = await recipeErrors(build, reference);
        // What PyTorch's float32 run is off by: relatively, of gradients in the Frobenius norm; a bias has its weight's bar.
        [1.4e-4, 7.2e-6, 1.9e-6, 8.4e-7, 3.4e-7].forEach((error, l) => {
          expect(measured.gradients[`W${l + 1}`]).toBeLessThan(2 * error);
          expect(measured.gradients[`B${l + 1}`]).toBeLessThan(2 * error);
        });
        [9e-8, 4e-7, 6e-5].forEach((error, step) => {
          expect(measured.losses[step]).toBeLessThan(2 * error);
        });
      });
    });
  },
);

/** Relative errors: of each step's loss, and in the Frobenius norm of each gradient of the first step. */
async function recipeErrors(
  build: Build,
  reference: Reference,
): Promise<{ losses: number[]; gradients: Record<string, number> }> {
  const { batch, spec }: { batch: number; spec: Spec } = recipes["fashion-autoencoder"];
  const layers = layersOf(reference);
  expect(layers.map(({ units }) => units)).toEqual(layerShapes(spec).map(({ outputs }) => outputs));
  expect(batch).toBe(reference.rows);
  const network = await networkWith(build, spec, tensorsOf(layers), { batch, training: { gradients: true } });
  const losses: number[] = [];
  const gradients: Record<string, number> = {};
  for (let step = 1; step <= reference.steps; step++) {
    network.input.set(reference.tensor(`x${step}`));
    network.target.set(reference.tensor(`y${step}`));
    expect(Float32Array.from(network.target)).toEqual(reference.tensor(`y${step}`));
    const expected = reference.losses[step - 1]!;
    losses.push(Math.abs(network.step() - expected) / expected);
    if (step > 1) continue;
    parameters(spec).forEach(({ name }, index) => {
      const layer = Math.floor(index / 2) + 1;
      const isWeight = index % 2 === 0;
      const exactly = isWeight
        ? reference.weight("step1.grad", layer)
        : reference.tensor(`step1.grad.B${layer}`);
      gradients[`${isWeight ? "W" : "B"}${layer}`] = frobenius(network.get(name, "gradient"), exactly);
    });
  }
  await network.dispose();
  return { losses, gradients };
}

/** ‖a − b‖ / ‖b‖ */
function frobenius(a: Float32Array, b: Float32Array): number {
  let difference = 0;
  let norm = 0;
  b.forEach((value, i) => {
    difference += (a[i]! - value) ** 2;
    norm += value ** 2;
  });
  return Math.sqrt(difference / norm);
}
