/** PyTorch both ways: examples/pytorch denoises as this package does, takes the same steps, and what it trains comes back. */
import { execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, it } from "vitest";
import { createDenoiser } from "../../src/denoiser/photo.ts";
import type { Model } from "../../src/model/model.ts";
import { decodeModel, encodeModel } from "../../src/model/model-file.ts";
import { type Tensor, writeSafetensors } from "../../src/model/safetensors.ts";
import { Network } from "../../src/network/network.ts";
import { readPicture } from "../../src/pictures/picture-files.node.ts";
import { psnr } from "../../src/quality/metrics.ts";
import { runModel } from "../../src/quality/run-model.ts";
import { Optimizer } from "../../src/training/optimizer.ts";
import { randomBatch, setBatch } from "../support/conv-networks.ts";
import { denseModel } from "../support/dense-models.ts";
import { moved } from "../support/images.ts";
import { normal } from "../support/networks.ts";
import { leastSize, randomModel } from "../support/random-models.ts";
import { runCli } from "../support/run-cli.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const output = `${root}test/.output/pytorch/`;
const python = process.env.PYTHON ?? "python3";
const packages = "torch, safetensors, numpy, PIL";
const hasTorch = spawnSync(python, ["-c", `import ${packages}`], { stdio: "ignore" }).status === 0;

/** Several threads would wait for each other where cores are busy. */
const environment = { ...process.env, OMP_NUM_THREADS: "1" };
const run = (...parameters: string[]) =>
  execFileSync(python, parameters, { encoding: "utf8", env: environment, stdio: ["ignore", "pipe", "pipe"] });

const f32 = (data: Float32Array, ...shape: number[]): Tensor => ({ dtype: "F32", shape, data });
const readModel = (path: string) => decodeModel(readFileSync(path), path);
const tiny = `${root}models/photo-tiny.safetensors`;
const example = `${root}examples/pytorch/`;

/** Writes a case for train_torch.py. @returns its path */
function writeCase(name: string, tensors: Record<string, Tensor>, metadata: Record<string, string>): string {
  const path = `${output}${name}.safetensors`;
  writeFileSync(path, writeSafetensors(new Map(Object.entries(tensors)), metadata));
  return path;
}

/** Model files of convolutions, which are written by name, and which small pictures are denoised by. */
const small: readonly (readonly [name: string, file: () => Uint8Array])[] = [
  ...["photo-grey", "photo-tiny-grey", "fashion-conv"].map(
    (name) => [name, () => readFileSync(`${root}models/${name}.safetensors`)] as const,
  ),
  ["photo with weights of 8 bits", () => encodeModel(readModel(`${root}models/photo.safetensors`), "i8")],
  ["photo-tiny with weights of 16 bits", () => encodeModel(readModel(tiny), "f16")],
  ...Array.from(
    { length: 8 },
    (_, number) => [`random spec ${number}`, () => encodeModel(randomModel(number))] as const,
  ),
];

/** A photograph with noise of 25 grey levels that is not clipped. */
async function noisyPhotograph() {
  const { width, height, data: clean } = await readPicture(`${root}data/photographs/parrots.png`);
  const noise = normal(clean.length, 9, 25);
  return { clean: clean as Uint8Array, width, height, data: noise.map((value, i) => value + clean[i]!) };
}

/** Prints the mean PSNR of a model on pictures that `evaluate --save-noisy` has written. */
const psnrThere = `
import math, sys, numpy, torch
from pathlib import Path
sys.path.append(sys.argv[1])
from denoise_wasm import denoise, load
network, found = load(sys.argv[2]), []
for path in Path(sys.argv[3]).glob("*-sigma25.npy"):
    clean = numpy.load(str(path).replace("-sigma25", "-clean")).astype("float64")
    noisy = torch.from_numpy(numpy.load(path)).permute(2, 0, 1)[None]
    result = denoise(network, noisy, torch.tensor([25.0])).clamp(0, 255).round()[0].permute(1, 2, 0).numpy()
    found.append(10 * math.log10(255**2 / ((result - clean) ** 2).mean()))
print(sum(found) / len(found))`;

