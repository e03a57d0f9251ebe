/** Noise models: moments, levels, and what the numbers may depend on. */
import { describe, expect, it } from "vitest";
import { type Images, pictureAt, valuesAt } from "../../src/data/images.ts";
import { SpecError } from "../../src/errors.ts";
import { encodeModel } from "../../src/model/model-file.ts";
import { cameraNoise } from "../../src/noise/camera.ts";
import {
  addNoise,
  addNoiseTo,
  levelOf,
  type NoiseModel,
  noiseAt,
  noiseName,
  noiseOfLevel,
} from "../../src/noise/noise.ts";
import { Purpose, Random } from "../../src/noise/rng.ts";
import { evaluateLevels, noisyMethods } from "../../src/quality/evaluate-levels.ts";
import { epochSize } from "../../src/training/batch-source.ts";
import { batchSource } from "../../src/training/batches.ts";
import { parseRecipe, type Recipe } from "../../src/training/recipes.ts";
import { train } from "../../src/training/trainer.ts";
import { networkFor } from "../../src/training/training-state.ts";
import { sameBytes } from "../support/bytes.ts";
import { convSpec } from "../support/conv-networks.ts";
import { pictures, smallRecipe } from "../support/pictures.ts";

/** The k-th moment about 0 of a value's error, x being the clean value. */
type Moments = (x: number, k: number) => number;

const doubleFactorial = (k: number): number => (k <= 1 ? 1 : k * doubleFactorial(k - 2));
const normalMoments =
  (deviation: (x: number) => number): Moments =>
  (x, k) =>
    k % 2 === 1 ? 0 : doubleFactorial(k - 1) * deviation(x) ** k;

const models: readonly (readonly [NoiseModel, Moments, RegExp])[] = [
  [{ model: "gaussian", sigma: 10 }, normalMoments(() => 10), /^gaussian, σ = 10$/],
  [
    { model: "uniform", sigma: 10 },
    (_, k) => (k % 2 === 1 ? 0 : (Math.sqrt(3) * 10) ** k / (k + 1)),
    /^uniform, σ = 10$/,
  ],
  [
    { model: "poisson-gaussian", gain: 2, sigma: 5 },
    normalMoments((x) => Math.sqrt(2 * x + 25)),
    /^poisson-gaussian, gain = 2, σ = 5$/,
  ],
  [
    { model: "salt-and-pepper", share: 0.1 },
    (x, k) => 0.05 * ((-x) ** k + (255 - x) ** k),
    /^salt-and-pepper, share = 0.1$/,
  ],
  [{ model: "speckle", contrast: 0.2 }, normalMoments((x) => 0.2 * x), /^speckle, contrast = 0.2$/],
];
const named = models.map(([noise, moments, words]) => [noise.model, noise, moments, words] as const);

/** Ranges of every parameter, from what `models` have to twice that. */
const ranges = models.map(([noise]) => {
  const entries = Object.entries(noise).map(([key, value]) => [
    key,
    typeof value === "number" ? [value, 2 * value] : value,
  ]);
  return Object.fromEntries(entries) as NoiseModel;
});

const N = 200_000;
const flat = (value: number): Images => ({
  data: new Uint8Array(N).fill(value),
  count: 1,
  height: 400,
  width: 500,
  channels: 1,
});

