import { afterEach, describe, expect, it, vi } from "vitest";
import { pixelsOf } from "../../src/data/images.ts";
import { DenoiseError, DivergenceError, SpecError } from "../../src/errors.ts";
import type { Model } from "../../src/model/model.ts";
import { encodeModel } from "../../src/model/model-file.ts";
import { denseShapes, parameters } from "../../src/network/spec.ts";
import { addNoise } from "../../src/noise/noise.ts";
import { Purpose, Random } from "../../src/noise/rng.ts";
import type { Recipe } from "../../src/training/recipes.ts";
import type { Epoch, Progress } from "../../src/training/train-options.ts";
import { train } from "../../src/training/trainer.ts";
import type { Mode } from "../../src/wasm/detect.ts";
import { BoundedTraining } from "../support/bounds.ts";
import { type Build, describeBuilds } from "../support/builds.ts";
import { sameBytes } from "../support/bytes.ts";
import { Comparison } from "../support/comparison.ts";
import { networkWith, normal, randomLayers, specOf, tensorsOf } from "../support/networks.ts";
import { pictures, smallConvRecipe, smallRecipe } from "../support/pictures.ts";

const size = [4, 5] as const;
const recipe = smallRecipe({ size, units: [7, 20], epochs: 3, batch: 4 });
const data = pictures(10, size);

const modelBytes = async (seed: number, options = {}) =>
  encodeModel(await train(recipe, data, { seed, ...options }).model());

async function epochsOf(training: AsyncIterable<Epoch>): Promise<Epoch[]> {
  const epochs: Epoch[] = [];
  for await (const epoch of training) epochs.push(epoch);
  return epochs;
}

/** Bytes of memory of one kind, where the runtime tells, else 0: Node does, a page does not. */
const memoryUsage = (kind: "rss" | "arrayBuffers") => globalThis.process?.memoryUsage?.()[kind] ?? 0;

const fault = (run: () => unknown) => {
  try {
    run();
  } catch (error) {
    return error as Error;
  }
  throw new Error("nothing was thrown");
};

describe("a run", () => {
  it("gives the same bytes for the same seed, and others for another", async () => {
    const first = await modelBytes(1);
    expect(sameBytes(await modelBytes(1), first)).toBe(true);
    expect(sameBytes(await modelBytes(2), first)).toBe(false);
    expect(sameBytes(await modelBytes(0), await modelBytes(4_294_967_295))).toBe(false);
  });

  it("gives the same bytes on any number of threads", async () => {
    const alone = await modelBytes(1, { threads: 1 });
    for (const threads of [2, 3]) expect(sameBytes(await modelBytes(1, { threads }), alone)).toBe(true);
  });

  it("tells of each epoch once, in order, with a loss that falls", async () => {
    const training = train(recipe, data, { seed: 1 });
    expect(training.variant).toBeUndefined();
    const epochs = await epochsOf(training);
    expect(epochs.map(({ number }) => number)).toEqual([1, 2, 3]);
    expect(epochs[2]!.loss).toBeLessThan(epochs[0]!.loss);
    for (const { seconds, imagesPerSecond } of epochs) {
      expect(seconds).toBeGreaterThan(0);
      expect(imagesPerSecond * seconds).toBeCloseTo(10);
    }
    expect(training.variant).toBe("simd");
    expect(await training.next()).toEqual({ done: true, value: undefined });
  });

  it("gives the model without being iterated, and says where it comes from", async () => {
    const model = await train(recipe, data, { seed: 5 }).model();
    expect([...model.parameters.keys()]).toEqual(parameters(recipe.spec).map(({ name }) => name));
    expect(model.provenance).toMatchObject({
      recipe: "small",
      dataset: "bars",
      trainingImages: 10,
      seed: 5,
      epochs: 3,
      variant: "simd",
    });
    const training = train(recipe, data, { seed: 5 });
    await epochsOf(training);
    expect(sameBytes(encodeModel(await training.model()), encodeModel(model))).toBe(true);
  });

  it("that was left after an epoch gives that epoch's model and says so", async () => {
    const training = train(recipe, data, { seed: 1 });
    for await (const { number } of training) if (number === 2) break;
    const model = await training.model();
    expect(model.provenance.epochs).toBe(2);
    const twoEpochs = await train({ ...recipe, epochs: 2 }, data, { seed: 1 }).model();
    expect(sameBytes(encodeModel(model), encodeModel(twoEpochs))).toBe(true);
  });

  it("gives the model of each epoch as it ends, and goes on", async () => {
    const training = train(recipe, data, { seed: 1 });
    expect(() => training.snapshot()).toThrow(SpecError);
    for await (const { number } of training) {
      const alone = await train({ ...recipe, epochs: number }, data, { seed: 1 }).model();
      expect(sameBytes(encodeModel(training.snapshot()), encodeModel(alone))).toBe(true);
    }
  });

  it("waits for what `onProgress` returns, and does not count the wait", async () => {
    const many = pictures(40_000, [8, 8]);
    const slow = smallRecipe({ size: [8, 8], units: [64, 64], epochs: 1, batch: 1 });
    let [reports, waited, ended] = [0, 0, false];
    const now = performance.now.bind(performance);
    const clock = vi.spyOn(performance, "now").mockImplementation(() => now() + waited);
    const training = train(slow, many, {
      threads: 1,
      async onProgress() {
        if (reports++ > 0) return;
        // An hour passes, and others have their turns.
        waited = 3_600_000;
        for (let turn = 0; turn < 100; turn++) await new Promise((resolve) => setTimeout(resolve));
        expect(ended).toBe(false);
        expect(reports).toBe(1);
      },
    });
    const { value } = await training.next();
    ended = true;
    clock.mockRestore();
    expect([reports > 1, waited]).toEqual([true, 3_600_000]);
    expect(value!.seconds).toBeGreaterThan(0);
    expect(value!.seconds).toBeLessThan(3600);
  });

  it("that was left before it began has no model", async () => {
    const training = train(recipe, data);
    await training.return();
    await expect(training.model()).rejects.toThrow(SpecError);
  });

  it("reports its progress within an epoch", async () => {
    const reports: Progress[] = [];
    const many = pictures(4000, [8, 8]);
    const slow = smallRecipe({ size: [8, 8], units: [64, 64], epochs: 20, batch: 1 });
    const training = train(slow, many, { threads: 1, onProgress: (progress) => reports.push(progress) });
    for await (const _ of training) if (reports.length > 2) break;
    expect(reports.length).toBeGreaterThan(2);
    for (const { epoch, epochs, images, imagesPerEpoch, loss, imagesPerSecond } of reports) {
      expect(epoch).toBeGreaterThan(0);
      expect(epochs).toBe(20);
      expect(images).toBeGreaterThan(0);
      expect(images).toBeLessThanOrEqual(4000);
      expect(imagesPerEpoch).toBe(4000);
      expect(loss).toBeGreaterThan(0);
      expect(imagesPerSecond).toBeGreaterThan(0);
    }
  });
});

