/** Training on noisy pictures alone: what the network sees and what it is to put out. */
import { describe, expect, it } from "vitest";
import type { Scenes } from "../../src/data/images.ts";
import { encodeModel } from "../../src/model/model-file.ts";
import { Network } from "../../src/network/network.ts";
import { batchSource } from "../../src/training/batches.ts";
import { decodeCheckpoint, encodeCheckpoint } from "../../src/training/checkpoint.ts";
import { parseRecipe, type Recipe } from "../../src/training/recipes.ts";
import { resume, train } from "../../src/training/trainer.ts";
import { sameBytes } from "../support/bytes.ts";
import { normal } from "../support/networks.ts";
import { smallConvRecipe } from "../support/pictures.ts";

const [height, width, side] = [40, 50, 16];
const strength = 0.5;
const { lossWeight: _, ...small } = smallConvRecipe({ size: [side, side] });
const { noiseLevel: __, ...spec } = small.spec;
const recipe: Recipe = {
  ...small,
  spec,
  noise: { model: "gaussian", sigma: 20, drawn: "fresh" },
  noisyOnly: { strength },
  loss: "mse",
  order: "shuffled",
  batch: 4,
  epochs: 2,
  patchesPerEpoch: 12,
};
const frame = (stream: number) => normal(height * width, stream, 20).map((value) => value + 100);
const scenesWith = (...frames: Float32Array[]): Scenes => ({
  scenes: [{ frames, width, height }],
  count: 1,
  channels: 1,
});
const data = (train: Scenes) => ({ name: "noisy", sha256: "0".repeat(64), train });

/** What the network sees and is to put out in the first batches. */
async function drawn(recipe: Recipe, set: Scenes, batches: number) {
  const network = await Network.create(recipe.spec, { batch: 4, training: { floatTarget: true } });
  const source = batchSource(recipe, set, 1);
  const [seen, wanted]: [number[], number[]] = [[], []];
  for (let batch = 0; batch < batches; batch++) {
    source(network, 1, 4 * batch, 4);
    seen.push(...network.input);
    wanted.push(...network.floatTarget);
  }
  await network.dispose();
  return { seen, wanted };
}

const variance = (values: readonly number[]) => {
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  return values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
};

describe("of scenes with one frame", () => {
  it("it sees the picture with more noise, and is to put out the picture with other noise that is independent", async () => {
    const noisy = frame(1);
    const flat = noisy.map(() => 100);
    const { seen, wanted } = await drawn(recipe, scenesWith(flat), 30);
    // 30 batches of 4 patches of 256 values: the estimates of a variance are within 2 % (four standard deviations).
    expect(variance(seen) / (strength * 20) ** 2).toBeCloseTo(1, 1);
    expect(variance(wanted) / (20 / strength) ** 2).toBeCloseTo(1, 1);
    // Added noise of the two is the same but for sign and size, so that (seen + strength² · wanted) / (1 + strength²) is the picture.
    const real = await drawn(recipe, scenesWith(noisy), 1);
    const known = new Set(noisy);
    const least = (value: number) => Math.min(...noisy.map((one) => Math.abs(one - value)));
    expect(known.size).toBeGreaterThan(1900);
    for (let i = 0; i < 256; i++) {
      const value = (real.seen[i]! + strength ** 2 * real.wanted[i]!) / (1 + strength ** 2);
      expect(least(value)).toBeLessThan(1e-4);
    }
  });

  it("the noise of a sensor that counts grows with the brightness around", async () => {
    const bright = new Float32Array(height * width).fill(200);
    const dark = new Float32Array(height * width).fill(50);
    const counted: Recipe = {
      ...recipe,
      noise: { model: "poisson-gaussian", gain: 2, sigma: 10, drawn: "fresh" },
    };
    const [inBright, inDark] = [
      await drawn(counted, scenesWith(bright), 30),
      await drawn(counted, scenesWith(dark), 30),
    ];
    expect(variance(inBright.seen) / (strength ** 2 * (2 * 200 + 100))).toBeCloseTo(1, 1);
    expect(variance(inDark.seen) / (strength ** 2 * (2 * 50 + 100))).toBeCloseTo(1, 1);
  });
});

describe("of scenes with several frames", () => {
  it.each([2, 3, 4])(
    "%s: it sees the mean of half of them, and is to put out that of the others",
    async (count) => {
      const constant = Array.from({ length: count }, (_, index) =>
        new Float32Array(height * width).fill(2 ** index),
      );
      const { seen, wanted } = await drawn(recipe, scenesWith(...constant), 12);
      const half = count >> 1;
      const pairs = new Set<string>();
      for (let i = 0; i < seen.length; i += 256) {
        const [first, second] = [seen[i]! * (count - half), wanted[i]! * half];
        // Sums of different powers of two tell which frames went in.
        expect(Math.round(first) + Math.round(second)).toBe(2 ** count - 1);
        expect(Math.round(first) & Math.round(second)).toBe(0);
        pairs.add(`${Math.round(first)}`);
      }
      expect(pairs.size).toBeGreaterThan(1);
    },
  );
});

describe("a training", () => {
  it("gives the same bytes on one thread and two, and after it went on from a checkpoint", async () => {
    const set = scenesWith(frame(1));
    const alone = encodeModel(await train(recipe, data(set), { seed: 3, threads: 1 }).model());
    expect(
      sameBytes(encodeModel(await train(recipe, data(set), { seed: 3, threads: 2 }).model()), alone),
    ).toBe(true);
    const first = train(recipe, data(set), { seed: 3, threads: 1 });
    await first.next();
    const saved = decodeCheckpoint(await encodeCheckpoint(first.checkpoint()), "a checkpoint");
    await first.return();
    expect(sameBytes(encodeModel(await resume(await saved, data(set)).model()), alone)).toBe(true);
  });

  it("takes bytes as well as floats, and the same from pictures as from scenes", async () => {
    const bytes = Uint8Array.from(frame(1));
    const scenes = scenesWith(Float32Array.from(bytes));
    const photos = { photos: [{ data: bytes, width, height, channels: 1 }], count: 1, channels: 1 };
    const [one, other] = await Promise.all([
      train(recipe, data(scenes)).model(),
      train(recipe, { ...data(scenes), train: photos }).model(),
    ]);
    expect(other.parameters).toEqual(one.parameters);
  });

  it("refuses what does not go together", () => {
    const wrong = (change: object) => () => parseRecipe({ ...recipe, ...change });
    expect(wrong({})).not.toThrow();
    expect(wrong({ loss: "l1" })).toThrow(/noisyOnly/);
    expect(wrong({ noise: { model: "gaussian", sigma: [0, 50], drawn: "fresh" } })).toThrow(/not ranges/);
    expect(wrong({ noise: { model: "speckle", contrast: 0.1, drawn: "fresh" } })).toThrow(/poisson-gaussian/);
    expect(wrong({ spec: small.spec })).toThrow(small.spec.noiseLevel ? /noiseLevel/ : undefined);
    expect(wrong({ noisyOnly: { strength: 0 } })).toThrow(/strength/);
    const { noisyOnly: _, ...clean } = recipe;
    expect(() => train(clean, data(scenesWith(frame(1))))).toThrow(/noisyOnly/);
    const broken = { scenes: [{ frames: [new Float32Array(7)], width, height }], count: 1, channels: 1 };
    expect(() => train(recipe, data(broken))).toThrow(/scene 0/);
  });
});
