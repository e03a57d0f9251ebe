/** Loss, output and gradients of whole networks: the builds against the twins, and the twins against differences. */
import { describe, expect, it } from "vitest";
import type { Spec } from "../../src/network/spec.ts";
import { type Bounded, BoundedTraining, backward, exact } from "../support/bounds.ts";
import { describeBuilds } from "../support/builds.ts";
import { activations, denseCase, denseNetworks, type NetworkCase } from "../support/cases.ts";
import { Comparison } from "../support/comparison.ts";
import { convInputGradient, convLoss, convStep } from "../support/conv-bounds.ts";
import { convNetworks } from "../support/conv-cases.ts";
import { firstOf, randomBatch, randomParameters, setBatch } from "../support/conv-networks.ts";
import { interleaved } from "../support/images.ts";
import {
  networkWith,
  normal,
  outputsOf,
  randomLayers,
  setParameters,
  tensorsOf,
} from "../support/networks.ts";

const pairs = activations.flatMap((hidden) => activations.map((output) => [hidden, output] as const));

/**
 * Holds gradients against central differences, of twelve values of each tensor. The twins are what the builds are held
 * against, and PyTorch's files (reference.test.ts, conv-network.test.ts) have sigmoids and squared errors only.
 * @param terms how many the loss sums up, each in as many roundings
 */
function expectDifferences(
  parameters: ReadonlyMap<string, Float64Array>,
  gradients: ReadonlyMap<string, Bounded>,
  terms: number,
  loss: () => number,
): void {
  // Differences are off by h²/6 of the third derivative, at most near 1 here, and by the roundings of two losses / 2h.
  const h = 1e-5;
  const tolerance = h ** 2 + (terms * 2 ** -53 * loss()) / h;
  const comparison = new Comparison();
  for (const [name, tensor] of parameters) {
    for (let index = 0; index < tensor.length; index += Math.ceil(tensor.length / 12)) {
      const value = tensor[index]!;
      const lossAt = (moved: number) => {
        tensor[index] = moved;
        return loss();
      };
      const difference = (lossAt(value + h) - lossAt(value - h)) / (2 * h);
      tensor[index] = value;
      comparison.add(`${name} ${index}`, [gradients.get(name)!.value[index]!], [difference], [tolerance]);
    }
  }
  comparison.finish(1e-6);
}

describe("the twins' gradients against central differences", () => {
  it.each(pairs)("dense, hidden %s, output %s", (hidden, output) => {
    const { spec, batch } = denseCase(denseNetworks[1]!, hidden, output);
    const layers = randomLayers(spec).map((layer) => ({
      ...layer,
      weight: exact(layer.weight),
      bias: exact(layer.bias),
    }));
    const parameters = new Map(
      layers.flatMap(({ weight, bias }, l) => [
        [`layer${l + 1}.weight`, weight.value] as const,
        [`layer${l + 1}.bias`, bias.value] as const,
      ]),
    );
    const x = normal(batch * 5, 500);
    const target = normal(batch * 5, 501);
    const step = () => backward(layers, x, target, batch);
    expectDifferences(parameters, namesOf(step().gradients), batch * 5, () => step().loss.value);
  });

  it.each(convNetworks)("$name", ({ spec, loss = "mse" }) => {
    const parameters = new Map(
      [...randomParameters(spec)].map(([name, tensor]) => [name, Float64Array.from(tensor)]),
    );
    const batch = randomBatch(spec, 2);
    // The gradient is of the loss in the network's own units.
    const scale = (spec.white ?? 255) / 255;
    const units = loss === "mse" ? scale * scale : scale;
    const { gradients } = convStep(spec, parameters, batch, loss);
    expectDifferences(
      parameters,
      gradients,
      batch.noisy.length,
      () => units * convLoss(spec, parameters, batch, loss).loss.value,
    );
  });

  it.each(convNetworks)("of the input: $name", ({ spec }) => {
    const parameters = randomParameters(spec);
    const batch = randomBatch(spec, 1);
    const noisy = Float64Array.from(batch.noisy);
    const direction = Float64Array.from(normal(noisy.length, 5200));
    const { value } = convInputGradient(spec, parameters, batch, direction);
    // Differences are exact but for roundings, wherever no ReLU changes sides: the network is linear there.
    const h = 1e-4;
    const outputAt = (index: number, by: number) => {
      const moved = noisy.slice();
      moved[index]! += by;
      const { output } = convStep(spec, parameters, { ...batch, noisy: moved }, "mse");
      return output.value.reduce((sum, y, i) => sum + direction[i]! * y, 0);
    };
    const comparison = new Comparison();
    const total = Math.abs(outputAt(0, 0)) + noisy.length * 100;
    for (let index = 0; index < noisy.length; index += Math.ceil(noisy.length / 12)) {
      const difference = (outputAt(index, h) - outputAt(index, -h)) / (2 * h);
      comparison.add(`${index}`, [value[index]!], [difference], [(total * 2 ** -50) / h]);
    }
    comparison.finish(1e-5);
  });
});

/** Gradients by the names of their tensors. */
function namesOf(layers: readonly { weight: Bounded; bias: Bounded }[]): Map<string, Bounded> {
  return new Map(
    layers.flatMap(({ weight, bias }, l) => [
      [`layer${l + 1}.weight`, weight] as const,
      [`layer${l + 1}.bias`, bias] as const,
    ]),
  );
}