describe("against the twin", () => {
  /** The weights that a seed gives, as documented: tensor i from stream i. */
  function initialLayers({ spec }: Recipe, seed: number) {
    const { weights, biases } = spec.initialization;
    return denseShapes(spec).map((layer, index) => {
      const weight = new Float32Array(layer.outputs * layer.inputs);
      new Random(seed, Purpose.initialization, 2 * index).fillNormal(weight, weights as number);
      const bias = new Float32Array(layer.outputs);
      new Random(seed, Purpose.initialization, 2 * index + 1).fillNormal(bias, biases);
      return { ...layer, units: layer.outputs, weight, bias };
    });
  }

  /** Small enough weights and pictures for tight bounds. */
  const dim = pictures(10, size);
  dim.train.data.forEach((value, index) => {
    (dim.train.data as Uint8Array)[index] = value % 3;
  });

  it.each([
    ["batches that divide the data", 5],
    ["a smaller last batch", 4],
    ["a last batch of one", 3],
    ["one batch", 10],
  ])("%s: every loss and weight within the bounds of their roundings", async (_, batch) => {
    const seed = 3;
    const small: Recipe = {
      ...smallRecipe({ size, units: [7, 20], epochs: 2, batch }),
      noise: { model: "gaussian", sigma: 0.5, drawn: "once" },
    };
    const noisy = addNoise(dim.train, small.noise, seed, Purpose.trainingNoise);
    const twin = new BoundedTraining(initialLayers(small, seed), 0.1, 0.1);
    const comparison = new Comparison();
    const training = train(small, dim, { seed });
    const pixels = pixelsOf(dim.train);
    for await (const { number, loss } of training) {
      let [expected, error] = [0, 0];
      for (let first = 0; first < 10; first += batch) {
        const last = Math.min(10, first + batch);
        const rows = last - first;
        const x = noisy.subarray(first * pixels, last * pixels);
        const target = dim.train.data.subarray(first * pixels, last * pixels);
        const step = twin.step(x, target, rows);
        expected += (step.loss.value * rows) / 10;
        error += (step.loss.error * rows) / 10;
      }
      comparison.add(`loss of epoch ${number}`, [loss], [expected], [error]);
    }
    const model: Model = await training.model();
    twin.layers.forEach(({ weight, bias }, index) => {
      const name = `layer${index + 1}`;
      comparison.add(`${name}.weight`, model.parameters.get(`${name}.weight`)!, weight.value, weight.error);
      comparison.add(`${name}.bias`, model.parameters.get(`${name}.bias`)!, bias.value, bias.error);
    });
    comparison.finish();
  });
});

