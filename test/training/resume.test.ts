/** A training that was interrupted, and goes on, ends as if it had not been. */
import { afterEach, describe, expect, it, vi } from "vitest";
import { DataError, DivergenceError, SpecError, UnsupportedRuntimeError } from "../../src/errors.ts";
import { encodeModel } from "../../src/model/model-file.ts";
import { type Checkpoint, decodeCheckpoint, encodeCheckpoint } from "../../src/training/checkpoint.ts";
import type { Recipe } from "../../src/training/recipes.ts";
import type { Epoch, Progress, TrainOptions } from "../../src/training/train-options.ts";
import { resume, train } from "../../src/training/trainer.ts";
import { hasRelaxedSimd } from "../../src/wasm/detect.ts";
import { sameBytes } from "../support/bytes.ts";
import { pictures, smallConvRecipe, smallRecipe, smallUNetRecipe } from "../support/pictures.ts";

const size = [4, 6] as const;
const data = pictures(10, size);
/** Batches of 4, 4 and 2 pictures. */
const dense = smallRecipe({ size, units: [7, 24], epochs: 3, batch: 4 });
const conv = smallConvRecipe({ size, epochs: 3, batch: 4 });
const recipes = [
  ["dense layers, Adagrad", dense],
  ["convolutions, Adam, averages, fresh noise, a schedule", conv],
  ["two scales with skip connections, Muon", smallUNetRecipe({ size, epochs: 3, batch: 4 })],
] as const;

afterEach(() => {
  vi.restoreAllMocks();
});

/** Lets time pass so fast that others get their turn, and `onProgress` is called, after every step. */
function afterEveryStep(): void {
  let now = 0;
  vi.spyOn(performance, "now").mockImplementation(() => {
    now += 1000;
    return now;
  });
}

/** A training's checkpoint after some batches of an epoch, from its file. */
async function interrupted(
  recipe: Recipe,
  epoch: number,
  batches: number,
  options: TrainOptions = {},
): Promise<Checkpoint> {
  afterEveryStep();
  const stop = new AbortController();
  const onProgress = (progress: Progress) => {
    if (progress.epoch === epoch && progress.images >= batches * recipe.batch) stop.abort();
  };
  const training = train(recipe, data, { ...options, signal: stop.signal, onProgress });
  await expect(training.model()).rejects.toThrow("aborted");
  vi.restoreAllMocks();
  const checkpoint = training.checkpoint();
  expect(checkpoint.position).toMatchObject({ epoch, batches });
  return await decodeCheckpoint(await encodeCheckpoint(checkpoint), "checkpoint");
}

const lossesOf = (epochs: readonly Epoch[]) => epochs.map(({ number, loss }) => [number, loss]);

/** The model file and the losses of a training that nothing interrupts. */
async function uninterrupted(recipe: Recipe, options: TrainOptions = {}) {
  const training = train(recipe, data, options);
  const model = encodeModel(await training.model());
  return { model, losses: lossesOf(training.epochs) };
}

