/** Muon (assembly/conv/muon.ts): the kernel against its twin, and a step of a network. */
import { expect, it } from "vitest";
import { Setting } from "../../assembly/constants.ts";
import { weightBytes } from "../../assembly/conv/sizes.ts";
import { operation } from "../../src/network/program.ts";
import { parameters } from "../../src/network/spec.ts";
import { describeBuilds, describeKernels } from "../support/builds.ts";
import { Comparison, forEachCase } from "../support/comparison.ts";
import { fromPanels, toPanels } from "../support/conv-layer.ts";
import { convSpec, randomBatch, randomParameters, setBatch } from "../support/conv-networks.ts";
import { Kernels } from "../support/kernels.ts";
import { muon } from "../support/naive.ts";
import { networkWith, normal } from "../support/networks.ts";

const windows = [
  { outs: 1, ins: 1, side: 1 },
  { outs: 3, ins: 5, side: 3 },
  { outs: 4, ins: 2, side: 3 },
  { outs: 9, ins: 4, side: 3 },
  { outs: 13, ins: 6, side: 1 },
  { outs: 8, ins: 16, side: 1 },
] as const;

/**
 * How many roundings the result may be off by, for a matrix of so many rows and columns. In each of five rounds, a value is a
 * sum of `columns` and two of `rows` terms, and a later round magnifies an error at most by 3.4445.
 */
function roundings(rows: number, columns: number): number {
  const magnified = [0, 1, 2, 3, 4].reduce((sum, round) => sum + 3.4445 ** round, 0);
  return (columns + 2 * rows) * magnified;
}

describeKernels("Muon", (build) => {
  it("makes all singular values about 1, as its twin does", async () => {
    const kernels = await Kernels.create(build);
    const comparison = new Comparison();
    forEachCase(windows, (window) => {
      kernels.clear();
      const { outs, ins, side } = window;
      const columns = ins * side * side;
      const [w, m, g] = [1, 2, 3].map((stream) => normal(outs * columns, stream)) as [
        Float32Array,
        Float32Array,
        Float32Array,
      ];
      const place = (values: Float32Array) => kernels.floats(toPanels(values, window));
      const [parameters, means, gradients] = [place(w), place(m), place(g)];
      const settings = new Float32Array(Setting.muonRate + 1);
      settings[Setting.beta1] = 0.9;
      settings[Setting.muonRate] = 2;
      const bytes = weightBytes(outs, ins, side * side);
      const values = { outs, ins, taps: side * side, scale: 0.25 };
      kernels.run(
        operation("muon", { parameters, means, gradients, settings: kernels.floats(settings), ...values }),
        [parameters, means].map((address) => ({ address, bytes })),
      );
      const expected = muon(w, m, g, outs, { beta: Math.fround(0.9), step: 0.5 });
      const what = `${outs} × ${ins}, ${side}×${side}`;
      const read = (address: number) => fromPanels(kernels.float32(address, bytes / 4), window);
      comparison.addWhole(`w, ${what}`, read(parameters), expected.value, roundings(outs, columns));
      comparison.addWhole(`m, ${what}`, read(means), expected.mean, 4);
    });
    comparison.finish();
  });

  it("leaves a weight alone that has no gradient yet", async () => {
    const kernels = await Kernels.create(build);
    const window = { outs: 5, ins: 3, side: 3 } as const;
    const w = toPanels(normal(135, 4), window);
    const [parameters, means, gradients] = [w, w.map(() => 0), w.map(() => 0)].map((values) =>
      kernels.floats(values),
    ) as [number, number, number];
    const settings = kernels.floats(new Float32Array(Setting.muonRate + 1).fill(0.5));
    const values = { outs: 5, ins: 3, taps: 9, scale: 1 };
    const bytes = 4 * w.length;
    kernels.run(
      operation("muon", { parameters, means, gradients, settings, ...values }),
      [parameters, means].map((address) => ({ address, bytes })),
    );
    expect(kernels.float32(parameters, w.length)).toEqual(w);
  });
});

describeBuilds("a step by Muon", (build) => {
  it("moves the weights between the first layer and the last along their gradients, the others by Adam", async () => {
    const spec = convSpec([8, 8, 1], [[6], [5], [1]], { residual: true });
    const initial = randomParameters(spec);
    const network = await networkWith(build, spec, initial, { batch: 3, training: { optimizer: "muon" } });
    const [rate, beta1, beta2, epsilon] = [0.5, Math.fround(0.9), Math.fround(0.99), Math.fround(1e-8)];
    network.settings[Setting.muonRate] = rate;
    network.settings[Setting.rate] = rate / (1 - 0.9);
    network.settings[Setting.correction] = 1 / Math.sqrt(1 - 0.99);
    network.settings[Setting.beta1] = beta1;
    network.settings[Setting.beta2] = beta2;
    network.settings[Setting.epsilon] = epsilon;
    setBatch(network, randomBatch(spec, 3));
    network.step();
    const comparison = new Comparison();
    for (const { name, shape } of parameters(spec)) {
      const [w, g] = [initial.get(name)!, network.get(name, "gradient")];
      if (name === "layer2.weight") {
        const [outs, ins] = shape as [number, number];
        const options = { beta: beta1, step: rate * 0.2 * Math.sqrt(9 * ins) };
        const { value } = muon(w, new Float32Array(w.length), g, outs, options);
        comparison.addWhole(name, network.get(name), value, roundings(outs, 9 * ins));
        continue;
      }
      // Adam's first step is one of the rate's size, against the gradient's sign.
      const expected = w.map((value, i) => value - rate * Math.sign(g[i]!));
      comparison.addWhole(name, network.get(name), expected, 16);
    }
    comparison.finish();
    await network.dispose();
  });
});