describe("abort", () => {
  const reason = new Error("enough");
  const ended = { done: true, value: undefined };

  it("before the first epoch", async () => {
    const training = train(recipe, data, { signal: AbortSignal.abort(reason) });
    await expect(training.next()).rejects.toBe(reason);
    expect(await training.next()).toEqual(ended);
    await expect(training.model()).rejects.toBe(reason);
  });

  it("between two epochs", async () => {
    const controller = new AbortController();
    const training = train(recipe, data, { signal: controller.signal });
    expect((await training.next()).value).toMatchObject({ number: 1 });
    controller.abort(reason);
    await expect(training.next()).rejects.toBe(reason);
    expect(await training.next()).toEqual(ended);
    await expect(training.model()).rejects.toBe(reason);
  });

  it("during an epoch", async () => {
    const controller = new AbortController();
    const endless = smallRecipe({ size, units: [7, 20], epochs: 1, batch: 1 });
    const epoch = train(endless, pictures(200_000, size), {
      signal: controller.signal,
      onProgress: ({ images }) => {
        if (images < 200_000) controller.abort(reason);
      },
    });
    await expect(epoch.next()).rejects.toBe(reason);
    expect(await epoch.next()).toEqual(ended);
  });

  it("by a timer, although each epoch takes less than a turn", async () => {
    const training = train({ ...recipe, epochs: 1e9 }, data, { signal: AbortSignal.timeout(60) });
    await expect(epochsOf(training)).rejects.toMatchObject({ name: "TimeoutError" });
  });

  it("of `model()` alone", async () => {
    const training = train({ ...recipe, epochs: 1e9 }, data, { signal: AbortSignal.timeout(60) });
    await expect(training.model()).rejects.toMatchObject({ name: "TimeoutError" });
  });
});

describe("memory", () => {
  afterEach(() => vi.restoreAllMocks());

  it.each([1, 2])(
    "of more than WebAssembly can have is refused with the recipe's name, %i threads",
    async (threads) => {
      const layers = [2 ** 18, 20].map((units) => ({ type: "dense", units, activation: "linear" }) as const);
      const huge = { ...smallRecipe({ size, units: [], layers, batch: 10 }), name: "huge", batch: 2 ** 13 };
      const many = pictures(2 ** 13, [4, 5]);
      const error = await train(huge, many, { threads })
        .next()
        .catch((error) => error);
      expect(error).toBeInstanceOf(SpecError);
      expect(error.message).toMatch(
        /^Recipe "huge" with batches of 8192 pictures needs \d\d?,\d{3} MB of WebAssembly memory, and 4,294 MB are possible\. Use smaller batches/,
      );
    },
  );

  it.each([1, 2])(
    "that is not there is a typed error that says how much was asked, %i threads",
    async (threads) => {
      vi.spyOn(WebAssembly, "Memory").mockImplementation(() => {
        throw new RangeError("WebAssembly.Memory(): could not allocate memory");
      });
      const error = await train(recipe, data, { threads })
        .next()
        .catch((error) => error);
      expect(error.constructor).toBe(DenoiseError);
      expect(error.message).toMatch(
        /^Recipe "small" with batches of \d+ pictures needs 1 MB of WebAssembly memory, which it did not get/,
      );
    },
  );

  it("does not grow with the number of batches in an epoch", async () => {
    const patches: Recipe = {
      ...smallConvRecipe({ size, epochs: 1, batch: 1 }),
      order: "shuffled",
      noise: { model: "gaussian", sigma: 5, drawn: "fresh" },
      patchesPerEpoch: 2 ** 28,
    };
    const before = memoryUsage("rss");
    const training = train(patches, data, { signal: AbortSignal.timeout(100), threads: 1 });
    await expect(training.next()).rejects.toMatchObject({ name: "TimeoutError" });
    // A list of the batches would take 16 GB.
    expect(memoryUsage("rss") - before).toBeLessThan(2 ** 28);
  });
});

