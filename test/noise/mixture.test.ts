/** Mixtures of noise models: which picture gets which, and who draws it. */
import { describe, expect, it } from "vitest";
import { NO_STREAM } from "../../assembly/constants.ts";
import { cameraNoise } from "../../src/noise/camera.ts";
import { levelOf, type MixtureNoise, noiseAt, noiseName, noiseOfLevel } from "../../src/noise/noise.ts";
import { Purpose } from "../../src/noise/rng.ts";
import { batchSource, isDrawnInStep } from "../../src/training/batches.ts";
import { parseRecipe } from "../../src/training/recipes.ts";
import { networkFor } from "../../src/training/training-state.ts";
import { convSpec } from "../support/conv-networks.ts";
import { pictures, smallRecipe } from "../support/pictures.ts";

const mixture: MixtureNoise = {
  model: "mixture",
  of: [
    { share: 3, noise: cameraNoise },
    { share: 5, noise: { model: "gaussian", sigma: [0, 55] } },
    { share: 2, noise: { model: "speckle", contrast: 0.2 } },
  ],
};

describe("a mixture", () => {
  it("has its models by their shares, within 5 standard errors", () => {
    const count = 10_000;
    const drawn = Array.from({ length: count }, (_, i) => noiseAt(mixture, 1, Purpose.freshNoise, i).model);
    for (const { share, noise } of mixture.of) {
      const found = drawn.filter((model) => model === noise.model).length;
      const chance = share / 10;
      expect(Math.abs(found - count * chance)).toBeLessThan(5 * Math.sqrt(count * chance * (1 - chance)));
    }
  });

  it("draws numbers from a model's whole ranges, whatever its share", () => {
    const sigmas = Array.from({ length: 10_000 }, (_, i) =>
      noiseAt(mixture, 1, Purpose.freshNoise, i),
    ).flatMap((noise) => (noise.model === "gaussian" ? [noise.sigma] : []));
    const mean = sigmas.reduce((sum, sigma) => sum + sigma / sigmas.length, 0);
    expect(Math.abs(mean - 27.5)).toBeLessThan((5 * 55) / Math.sqrt(12 * sigmas.length));
    expect(Math.min(...sigmas)).toBeLessThan(0.5);
    expect(Math.max(...sigmas)).toBeGreaterThan(54.5);
  });

  it("of one model is that model", () => {
    const one: MixtureNoise = {
      model: "mixture",
      of: [{ share: 0.1, noise: { model: "uniform", sigma: 7 } }],
    };
    for (let i = 0; i < 100; i++) expect(levelOf(one, 1, Purpose.testNoise, i)).toBe(7);
  });

  it("is measured with its first model that has levels, or with Gaussian noise", () => {
    expect(noiseOfLevel(mixture, 20)).toEqual({ model: "gaussian", sigma: 20 });
    const speckled = { ...mixture, of: [mixture.of[0]!, mixture.of[2]!, mixture.of[1]!] };
    expect(noiseOfLevel(speckled, 51)).toEqual({ model: "speckle", contrast: 0.4 });
    expect(noiseOfLevel({ ...mixture, of: [mixture.of[0]!] }, 20)).toEqual({ model: "gaussian", sigma: 20 });
  });

  it("is named", () => {
    expect(noiseName(mixture)).toMatch(
      /^mixture: 30 % camera, .*; 50 % gaussian, σ 0 to 55; 20 % speckle, contrast = 0\.2$/,
    );
  });
});

describe("who draws the noise", () => {
  it("is the step wherever some pictures have Gaussian noise that is fresh", () => {
    expect(isDrawnInStep({ ...mixture, drawn: "fresh" })).toBe(true);
    expect(isDrawnInStep({ ...mixture, drawn: "once" })).toBe(false);
    expect(isDrawnInStep({ ...mixture, of: [mixture.of[0]!, mixture.of[2]!], drawn: "fresh" })).toBe(false);
    expect(isDrawnInStep({ model: "gaussian", sigma: 3, drawn: "fresh" })).toBe(true);
    expect(isDrawnInStep({ ...cameraNoise, drawn: "fresh" })).toBe(false);
  });

  it("is the step for just the Gaussian pictures of a batch", async () => {
    const recipe = parseRecipe({
      ...smallRecipe({ size: [12, 12], units: [] }),
      spec: convSpec([12, 12, 1], [[4], [1]], { residual: true, noiseLevel: true }),
      noise: { ...mixture, drawn: "fresh" },
      order: "shuffled",
      batch: 40,
    });
    const { train } = pictures(40, [12, 12]);
    const network = await networkFor(recipe, 40, 3, { threads: 1 });
    batchSource(recipe, train, 3)(network, 1, 0, 40);
    const gaussian = Array.from(
      { length: 40 },
      (_, i) => noiseAt(mixture, 3, Purpose.freshNoise, i).model === "gaussian",
    );
    expect(new Set(gaussian).size).toBe(2);
    for (const [row, inStep] of gaussian.entries()) {
      expect(network.streams[3 * row + 1]).toBe(inStep ? Purpose.freshNoise : NO_STREAM);
      expect(network.input.subarray(144 * row, 144 * (row + 1)).every((value) => value === 0)).toBe(inStep);
    }
    await network.dispose();
  });
});
