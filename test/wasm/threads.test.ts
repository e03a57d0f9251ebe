import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { Worker } from "node:worker_threads";
import { afterEach, describe, expect, test, vi } from "vitest";
import { Setting } from "../../assembly/constants.ts";
import { CAME, CAME_BYTES, OPCODE, PATIENCE, SPINS } from "../../assembly/program/layout.ts";
import { ThreadError } from "../../src/errors.ts";
import { initialize } from "../../src/network/initialize.ts";
import { Network } from "../../src/network/network.ts";
import type { Spec } from "../../src/network/spec.ts";
import { Purpose, Random } from "../../src/noise/rng.ts";
import { autoencoderLayers, recipes } from "../../src/training/recipes.ts";
import type { TrainOptions } from "../../src/training/train-options.ts";
import { train } from "../../src/training/trainer.ts";
import { hasRelaxedSimd, type Mode } from "../../src/wasm/detect.ts";
import { running, watchWorkers, workers } from "../support/watched-workers.ts";

afterEach(() => {
  vi.restoreAllMocks();
});

function denseSpec(sizes: number[]): Spec {
  return {
    input: { height: 1, width: sizes[0]!, channels: 1 },
    layers: autoencoderLayers([...sizes.slice(1), sizes[0]!]),
    initialization: { weights: 0.5, biases: 0.5 },
  };
}

async function networkOf(spec: Spec, batch: number, threads: number, mode: Mode): Promise<Network> {
  const network = await Network.create(spec, { batch, threads, mode, training: {} });
  initialize(network, 1);
  network.resetAccumulators(0.1);
  network.settings[Setting.rate] = 0.1;
  return network;
}

/** Sets a word of the block where threads meet (assembly/program/layout.ts). */
function setWord({ core, plan }: Network, offset: number, value: number): void {
  new Int32Array(core.memory.buffer)[(plan.sync + offset) >> 2] = value;
}

/** Runs steps on data that changes from step to step. @returns the losses */
function steps(network: Network, count: number): number[] {
  const random = new Random(7, Purpose.order);
  return Array.from({ length: count }, () => {
    for (let i = 0; i < network.input.length; i++) {
      network.target[i] = random.bits() & 255;
      network.input[i] = network.target[i]! + (random.bits() & 15);
    }
    return network.step();
  });
}

const modes: Mode[] = hasRelaxedSimd() ? ["reproducible", "fast"] : ["reproducible"];

describe.each(modes)("threads, %s mode", (mode) => {
  test("the recipe's network gives the same bytes on 1 to 4 threads", async () => {
    const spec = recipes["fashion-autoencoder"].spec as Spec;
    const results = [];
    for (const threads of [1, 2, 3, 4]) {
      const network = await networkOf(spec, 100, threads, mode);
      expect(network.core.threads).toBe(threads);
      const losses = steps(network, 8);
      network.forward();
      results.push({ losses, output: network.output.slice(), parameters: network.parameters() });
      await network.dispose();
    }
    expect(new Set(results[0]!.losses).size).toBe(8);
    for (const result of results) expect(result).toEqual(results[0]);
  });

  test("200 runs of 50 steps with random threads, shapes and spins: no hang, no difference", async () => {
    const random = new Random(3, Purpose.order);
    const below = (n: number) => Math.floor(random.uniform() * n);
    for (let run = 0; run < 200; run++) {
      const sizes = Array.from({ length: 1 + below(4) }, () => 1 + below(40));
      const batch = 1 + below(30);
      const threads = 2 + below(3);
      const one = await networkOf(denseSpec(sizes), batch, 1, mode);
      const many = await networkOf(denseSpec(sizes), batch, threads, mode);
      // From sleeping at once to never sleeping on a free core.
      const spins = [0, 10, 1000, 50_000][below(4)]!;
      setWord(many, SPINS, spins);
      const what = `run ${run}: ${sizes} × ${batch} on ${threads} threads, ${spins} spins`;
      expect(steps(many, 50), what).toEqual(steps(one, 50));
      expect(many.parameters(), what).toEqual(one.parameters());
      await many.dispose();
    }
  }, 240_000);
});