describe.each(recipes)("%s", (_, recipe) => {
  it.each([
    [1, 1],
    [2, 1],
    [2, 2],
    [3, 2],
  ])("interrupted in epoch %i after batch %i: the same bytes and losses", async (epoch, batches) => {
    const expected = await uninterrupted(recipe, { seed: 5 });
    const checkpoint = await interrupted(recipe, epoch, batches, { seed: 5 });
    expect(checkpoint.seed).toBe(5);
    const training = resume(checkpoint, data);
    const rest = [];
    for await (const epoch of training) rest.push(epoch);
    expect(lossesOf(rest)).toEqual(expected.losses.slice(epoch - 1));
    expect(lossesOf(training.epochs)).toEqual(expected.losses);
    expect(sameBytes(encodeModel(await training.model()), expected.model)).toBe(true);
  });

  it("interrupted after the last, smaller batch of an epoch, and between two epochs", async () => {
    const expected = await uninterrupted(recipe);
    afterEveryStep();
    const afterLast: Checkpoint[] = [];
    const training = train(recipe, data, {
      onProgress({ images, epoch }) {
        if (images === 10 && epoch === 2) afterLast.push(training.checkpoint());
      },
    });
    for await (const { number } of training) if (number === 2) break;
    vi.restoreAllMocks();
    const between = training.checkpoint();
    expect(afterLast.map(({ position }) => position)).toMatchObject([{ epoch: 2, batches: 3 }]);
    expect(between.position).toEqual({ epoch: 3, batches: 0, lossSum: 0, seconds: 0 });
    for (const checkpoint of [afterLast[0]!, between]) {
      const rest = resume(checkpoint, data);
      expect(sameBytes(encodeModel(await rest.model()), expected.model)).toBe(true);
      expect(lossesOf(rest.epochs)).toEqual(expected.losses);
    }
  });

  it("interrupted after every step, on other numbers of threads each time", async () => {
    const expected = await uninterrupted(recipe, { threads: 1 });
    let checkpoint = await interrupted(recipe, 1, 1, { threads: 2 });
    for (let step = 1; ; step++) {
      afterEveryStep();
      const stop = new AbortController();
      const training = resume(checkpoint, data, {
        threads: 1 + (step % 3),
        signal: stop.signal,
        onProgress: () => stop.abort(),
      });
      const error = await training.model().catch((error: Error) => error);
      vi.restoreAllMocks();
      if (!(error instanceof Error)) {
        expect(step).toBe(9);
        expect(lossesOf(training.epochs)).toEqual(expected.losses);
        expect(sameBytes(encodeModel(error), expected.model)).toBe(true);
        break;
      }
      checkpoint = await decodeCheckpoint(await encodeCheckpoint(training.checkpoint()), "checkpoint");
    }
  });

  it("a training that is complete gives its model once more", async () => {
    const training = train(recipe, data);
    const model = encodeModel(await training.model());
    const checkpoint = training.checkpoint();
    expect(checkpoint.position).toMatchObject({ epoch: 4, batches: 0 });
    const again = resume(checkpoint, data);
    expect(await again.next()).toEqual({ done: true, value: undefined });
    expect(sameBytes(encodeModel(await again.model()), model)).toBe(true);
  });

  it("the checkpoint of a training at a place does not depend on where that was interrupted before", async () => {
    const straight = await interrupted(recipe, 3, 1);
    const first = await interrupted(recipe, 2, 1);
    afterEveryStep();
    const stop = new AbortController();
    const onProgress = ({ epoch }: Progress) => {
      if (epoch === 3) stop.abort();
    };
    const training = resume(first, data, { signal: stop.signal, onProgress });
    await expect(training.model()).rejects.toThrow("aborted");
    const second = training.checkpoint();
    expect({ ...second.position, seconds: 0 }).toEqual({ ...straight.position, seconds: 0 });
    const { position, epochs } = straight;
    expect(
      sameBytes(await encodeCheckpoint({ ...second, position, epochs }), await encodeCheckpoint(straight)),
    ).toBe(true);
  });
});

describe("the rest differs where something of the state is left out", () => {
  it.each([
    ["layer1.weight", dense],
    ["layer1.bias.accumulator", dense],
    ["layer2.weight.mean", conv],
    ["layer1.weight.variance", conv],
    ["layer2.bias.average", conv],
  ])("%s", async (name, recipe) => {
    const { model } = await uninterrupted(recipe);
    const checkpoint = await interrupted(recipe, 2, 1);
    const tensors = new Map(checkpoint.tensors);
    tensors.set(name, new Float32Array(tensors.get(name)!.length).fill(0.5));
    const rest = await resume({ ...checkpoint, tensors }, data).model();
    expect(sameBytes(encodeModel(rest), model)).toBe(false);
  });

  it("the place in the run", async () => {
    const { model, losses } = await uninterrupted(conv);
    const checkpoint = await interrupted(conv, 2, 1);
    const position = { ...checkpoint.position, batches: 2 };
    const rest = resume({ ...checkpoint, position }, data);
    expect(sameBytes(encodeModel(await rest.model()), model)).toBe(false);
    expect(lossesOf(rest.epochs)).not.toEqual(losses);
  });
});

