/** PyTorch both ways: examples/pytorch denoises as this package does, takes the same steps, and what it trains comes back. */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
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

/** Writes a case for train_torch.py. @returns its path */
function writeCase(name: string, tensors: Record<string, Tensor>, metadata: Record<string, string>): string {
  const path = `${output}${name}.safetensors`;
  writeFileSync(path, writeSafetensors(new Map(Object.entries(tensors)), metadata));
  return path;
}

/** A photograph with noise of 25 grey levels that is not clipped. */
async function noisyPhotograph() {
  const { width, height, data: clean } = await readPicture(`${root}data/photographs/parrots.png`);
  const noise = normal(clean.length, 9, 25);
  return { clean: clean as Uint8Array, width, height, data: noise.map((value, i) => value + clean[i]!) };
}

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
    const script = fileURLToPath(new URL("./interop/train_torch.py", import.meta.url));
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

  it.each(["a photograph", "dense layers, 1 channels", "dense layers, 3 channels"])(
    "denoises %s as it is denoised here",
    (name) => {
      // 10⁻⁵ of the range of values, which is less than what the order of float32 sums makes of sums of hundreds of terms.
      expect(found.get(name)!.difference).toBeLessThan(255e-5);
    },
  );

  it.each(losses)("takes two steps that are as near to float64 as ours: %s", (loss) => {
    const { ours, torch, losses } = found.get(loss)!;
    expect(torch).toBeGreaterThan(0);
    expect(ours).toBeLessThan(2 * torch);
    expect(torch).toBeLessThan(0.01);
    for (const [step, value] of losses.entries())
      expect(Math.abs(ourLosses.get(loss)![step]! / value - 1)).toBeLessThan(1e-6);
    expect(losses[1]).toBeLessThan(losses[0]!);
  });

  // The two find each other by a port that is free when it is chosen, and may be taken when it is used.
  it("trains alike in one process and in two, and what comes back denoises here as there", {
    retry: 1,
    timeout: 240_000,
  }, async () => {
    const script = `${root}examples/pytorch/fine_tune.py`;
    const [one, two] = ["one", "two"].map((name) => `${output}${name}`) as [string, string];
    const options = (out: string) => [
      ...[script, tiny, `${root}data/photographs`, "-o", `${out}.safetensors`, "--losses", `${out}.json`],
      ...["--steps", "20", "--warm-up", "2", "--batch", "8", "--patch", "32"],
    ];
    run(...options(one), "--test", `${root}data/photographs`);
    run("-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", ...options(two));
    const curves = [one, two].map((path) => JSON.parse(readFileSync(`${path}.json`, "utf8")) as number[]);
    expect(curves[0]!.length).toBe(20);
    for (const [step, loss] of curves[0]!.entries())
      expect(Math.abs(curves[1]![step]! / loss - 1)).toBeLessThan(1e-5);

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
});