describeBuilds("dense networks against the twin", (build) => {
  // More threads give the same bytes (network.test.ts): some pairs are enough for them.
  const chosen = pairs.filter(([hidden, output]) => build.threads === 1 || hidden === output);
  it.each(chosen)("hidden %s, output %s: within the bounds of their roundings", async (hidden, output) => {
    const comparison = new Comparison();
    for (const [index, sizes] of denseNetworks.entries()) {
      const { name, spec, batch, lastBatch } = denseCase(sizes, hidden, output);
      const layers = randomLayers(spec, index);
      const tensors = tensorsOf(layers);
      const training = { gradients: true, lastBatch };
      const network = await networkWith(build, spec, tensors, { batch, training });
      const { pixels, steps } = network.plan;
      network.input.set(normal(batch * pixels, 600 + index));
      network.target.set(Uint8Array.from({ length: batch * pixels }, (_, i) => (i * 7) % 5));
      for (const rows of [batch, lastBatch]) {
        setParameters(network, tensors);
        network.resetAccumulators(0.1);
        const first = <Values extends Float32Array | Uint8Array>(values: Values) =>
          values.subarray(0, rows * pixels);
        const expected = new BoundedTraining(layers, 0.1, 0.1).step(
          first(network.input),
          first(network.target),
          rows,
        );
        const loss = network.step(rows);
        const what = `${name}, ${rows} rows`;
        comparison.add(`${what}, loss`, [loss], [expected.loss.value], [expected.loss.error]);
        outputsOf(network, steps.find((step) => step.rows === rows)!).forEach(({ values }, l) => {
          const { value, error } = expected.outputs[l]!;
          comparison.add(`${what}, output of layer ${l + 1}`, values, value, error);
        });
        for (const [tensor, { value, error }] of namesOf(expected.gradients)) {
          comparison.add(`${what}, ${tensor}`, network.get(tensor, "gradient"), value, error);
        }
      }
      await network.dispose();
    }
    comparison.finish();
  });
});

describeBuilds("networks of convolutions against the twin", (build) => {
  it.each(convNetworks)("output, loss and gradients: $name", (one: NetworkCase) => compare(one, false));

  it("output, loss and gradients with a target of float32, as noisy pictures are", () =>
    compare(convNetworks[0]!, true));

  async function compare({ spec, batch, lastBatch, loss = "mse" }: NetworkCase, floatTarget: boolean) {
    const values = randomParameters(spec);
    const bytes = randomBatch(spec, batch);
    const floats = Array.from(bytes.clean, (value) => Math.fround(1.3 * value - 40.7));
    const pictures = floatTarget ? { ...bytes, clean: floats } : bytes;
    const training = { lastBatch, loss, floatTarget };
    const network = await networkWith(build, spec, values, { batch, training });
    const comparison = new Comparison();
    for (const rows of [batch, lastBatch]) {
      setParameters(network, values);
      setBatch(network, pictures);
      const expected = convStep(spec, values, firstOf(pictures, rows), loss);
      comparison.add(`loss of ${rows}`, [network.step(rows)], [expected.loss.value], [expected.loss.error]);
      for (const [name, { value, error }] of expected.gradients) {
        const gradient = network.get(name, "gradient");
        comparison.add(`${name} of ${rows}`, gradient, value, error);
        // By itself too, so that what is missing in a small tensor does not pass under the bounds of large ones.
        const alone = new Comparison();
        alone.add(`${name} of ${rows}`, gradient, value, error);
        alone.finish(0.25);
      }
    }
    setParameters(network, values);
    network.forward();
    const { value, error } = convStep(spec, values, pictures, loss).output;
    comparison.add("output", network.output, pixelsOf(spec, value), pixelsOf(spec, error));
    // Bounds for the worst case grow with each layer, to some thousandths behind 33 channels.
    comparison.finish(5e-3);
    await network.dispose();
  }
});

/** Planes as pictures; bounds must not be rounded to float32 and so become smaller. */
function pixelsOf({ input }: Spec, planes: Float64Array): Float64Array {
  return interleaved(input, input.channels, planes);
}

describeBuilds("the gradient of the input", (build) => {
  it.each(convNetworks)("is that of the twin: $name", async ({ spec }) => {
    const parameters = randomParameters(spec);
    const network = await networkWith(build, spec, parameters, { batch: 1, inputGradient: true });
    const batch = randomBatch(spec, 1);
    setBatch(network, batch);
    const direction = normal(batch.noisy.length, 5200);
    network.outputGradient.set(interleaved(batch, spec.input.channels, Float64Array.from(direction)));
    const comparison = new Comparison();
    // A second time, since the passes share memory.
    for (const pass of [1, 2]) {
      network.forward();
      network.backward();
      const { value, error } = convInputGradient(spec, parameters, batch, direction);
      const planes = (values: Float64Array) => interleaved(batch, spec.input.channels, values);
      comparison.add(`pass ${pass}`, network.inputGradient, planes(value), planes(error));
    }
    // Bounds for the worst case grow with the inputs of every layer that the gradient has come through.
    comparison.finish(2e-3);
    await network.dispose();
  });

  it("is left out unless it was planned", async () => {
    const { spec } = convNetworks[0]!;
    const network = await networkWith(build, spec, randomParameters(spec), { batch: 1 });
    expect(() => network.backward()).toThrow("No backward pass to the input was planned.");
    await network.dispose();
  });
});
