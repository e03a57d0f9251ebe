import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { SpecError } from "../../src/errors.ts";
import { toArena } from "../../src/network/layout.ts";
import type { Network } from "../../src/network/network.ts";
import { chooseVariant, hasRelaxedSimd } from "../../src/wasm/detect.ts";
import { ARENA_START } from "../../src/wasm/load.ts";
import { canShareMemory } from "../../src/wasm/threads.ts";
import { type Build, describeBuilds } from "../support/builds.ts";
import { concatenate, sameBytes } from "../support/bytes.ts";
import { denseCase, denseNetworks, type NetworkCase } from "../support/cases.ts";
import { networkWith, normal, outputsOf, randomLayers, specOf, tensorsOf } from "../support/networks.ts";

const specs = denseNetworks.map((network) => denseCase(network, "sigmoid", "relu", "linear"));

const create = (build: Build, { spec, batch, lastBatch }: NetworkCase, gradients = false) =>
  networkWith(build, spec, tensorsOf(randomLayers(spec)), { batch, training: { lastBatch, gradients } });

function fill(network: Network): void {
  network.input.set(normal(network.input.length, 1, 30));
  network.target.set(normal(network.target.length, 2, 30).map(Math.abs));
}

/** How many values of a tensor's buffer that hold no parameter are not `padding`. */
function dirtyPadding(
  network: Network,
  { name, shape }: { name: string; shape: readonly number[] },
  kind: "value" | "accumulator" | "gradient",
  padding: number,
): number {
  const place = network.plan.tensors.find((tensor) => tensor.name === name)!;
  const buffer = new Float32Array(network.core.memory.buffer, place[kind]!, place.length).slice();
  const parameters = shape.reduce((a, b) => a * b, 1);
  toArena(buffer, new Float32Array(parameters).fill(padding), shape);
  return buffer.filter((value) => value !== Math.fround(padding)).length;
}

describeBuilds("network", (build) => {
  describe.each(specs)("$name", (one) => {
    const { batch, lastBatch } = one;
    let network: Network;
    beforeAll(async () => {
      network = await create(build, one, true);
      fill(network);
    });
    afterAll(() => network?.dispose());

    it("keeps padding zero over steps of both sizes", () => {
      for (const rows of [batch, lastBatch, batch, lastBatch]) {
        const loss = network.step(rows);
        expect(loss).toBeGreaterThan(0);
        const program = network.plan.steps.find((step) => step.rows === rows)!;
        for (const { padded, units } of outputsOf(network, program)) {
          const columns = padded.length / (Math.ceil(units / 8) * 8);
          const beyond = padded.filter((_, index) => {
            const panel = Math.floor(index / (8 * columns));
            return 8 * panel + (index & 7) >= units;
          });
          expect([...beyond].every((value) => value === 0)).toBe(true);
        }
        for (const tensor of network.plan.tensors) {
          expect([tensor.name, dirtyPadding(network, tensor, "value", 0)]).toEqual([tensor.name, 0]);
          expect([tensor.name, dirtyPadding(network, tensor, "gradient", 0)]).toEqual([tensor.name, 0]);
          expect([tensor.name, dirtyPadding(network, tensor, "accumulator", 0.1)]).toEqual([tensor.name, 0]);
        }
      }
    });

    it("writes neither its input, target, programs and settings nor outside the arena", () => {
      const { plan, core } = network;
      const regions = [
        [0, ARENA_START],
        [plan.input, 4 * batch * plan.pixels],
        [plan.target!, batch * plan.pixels],
        [plan.settings, 4],
        ...[plan.forward, ...plan.steps].map(({ address, words }) => [address, words.byteLength]),
        [plan.end, core.memory.buffer.byteLength - plan.end],
      ] as const;
      // Beyond the arena nothing is ever read or written: mark it.
      new Uint8Array(core.memory.buffer, plan.end).fill(0xa5);
      const copy = () =>
        regions.map(([address, bytes]) => new Uint8Array(core.memory.buffer, address, bytes).slice());
      const before = copy();
      network.step(batch);
      network.step(lastBatch);
      network.forward();
      copy().forEach((bytes, index) => {
        expect([regions[index], sameBytes(bytes, before[index]!)]).toEqual([regions[index], true]);
      });
    });

    it("trains to the same bytes with the update fused into the weight gradient", async () => {
      const results: Uint8Array[] = [];
      for (const gradients of [true, false]) {
        const twin = await create(build, one, gradients);
        fill(twin);
        for (const rows of [batch, lastBatch, batch]) twin.step(rows);
        results.push(bytesOf(twin));
        await twin.dispose();
      }
      expect(sameBytes(results[0]!, results[1]!)).toBe(true);
    });
  });

  it.each([
    ...specs.map(({ name, spec }) => [name, spec] as const),
    // Where the only layer's input and output are the network's own.
    ["13-13", specOf(13, [[13, "sigmoid"]])] as const,
  ])("gives a picture alone the bytes that it gets in a batch: %s", async (_, spec) => {
    const layers = tensorsOf(randomLayers(spec));
    const alone = await networkWith(build, spec, layers, { batch: 1 });
    const batch = await networkWith(build, spec, layers, { batch: 7 });
    batch.input.set(normal(batch.input.length, 4, 30));
    batch.forward();
    const size = alone.plan.pixels;
    expect(new Set(batch.output).size).toBeGreaterThan(size / 2);
    const beyond = new Uint8Array(alone.core.memory.buffer, alone.plan.end).fill(0xa5);
    for (let picture = 0; picture < 7; picture++) {
      alone.input.set(batch.input.subarray(picture * size, (picture + 1) * size));
      alone.forward();
      expect(alone.output).toEqual(batch.output.slice(picture * size, (picture + 1) * size));
      expect(alone.input).toEqual(batch.input.slice(picture * size, (picture + 1) * size));
    }
    expect(beyond.every((value) => value === 0xa5)).toBe(true);
    await Promise.all([alone.dispose(), batch.dispose()]);
  });

  it("does not let pictures of a batch see each other", async () => {
    const spec = specOf(13, [
      [7, "sigmoid"],
      [13, "linear"],
    ]);
    const network = await networkWith(build, spec, tensorsOf(randomLayers(spec)), { batch: 5 });
    network.input.set(normal(5 * 13, 3));
    network.forward();
    const before = network.output.slice();
    network.input.fill(Number.NaN, 2 * 13, 3 * 13);
    network.forward();
    network.output.forEach((value, index) => {
      if (Math.floor(index / 13) === 2) expect(value).toBeNaN();
      else expect(value).toBe(before[index]);
    });
    await network.dispose();
  });
});

