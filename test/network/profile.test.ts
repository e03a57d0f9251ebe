/** Where a step's time goes: each of its operations, with its layer and its work, while the network is trained. */
import { expect, it } from "vitest";
import { StepProfile } from "../../src/network/profile.ts";
import { isConvolution, layerShapes, multiplicationsOf, trainingFlop } from "../../src/network/spec.ts";
import { describeBuilds } from "../support/builds.ts";
import { denseCase, denseNetworks, type NetworkCase } from "../support/cases.ts";
import { convNetworks } from "../support/conv-cases.ts";
import { randomBatch, randomParameters, setBatch } from "../support/conv-networks.ts";
import { networkWith, normal, randomLayers, tensorsOf } from "../support/networks.ts";

const dense = denseCase(denseNetworks[3]!, "sigmoid", "relu", "linear");
const cases = [dense, ...convNetworks];

describeBuilds("the profile of a step", (build) => {
  const create = async ({ spec, batch, lastBatch, loss }: NetworkCase) => {
    const isDense = spec === dense.spec;
    const parameters = isDense ? tensorsOf(randomLayers(spec)) : randomParameters(spec);
    const training = { lastBatch, averaging: true, ...(loss && { loss }) };
    const network = await networkWith(build, spec, parameters, { batch, training });
    if (isDense) {
      network.input.set(normal(network.input.length, 1, 30));
      network.target.set(normal(network.target.length, 2, 30).map(Math.abs));
    } else setBatch(network, randomBatch(spec, batch));
    return network;
  };

  it.each(cases)("trains as steps do: $name", async (one) => {
    const [profiled, stepped] = await Promise.all([create(one), create(one)]);
    for (const rows of [one.batch, one.lastBatch]) {
      const profile = new StepProfile(profiled, rows);
      for (let step = 0; step < 3; step++) {
        profile.sample();
        stepped.step(rows);
      }
    }
    expect(profiled.parameters()).toEqual(stepped.parameters());
    expect(profiled.parameters("average")).toEqual(stepped.parameters("average"));
    expect(() => new StepProfile(profiled, one.batch + 1)).toThrow(/No step/);
    await Promise.all([profiled.dispose(), stepped.dispose()]);
  });

  it.each(cases)("tells of each operation, its layer and its work: $name", async (one) => {
    const { spec, batch } = one;
    const network = await create(one);
    const profile = new StepProfile(network);
    for (let step = 0; step < 3; step++) profile.sample();
    const result = profile.result();
    expect(result.map(({ operation }) => operation)).toEqual(
      network.plan.steps[0]!.operations.flatMap(({ name, body }) => body?.map((inner) => inner.name) ?? name),
    );
    for (const { milliseconds, share } of result) {
      expect(milliseconds).toBeGreaterThanOrEqual(0);
      expect(share).toBeGreaterThanOrEqual(0);
    }
    const shares = result.reduce((sum, { share }) => sum + share, 0);
    expect(Math.abs(shares - 1)).toBeLessThanOrEqual(result.length * 2 ** -52);
    // Forward, and backward for weights and, but for the first layer with weights, for what goes in.
    const layers = layerShapes(spec);
    const first = layers.findIndex((layer) => layer.type === "dense" || isConvolution(layer));
    for (const [index, layer] of layers.entries()) {
      const own = result.filter((operation) => operation.layer?.name === layer.name);
      const products = own.filter(({ flop }) => flop > 0).map(({ flop }) => flop);
      const flop = 2 * batch * multiplicationsOf(layer, spec);
      expect([layer.name, own.length > 0, products]).toEqual([
        layer.name,
        true,
        Array(flop === 0 ? 0 : index === first ? 2 : 3).fill(flop),
      ]);
      expect(own[0]!.layer).toEqual(layer);
    }
    const flop = result.reduce((sum, operation) => sum + operation.flop, 0);
    expect(flop).toBe(trainingFlop(spec, batch) - 2 * batch * multiplicationsOf(layers[first]!, spec));
    profile.clear();
    profile.sample();
    expect(profile.result()).toHaveLength(result.length);
    await network.dispose();
  });
});
