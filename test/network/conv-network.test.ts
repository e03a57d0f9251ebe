import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { Op } from "../../assembly/program/opcodes.ts";
import { SpecError } from "../../src/errors.ts";
import { readSafetensors } from "../../src/model/safetensors.ts";
import { toArena } from "../../src/network/layout.ts";
import type { Network } from "../../src/network/network.ts";
import { plan } from "../../src/network/plan.ts";
import { parameters, type Spec } from "../../src/network/spec.ts";
import { hasRelaxedSimd } from "../../src/wasm/detect.ts";
import { ARENA_START } from "../../src/wasm/load.ts";
import { describeBuilds } from "../support/builds.ts";
import { Comparison, roundoff } from "../support/comparison.ts";
import { type ConvBatch, convStep } from "../support/conv-bounds.ts";
import {
  convNetwork,
  convSpec,
  interleaved,
  randomBatch,
  randomParameters,
  setBatch,
} from "../support/conv-networks.ts";
import { operationsOf } from "../support/networks.ts";

interface Case {
  readonly name: string;
  readonly spec: Spec;
  readonly images: number;
  readonly lastBatch: number;
  readonly loss?: "mse" | "l1";
}

const residual = { residual: true, white: 1 } as const;

/** Odd sizes, channels off every tile, and everything that a spec can ask for. */
const cases: Case[] = [
  { name: "one pixel", spec: convSpec([1, 1, 1], [[5], [1]]), images: 3, lastBatch: 1 },
  {
    name: "dilation 1 to 4",
    spec: convSpec([9, 14, 1], [[5, 2], [16, 3], [3, 4], [1]], residual),
    images: 4,
    lastBatch: 3,
  },
  {
    name: "3 channels, noise plane",
    spec: convSpec([3, 17, 3], [[16], [33], [3]], { ...residual, noiseLevel: true }),
    images: 3,
    lastBatch: 2,
  },
  {
    name: "mirrored border, absolute error",
    spec: convSpec(
      [6, 11, 1],
      [
        [7, 2],
        [4, 1],
        [1, 4],
      ],
      { ...residual, padding: "reflect" },
    ),
    images: 3,
    lastBatch: 1,
    loss: "l1",
  },
  {
    name: "pixels unshuffled and shuffled, noise plane",
    spec: convSpec(
      [8, 12, 1],
      ["pixel-unshuffle", [6], "pixel-unshuffle", [8, 2], "pixel-shuffle", [5], [4], "pixel-shuffle"],
      { ...residual, noiseLevel: true },
    ),
    images: 3,
    lastBatch: 2,
  },
  {
    name: "pixels shuffled, mirrored border, not residual",
    // Small, since bounds for the worst case grow with every layer's inputs.
    spec: convSpec([8, 6, 1], [[2], "pixel-unshuffle", [4], "pixel-shuffle", [1]], { padding: "reflect" }),
    images: 2,
    lastBatch: 1,
  },
  {
    name: "more pictures than chunks",
    spec: convSpec([4, 5, 1], [[3], [1]], { ...residual, noiseLevel: true }),
    images: 70,
    lastBatch: 33,
  },
];

/** The first pictures of a batch. */
function firstOf(batch: ConvBatch, images: number): ConvBatch {
  const count = (batch.noisy.length / batch.images) * images;
  const first = (values: ArrayLike<number>) => Array.from(values).slice(0, count);
  return { ...batch, images, noisy: first(batch.noisy), clean: first(batch.clean) };
}