describe.each(named)("%s", (_, noise, moments, words) => {
  it.each([0, 1, 90, 255])("has its moments at %i, within 5 standard errors", (x) => {
    const noisy = addNoise(flat(x), noise, 1, Purpose.testNoise);
    for (const k of [1, 2, 3, 4]) {
      let mean = 0;
      for (const value of noisy) mean += (value - x) ** k / N;
      const error = Math.sqrt((moments(x, 2 * k) - moments(x, k) ** 2) / N);
      // What float32 rounds off a value is 2⁻¹⁷ at most, of a power of it k times as much.
      const rounding = k * 2 ** -17 * (moments(x, 4) ** (1 / 4)) ** (k - 1);
      expect([k, Math.abs(mean - moments(x, k))]).toEqual([
        k,
        expect.toSatisfy((distance: number) => distance <= 5 * error + rounding),
      ]);
    }
  });

  it("has as its level the root of its mean square at mid grey", () => {
    expect(levelOf(noise, 1, Purpose.testNoise, 0)).toBeCloseTo(Math.sqrt(moments(127.5, 2)), 9);
  });

  it("is brought to any level", () => {
    for (const level of [0.5, 25, 60]) {
      const other = noiseOfLevel(noise, level);
      expect(other.model).toBe(noise.model);
      expect(levelOf(other, 1, Purpose.testNoise, 0)).toBeCloseTo(level, 9);
    }
  });

  it("is named", () => expect(noiseName(noise)).toMatch(words));

  it("is not correlated from one value to the next, nor from one picture to the next", () => {
    const noisy = addNoise(flat(90), noise, 1, Purpose.testNoise);
    const other = new Float32Array(N);
    const at = { seed: 1, purpose: Purpose.testNoise, index: 1 };
    addNoiseTo(pictureAt(flat(90), 0), other, noiseAt(noise, at.seed, at.purpose, at.index), at);
    const [mean, square] = [moments(90, 1), moments(90, 2)];
    for (const [a, b] of [
      [noisy.subarray(1), noisy],
      [noisy, other],
    ] as const) {
      let product = 0;
      for (let i = 0; i < N - 1; i++) product += ((a[i]! - 90 - mean) * (b[i]! - 90 - mean)) / (N - 1);
      expect(Math.abs(product)).toBeLessThan((5 * (square - mean * mean)) / Math.sqrt(N - 1));
    }
  });
});

describe("against the twin, value for value", () => {
  /** Each formula once more, one value at a time, from the stream's own numbers. */
  function twin(noise: Record<string, number | string>, clean: Uint8Array, index: number): number[] {
    const random = new Random(7, Purpose.testNoise, index);
    const normal = new Float32Array(clean.length);
    const { sigma = 0, gain = 0, share = 0, contrast = 0 } = noise as Record<string, number>;
    if (noise.model === "uniform") {
      return Array.from(clean, (x) => x + sigma * Math.sqrt(3) * ((random.bits() * 2 + 1) / 2 ** 32));
    }
    if (noise.model === "salt-and-pepper") {
      return Array.from(clean, (x) => {
        const bits = random.bits() >>> 0;
        if (bits >= share * 2 ** 32) return x;
        return bits < share * 2 ** 31 ? 0 : 255;
      });
    }
    random.fillNormal(normal);
    return Array.from(clean, (x, i) => {
      if (noise.model === "gaussian") return x + sigma * normal[i]!;
      if (noise.model === "speckle") return x * (1 + contrast * normal[i]!);
      return x + Math.sqrt(gain * x + sigma ** 2) * normal[i]!;
    });
  }

  it.each(ranges.map((noise) => [noise.model, noise] as const))("%s, of ranges", (_, noise) => {
    const { train } = pictures(5, [9, 11]);
    const noisy = addNoise(train, noise, 7, Purpose.testNoise);
    const levels = new Set<number>();
    for (let index = 0; index < train.count; index++) {
      const random = new Random(7, Purpose.level + Purpose.testNoise, index);
      const drawn = Object.fromEntries(
        Object.entries(noise).map(([key, value]) => {
          if (!Array.isArray(value)) return [key, value];
          const [least, greatest] = value as [number, number];
          return [key, least + (greatest - least) * random.uniform()];
        }),
      );
      const clean = valuesAt(train, index);
      const expected = twin(drawn, clean, index);
      levels.add(levelOf(noise, 7, Purpose.testNoise, index));
      // Levels, normal values and results are rounded to float32: half an ulp each of what is at most 512.
      const bound = 3 * 2 ** -16;
      for (const [i, value] of expected.entries()) {
        expect(Math.abs(noisy[index * clean.length + i]! - value)).toBeLessThanOrEqual(bound);
      }
    }
    expect(levels.size).toBe(5);
  });
});

