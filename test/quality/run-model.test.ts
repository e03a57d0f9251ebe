/** Trained models over pictures of one size: `runModel` and `evaluateModel`. */
import { describe, expect, it } from "vitest";
import { createDenoiser } from "../../src/denoiser/photo.ts";
import { DataError, SpecError } from "../../src/errors.ts";
import type { Model } from "../../src/model/model.ts";
import { networkOf } from "../../src/model/model-network.ts";
import {
  type EvaluateModelOptions,
  evaluateModel,
  type RunModelOptions,
  runModel,
} from "../../src/quality/run-model.ts";
import { train } from "../../src/training/trainer.ts";
import { convModel } from "../support/conv-models.ts";
import { normal } from "../support/networks.ts";
import { pictures, smallRecipe } from "../support/pictures.ts";

const [height, width] = [12, 13];
const size = height * width;
const { train: clean, ...names } = pictures(103, [height, width]);
const noisy = { ...clean, data: normal(103 * size, 4, 30).map((value, i) => value + clean.data[i]!) };
const random = convModel({ white: 255 });
const conv: Model = { ...random, spec: { ...random.spec, input: { height, width, channels: 1 } } };
const dense: Promise<Model> = train(
  smallRecipe({ size: [height, width], units: [9, size], epochs: 1 }),
  { ...names, train: clean },
  { threads: 1 },
).model();

describe("runModel", () => {
  it("puts every picture through a model of dense layers", async () => {
    const model = await dense;
    const { data, count } = await runModel(model, noisy);
    expect([count, data.length]).toEqual([103, 103 * size]);
    const network = await networkOf(model, { batch: 1 });
    for (const index of [0, 50, 99, 100, 102]) {
      network.input.set(noisy.data.subarray(index * size, (index + 1) * size));
      network.forward();
      expect(data.subarray(index * size, (index + 1) * size)).toEqual(network.output.slice());
    }
    expect((await runModel(model, clean)).data).not.toEqual(data);
  });

  it("tells a model of convolutions the level of each picture's noise", async () => {
    const model = conv;
    const few = { ...noisy, count: 3, data: noisy.data.subarray(0, 3 * size) };
    const levels = [5, 20, 40];
    const { data } = await runModel(model, few, { sigma: levels });
    const denoiser = await createDenoiser({ model });
    for (const [index, sigma] of levels.entries()) {
      const picture = { data: few.data.slice(index * size, (index + 1) * size), width, height };
      const expected = (await denoiser.denoise(picture, { sigma })).data;
      const actual = data.subarray(index * size, (index + 1) * size);
      expect(Math.max(...actual.map((value, i) => Math.abs(value - expected[i]!)))).toBeLessThan(0.01);
    }
    const alike = await runModel(model, few, { sigma: 20 });
    expect(alike.data.subarray(size, 2 * size)).toEqual(data.subarray(size, 2 * size));
  });

  it.each<[string, object, RunModelOptions, RegExp]>([
    ["other sizes", { width: 11, data: new Float32Array(103 * 12 * 11) }, { sigma: 1 }, /12×13×1.*12×11×1/],
    ["no level", {}, {}, /^sigma has to be a number from 0 to 1000000, or 103 of them, but is undefined/],
    ["too few levels", {}, { sigma: [1, 2] }, /^sigma has to be/],
    ["a negative level", {}, { sigma: -1 }, /^sigma has to be/],
    ["an unknown mode", {}, { sigma: 1, mode: "quick" as never }, /^mode has to be/],
  ])("refuses %s", async (_, images, options, message) => {
    const error = await runModel(conv, { ...noisy, ...images }, options).catch((error) => error);
    expect(error).toBeInstanceOf(SpecError);
    expect(error.message).toMatch(message);
  });
});

it.each<[string, object, RegExp]>([
  ["too few values", { count: 104 }, /have 16224 values, but 16068 are given/],
  ["no pictures", { count: 0, data: new Float32Array() }, /there are 0 pictures/],
])("runModel refuses %s", async (_, images, message) => {
  const error = await runModel(conv, { ...noisy, ...images }, { sigma: 1 }).catch((error) => error);
  expect(error).toBeInstanceOf(DataError);
  expect(error.message).toMatch(message);
});

describe("evaluateModel", () => {
  it("measures noisy and denoised pictures under the noise and seed of the training, or others", async () => {
    const model = await dense;
    const result = await evaluateModel(model, clean);
    expect(result.images).toBe(103);
    expect(Math.abs(result.noisy.mse / 100 - 1)).toBeLessThan(0.05);
    expect(result.denoised.mse).toBeGreaterThan(0);
    expect(await evaluateModel(model, clean, { noise: model.noise, seed: model.provenance.seed })).toEqual(
      result,
    );
    expect((await evaluateModel(model, clean, { seed: 2 })).noisy.mse).not.toBe(result.noisy.mse);
    const stronger = await evaluateModel(model, clean, { noise: { model: "uniform", sigma: 20 } });
    expect(Math.abs(stronger.noisy.mse / 400 - 1)).toBeLessThan(0.05);
  });

  it.each<[string, EvaluateModelOptions, RegExp]>([
    ["half a seed", { seed: 0.5 }, /^seed has to be a whole number/],
    ["an unknown mode", { mode: "quick" as never }, /^mode has to be/],
    ["unknown noise", { noise: { model: "brown", sigma: 3 } as never }, /^noise: /],
  ])("refuses %s", async (_, options, message) => {
    const error = await evaluateModel(await dense, clean, options).catch((error) => error);
    expect(error).toBeInstanceOf(SpecError);
    expect(error.message).toMatch(message);
  });

  it("refuses pictures that are too small for SSIM", async () => {
    const { train: small } = pictures(2, [5, 5]);
    await expect(evaluateModel(await dense, small)).rejects.toThrow(/at least 11 × 11/);
  });
});
