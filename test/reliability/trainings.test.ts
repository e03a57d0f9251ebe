/**
 * Trainings that are killed at any moment, a third of them within a write, and a third on a slow disk, where most moments are
 * within one, and trainings whose disk is full: what they leave can be read and gone on from, and ends in the same bytes as a
 * training that nothing befell. `DENOISE_TRAININGS` and `DENOISE_FULL_DISKS` say how many of each, the latter for each of 20
 * sizes.
 */
import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { decodeModel } from "../../src/model/model-file.ts";
import { Random } from "../../src/noise/rng.ts";
import { decodeCheckpoint } from "../../src/training/checkpoint.ts";
import { idxBytes } from "../support/idx-bytes.ts";
import { smallRecipe } from "../support/pictures.ts";
import { cli } from "../support/run-cli.ts";

const trainings = Number(process.env.DENOISE_TRAININGS ?? 2);
const disks = Number(process.env.DENOISE_FULL_DISKS ?? 0);
/** A training is killed this often, before it is let run to its end. */
const KILLS = 3;
/** What a slow disk takes for one thing, in milliseconds: for a checkpoint, six times as long. */
const SLOWNESS = 5;
const timeout = 60_000 * (2 + trainings + 20 * disks);

let folder: string;
let whole: Buffer;
/** From the start of the command to its end, in milliseconds. */
let duration: number;
/** How many bytes there are in what a whole training leaves. */
let sizes: number;

const start = (out: string) => ["train", "--recipe", "recipe.json", "--data", "data", "--out", out, ...often];
const resume = (out: string) => ["train", "--resume", out, ...often];
/** After each step of the training, in effect. */
const often = ["--threads", "1", "--checkpoint-every", "0.0000001"];
const filesOf = (out: string) => readdir(join(folder, out)).catch(() => []);

/** Runs the command. With `fault` as faults.js reads it, or killed after so many milliseconds. */
function run(parameters: readonly string[], { fault = "", killedAfter = 0 } = {}) {
  return new Promise<{ code: number | null; stderr: string }>((settle) => {
    const faults = resolve("test/reliability/faults.js");
    const child = spawn(process.execPath, ["--import", faults, cli, ...parameters], {
      cwd: folder,
      env: { ...process.env, DENOISE_FAULT: fault },
      stdio: ["ignore", "ignore", "pipe"],
    });
    let stderr = "";
    child.stderr.on("data", (data) => {
      stderr += data;
    });
    const timer = killedAfter > 0 ? setTimeout(() => child.kill("SIGKILL"), killedAfter) : undefined;
    child.on("close", (code) => {
      clearTimeout(timer);
      settle({ code, stderr });
    });
  });
}

/** What is in a run folder under a name that is not a temporary one can be read. */
async function expectReadable(out: string): Promise<void> {
  for (const name of await filesOf(out)) {
    const path = join(folder, out, name);
    if (name === "checkpoint.safetensors") await decodeCheckpoint(await readFile(path), name);
    if (name === "model.safetensors") decodeModel(await readFile(path), name);
    if (name === "report.json") JSON.parse(await readFile(path, "utf8"));
  }
}

/** The checkpoint goes when all other files are there. */
function isComplete(out: string): boolean {
  const has = (name: string) => existsSync(join(folder, out, name));
  const isDone = has("model.safetensors") && !has("checkpoint.safetensors");
  if (isDone) expect(has("index.html")).toBe(true);
  return isDone;
}

const next = (out: string) =>
  existsSync(join(folder, out, "checkpoint.safetensors")) ? resume(out) : start(out);

async function expectWhole(out: string): Promise<void> {
  const left = await filesOf(out);
  expect(left.filter((name) => /tmp|lock|checkpoint/.test(name))).toEqual([]);
  expect(readFileSync(join(folder, out, "model.safetensors")).equals(whole)).toBe(true);
  await rm(join(folder, out), { recursive: true });
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "denoise-wasm-killed-"));
  await mkdir(join(folder, "data"));
  for (const [part, count] of [
    ["train", 20],
    ["t10k", 10],
  ] as const) {
    const values = Array.from({ length: count * 144 }, (_, i) => (i * 37 + (i >> 4) * 11) % 256);
    const labels = Array.from({ length: count }, (_, i) => i % 10);
    await writeFile(join(folder, `data/${part}-images-idx3-ubyte`), idxBytes([count, 12, 12], values));
    await writeFile(join(folder, `data/${part}-labels-idx1-ubyte`), idxBytes([count], labels));
  }
  const recipe = smallRecipe({ size: [12, 12], units: [64, 144], epochs: 40, batch: 8 });
  await writeFile(join(folder, "recipe.json"), JSON.stringify(recipe));
  const begun = performance.now();
  expect(await run(start("whole"))).toEqual({ code: 0, stderr: expect.any(String) });
  duration = performance.now() - begun;
  whole = readFileSync(join(folder, "whole/model.safetensors"));
  const files = await Promise.all(
    (await filesOf("whole")).map((name) => readFile(join(folder, "whole", name))),
  );
  sizes = files.reduce((sum, { length }) => sum + length, 0);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

it(
  `${trainings} trainings, each killed ${KILLS} times, end in the same bytes, and leave nothing behind`,
  async () => {
    const random = new Random(3, 0, 0);
    const below = (limit: number) => Math.floor(limit * random.uniform());
    let kills = 0;
    for (let i = 0; i < trainings; i++) {
      const out = `killed${i}`;
      for (let kill = 0; kill < KILLS; kill++) {
        const how = [
          { killedAfter: 1 + below(duration) },
          { killedAfter: 1 + below(2 * duration), fault: `slow ${SLOWNESS}` },
          // Within a write, at each step of it in turn.
          { fault: `kill ${i % 5} ${1 + below(30)}` },
        ][kill % KILLS];
        const { code, stderr } = await run(next(out), how);
        if (code === null) kills++;
        else expect({ code, stderr: code === 0 ? "" : stderr }).toEqual({ code: 0, stderr: "" });
        await expectReadable(out);
        if (isComplete(out)) break;
      }
      // A process that was killed when all was done may have left its lock, which is no hindrance.
      expect(await run(isComplete(out) ? [...start(out), "--force"] : next(out))).toMatchObject({ code: 0 });
      await expectWhole(out);
    }
    // Nearly all were alive when they were to be killed.
    expect(kills).toBeGreaterThan(trainings);
  },
  timeout,
);

describe("a disk that is full", () => {
  const all = Array.from({ length: 20 }, (_, i) => (i + 0.5) / 20);
  const parts = disks > 0 ? all : [0.1, 0.5, 0.95];
  it.each(parts)(
    "at %f of what a training takes: one typed error, and nothing that cannot be read",
    async (part) => {
      for (let i = 0; i < Math.max(1, disks); i++) {
        const out = `full${part}-${i}`;
        const most = Math.round(part * (sizes + i * 16));
        const { code, stderr } = await run(start(out), { fault: `full ${most}` });
        if (code !== 0) {
          expect(code).toBe(1);
          expect(stderr).toMatch(/the disk is full; free some space or choose another place/);
        }
        await expectReadable(out);
        expect((await filesOf(out)).filter((name) => /tmp|lock/.test(name))).toEqual([]);
        const again = existsSync(join(folder, out, "checkpoint.safetensors"))
          ? resume(out)
          : [...start(out), "--force"];
        expect(await run(again)).toMatchObject({ code: 0 });
        await expectWhole(out);
      }
    },
    timeout,
  );
});
