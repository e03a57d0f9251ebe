import { describe, expect, it } from "vitest";
import type { ActivationName, Spec } from "../../src/network/spec.ts";
import { BoundedTraining } from "../support/bounds.ts";
import { describeBuilds } from "../support/builds.ts";
import { Comparison } from "../support/comparison.ts";
import { backward, type Layer } from "../support/naive.ts";
import { networkWith, normal, outputsOf, randomLayers, specOf } from "../support/networks.ts";

const activations: ActivationName[] = ["linear", "sigmoid", "relu"];
const pairs = activations.flatMap((hidden) => activations.map((output) => [hidden, output] as const));

describe("the twin's gradients against central differences", () => {
  /** A network in float64, so that a difference of 1e-5 keeps its digits. */
  const float64Layers = (spec: Spec): (Layer & Record<"weight" | "bias", Float64Array>)[] =>
    randomLayers(spec).map((layer) => ({
      ...layer,
      weight: Float64Array.from(layer.weight),
      bias: Float64Array.from(layer.bias),
    }));

  it.each(pairs)("hidden %s, output %s", (hidden, output) => {
    const rows = 3;
    const layers = float64Layers(
      specOf(5, [
        [4, hidden],
        [3, hidden],
        [5, output],
      ]),
    );
    const x = Float64Array.from(normal(rows * 5, 500));
    const target = Float64Array.from(normal(rows * 5, 501));
    const { loss, gradients } = backward(layers, x, target, rows);
    // Central differences are off by h²/6 of the third derivative, near 1 here, and by roundings / h.
    const h = 1e-5;
    const tolerance = h ** 2 + (100 * 2 ** -53 * loss) / h;
    let compared = 0;
    let largest = 0;
    layers.forEach((layer, l) => {
      for (const kind of ["weight", "bias"] as const) {
        layer[kind].forEach((value, index) => {
          const lossAt = (moved: number) => {
            layer[kind][index] = moved;
            return backward(layers, x, target, rows).loss;
          };
          const difference = (lossAt(value + h) - lossAt(value - h)) / (2 * h);
          layer[kind][index] = value;
          const gradient = gradients[l]![kind][index]!;
          expect(Math.abs(gradient - difference)).toBeLessThan(tolerance);
          largest = Math.max(largest, Math.abs(gradient));
          compared++;
        });
      }
    });
    expect(compared).toBe(4 * 6 + 3 * 5 + 5 * 4);
    expect(largest).toBeGreaterThan(1e6 * tolerance);
  });
});

describeBuilds("gradients of wasm against the twin", (build) => {
  const shapes: [inputs: number, hidden: number[], rows: number][] = [
    [5, [4, 3], 3],
    [13, [7, 5], 6],
    [16, [8, 12], 12],
    [23, [31], 13],
    [1, [1], 1],
    [113, [9], 25],
  ];

  // More threads give the same bytes (network.test.ts): some pairs are enough for them.
  const chosen = pairs.filter(([hidden, output]) => build.threads === 1 || hidden === output);
  it.each(chosen)("hidden %s, output %s: within the bounds of their roundings", async (hidden, output) => {
    const comparison = new Comparison();
    for (const [index, [inputs, units, rows]] of shapes.entries()) {
      const spec = specOf(inputs, [
        ...units.map((size) => [size, hidden] as const),
        [inputs, output] as const,
      ]);
      const layers = randomLayers(spec, index);
      const network = await networkWith(build, spec, layers, {
        batch: rows,
        training: { gradients: true },
      });
      network.input.set(normal(rows * inputs, 600 + index));
      network.target.set(Uint8Array.from({ length: rows * inputs }, (_, i) => (i * 7) % 5));
      const expected = new BoundedTraining(layers, 0.1, 0.1).step(network.input, network.target, rows);
      const loss = network.step();
      const what = `${inputs}-${units.join("-")}-${inputs}, ${rows} rows`;
      comparison.add(`${what}, loss`, [loss], [expected.loss.value], [expected.loss.error]);
      outputsOf(network, network.plan.steps[0]!).forEach(({ values }, l) => {
        const { value, error } = expected.outputs[l]!;
        comparison.add(`${what}, output of layer ${l + 1}`, values, value, error);
      });
      expected.gradients.forEach(({ weight, bias }, l) => {
        const name = `layer${l + 1}`;
        const dw = network.get(`${name}.weight`, "gradient");
        comparison.add(`${what}, ${name}.weight`, dw, weight.value, weight.error);
        const db = network.get(`${name}.bias`, "gradient");
        comparison.add(`${what}, ${name}.bias`, db, bias.value, bias.error);
      });
      await network.dispose();
    }
    comparison.finish();
  });

  it("a step on the smaller, last batch sees only its pictures", async () => {
    const spec = specOf(13, [
      [7, "sigmoid"],
      [13, "linear"],
    ]);
    const layers = randomLayers(spec, 9);
    const rows = 3;
    const network = await networkWith(build, spec, layers, {
      batch: 6,
      training: { gradients: true, lastBatch: rows },
    });
    network.input.set(normal(6 * 13, 700));
    network.target.set(Uint8Array.from({ length: 6 * 13 }, (_, i) => (i * 7) % 5));
    network.step();
    layers.forEach((_, l) => {
      network.set(`layer${l + 1}.weight`, layers[l]!.weight);
      network.set(`layer${l + 1}.bias`, layers[l]!.bias);
    });
    const expected = new BoundedTraining(layers, 0.1, 0.1).step(
      network.input.subarray(0, rows * 13),
      network.target.subarray(0, rows * 13),
      rows,
    );
    const comparison = new Comparison();
    comparison.add("loss", [network.step(rows)], [expected.loss.value], [expected.loss.error]);
    expected.gradients.forEach(({ weight, bias }, l) => {
      const name = `layer${l + 1}`;
      comparison.add(name, network.get(`${name}.weight`, "gradient"), weight.value, weight.error);
      comparison.add(name, network.get(`${name}.bias`, "gradient"), bias.value, bias.error);
    });
    comparison.finish();
    await network.dispose();
  });
});