describe("the twin's gradients against central differences", () => {
  it.each(cases.slice(0, 6))("$name", ({ spec, loss = "mse" }) => {
    const values = new Map(
      [...randomParameters(spec)].map(([name, tensor]) => [name, Float64Array.from(tensor)]),
    );
    const batch = randomBatch(spec, 2);
    const { gradients } = convStep(spec, values, batch, loss);
    // The gradient is of the loss in the network's own units.
    const scale = (spec.white ?? 255) / 255;
    const units = loss === "mse" ? scale * scale : scale;
    let compared = 0;
    let largest = 0;
    let worst = 0;
    const h = 1e-6;
    for (const [name, tensor] of values) {
      // Twenty values of each tensor.
      for (let index = 0; index < tensor.length; index += Math.ceil(tensor.length / 20)) {
        const value = tensor[index]!;
        const lossAt = (moved: number) => {
          tensor[index] = moved;
          const result = convStep(spec, values, batch, loss).loss.value;
          tensor[index] = value;
          return units * result;
        };
        const difference = (lossAt(value + h) - lossAt(value - h)) / (2 * h);
        worst = Math.max(worst, Math.abs(gradients.get(name)!.value[index]! - difference));
        largest = Math.max(largest, Math.abs(difference));
        compared++;
      }
    }
    expect(compared).toBeGreaterThan(10);
    // A ReLU or an absolute value whose bend lies within h of the value spoils a difference; none does here.
    expect(worst).toBeLessThan(1e-6 * largest);
  });
});