const small = pictures(10, [12, 12]).train;
const recipeOf = (noise: NoiseModel, drawn: "once" | "fresh", batch = 4): Recipe => ({
  ...smallRecipe({ size: [12, 12], units: [] }),
  spec: convSpec([12, 12, 1], [[4], [1]], { residual: true, noiseLevel: true, white: 1 }),
  noise: { ...noise, drawn } as Recipe["noise"],
  lossWeight: { offset: 5, power: 1.5 },
  order: drawn === "fresh" ? "shuffled" : "file",
  ...(drawn === "fresh" && { flips: true, rotations: true }),
  epochs: 2,
  batch,
});

/** What the network gets in an epoch: clean and noisy pictures and levels. */
async function shown(recipe: Recipe, epoch: number) {
  const count = epochSize(recipe, small.count);
  const network = await networkFor(recipe, count, 3, { threads: 1 });
  const source = batchSource(recipe, small, 3);
  const [clean, noisy, levels]: number[][] = [[], [], []] as number[][];
  for (let first = 0; first < count; first += recipe.batch) {
    const rows = Math.min(recipe.batch, count - first);
    source(network, epoch, first, rows);
    // Gaussian noise is drawn in the step.
    network.step(rows);
    clean!.push(...network.target.subarray(0, rows * 144));
    noisy!.push(...network.input.subarray(0, rows * 144));
    levels!.push(...network.sigma.subarray(0, rows));
  }
  await network.dispose();
  return { clean: clean!, noisy: noisy!, levels: levels! };
}

const mixture: NoiseModel = {
  model: "mixture",
  of: [
    { share: 2, noise: { model: "gaussian", sigma: [10, 20] } },
    { share: 1, noise: { model: "uniform", sigma: [10, 20] } },
    { share: 2, noise: cameraNoise },
  ],
};

describe.each([...ranges, cameraNoise, mixture].map((noise) => [noise.model, noise] as const))(
  "training on %s",
  (_, noise) => {
    it("drawn afresh: streams of picture and epoch, whatever the batch", async () => {
      const first = await shown(recipeOf(noise, "fresh"), 1);
      for (const batch of [1, 3, 10]) expect(await shown(recipeOf(noise, "fresh", batch), 1)).toEqual(first);
      const second = await shown(recipeOf(noise, "fresh"), 2);
      for (const [epoch, { clean, noisy, levels }] of [first, second].entries()) {
        for (let index = 0; index < 10; index++) {
          const expected = new Float32Array(144);
          const at = { seed: 3, purpose: Purpose.freshNoise, index: 10 * epoch + index };
          const data = Uint8Array.from(clean.slice(144 * index, 144 * (index + 1)));
          const picture = { data, width: 12, height: 12, channels: 1 };
          const level = addNoiseTo(picture, expected, noiseAt(noise, at.seed, at.purpose, at.index), at);
          expect(Float32Array.from(noisy.slice(144 * index, 144 * (index + 1)))).toEqual(expected);
          expect(levels[index]).toBe(Math.fround(level));
        }
      }
      expect(new Set([...first.levels, ...second.levels]).size).toBe(20);
    });

    it("drawn once: the same in each epoch", async () => {
      const first = await shown(recipeOf(noise, "once"), 1);
      expect(await shown(recipeOf(noise, "once", 3), 2)).toEqual(first);
      expect(first.clean).toEqual([...small.data]);
      expect(Float32Array.from(first.noisy)).toEqual(addNoise(small, noise, 3, Purpose.trainingNoise));
    });

    it.each(["once", "fresh"] as const)(
      "drawn %s: the same bytes on any number of threads",
      async (drawn) => {
        const recipe = recipeOf(noise, drawn);
        const data = pictures(10, [12, 12]);
        const bytes = async (threads: number) =>
          encodeModel(await train(recipe, data, { seed: 1, threads }).model());
        const alone = await bytes(1);
        for (const threads of [2, 3]) expect(sameBytes(await bytes(threads), alone)).toBe(true);
        const other = encodeModel(await train(recipe, data, { seed: 2, threads: 1 }).model());
        expect(sameBytes(other, alone)).toBe(false);
      },
    );

    it("is measured at levels", async () => {
      const photo = { data: flat(90).data, width: 500, height: 400, channels: 1 };
      const table = await evaluateLevels(noisyMethods, [photo], noise, [20], 1);
      const noisy = addNoise(flat(90), noiseOfLevel(noise, 20), 1, Purpose.testNoise);
      let square = 0;
      for (const value of noisy) square += (value - 90) ** 2 / N;
      expect(table[0]![0]!.psnr).toBeCloseTo(10 * Math.log10(255 ** 2 / square), 9);
    });
  },
);

