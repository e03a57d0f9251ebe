import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { SpecError } from "../../src/errors.ts";
import { readSafetensors } from "../../src/model/safetensors.ts";
import { toArena } from "../../src/network/layout.ts";
import { plan } from "../../src/network/plan.ts";
import { isConvolution, layerShapes, parameters, type Spec, windowOf } from "../../src/network/spec.ts";
import { hasRelaxedSimd } from "../../src/wasm/detect.ts";
import { ARENA_START } from "../../src/wasm/load.ts";
import { describeBuilds } from "../support/builds.ts";
import { Comparison } from "../support/comparison.ts";
import { convStep } from "../support/conv-bounds.ts";
import { convNetworks } from "../support/conv-cases.ts";
import { convSpec, randomBatch, randomParameters, setBatch } from "../support/conv-networks.ts";
import { networkWith, takeFloatTargets } from "../support/networks.ts";

describeBuilds("networks of convolutions", (build) => {
  it.each(convNetworks)(
    "writes nothing but what it should: $name",
    async ({ spec, batch, lastBatch, loss }) => {
      const training = { lastBatch, averaging: true, ...(loss && { loss }) };
      const network = await networkWith(build, spec, randomParameters(spec), { batch, training });
      setBatch(network, randomBatch(spec, batch));
      const { plan, core } = network;
      const { buffer } = core.memory;
      const regions = [
        [0, ARENA_START],
        [plan.input, 4 * batch * plan.pixels],
        [plan.target!, batch * plan.pixels],
        [plan.settings, 24],
        [plan.sigma, 4 * batch],
        [plan.weights!, 4 * batch],
        ...[plan.forward, ...plan.steps].map(({ address, words }) => [address, words.byteLength]),
        [plan.end, buffer.byteLength - plan.end],
      ] as const;
      // Beyond the arena nothing is ever read or written: mark it.
      new Uint8Array(buffer, plan.end).fill(0xff);
      const copy = () => regions.map(([address, bytes]) => new Uint8Array(buffer, address, bytes).slice());
      const before = copy();
      for (const rows of [batch, lastBatch, batch]) expect(network.step(rows)).toBeGreaterThan(0);
      network.forward();
      expect(network.output.every(Number.isFinite)).toBe(true);
      copy().forEach((bytes, index) => {
        expect([regions[index], Buffer.compare(bytes, before[index]!)]).toEqual([regions[index], 0]);
      });
      const paddings = { value: 0, gradient: 0, accumulator: 0.1, average: 0 };
      for (const { name, shape, length, ...places } of plan.tensors) {
        for (const [kind, padding] of Object.entries(paddings) as [keyof typeof paddings, number][]) {
          const values = new Float32Array(buffer, places[kind], length).slice();
          toArena(values, new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(padding), shape);
          const dirty = values.filter((value) => value !== Math.fround(padding)).length;
          expect([name, kind, dirty]).toEqual([name, kind, 0]);
        }
      }
      await network.dispose();
    },
  );

  it.each(convNetworks)(
    "gives a picture alone the bytes that it gets in a batch: $name",
    async ({ spec, batch: images }) => {
      const values = randomParameters(spec);
      const batch = await networkWith(build, spec, values, { batch: images });
      const alone = await networkWith(build, spec, values, { batch: 1 });
      setBatch(batch, randomBatch(spec, images));
      batch.forward();
      const size = alone.plan.pixels;
      expect(new Set(batch.output).size).toBeGreaterThan(1);
      for (let n = 0; n < Math.min(images, 4); n++) {
        alone.input.set(batch.input.subarray(n * size, (n + 1) * size));
        alone.sigma[0] = batch.sigma[n]!;
        alone.forward();
        expect(alone.output).toEqual(batch.output.slice(n * size, (n + 1) * size));
      }
      await Promise.all([batch.dispose(), alone.dispose()]);
    },
  );

  it.each(convNetworks)(
    "puts out without training, where layers share buffers, what it does in training: $name",
    async ({ spec, batch: images }) => {
      const outputs: Float32Array[] = [];
      for (const training of [undefined, {}]) {
        const network = await networkWith(build, spec, randomParameters(spec), {
          batch: images,
          ...(training && { training }),
        });
        setBatch(network, randomBatch(spec, images));
        network.forward();
        outputs.push(network.output.slice());
        await network.dispose();
      }
      expect(outputs[0]).toEqual(outputs[1]);
    },
  );

  it("takes pictures of another size than it is trained on", async () => {
    const spec = convSpec([4, 4, 1], [[6, 2], [1]], { residual: true, white: 1, noiseLevel: true });
    const values = randomParameters(spec);
    const size = { height: 37, width: 21 };
    const wide = { ...spec, input: { ...size, channels: 1 } };
    const batch = randomBatch(wide, 1);
    const network = await networkWith(build, spec, values, { batch: 1, size });
    setBatch(network, batch);
    network.forward();
    const { output } = convStep(wide, values, batch, "mse");
    const comparison = new Comparison();
    comparison.add("output", network.output, output.value, output.error);
    comparison.finish();
    await network.dispose();
  });
});