describe("a checkpoint", () => {
  it("is a copy: training on does not change it", async () => {
    const training = train(dense, data);
    await training.next();
    const checkpoint = training.checkpoint();
    const bytes = await encodeCheckpoint(checkpoint);
    await training.model();
    expect(sameBytes(await encodeCheckpoint(checkpoint), bytes)).toBe(true);
    expect(sameBytes(await encodeCheckpoint(training.checkpoint()), bytes)).toBe(false);
  });

  it("says what is trained, on what, and how far it is", async () => {
    const training = train(dense, { ...data, source: "a folder" }, { seed: 3 });
    const { value } = await training.next();
    expect(training.checkpoint()).toMatchObject({
      recipe: dense,
      seed: 3,
      mode: "reproducible",
      variant: "simd",
      data: { name: "bars", source: "a folder", sha256: data.sha256, trainingImages: 10 },
      epochs: [{ number: 1, loss: value!.loss, seconds: value!.seconds }],
    });
  });

  it("counts the time before and after it, but not between", async () => {
    const checkpoint = await interrupted(dense, 2, 2);
    // A second for every look at the clock: the steps took some.
    expect(checkpoint.position.seconds).toBeGreaterThanOrEqual(2);
    const position = { ...checkpoint.position, seconds: 1000 };
    const { value } = await resume({ ...checkpoint, position }, data).next();
    expect(value!.seconds).toBeGreaterThanOrEqual(1000);
    expect(value!.seconds).toBeLessThan(1010);
    expect(value!.imagesPerSecond).toBe(10 / value!.seconds);
  });

  it("is not to be had before the training began", async () => {
    expect(() => train(dense, data).checkpoint()).toThrow(SpecError);
    expect(() => train(dense, data).checkpoint()).toThrow(/has not begun/);
  });

  it("is not to be had after a step that failed, nor of weights that are not finite", async () => {
    const layers: Recipe["spec"]["layers"] = [
      { type: "dense", units: 7, activation: "linear" },
      { type: "dense", units: 24, activation: "linear" },
    ];
    const diverging = smallRecipe({ size, units: [], layers, learningRate: 1e25, batch: 4 });
    const failed = train(diverging, data);
    await expect(failed.next()).rejects.toThrow(DivergenceError);
    expect(() => failed.checkpoint()).toThrow(/step of this training failed.*earlier checkpoint/);
    const last = { ...diverging, batch: 10, epochs: 1 };
    last.optimizer = { ...last.optimizer, learningRate: 1e30 };
    const infinite = train(last, data);
    await infinite.next();
    expect(() => infinite.checkpoint()).toThrow(DivergenceError);
    expect(() => infinite.checkpoint()).toThrow(/layer1\.weight has -?\d\.\d+e\+\d\d after epoch 1, batch 1/);
  });
});

describe("does not go on", () => {
  it("with other data", async () => {
    const checkpoint = await interrupted(dense, 1, 1);
    for (const other of [{ ...data, sha256: "1".repeat(64) }, pictures(11, size)]) {
      expect(() => resume(checkpoint, other)).toThrow(DataError);
      expect(() => resume(checkpoint, other)).toThrow(/began on bars \(10 training.* Give it the data/);
    }
  });

  it("with a recipe that is none, or does not fit the data", async () => {
    const checkpoint = await interrupted(dense, 1, 1);
    expect(() => resume({ ...checkpoint, recipe: { ...dense, epochs: 0 } }, data)).toThrow(SpecError);
    const other = smallRecipe({ size: [6, 4], units: [7, 24] });
    expect(() => resume({ ...checkpoint, recipe: other }, data)).toThrow(/6×4×1.*4×6×1/);
  });

  it("with too many threads", async () => {
    const checkpoint = await interrupted(dense, 1, 1);
    expect(() => resume(checkpoint, data, { threads: 65 })).toThrow(/threads .*is 65/);
  });

  it("without relaxed SIMD where it began with that", async () => {
    const checkpoint = await interrupted(dense, 1, 1);
    const fast: Checkpoint = { ...checkpoint, mode: "fast", variant: "relaxed" };
    vi.spyOn(WebAssembly, "validate").mockImplementation(({ byteLength }) => byteLength < 40);
    expect(() => resume(fast, data)).toThrow(UnsupportedRuntimeError);
    expect(() => resume(fast, data)).toThrow(/relaxed SIMD.*Node 22/);
  });

  it("with another build than it began with", async () => {
    const { model } = await uninterrupted(dense);
    const checkpoint = await interrupted(dense, 2, 1);
    // Begun in mode "fast" where there is no relaxed SIMD, going on where there may be.
    const training = resume({ ...checkpoint, mode: "fast" }, data);
    expect(sameBytes(encodeModel(await training.model()), model)).toBe(true);
    expect([training.mode, training.variant]).toEqual(["fast", "simd"]);
  });
});

it.runIf(hasRelaxedSimd())("goes on with relaxed SIMD to the same bytes, too", async () => {
  const { model } = await uninterrupted(dense, { mode: "fast" });
  const checkpoint = await interrupted(dense, 2, 1, { mode: "fast" });
  expect(checkpoint.variant).toBe("relaxed");
  const training = resume(checkpoint, data, { threads: 2 });
  expect(sameBytes(encodeModel(await training.model()), model)).toBe(true);
  expect(training.variant).toBe("relaxed");
});