describe("what cannot be", () => {
  const base = recipeOf({ model: "gaussian", sigma: 10 }, "fresh");
  it.each<[string, unknown, string]>([
    [
      "another model",
      { model: "rain", sigma: 3, drawn: "once" },
      'noise.model has to be ("gaussian" | "uniform"',
    ],
    [
      "a share of 1.5",
      { model: "salt-and-pepper", share: 1.5, drawn: "once" },
      "noise.share has to be at most 1, but is 1.5",
    ],
    [
      "a negative gain",
      { model: "poisson-gaussian", gain: -1, sigma: 3, drawn: "once" },
      "noise.gain has to be at least 0",
    ],
    ["a part missing", { model: "poisson-gaussian", gain: 1, drawn: "once" }, '"noise.sigma" is missing'],
    [
      "a part of another model",
      { model: "speckle", contrast: 0.1, sigma: 1, drawn: "once" },
      'unknown key "noise.sigma"',
    ],
    ["a camera without gain", { model: "camera", drawn: "once" }, '"noise.gain" is missing'],
    [
      "a camera whose photons have no light",
      { ...cameraNoise, gain: 0, drawn: "once" },
      "noise.gain has to be above 0",
    ],
    [
      "a share above 1 of mosaics",
      { ...cameraNoise, mosaic: 2, drawn: "once" },
      "noise.mosaic has to be at most 1",
    ],
    [
      "quality 0",
      { ...cameraNoise, jpeg: { ...cameraNoise.jpeg, quality: [0, 90] }, drawn: "once" },
      "noise.jpeg.quality.0 has to be at least 1, but is 0",
    ],
    [
      "a gamma of 5",
      { ...cameraNoise, toneCurve: { gamma: 5, contrast: 0 }, drawn: "once" },
      "noise.toneCurve.gamma has to be at most 4",
    ],
    [
      "a mixture of nothing",
      { model: "mixture", of: [], drawn: "once" },
      "noise.of has to be at least 1 long",
    ],
    [
      "a mixture in a mixture",
      { model: "mixture", of: [{ share: 1, noise: mixture }], drawn: "once" },
      "noise.of.0.noise.model has to be",
    ],
    [
      "a share of 0 in a mixture",
      { model: "mixture", of: [{ share: 0, noise: { model: "uniform", sigma: 3 } }], drawn: "once" },
      "noise.of.0.share has to be above 0",
    ],
    [
      "a part of a mixture with a time of its own",
      {
        model: "mixture",
        of: [{ share: 1, noise: { model: "uniform", sigma: 3, drawn: "once" } }],
        drawn: "once",
      },
      'unknown key "noise.of.0.noise.drawn"',
    ],
    ["a contrast that is NaN", { model: "speckle", contrast: Number.NaN, drawn: "once" }, "noise.contrast"],
  ])("%s is refused", (_, noise, message) => {
    expect(() => parseRecipe({ ...base, noise })).toThrow(SpecError);
    expect(() => parseRecipe({ ...base, noise })).toThrow(message);
  });

  it("levels that a model does not reach", () => {
    expect(() => noiseOfLevel({ model: "salt-and-pepper", share: 0.1 }, 128)).toThrow(/127\.5.*128 is more/);
    expect(() => noiseOfLevel({ model: "speckle", contrast: 0 }, 20)).toThrow(/no noise/);
  });
});