describeBuilds("networks of convolutions against the twin", (build) => {
  const { threads, wasm } = build;

  it.each(cases)("output, loss and gradients: $name", async ({ spec, images, lastBatch, loss = "mse" }) => {
    const values = randomParameters(spec);
    const batch = randomBatch(spec, images);
    const training = { lastBatch, loss };
    const network = await convNetwork(spec, values, { batch: images, threads, wasm, training });
    const reset = () => {
      for (const [name, tensor] of values) network.set(name, tensor);
    };
    const comparison = new Comparison();
    for (const rows of [images, lastBatch]) {
      reset();
      setBatch(network, batch);
      const expected = convStep(spec, values, firstOf(batch, rows), loss);
      comparison.add(`loss of ${rows}`, [network.step(rows)], [expected.loss.value], [expected.loss.error]);
      for (const [name, { value, error }] of expected.gradients) {
        comparison.add(`${name} of ${rows}`, network.get(name, "gradient"), value, error);
      }
    }
    reset();
    network.forward();
    const { output } = convStep(spec, values, batch, loss);
    const planes = (values: Float64Array) => interleaved(batch, spec.input.channels, values);
    comparison.add("output", network.output, planes(output.value), planes(output.error));
    // Bounds for the worst case grow with each layer, to some thousandths behind 33 channels.
    comparison.finish(5e-3);
    await network.dispose();
  });

  it.each(cases)("writes nothing but what it should: $name", async ({ spec, images, lastBatch, loss }) => {
    const network = await convNetwork(spec, randomParameters(spec), {
      ...{ batch: images, threads, wasm, training: { lastBatch, averaging: true, ...(loss && { loss }) } },
    });
    setBatch(network, randomBatch(spec, images));
    const { plan, core } = network;
    const { buffer } = core.memory;
    const regions = [
      [0, ARENA_START],
      [plan.input, 4 * images * plan.pixels],
      [plan.target!, images * plan.pixels],
      [plan.settings, 24],
      [plan.sigma, 4 * images],
      [plan.weights!, 4 * images],
      ...[plan.forward, ...plan.steps].map(({ address, words }) => [address, words.byteLength]),
      [plan.end, buffer.byteLength - plan.end],
    ] as const;
    // Beyond the arena nothing is ever read or written: mark it.
    new Uint8Array(buffer, plan.end).fill(0xff);
    const copy = () => regions.map(([address, bytes]) => new Uint8Array(buffer, address, bytes).slice());
    const before = copy();
    for (const rows of [images, lastBatch, images]) expect(network.step(rows)).toBeGreaterThan(0);
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
  });

  it.each(cases)(
    "gives a picture alone the bytes that it gets in a batch: $name",
    async ({ spec, images }) => {
      const values = randomParameters(spec);
      const batch = await convNetwork(spec, values, { threads, wasm, batch: images });
      const alone = await convNetwork(spec, values, { threads, wasm, batch: 1 });
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

  it("takes pictures of another size than it is trained on", async () => {
    const spec = convSpec([4, 4, 1], [[6, 2], [1]], { ...residual, noiseLevel: true });
    const values = randomParameters(spec);
    const size = { height: 37, width: 21 };
    const wide = { ...spec, input: { ...size, channels: 1 } };
    const batch = randomBatch(wide, 1);
    const network = await convNetwork(spec, values, { batch: 1, size, threads, wasm });
    setBatch(network, batch);
    network.forward();
    const { output } = convStep(wide, values, batch, "mse");
    const comparison = new Comparison();
    comparison.add("output", network.output, output.value, output.error);
    comparison.finish();
    await network.dispose();
  });
});

describeBuilds("training steps against PyTorch", ({ threads, wasm }) => {
  it.each(["adam", "adagrad"] as const)("conv-small-%s", async (optimizer) => {
    const path = new URL(`../fixtures/conv-small-${optimizer}.safetensors`, import.meta.url);
    const { tensors, metadata } = readSafetensors(new Uint8Array(readFileSync(path)), optimizer);
    const tensor = (name: string) => tensors.get(name.replace("layer", "conv"))!.data as Float32Array;
    const channels: number[] = JSON.parse(metadata.channels!);
    const [images, , height, width] = tensors.get("x1")!.shape as [number, number, number, number];
    const layers = channels.slice(1).map((count) => [count] as const);
    const spec = convSpec([height, width, 1], layers, { residual: true });
    const names = parameters(spec).map(({ name }) => name);
    const initial = new Map(names.map((name) => [name, tensor(`init.${name}`)]));
    const network = await convNetwork(spec, initial, {
      ...{ batch: images, threads, wasm, training: { optimizer } },
    });
    takeFloatTargets(network);
    const rate = Number(metadata.lr);
    const steps = Number(metadata.steps);
    // As many roundings as there are terms: of a layer's sums, forward and backward, and of the sums over all pixels.
    const terms = 2 * 9 * channels.slice(1, -1).reduce((a, b) => a + b, 0) + images * height * width;
    const close = (actual: ArrayLike<number>, wanted: ArrayLike<number>, what: string) => {
      const size = Math.hypot(...Array.from(wanted));
      expect(size, what).toBeGreaterThan(0);
      const difference = Math.hypot(...Array.from(wanted, (value, i) => value - actual[i]!));
      expect(difference / size, what).toBeLessThan(terms * roundoff);
    };
    for (let step = 1; step <= steps; step++) {
      network.input.set(tensor(`x${step}`));
      network.output.set(tensor(`y${step}`));
      const adam = [rate / (1 - 0.9 ** step), 1 / Math.sqrt(1 - 0.999 ** step), 0.9, 0.999, 1e-8];
      network.settings.set(optimizer === "adam" ? adam : [rate]);
      close([network.step()], [tensors.get("losses")!.data[step - 1] as number], `loss ${step}`);
      if (step > 1) continue;
      for (const name of names) close(network.get(name, "gradient"), tensor(`step1.grad.${name}`), name);
    }
    for (const name of names) close(network.get(name), tensor(`final.${name}`), `final ${name}`);
    await network.dispose();
  });
});

/** Makes a step take its targets, which are bytes, as floats from the network's output. */
function takeFloatTargets(network: Network): void {
  const operation = operationsOf(network, network.plan.steps[0]!).find(([op]) => op === Op.imageFromBytes)!;
  operation[0] = Op.imageFromFloats;
  operation[2] = network.plan.output;
}

describe("reproducibility", () => {
  const { spec, images, lastBatch } = cases[2]!;
  const trained = new Map<string, string>();

  describeBuilds("weights after 12 steps", ({ name, wasm, ...build }) => {
    // The builds with threads are run on one more than usual.
    it.each(build.threads === 3 ? [3, 4] : [build.threads])("on %i threads", async (threads) => {
      const network = await convNetwork(spec, randomParameters(spec), {
        ...{ batch: images, threads, wasm, training: { lastBatch } },
      });
      setBatch(network, randomBatch(spec, images));
      for (let step = 0; step < 12; step++) network.step(step % 3 === 2 ? lastBatch : images);
      expect(network.core.threads).toBe(threads);
      const tensors = [...network.parameters().values()];
      trained.set(
        `${name} ${threads}`,
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
