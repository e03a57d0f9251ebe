/** `denoise-wasm denoise --learn`, as a process. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decode, encode } from "fast-png";
import { afterAll, beforeAll, expect, it } from "vitest";
import { learnFromPicture } from "../../src/learning/learn-from-picture.ts";
import { normal } from "../support/networks.ts";
import { runCli } from "../support/run-cli.ts";

const [width, height] = [48, 40];
const data = Uint8Array.from(
  Uint8ClampedArray.from(normal(width * height, 1, 20), (value, i) => value + 80 + (i % width)),
);
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "denoise-wasm-learn-"));
  await writeFile(join(folder, "noisy.png"), encode({ data, width, height, channels: 1 }));
  await writeFile(join(folder, "even.png"), encode({ data: data.map(() => 90), width, height, channels: 1 }));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

it("writes what learnFromPicture gives, and says how strong the noise is", async () => {
  const { code, stdout, stderr } = await runCli(folder, [
    ..."denoise --learn --steps 20 --seed 3 noisy.png -o clean.png --json".split(" "),
  ]);
  expect([code, stderr]).toEqual([0, ""]);
  const [{ sigma }] = JSON.parse(stdout);
  expect(sigma).toBeGreaterThan(15);
  expect(sigma).toBeLessThan(25);
  const expected = await learnFromPicture({ data, width, height, channels: 1 }, { steps: 20, seed: 3 });
  expect(decode(await readFile(join(folder, "clean.png"))).data).toEqual(expected.data);
});

it("says what is wrong with a picture, and that a model does not go with it", async () => {
  const even = await runCli(folder, ["denoise", "--learn", "even.png"]);
  expect(even.code).toBe(1);
  expect(even.stderr).toMatch(/No noise is found/);
  const both = await runCli(folder, ["denoise", "--learn", "--model", "photo", "noisy.png"]);
  expect(both.code).toBe(2);
  expect(both.stderr).toMatch(/--learn/);
  const alone = await runCli(folder, ["denoise", "--steps", "20", "noisy.png"]);
  expect([alone.code, alone.stderr]).toEqual([2, expect.stringMatching(/'--steps' needs --learn/)]);
});