/** Every parameter and accumulator, as bytes. */
function bytesOf(network: Network): Uint8Array {
  return concatenate(
    network.plan.tensors.flatMap(({ name }) =>
      (["value", "accumulator"] as const).map((kind) => new Uint8Array(network.get(name, kind).buffer)),
    ),
  );
}

describe("reproducibility", () => {
  const trained = new Map<string, Uint8Array>();
  const threaded = (variant: string) =>
    canShareMemory() ? [`${variant}-threads 2`, `${variant}-threads 3`] : [];
  const one = specs[3]!;
  const { batch, lastBatch } = one;

  describeBuilds("weights after 20 steps", (build) => {
    it("are made", async () => {
      const network = await create(build, one);
      fill(network);
      for (let step = 0; step < 20; step++) network.step(step % 3 === 2 ? lastBatch : batch);
      trained.set(`${build.name} ${build.threads}`, bytesOf(network));
      expect(network.core.threads).toBe(build.threads);
      await network.dispose();
    });
  });

  it("simd: the same bytes unoptimised and on any number of threads", () => {
    const names = [...trained.keys()].filter((name) => !name.startsWith("relaxed"));
    expect(names).toEqual(["simd 1", "debug 1", ...threaded("simd")]);
    for (const name of names)
      expect([name, sameBytes(trained.get(name)!, trained.get("simd 1")!)]).toEqual([name, true]);
  });

  it.skipIf(!hasRelaxedSimd())(
    "relaxed (needs relaxed SIMD): the same bytes on any number of threads",
    () => {
      const names = [...trained.keys()].filter((name) => name.startsWith("relaxed"));
      expect(names).toEqual(["relaxed 1", ...threaded("relaxed")]);
      for (const name of names) {
        expect([name, sameBytes(trained.get(name)!, trained.get("relaxed 1")!)]).toEqual([name, true]);
      }
    },
  );
});

it("means relaxed SIMD by fast where there is any", () => {
  expect(chooseVariant("reproducible")).toBe("simd");
  expect(chooseVariant("fast")).toBe(hasRelaxedSimd() ? "relaxed" : "simd");
});

describeBuilds("tensors", (build) => {
  const spec = specOf(3, [
    [9, "sigmoid"],
    [3, "linear"],
  ]);
  it("come back as they were set", async () => {
    const network = await networkWith(build, spec, tensorsOf(randomLayers(spec)), { batch: 2 });
    const layers = randomLayers(spec);
    expect(network.get("layer1.weight")).toEqual(layers[0]!.weight);
    expect(network.get("layer2.bias")).toEqual(layers[1]!.bias);
    expect([...network.parameters().keys()]).toEqual([
      "layer1.weight",
      "layer1.bias",
      "layer2.weight",
      "layer2.bias",
    ]);
  });

  it("of a wrong name, length or kind, and steps that were not planned, are refused", async () => {
    const network = await networkWith(build, spec, tensorsOf(randomLayers(spec)), { batch: 2 });
    expect(() => network.get("layer3.weight")).toThrow(SpecError);
    expect(() => network.get("layer1.weight", "gradient")).toThrow(/gradient "layer1.weight"/);
    expect(() => network.set("layer1.bias", new Float32Array(8))).toThrow(/8 values.*\[9\]/);
    expect(() => network.step(2)).toThrow(/2 pictures/);
  });
});
