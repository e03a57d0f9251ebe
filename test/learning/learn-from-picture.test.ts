/** Learning from one picture alone. */
import { describe, expect, it } from "vitest";
import { createWith } from "../../src/denoiser/create.ts";
import { learnFromPicture } from "../../src/learning/learn-from-picture.ts";
import type { Model } from "../../src/model/model.ts";
import { psnr } from "../../src/quality/metrics.ts";
import { sameBytes } from "../support/bytes.ts";
import { normal } from "../support/networks.ts";

const [width, height] = [96, 80];
const wave = (x: number, y: number) => 120 + 60 * Math.sin(x / 9) * Math.cos(y / 7) + (x + y > 90 ? 30 : 0);
const clean = Uint8Array.from({ length: width * height }, (_, i) => wave(i % width, Math.floor(i / width)));
const noise = normal(clean.length, 1, 25);
const data = Float32Array.from(clean, (value, i) => value + noise[i]!);
const picture = { data, width, height, channels: 1 };
const range = [0, 255] as const;
const bytesOf = ({ buffer }: Float32Array<ArrayBuffer>) => new Uint8Array(buffer);

describe("learnFromPicture", () => {
  it("takes most of the noise away, tells its progress, and gives a model that does the same", async () => {
    const parts: number[] = [];
    const {
      data: denoised,
      noise,
      model,
    } = await learnFromPicture(picture, {
      range,
      steps: 120,
      onProgress: (part) => parts.push(part),
    });
    const [before, after] = [data, denoised].map((values) => psnr(Uint8ClampedArray.from(values), clean));
    expect(after! - before!).toBeGreaterThan(5);
    expect(Math.sqrt(noise.gain * 127 + noise.sigma ** 2)).toBeGreaterThan(20);
    expect(Math.sqrt(noise.gain * 127 + noise.sigma ** 2)).toBeLessThan(30);
    expect(parts).toEqual([...parts].sort((a, b) => a - b));
    expect(parts.at(-1)).toBe(1);
    using denoiser = await createWith([], { model });
    const again = await denoiser.denoise(picture, { range, sigma: 25, quality: "best" });
    expect(sameBytes(bytesOf(again.data), bytesOf(denoised))).toBe(true);
  });

  it("shows what it has learned so far", async () => {
    const losses: number[] = [];
    let early: Model | undefined;
    const { model } = await learnFromPicture(picture, {
      range,
      steps: 400,
      threads: 1,
      onProgress(_, soFar) {
        if (!soFar) return;
        losses.push(soFar.loss);
        early ??= soFar.model();
      },
    });
    expect(losses.length).toBeGreaterThan(3);
    // What it is to predict has noise itself: that of the picture, 25 grey levels, and 1 / 0.8 times as much that was drawn.
    const floor = 25 ** 2 * (1 + 1 / 0.8 ** 2);
    expect(losses.at(-1)).toBeGreaterThan(0.7 * floor);
    expect(losses.at(-1)).toBeLessThan(1.5 * floor);
    expect(losses[0]).toBeGreaterThan(losses.at(-1)!);
    const qualityOf = async (model: Model) => {
      using denoiser = await createWith([], { model });
      const { data } = await denoiser.denoise(picture, { range, sigma: 25 });
      return psnr(Uint8ClampedArray.from(data), clean);
    };
    expect(await qualityOf(model)).toBeGreaterThan((await qualityOf(early!)) + 1);
  });

  it("gives the same bytes for a seed on one thread and two, and others for another seed", async () => {
    const run = async (options: object) =>
      (await learnFromPicture(picture, { range, steps: 10, ...options })).data;
    const one = await run({ threads: 1, seed: 5 });
    expect(sameBytes(bytesOf(await run({ threads: 2, seed: 5 })), bytesOf(one))).toBe(true);
    expect(sameBytes(bytesOf(await run({ threads: 1, seed: 6 })), bytesOf(one))).toBe(false);
  });

  it("takes a picture whose parts are not its own properties, such as an ImageData", async () => {
    const options = { range, steps: 10 };
    const { data: out } = await learnFromPicture(Object.create(picture), options);
    expect(
      sameBytes(bytesOf(out as typeof data), bytesOf((await learnFromPicture(picture, options)).data)),
    ).toBe(true);
  });

  it("keeps the kind of array, alpha and range", async () => {
    const words = Uint16Array.from({ length: 2 * data.length }, (_, i) =>
      i % 2 === 0 ? Math.max(0, 4 * data[i / 2]!) : 7,
    );
    const { data: out, channels } = await learnFromPicture(
      { data: words, width, height, channels: 2 },
      { range: [0, 1020], steps: 10 },
    );
    expect([out instanceof Uint16Array, channels]).toEqual([true, 2]);
    expect(out.every((value, i) => i % 2 === 0 || value === 7)).toBe(true);
  });

  it("is aborted, and refuses what it cannot do", async () => {
    const controller = new AbortController();
    const running = learnFromPicture(picture, {
      range,
      signal: controller.signal,
      onProgress: () => controller.abort(),
    });
    await expect(running).rejects.toThrow(/abort/i);
    const smooth = data.map((_, i) => {
      const at = (j: number) => data[j] ?? data[i]!;
      return (at(i) + at(i + 1) + at(i + width) + at(i + width + 1)) / 4;
    });
    await expect(learnFromPicture({ ...picture, data: smooth }, { range })).rejects.toThrow(/goes together/);
    await expect(learnFromPicture({ data: clean, width, height, channels: 1 })).rejects.toThrow(/noise/);
    const tiny = { data: data.slice(0, 15 * 40), width: 40, height: 15 };
    await expect(learnFromPicture(tiny, { range, noise: { gain: 0, sigma: 25 } })).rejects.toThrow(
      /at least 16/,
    );
    await expect(learnFromPicture(picture, { range, noise: { gain: -1, sigma: 3 } })).rejects.toThrow(
      /noise/,
    );
    await expect(learnFromPicture(picture, { range, stepz: 3 } as object)).rejects.toThrow(/stepz/);
  });
});
