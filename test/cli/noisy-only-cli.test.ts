/** `denoise-wasm train --noisy-only` and `--pairs`, as processes. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decode, encode } from "fast-png";
import { afterAll, beforeAll, expect, it } from "vitest";
import { opaqueBytes } from "../../src/data/photos.ts";
import { decodeModel } from "../../src/model/model-file.ts";
import { readPicture } from "../../src/pictures/picture-files.node.ts";
import { normal } from "../support/networks.ts";
import { runCli } from "../support/run-cli.ts";

const [width, height, channels] = [100, 90, 3];
const photo = opaqueBytes(await readPicture("data/photographs/parrots.png"));
/** A part of the photograph, with noise of σ = 20 for a stream above 0. */
function png(left: number, top: number, stream: number): Uint8Array {
  const noise = normal(width * height * channels, stream + 1, stream > 0 ? 20 : 0);
  const data = Uint8ClampedArray.from(noise, (value, i) => {
    const [x, y] = [left + (Math.floor(i / 3) % width), top + Math.floor(i / 3 / width)];
    return value + photo.data[(y * photo.width + x) * 3 + (i % 3)]!;
  });
  return encode({ data, width, height, channels });
}

let folder: string;
const at = (...names: string[]) => join(folder, ...names);
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "denoise-wasm-noisy-"));
  for (const name of ["noisy", "clean", "scenes", "scenes/one", "scenes/two", "single", "single/one"])
    await mkdir(at(name));
  for (const index of [1, 2, 3]) await writeFile(at("noisy", `${index}.png`), png(20 * index, 30, index));
  await writeFile(at("clean", "1.png"), png(90, 60, 0));
  for (const index of [1, 2, 3])
    await writeFile(at("scenes/one", `${index}.png`), png(20 + 3 * index, 30, 3 + index));
  for (const index of [1, 2]) await writeFile(at("scenes/two", `${index}.png`), png(60, 50, 6 + index));
  await writeFile(at("single/one", "1.png"), png(20, 30, 1));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const few = "--epochs 1 --patches-per-epoch 32 --batch 8 --test clean --json".split(" ");
const train = (...parameters: string[]) => runCli(folder, ["train", ...few, ...parameters]);

it("finds the noise of noisy pictures, and writes a run with a model that learned from them", async () => {
  const { code, stderr, stdout } = await train("--noisy-only", "--data", "noisy", "-o", "run");
  expect([code, stderr]).toEqual([0, expect.stringContaining("Training noisy-only")]);
  const { recipe, data } = JSON.parse(stdout);
  expect(recipe.noisyOnly).toEqual({ strength: 0.8 });
  const { gain, sigma } = recipe.noise;
  expect(Math.sqrt(gain * 127.5 + sigma * sigma)).toBeGreaterThan(16);
  expect(Math.sqrt(gain * 127.5 + sigma * sigma)).toBeLessThan(26);
  expect(data.trainingImages).toBe(3);
  const model = decodeModel(await readFile(at("run", "model.safetensors")), "the model");
  expect(model.noise).toEqual({ ...recipe.noise });
});

it("takes the noise that is given, and any recipe of convolutions", async () => {
  const options = "--noisy-only --data noisy --sigma 20 --recipe photo-tiny -o other".split(" ");
  const { code, stdout } = await train(...options);
  expect(code).toBe(0);
  const { recipe } = JSON.parse(stdout);
  expect(recipe.noise).toMatchObject({ sigma: 20 });
  expect(recipe.spec.noiseLevel).toBeUndefined();
});

it("learns from counts of 16 bits in a range, and says what the figures of noisy tests mean", async () => {
  await mkdir(at("counts"));
  await mkdir(at("counts", "scene"));
  for (const index of [1, 2]) {
    const { data } = decode(png(20, 30, 9 + index));
    const counts = Uint16Array.from(data, (value) => 20 + (200 * value) / 255);
    await writeFile(
      at("counts", "scene", `${index}.png`),
      encode({ data: counts, width, height, channels, depth: 16 }),
    );
  }
  const options = "--epochs 1 --patches-per-epoch 32 --batch 8 --range 20,220".split(" ");
  const run = (...more: string[]) => runCli(folder, ["train", ...options, ...more]);
  const alone = await run("--noisy-only", "--data", "counts/scene", "-o", "counted");
  expect([alone.code, alone.stdout]).toEqual([0, expect.stringMatching(/do not say how good the model is/)]);
  const { recipe, data } = JSON.parse(await readFile(at("counted", "report.json"), "utf8"));
  expect(Math.sqrt(recipe.noise.gain * 127.5 + recipe.noise.sigma ** 2)).toBeGreaterThan(16);
  expect(data.source).toMatch(/counts.scene, in the range 20,220$/);
  const pairs = await run("--pairs", "--data", "counts", "--json", "-o", "paired");
  expect([pairs.code, JSON.parse(pairs.stdout).data.trainingImages]).toEqual([0, 1]);
  const none = await runCli(folder, ["train", "--noisy-only"]);
  expect([none.code, none.stderr]).toEqual([1, expect.stringMatching(/--noisy-only learns .* --data/)]);
});

it("learns from the frames of scenes, and says which folder has too few", async () => {
  const { code, stdout } = await train("--pairs", "--data", "scenes", "-o", "frames");
  expect(code).toBe(0);
  expect(JSON.parse(stdout).data).toMatchObject({
    trainingImages: 2,
    source: expect.stringMatching(/^frames of scenes in /),
  });
  const single = await train("--pairs", "--data", "single", "-o", "none");
  expect([single.code, single.stderr]).toEqual([1, expect.stringMatching(/two frames or more/)]);
});