describe("divergence", () => {
  const layers: Recipe["spec"]["layers"] = [
    { type: "dense", units: 7, activation: "linear" },
    { type: "dense", units: 20, activation: "linear" },
  ];
  const diverging = smallRecipe({ size, units: [], layers, learningRate: 1e25, batch: 4, epochs: 2 });

  it("ends the run with epoch and batch", async () => {
    const training = train(diverging, data);
    const error = await training.next().catch((error) => error);
    expect(error).toBeInstanceOf(DivergenceError);
    expect(error).toMatchObject({ epoch: 1, batch: 2 });
    expect(error.message).toMatch(/epoch 1, batch 2.*smaller learning rate/);
    expect(await training.next()).toEqual({ done: true, value: undefined });
    await expect(training.model()).rejects.toBe(error);
  });

  it("in the very last step, which no loss shows, leaves no model", async () => {
    // One step; its update by up to 1e30 makes the weights larger than any reader takes.
    const last = { ...diverging, batch: 10, epochs: 1 };
    last.optimizer = { ...last.optimizer, learningRate: 1e30 };
    const training = train(last, data);
    expect((await training.next()).value).toMatchObject({ number: 1 });
    const error = await training.model().catch((error) => error);
    expect(error).toBeInstanceOf(DivergenceError);
    expect(error).toMatchObject({ epoch: 1, batch: 1 });
    expect(error.message).toMatch(/layer1\.weight has -?\d\.\d+e\+\d\d after epoch 1, batch 1/);
  });
});

describe("refuses at once", () => {
  const withOptimizer = (learningRate: number) => smallRecipe({ size, units: [7, 20], learningRate });

  it.each<[string, () => unknown, RegExp]>([
    ["a batch larger than the data", () => train({ ...recipe, batch: 11 }, data), /11 .*10 .*smaller batch/],
    ["pictures of another size", () => train(recipe, pictures(10, [5, 4])), /4×5×1.*5×4×1/],
    ["a negative seed", () => train(recipe, data, { seed: -1 }), /seed .*0 to 4294967295, but is -1/],
    ["a seed of 33 bits", () => train(recipe, data, { seed: 2 ** 32 }), /seed .*is 4294967296/],
    ["half a seed", () => train(recipe, data, { seed: 0.5 }), /seed .*is 0.5/],
    ["a seed that is NaN", () => train(recipe, data, { seed: Number.NaN }), /seed .*is NaN/],
    ["a seed as text", () => train(recipe, data, { seed: "1" as unknown as number }), /seed .*is "1"/],
    ["no threads", () => train(recipe, data, { threads: 0 }), /threads .*1 to 64, but is 0/],
    ["threads as text", () => train(recipe, data, { threads: "2" as unknown as number }), /threads .*is "2"/],
    [
      "an unknown mode",
      () => train(recipe, data, { mode: "quick" as Mode }),
      /mode .*"fast" or "reproducible"/,
    ],
    ["no signal", () => train(recipe, data, { signal: {} as AbortSignal }), /signal .*AbortSignal/],
    ["no callback", () => train(recipe, data, { onProgress: 1 as never }), /onProgress .*function/],
    ["no address", () => train(recipe, data, { threadWorkerUrl: 1 as never }), /threadWorkerUrl .*address/],
    ["a learning rate of 0", () => train(withOptimizer(0), data), /learningRate has to be above 0/],
    ["a learning rate that is NaN", () => train(withOptimizer(Number.NaN), data), /learningRate.*NaN/],
    ["an infinite learning rate", () => train(withOptimizer(1 / 0), data), /learningRate.*Infinity/],
    [
      "layers that do not end in a picture",
      () => train(smallRecipe({ size, units: [7, 19] }), data),
      /19 values.*20/,
    ],
  ])("%s", (_, run, message) => {
    const error = fault(run);
    expect(error).toBeInstanceOf(SpecError);
    expect(error.message).toMatch(message);
  });
});

describeBuilds("memory", (build: Build) => {
  it("does not grow over 10,000 steps", async () => {
    const spec = specOf(20, [
      [7, "sigmoid"],
      [20, "linear"],
    ]);
    // Threads on few cores take their time to meet.
    const steps = build.threads > 1 ? 1_000 : 10_000;
    const network = await networkWith(build, spec, tensorsOf(randomLayers(spec)), {
      batch: 4,
      training: { lastBatch: 3 },
    });
    network.input.set(normal(80, 1));
    const run = (count: number) => {
      for (let step = 0; step < count; step++) network.step(step % 2 === 0 ? 4 : 3);
    };
    run(100);
    const bytes = network.core.memory.buffer.byteLength;
    const before = memoryUsage("arrayBuffers");
    run(steps);
    expect(network.core.memory.buffer.byteLength).toBe(bytes);
    expect(memoryUsage("arrayBuffers") - before).toBeLessThan(1e6);
    await network.dispose();
  });
});