describe("the pool", () => {
  const recipe = {
    ...recipes["fashion-autoencoder"],
    spec: { ...denseSpec([16, 8]), input: { height: 4, width: 4, channels: 1 } },
    batch: 10,
    epochs: 1000,
  };
  const data = {
    name: "made up",
    sha256: "0",
    train: {
      data: Uint8Array.from({ length: 16 * 2000 }, (_, i) => i % 251),
      labels: new Uint8Array(2000),
      count: 2000,
      height: 4,
      width: 4,
      channels: 1,
    },
  };
  const training = (options: TrainOptions) => train(recipe, data, { threads: 3, ...options });

  test("is gone after dispose()", async () => {
    watchWorkers();
    const network = await networkOf(denseSpec([8, 8]), 4, 3, "reproducible");
    expect(running()).toBe(2);
    await network.dispose();
    expect(running()).toBe(0);
  });

  test("is gone after a training that ends, is aborted, or is left", async () => {
    watchWorkers();
    for await (const _ of train({ ...recipe, epochs: 2 }, data, { threads: 3 }));
    expect([workers.length, running()]).toEqual([2, 0]);

    const stop = new AbortController();
    const aborted = training({ signal: stop.signal, onProgress: () => stop.abort() });
    await expect(aborted.model()).rejects.toThrow("aborted");
    expect([workers.length, running()]).toEqual([4, 0]);

    for await (const _ of training({})) break;
    expect([workers.length, running()]).toEqual([6, 0]);
  });

  test("is gone after the block of a training that began with `await using`", async () => {
    watchWorkers();
    {
      await using run = training({});
      await run.next();
      expect(running()).toBe(2);
    }
    expect(running()).toBe(0);
  });

  test("is gone some time after a training was dropped", async () => {
    setFlagsFromString("--expose-gc");
    const collect: () => void = runInNewContext("gc");
    watchWorkers();
    const dropped = await (async () => {
      const run = training({});
      await run.next();
      return new WeakRef(run);
    })();
    expect(running()).toBe(2);
    const end = performance.now() + 20_000;
    while (running() > 0 && performance.now() < end) {
      await new Promise((resolve) => setTimeout(resolve, 20));
      collect();
    }
    expect(running()).toBe(0);
    expect(dropped.deref()).toBeUndefined();
  }, 30_000);

  test.each([2, 3, 4])(
    "a worker that dies between steps ends the run with a ThreadError, %i threads",
    async (threads) => {
      watchWorkers();
      const network = await networkOf(denseSpec([8, 8]), 4, threads, "reproducible");
      network.step();
      await workers.at(-1)!.terminate();
      expect(() => network.step()).toThrow(ThreadError);
      await network.dispose();
      expect(running()).toBe(0);
    },
  );

  // A worker that holds items keeps its leader waiting; one that holds none is missed by its leader, which works on.
  test.each([2, 3, 4])(
    "a worker that dies unseen, while its leader works on, ends the run with a ThreadError, %i threads",
    async (threads) => {
      watchWorkers();
      const network = await networkOf(denseSpec([8, 8]), 4, threads, "reproducible");
      network.step();
      const patience = 300;
      setWord(network, PATIENCE, patience);
      const came = new Int32Array(network.core.memory.buffer, network.plan.sync + CAME);
      const word = (CAME_BYTES * (threads - 1)) >> 2;
      // Its end is not known to this thread as long as its loop goes on.
      void workers.at(-1)!.terminate();
      /** Milliseconds of steps since it came last. */
      let missed = 0;
      expect(() => {
        for (let last = came[word]; missed < 20_000; last = came[word]) {
          const start = performance.now();
          network.step();
          missed = came[word] === last ? missed + performance.now() - start : 0;
        }
      }).toThrow(ThreadError);
      expect(missed).toBeLessThan(2 * patience);
      expect(() => network.step()).toThrow(ThreadError);
      await network.dispose();
    },
  );

  test("a failing kernel reaches the caller, and the pool can still be disposed of", async () => {
    watchWorkers();
    const network = await networkOf(denseSpec([8, 8]), 4, 2, "reproducible");
    setWord(network, PATIENCE, 300);
    new Uint32Array(network.core.memory.buffer, network.plan.steps[0]!.address)[OPCODE] = 999;
    let error: unknown;
    try {
      network.step();
    } catch (thrown) {
      error = thrown;
    }
    // It fails on the thread that takes the items. If that is the other one, this thread waits for them in vain.
    expect([WebAssembly.RuntimeError, ThreadError]).toContain((error as Error | undefined)?.constructor);
    expect(() => network.step()).toThrow(ThreadError);
    await network.dispose();
    expect(running()).toBe(0);
  });

  test("workers that do not start leave a smaller pool", async () => {
    class Broken extends Worker {
      constructor(_code: string, options: object) {
        super('throw new Error("no more memory")', options);
      }
    }
    let started = 0;
    class FirstBroken extends Worker {
      constructor(code: string, options: object) {
        super(started++ === 0 ? 'throw new Error("no more memory")' : code, options);
      }
    }
    watchWorkers(FirstBroken as unknown as typeof Worker);
    const two = await networkOf(denseSpec([8, 8]), 4, 3, "reproducible");
    expect(two.core.threads).toBe(2);
    const expected = await networkOf(denseSpec([8, 8]), 4, 1, "reproducible");
    expect(steps(two, 5)).toEqual(steps(expected, 5));
    await two.dispose();
    vi.restoreAllMocks();
    watchWorkers(Broken as unknown as typeof Worker);
    const alone = await networkOf(denseSpec([8, 8]), 4, 2, "reproducible");
    expect(alone.core.threads).toBe(1);
    expect(Number.isFinite(alone.step())).toBe(true);
    await alone.dispose();
  });
});