describeBuilds("training steps against PyTorch", (build) => {
  it.each(["conv-small-adam", "conv-small-adagrad", "u-net-small-adam"])("%s", async (name) => {
    const path = new URL(`../fixtures/${name}.safetensors`, import.meta.url);
    const { tensors, metadata } = readSafetensors(new Uint8Array(readFileSync(path)), name);
    const [batch, , height, width] = tensors.get("x1")!.shape as [number, number, number, number];
    const size = [height, width, 1] as const;
    const plain = metadata.channels && JSON.parse(metadata.channels).slice(1);
    // The files of plain chains of 3×3 convolutions give the channels only, and call them conv1, conv2, …
    const spec: Spec = plain
      ? convSpec(
          size,
          plain.map((channels: number) => [channels]),
          { residual: true },
        )
      : {
          ...convSpec(size, [], { residual: true, padding: "reflect" }),
          layers: JSON.parse(metadata.layers!),
        };
    const tensor = (name: string) =>
      tensors.get(plain ? name.replace("layer", "conv") : name)!.data as Float32Array;
    const optimizer = name.endsWith("adam") ? "adam" : "adagrad";
    const names = parameters(spec).map(({ name }) => name);
    const initial = new Map(names.map((name) => [name, tensor(`init.${name}`)]));
    const network = await networkWith(build, spec, initial, { batch, training: { optimizer } });
    takeFloatTargets(network);
    const rate = Number(metadata.lr);
    const steps = Number(metadata.steps);
    // As many roundings as there are terms: of a layer's sums, forward and backward, and of the sums over all pixels.
    const sums = layerShapes(spec)
      .filter(isConvolution)
      .map((layer, index) => windowOf(layer) ** 2 * (layer.inputs + (index === 0 ? 0 : layer.outputs)));
    const terms = sums.reduce((a, b) => a + b, 0) + batch * height * width;
    const comparison = new Comparison();
    network.input.set(tensor("x1"));
    network.forward();
    comparison.addWhole("output", network.output, tensor("step1.output"), terms);
    for (let step = 1; step <= steps; step++) {
      network.input.set(tensor(`x${step}`));
      network.output.set(tensor(`y${step}`));
      const adam = [rate / (1 - 0.9 ** step), 1 / Math.sqrt(1 - 0.999 ** step), 0.9, 0.999, 1e-8];
      network.settings.set(optimizer === "adam" ? adam : [rate]);
      const loss = tensors.get("losses")!.data[step - 1] as number;
      comparison.addWhole(`loss ${step}`, [network.step()], [loss], terms);
      if (step > 1) continue;
      for (const name of names) {
        comparison.addWhole(name, network.get(name, "gradient"), tensor(`step1.grad.${name}`), terms);
      }
    }
    for (const name of names) {
      comparison.addWhole(`final ${name}`, network.get(name), tensor(`final.${name}`), terms);
    }
    comparison.finish();
    await network.dispose();
  });
});

describe("reproducibility", () => {
  const { spec, batch, lastBatch } = convNetworks[2]!;
  const trained = new Map<string, string>();

  describeBuilds("weights after 12 steps", (build) => {
    // The builds with threads are run on one more than usual.
    it.each(build.threads === 3 ? [3, 4] : [build.threads])("on %i threads", async (threads) => {
      const options = { batch, threads, training: { lastBatch } };
      const network = await networkWith(build, spec, randomParameters(spec), options);
      setBatch(network, randomBatch(spec, batch));
      for (let step = 0; step < 12; step++) network.step(step % 3 === 2 ? lastBatch : batch);
      expect(network.core.threads).toBe(threads);
      const tensors = [...network.parameters().values()];
      trained.set(
        `${build.name} ${threads}`,
        Buffer.concat(tensors.map(({ buffer }) => Buffer.from(buffer))).toString("base64"),
      );
      await network.dispose();
    });
  });

  const namesOf = (relaxed: boolean) =>
    [...trained.keys()].filter((name) => name.startsWith("relaxed") === relaxed);

  it("simd: the same bytes unoptimised and on any number of threads", () => {
    const names = namesOf(false);
    expect(names).toEqual(["simd 1", "debug 1", "simd-threads 2", "simd-threads 3", "simd-threads 4"]);
    expect(new Set(names.map((name) => trained.get(name))).size).toBe(1);
  });

  it.skipIf(!hasRelaxedSimd())(
    "relaxed (needs relaxed SIMD): the same bytes on any number of threads",
    () => {
      const names = namesOf(true);
      expect(names).toEqual(["relaxed 1", "relaxed-threads 2", "relaxed-threads 3", "relaxed-threads 4"]);
      expect(new Set(names.map((name) => trained.get(name))).size).toBe(1);
    },
  );
});

describe("a plan", () => {
  const spec = convSpec([8, 8, 1], ["pixel-unshuffle", [4], "pixel-shuffle"]);

  it("of a picture that cannot be halved is refused", () => {
    const odd = () => plan(spec, { batch: 1, size: { height: 8, width: 7 } });
    expect(odd).toThrow(SpecError);
    expect(odd).toThrow(/8×7.*multiples of 2/);
  });

  it("has images for as many pictures as threads, whatever the batch", () => {
    const wide = convSpec([32, 32, 1], [[64], [1]]);
    const size = (batch: number, threads: number) => plan(wide, { batch, threads, training: {} }).end;
    const layer = 4 * 64 * 32 * 32;
    expect(size(64, 1) - size(32, 1)).toBeLessThan(32 * layer);
    expect(size(64, 2) - size(64, 1)).toBeGreaterThan(2 * layer);
  });
});
