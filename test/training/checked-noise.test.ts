/** Noise as `denoise-wasm/train` offers it: what it refuses, and that else it is the noise of trainings. */
import { expect, it } from "vitest";
import { DataError, SpecError } from "../../src/errors.ts";
import * as unchecked from "../../src/noise/noise.ts";
import { Purpose } from "../../src/noise/rng.ts";
import { addNoise, levelOf, type NoiseModel } from "../../src/train.ts";

const images = { data: new Uint8Array(3 * 48).fill(90), count: 3, width: 8, height: 6, channels: 1 };
const gaussian: NoiseModel = { model: "gaussian", sigma: [5, 20] };
const { testNoise } = Purpose;

it("is the noise of trainings", () => {
  const levels = new Float32Array(3);
  expect(addNoise(images, gaussian, 7, testNoise, levels)).toEqual(
    unchecked.addNoise(images, gaussian, 7, testNoise),
  );
  const expected = [0, 1, 2].map((index) => Math.fround(levelOf(gaussian, 7, testNoise, index)));
  expect([...levels]).toEqual(expected);
});

// As they come from JavaScript.
it.each<[string, unknown, unknown, unknown, RegExp]>([
  ["a text for sigma", { model: "gaussian", sigma: "25" }, 1, testNoise, /noise: sigma/],
  ["no number for sigma", { model: "gaussian", sigma: Number.NaN }, 1, testNoise, /noise: sigma/],
  ["an infinite sigma", { model: "gaussian", sigma: 1e39 }, 1, testNoise, /noise: sigma/],
  ["a sigma below 0", { model: "gaussian", sigma: -1 }, 1, testNoise, /noise: sigma/],
  ["a reversed range", { model: "gaussian", sigma: [20, 5] }, 1, testNoise, /smaller number to the larger/],
  ["an unknown model", { model: "gauss", sigma: 5 }, 1, testNoise, /noise: model/],
  ["an unknown key", { model: "gaussian", sigma: 5, Sigma: 5 }, 1, testNoise, /unknown key "Sigma"/],
  ["no noise", undefined, 1, testNoise, /noise: "model" is missing|noise: model/],
  ["a number for noise", 25, 1, testNoise, /noise: "model" is missing|noise: model/],
  ["a fraction for the seed", gaussian, 1.5, testNoise, /^seed has to be a whole number/],
  ["a seed that is too large", gaussian, 2 ** 32, testNoise, /^seed has to be a whole number/],
  ["no purpose", gaussian, 1, undefined, /^purpose has to be a whole number/],
])("refuses %s", (_, noise, seed, purpose, message) => {
  const calls = [
    () => addNoise(images, noise as never, seed as never, purpose as never),
    () => levelOf(noise as never, seed as never, purpose as never, 0),
  ];
  for (const call of calls) {
    expect(call).toThrow(SpecError);
    expect(call).toThrow(message);
  }
});

it("refuses levels that cannot be filled, an index that is none, and pictures that do not fit together", () => {
  expect(() => addNoise(images, gaussian, 1, testNoise, new Float32Array(2))).toThrow(/^levels has to be/);
  expect(() => addNoise(images, gaussian, 1, testNoise, [0, 0, 0] as never)).toThrow(SpecError);
  expect(() => levelOf(gaussian, 1, testNoise, -1)).toThrow(/^index has to be a whole number/);
  expect(() => addNoise({ ...images, count: 4 }, gaussian, 1, testNoise)).toThrow(DataError);
});