const title = hasTorch
  ? "examples/pytorch, model files in PyTorch"
  : `examples/pytorch, model files in PyTorch (skipped: ${python} cannot import ${packages}; set PYTHON to one that can)`;
describe.skipIf(!hasTorch)(title, () => {
  const steps = 2;
  const images = 4;
  const losses = ["l1", "mse"] as const;
  const found = new Map<string, { ours: number; torch: number; losses: number[]; difference: number }>();
  const ourLosses = new Map<string, number[]>();

  // Python takes seconds to load PyTorch, so one process does all.
  beforeAll(async () => {
    mkdirSync(output, { recursive: true });
    const cases: [string, string][] = [];

    const photograph = await noisyPhotograph();
    const { width, height, data } = photograph;
    const denoiser = await createDenoiser({ model: readFileSync(tiny) });
    const denoised = (await denoiser.denoise({ data, width, height }, { sigma: 25, range: [0, 255] })).data;
    denoiser.dispose();
    const planes = (values: Float32Array) => f32(moved(values, 3), 1, 3, height, width);
    const sigma = f32(Float32Array.of(25), 1);
    const picture = { noisy: planes(data), clean: planes(denoised), sigma };
    cases.push(["a photograph", writeCase("photograph", picture, { model: tiny })]);

    for (const [name, file] of small) {
      const bytes = file();
      const model = `${output}${name}-model.safetensors`;
      writeFileSync(model, bytes);
      const { channels } = decodeModel(bytes, name).spec.input;
      // Its height and width are no multiples of what networks of several scales need.
      const [height, width] = [leastSize + 1, leastSize + 7];
      const data = normal(height * width * channels, 3, 60).map((value) => value + 120);
      const denoiser = await createDenoiser({ model: bytes });
      const clean = (
        await denoiser.denoise({ data, width, height, channels }, { sigma: 25, range: [0, 255] })
      ).data;
      denoiser.dispose();
      // The network does something.
      expect(clean.some((value, i) => Math.abs(value - data[i]!) > 1)).toBe(true);
      const planes = (values: Float32Array) => f32(moved(values, channels), 1, channels, height, width);
      const picture = { noisy: planes(data), clean: planes(clean), sigma };
      cases.push([name, writeCase(name, picture, { model })]);
    }

    for (const channels of [1, 3]) {
      const model = denseModel(channels);
      const path = `${output}dense-${channels}-model.safetensors`;
      writeFileSync(path, encodeModel(model));
      const { height, width } = model.spec.input;
      const noisy = normal(height * width * channels, 3, 100);
      const clean = (await runModel(model, { data: noisy, count: 1, height, width, channels })).data;
      const planes = (values: Float32Array) => f32(moved(values, channels), 1, channels, height, width);
      const picture = { noisy: planes(noisy), clean: planes(clean) };
      const name = `dense layers, ${channels} channels`;
      cases.push([name, writeCase(`dense-${channels}`, picture, { model: path })]);
    }
    for (const loss of losses) {
      const { tensors, metadata, values } = await trainedHere(loss);
      ourLosses.set(loss, values);
      cases.push([loss, writeCase(`steps-${loss}`, tensors, metadata)]);
    }
    const script = fileURLToPath(new URL("../model/interop/train_torch.py", import.meta.url));
    const lines = run(script, ...cases.map(([, path]) => path))
      .trim()
      .split("\n");
    for (const [i, [name]] of cases.entries()) found.set(name, JSON.parse(lines[i]!));
  }, 120_000);

  /** Two steps of Adam on random pictures from the weights of photo-tiny, and the files that let PyTorch take the same. */
  async function trainedHere(loss: (typeof losses)[number]) {
    const model = readModel(tiny);
    const spec: Model["spec"] = { ...model.spec, input: { height: 24, width: 16, channels: 3 } };
    const optimizer = { type: "adam", learningRate: 0.0003, beta1: 0.9, beta2: 0.99, epsilon: 1e-8 } as const;
    const network = await Network.create(spec, { batch: images, training: { optimizer: "adam", loss } });
    for (const [name, values] of model.parameters) network.set(name, values);
    const adam = new Optimizer(network, { optimizer });
    const batch = randomBatch(spec, images);
    const values: number[] = [];
    for (let step = 0; step < steps; step++) {
      setBatch(network, batch);
      adam.beforeStep(optimizer.learningRate);
      values.push(network.step());
    }
    const change = [...network.parameters()].flatMap(([name, values]) => [
      ...values.map((value, i) => value - model.parameters.get(name)![i]!),
    ]);
    const { height, width, channels } = spec.input;
    const twice = (values: ArrayLike<number>, ...shape: number[]) => {
      const once = Float32Array.from(values);
      return f32(Float32Array.of(...once, ...once), steps, ...shape);
    };
    const shape = [images, channels, height, width];
    return {
      values,
      tensors: {
        noisy: twice(batch.noisy, ...shape),
        clean: twice(batch.clean, ...shape),
        sigma: twice(batch.sigma, images),
        weight: twice(batch.weights, images),
        change: f32(Float32Array.from(change), change.length),
      },
      metadata: { model: tiny, loss, optimizer: JSON.stringify(optimizer) },
    };
  }

  it.each([
    "a photograph",
    "dense layers, 1 channels",
    "dense layers, 3 channels",
    ...small.map(([name]) => name),
  ])("denoises %s as it is denoised here", (name) => {
    // 10⁻⁵ of the range of values, which is less than what the order of float32 sums makes of sums of hundreds of terms.
    expect(found.get(name)!.difference).toBeLessThan(255e-5);
  });

  it.each(losses)("takes two steps that are as near to float64 as ours: %s", (loss) => {
    const { ours, torch, losses } = found.get(loss)!;
    expect(torch).toBeGreaterThan(0);
    expect(ours).toBeLessThan(2 * torch);
    expect(torch).toBeLessThan(0.01);
    for (const [step, value] of losses.entries())
      expect(Math.abs(ourLosses.get(loss)![step]! / value - 1)).toBeLessThan(1e-6);
    expect(losses[1]).toBeLessThan(losses[0]!);
  });

  it("a network that is made there comes here, if it says what it was trained for", () => {
    const path = `${output}made.safetensors`;
    const { spec } = randomModel(1);
    const script = `
import json, sys
sys.path.append(sys.argv[1])
from denoise_wasm import Network, save
network = Network(json.loads(sys.argv[2]))
facts = {"dataset": "some", "dataSha256": "", "trainingImages": 2, "seed": 3, "epochs": 4}
try:
    save(network, sys.argv[3], **facts)
except ValueError as error:
    print(error)
save(network, sys.argv[3], {"model": "gaussian", "sigma": [0, 50], "drawn": "fresh"}, recipe="made", **facts)`;
    const printed = run("-c", script, example, JSON.stringify(spec), path);
    expect(printed).toBe("The network came from no file; give save() also recipe, noise.\n");
    const model = readModel(path);
    expect(model.spec).toEqual(spec);
    expect(model.provenance).toMatchObject({ recipe: "made", trainingImages: 2, variant: "pytorch" });
  });

  const script = `${example}fine_tune.py`;
  const photographs = `${root}data/photographs`;
  const trainingOf = (out: string) => [
    ...[script, tiny, photographs, "-o", `${out}.safetensors`, "--losses", `${out}.json`, "--every", "5"],
    ...["--steps", "20", "--warm-up", "2", "--batch", "8", "--patch", "32"],
  ];
  const onTwo = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"];
  const lossesOf = (out: string) => JSON.parse(readFileSync(`${out}.json`, "utf8")) as number[];
  const apart = (one: readonly number[], other: readonly number[]) =>
    Math.max(...one.map((loss, step) => Math.abs(other[step]! / loss - 1)));
  const one = `${output}one`;

  it.each([
    [["--patch", "33"], "--patch has to be a multiple of 8 for this model."],
    [
      ["-o", "/nowhere/tuned.safetensors"],
      "/nowhere/tuned.safetensors cannot be written; name a file in a folder that is there.",
    ],
    [["--test", output], `${output} has no pictures.`],
  ])("refuses %s before it trains", (options, message) => {
    const { status, stdout, stderr } = spawnSync(python, [...trainingOf(`${output}none`), ...options], {
      encoding: "utf8",
      env: environment,
    });
    expect([status, stdout, stderr]).toEqual([1, "", `${message}\n`]);
  });

  // The two find each other by a port that is free when it is chosen, and may be taken when it is used.
  it("trains alike in one process and in two, and what comes back denoises here as there", {
    retry: 1,
    timeout: 360_000,
  }, async () => {
    const two = `${output}two`;
    run(...trainingOf(one));
    const printed = run(...onTwo, ...trainingOf(two), "--test", photographs);
    expect(lossesOf(one).length).toBe(20);
    expect(apart(lossesOf(one), lossesOf(two))).toBeLessThan(1e-5);

    // On the same noise, what is measured there and here differs by values that are rounded the other way.
    const noisy = `${output}noisy`;
    rmSync(noisy, { recursive: true, force: true });
    const measured = ["evaluate", `${two}.safetensors`, "--set", photographs, "--levels", "25"];
    const { stdout } = await runCli(output, [...measured, "--json", "--save-noisy", noisy]);
    const ours = JSON.parse(stdout).results[0].mean.denoised.psnr;
    const theirs = Number(run("-c", psnrThere, example, `${two}.safetensors`, noisy));
    expect(Math.abs(theirs - ours)).toBeLessThan(0.001);
    // What it printed is of other noise, over which the mean of these two photographs varies by 0.02 dB.
    const [, last] = /PSNR at 25: (\S+) dB\n$/.exec(printed)!;
    expect(Math.abs(Number(last) - ours)).toBeLessThan(0.12);

    const tuned = [one, two].map((path) => readModel(`${path}.safetensors`));
    const { clean, data, width, height } = await noisyPhotograph();
    const results: number[] = [];
    for (const model of [readModel(tiny), ...tuned]) {
      const denoiser = await createDenoiser({ model });
      const picture = await denoiser.denoise({ data, width, height }, { sigma: 25, range: [0, 255] });
      results.push(psnr(clean, Uint8ClampedArray.from(picture.data)));
      denoiser.dispose();
    }
    expect(Math.abs(results[1]! - results[2]!)).toBeLessThan(0.02);
    // It has learned something, and the file says what.
    expect(results[1]).not.toBe(results[0]);
    const { provenance, noise, parameters } = tuned[0]!;
    expect(provenance).toMatchObject({
      recipe: "photo-tiny-tuned",
      dataset: "photographs",
      trainingImages: 2,
      variant: "pytorch",
      from: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
    expect(noise).toEqual({ model: "gaussian", sigma: [0, 55], drawn: "fresh" });
    expect(parameters).not.toEqual(readModel(tiny).parameters);
  });

  it("goes on after a kill where the last checkpoint was, also on two processes", {
    retry: 1,
    timeout: 360_000,
  }, async () => {
    const killed = `${output}killed`;
    const checkpoint = `${killed}.safetensors.checkpoint`;
    rmSync(checkpoint, { force: true });
    const child = spawn(python, trainingOf(killed), { env: environment, stdio: "ignore" });
    const ended = once(child, "close");
    while (!existsSync(checkpoint) && child.exitCode === null)
      await new Promise((next) => setTimeout(next, 5));
    child.kill("SIGKILL");
    await ended;
    expect(existsSync(checkpoint)).toBe(true);
    const other = spawnSync(python, [...trainingOf(killed), "--resume", "--seed", "2"], {
      encoding: "utf8",
      env: environment,
    });
    expect([other.status, other.stderr]).toEqual([
      1,
      expect.stringMatching(/is of a training with other settings or pictures/),
    ]);
    expect(run(...onTwo, ...trainingOf(killed), "--resume")).toMatch(/^goes on after step (5|10|15)\n/);
    expect(apart(lossesOf(one), lossesOf(killed))).toBeLessThan(1e-5);
    expect(existsSync(checkpoint)).toBe(false);
  });
});
