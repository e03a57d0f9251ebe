/**
 * Threads that die at any moment. A training ends with a `ThreadError`, and goes on from its last checkpoint to the same
 * bytes; in a denoiser, the other threads do the work. `DENOISE_LOST_WORKERS` says how many die, half of them in each.
 */
import { createHash } from "node:crypto";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { Denoiser } from "../../src/denoiser/denoiser.ts";
import { createDenoiser } from "../../src/denoiser/photo.ts";
import { ThreadError } from "../../src/errors.ts";
import { encodeModel } from "../../src/model/model-file.ts";
import { Purpose, Random } from "../../src/noise/rng.ts";
import type { Checkpoint } from "../../src/training/checkpoint.ts";
import { autoencoderLayers, recipes } from "../../src/training/recipes.ts";
import { resume, type Training, train } from "../../src/training/trainer.ts";
import { convModel } from "../support/conv-models.ts";
import { normal } from "../support/networks.ts";
import { running, watchWorkers, workers } from "../support/watched-workers.ts";

const count = Math.ceil(Number(process.env.DENOISE_LOST_WORKERS ?? 6) / 2);
const timeout = 60_000 + 20_000 * count;
const random = new Random(5, Purpose.order);
const below = (limit: number) => Math.floor(limit * random.uniform());
const wait = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

beforeEach(() => watchWorkers());
afterEach(() => vi.restoreAllMocks());

/** Ends one of the workers that run, in so many milliseconds. */
async function loseOne(milliseconds: number): Promise<void> {
  await wait(milliseconds);
  const left = workers.filter(({ threadId }) => threadId !== -1);
  if (left.length > 0) await left[below(left.length)]!.terminate();
}

it(
  `a training whose worker dies ends with a ThreadError, and goes on to the same bytes: ${count} times`,
  async () => {
    const spec = {
      ...recipes["fashion-autoencoder"].spec,
      input: { height: 8, width: 8, channels: 1 },
      layers: autoencoderLayers([64, 32, 64]),
    } as const;
    const recipe = { ...recipes["fashion-autoencoder"], spec, batch: 20, epochs: 30 };
    const images = { count: 2000, height: 8, width: 8, channels: 1 } as const;
    const data = Uint8Array.from({ length: 64 * images.count }, (_, i) => (i * 37 + (i >> 5) * 11) % 251);
    const set = { name: "made up", sha256: "0", train: { ...images, data, labels: new Uint8Array(2000) } };
    const bytesOf = async (training: Training) => encodeModel(await training.model());
    const began = performance.now();
    const whole = await bytesOf(train(recipe, set, { threads: 3 }));
    const duration = performance.now() - began;
    let lost = 0;
    for (let i = 0; i < count; i++) {
      const training = train(recipe, set, { threads: 3 });
      let last: Checkpoint | undefined;
      // In any epoch but the last, or before the first has ended.
      const before = below(recipe.epochs - 1);
      const soon = () => loseOne(below(duration / recipe.epochs));
      let losing = before === 0 ? soon() : undefined;
      try {
        for await (const { number } of training) {
          last = training.checkpoint();
          if (number === before) losing = soon();
        }
      } catch (error) {
        expect(error).toBeInstanceOf(ThreadError);
        lost++;
      }
      await losing;
      expect(running()).toBe(0);
      const again = last ? resume(last, set, { threads: 3 }) : train(recipe, set, { threads: 3 });
      expect(await bytesOf(again)).toEqual(whole);
    }
    // Few had ended before.
    expect(lost).toBeGreaterThan(count / 3);
  },
  timeout,
);

it(
  `a denoiser whose worker dies gives the same bytes, with the threads that are left: ${count} times`,
  async () => {
    const model = convModel({ hidden: [16, 16] });
    const pictures = [300, 900, 40, 700].map((width) => ({
      data: normal(width * 400, 1, 60).map((value) => value + 128),
      width,
      height: 400,
      channels: 1,
    }));
    const run = async (denoiser: Denoiser) => {
      const results = pictures.map((picture) => denoiser.denoise(picture, { sigma: 20 }));
      return (await Promise.all(results)).map(({ data }) => createHash("sha256").update(data).digest("hex"));
    };
    const began = performance.now();
    const expected = await run(await createDenoiser({ model }));
    const duration = performance.now() - began;
    for (let i = 0; i < count; i++) {
      using denoiser = await createDenoiser({ model, threads: 3 });
      const losing = loseOne(below(duration));
      expect(await run(denoiser)).toEqual(expected);
      await losing;
      expect(await run(denoiser)).toEqual(expected);
      expect(denoiser.threads).toBe(2);
    }
  },
  timeout,
);
