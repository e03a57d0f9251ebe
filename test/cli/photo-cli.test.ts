/** `denoise-wasm train` on a folder of pictures, as a process: from files to a model that denoises. */
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decode, encode } from "fast-png";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { recipeFrom } from "../../src/cli/recipe-options.ts";
import { loadModel } from "../../src/node.ts";
import { Random } from "../../src/noise/rng.ts";
import { encodeJpeg } from "../../src/pictures/jpeg-encode.ts";
import { type Recipe, recipes } from "../../src/training/recipes.ts";
import { convSpec } from "../support/conv-networks.ts";
import { runCli } from "../support/run-cli.ts";

/** Rectangles of one colour each over a gradient. */
function scene(width: number, height: number, channels: 1 | 3, stream: number): Uint8Array {
  const random = new Random(11, 1, stream);
  const below = (limit: number) => Math.floor(random.uniform() * limit);
  const data = new Uint8Array(width * height * channels);
  for (let i = 0; i < data.length; i++) data[i] = 40 + (((i / channels) % width) * 120) / width;
  for (let shape = 0; shape < 12; shape++) {
    const [left, top] = [below(width - 6), below(height - 6)];
    const [right, bottom] = [left + 5 + below(width - left - 5), top + 5 + below(height - top - 5)];
    const color = [below(256), below(256), below(256)];
    for (let y = top; y < bottom; y++) {
      for (let x = left; x < right; x++) {
        for (let c = 0; c < channels; c++) data[(y * width + x) * channels + c] = color[c]!;
      }
    }
  }
  return data;
}

const recipeOf = (channels: 1 | 3): Recipe => ({
  name: "patches",
  spec: {
    ...convSpec([24, 24, channels], [[8], [8], [channels]], { residual: true, noiseLevel: true, white: 1 }),
    initialization: { weights: "he", biases: 0, lastLayer: 0 },
  },
  noise: { model: "gaussian", sigma: [10, 40], drawn: "fresh" },
  loss: "mse",
  optimizer: { type: "adam", learningRate: 0.01, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 },
  epochs: 4,
  batch: 8,
  order: "shuffled",
  flips: true,
  rotations: true,
  patchesPerEpoch: 400,
});

let folder: string;
const at = (...names: string[]) => join(folder, ...names);
const run = (...parameters: string[]) => runCli(folder, parameters);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "denoise-wasm-photo-cli-"));
  for (const name of ["photos", "held-out"]) {
    await mkdir(at(name));
    for (let i = 0; i < 6; i++) {
      const [width, height] = [40 + 7 * i, 90 - 9 * i];
      const stream = (name === "photos" ? 0 : 100) + i;
      if (i % 3 === 0) {
        const data = scene(width, height, 1, stream);
        await writeFile(at(name, `${i}.png`), encode({ data, width, height, channels: 1 }));
      } else if (i % 3 === 1) {
        const data = scene(width, height, 3, stream);
        await writeFile(at(name, `${i}.PNG`), encode({ data, width, height, channels: 3 }));
      } else {
        const data = scene(width, height, 3, stream);
        await writeFile(at(name, `${i}.jpg`), encodeJpeg({ data, width, height }, { quality: 90 }));
      }
    }
  }
  for (const channels of [1, 3] as const) {
    await writeFile(at(`recipe${channels}.json`), JSON.stringify(recipeOf(channels)));
  }
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const train = (out: string, ...parameters: string[]) =>
  run("train", "--data", "photos", "--out", out, ...parameters);
const report = async (out: string) => JSON.parse(await readFile(at(out, "report.json"), "utf8"));

describe.each([1, 3] as const)("pictures of %i channels", (channels) => {
  const out = `run${channels}`;

  it("train a network that denoises pictures it has not seen", async () => {
    const { code, stdout, stderr } = await train(
      out,
      "--recipe",
      `recipe${channels}.json`,
      "--test",
      "held-out",
    );
    expect([code, stderr.match(/^epoch \d\/4 /gm)?.length]).toEqual([0, 4]);
    expect(stderr).toContain("on 400 patches an epoch of 6 images");
    expect(stdout).toMatch(/On \d+ patches of 24×24 of test images:/);
    const { recipe, data, test } = await report(out);
    expect(recipe).toEqual(recipeOf(channels));
    expect(data).toMatchObject({ name: "photos", trainingImages: 6, testImages: test.images });
    expect(data.source).toBe(`${at("photos")}, tested on ${at("held-out")}`);
    // Noise of σ 10 to 40, all equally likely: 700 in the mean.
    expect(test.noisy.mse).toBeGreaterThan(400);
    expect(test.denoised.mse).toBeLessThan(0.5 * test.noisy.mse);
    expect(test.denoised.ssim).toBeGreaterThan(test.noisy.ssim);
  });

  it("give a run folder with a figure of test patches", async () => {
    expect((await readdir(at(out))).sort()).toEqual([
      "figure.png",
      "index.html",
      "loss.svg",
      "model.safetensors",
      "report.json",
    ]);
    const figure = decode(await readFile(at(out, "figure.png")));
    expect(figure.channels).toBe(channels);
    expect(figure.width).toBeGreaterThan(10 * 24);
    expect(await readFile(at(out, "index.html"), "utf8")).toContain("400 patches an epoch of 6 images");
  });

  it("measured as whole pictures, the held-out ones are denoised too", async () => {
    const model = join(out, "model.safetensors");
    const pictures = channels === 1 ? "held-out" : "colours";
    if (channels === 3) {
      await mkdir(at("colours"));
      for (const name of ["1.PNG", "2.jpg"])
        await writeFile(at("colours", name), await readFile(at("held-out", name)));
    }
    const { code, stdout, stderr } = await run(
      "evaluate",
      model,
      "--pictures",
      pictures,
      "--levels",
      "25",
      "--json",
    );
    expect([code, stderr]).toEqual([0, ""]);
    const { rows } = JSON.parse(stdout);
    expect(rows.at(-1).levels[0].psnr).toBeGreaterThan(rows[1].levels[0].psnr + 3);
  });
});

it("the same seed gives the same model, on any number of threads; another seed another", async () => {
  const options = ["--recipe", "recipe1.json", "--test", "held-out", "--epochs", "1"];
  const bytes = async (out: string, ...more: string[]) => {
    expect((await train(out, ...options, ...more)).code).toBe(0);
    return readFile(at(out, "model.safetensors"));
  };
  const first = await bytes("a", "--threads", "1");
  expect(first.equals(await bytes("b", "--threads", "2"))).toBe(true);
  expect(first.equals(await bytes("c", "--seed", "2"))).toBe(false);
});

it("interrupted, it goes on with the same pictures to the same bytes", async () => {
  const options = ["--recipe", "recipe1.json", "--test", "held-out", "--epochs", "12", "--threads", "1"];
  expect((await train("whole-run", ...options)).code).toBe(0);
  const stopped = await runCli(
    folder,
    ["train", "--data", "photos", "--out", "stopped", ...options],
    (child) =>
      child.stderr!.on("data", (chunk) => {
        if (String(chunk).includes("epoch 1/")) child.kill("SIGINT");
      }),
  );
  expect(stopped.code).toBe(130);
  expect(stopped.stderr).toContain("train --resume stopped");
  const { code, stderr } = await run("train", "--resume", "stopped");
  expect([code, stderr]).toEqual([0, expect.stringContaining("400 patches an epoch of 6 images")]);
  const model = (out: string) => readFile(at(out, "model.safetensors"));
  expect((await model("stopped")).equals(await model("whole-run"))).toBe(true);
});

describe("--from", () => {
  it("goes on from a model of the package, with smaller steps", async () => {
    await mkdir(at("large"));
    for (let i = 0; i < 3; i++) {
      const data = scene(100, 80, 3, 200 + i);
      await writeFile(at("large", `${i}.png`), encode({ data, width: 100, height: 80, channels: 3 }));
    }
    const { code, stdout, stderr } = await run(
      ...["train", "--data", "large", "--out", "tuned", "--from", "photo-tiny-grey"],
      ...["--epochs", "2", "--patches-per-epoch", "64", "--json"],
    );
    expect([code, stderr]).toEqual([
      0,
      expect.stringContaining("Training photo-tiny-grey-tuned on 64 patches"),
    ]);
    const { recipe, test } = JSON.parse(stdout);
    expect(recipe.optimizer.learningRate).toBe(recipes["photo-tiny-grey"].optimizer.learningRate / 3);
    // So few steps do not teach a network to denoise: one that begins with zeros in its last layer gives the noise back.
    expect(test.denoised.mse).toBeLessThan(0.8 * test.noisy.mse);
    const { provenance } = await loadModel(at("tuned", "model.safetensors"));
    expect(provenance.from).toMatch(/^[0-9a-f]{64}$/);
    expect((await run("inspect", "tuned/model.safetensors")).stdout).toContain(provenance.from);
  });

  it("goes on from a file by a recipe that is named, with the model's network", async () => {
    const { code, stdout } = await train(
      "further",
      ...[
        "--from",
        "run1/model.safetensors",
        "--recipe",
        "recipe1.json",
        "--epochs",
        "1",
        "--lr",
        "1e-30",
        "--json",
      ],
    );
    expect(code).toBe(0);
    expect(JSON.parse(stdout).recipe.spec.layers).toEqual(recipeOf(1).spec.layers);
    const [before, after] = await Promise.all(
      ["run1", "further"].map((out) => loadModel(at(out, "model.safetensors"))),
    );
    expect(after!.parameters).toEqual(before!.parameters);
  });

  it.each<[string[], RegExp]>([
    [["--from", "run1/model.safetensors"], /was trained by "patches", which is no recipe of the package/],
    [["--from", "photo-huge"], /photo-huge cannot be read: ENOENT.*Name a model file/],
    [["--from", "photo", "--resume", "run1"], /cannot be used with option/],
  ])("is refused: %j", async (parameters, message) => {
    const { code, stderr } = await train("refused", ...parameters);
    expect([code, stderr]).toEqual([expect.toSatisfy((code) => code > 0), expect.stringMatching(message)]);
    expect(existsSync(at("refused"))).toBe(false);
  });
});

it("--profile shows where a step's time goes", async () => {
  const { code, stdout } = await train("profile", "--recipe", "recipe1.json", "--profile");
  expect([code, existsSync(at("profile"))]).toEqual([0, false]);
  expect(stdout).toMatch(/A step of 8 images.*conv3x3WeightGradient/s);
});

it("--profile shows layers of pixels too", async () => {
  const layers = ["pixel-unshuffle", [8], [4], "pixel-shuffle"] as const;
  const recipe = { ...recipeOf(1), spec: convSpec([24, 24, 1], layers, { residual: true, white: 1 }) };
  await writeFile(at("halved.json"), JSON.stringify(recipe));
  const { code, stdout, stderr } = await train("halved", "--recipe", "halved.json", "--profile");
  expect([code, stderr, existsSync(at("halved"))]).toEqual([0, "", false]);
  expect(stdout).toMatch(/^pixelUnshuffle 1×4 .*^conv3x3 4×8 .*^conv3x3 8×4 .*^pixelShuffle 4×1 /ms);
  expect(stdout).toMatch(/^conv3x3WeightGradient 8×4 +\d+\.\d{3} +\d+\.\d % +\d+\.\d$/m);
  expect(stdout).toMatch(/^pixelShuffle 4×1 +\d+\.\d{3} +\d+\.\d % *$/m);
});

describe("noise of another model", () => {
  it("trains, is named, and is what evaluate measures with", async () => {
    const { code, stdout } = await train(
      "speckled",
      ...["--recipe", "recipe1.json", "--noise", "speckle,contrast=0.1..0.3", "--epochs", "2", "--json"],
    );
    expect(code).toBe(0);
    const { recipe, test, data } = JSON.parse(stdout);
    expect(recipe.noise).toEqual({ model: "speckle", contrast: [0.1, 0.3], drawn: "fresh" });
    expect(test.denoised.mse).toBeLessThan(test.noisy.mse);
    // Of six files the last is kept for the test.
    expect([data.trainingImages, data.source]).toEqual([5, at("photos")]);
    expect((await run("inspect", "speckled/model.safetensors")).stdout).toMatch(
      /speckle, contrast 0\.1 to 0\.3/,
    );
    const levels = ["evaluate", "speckled/model.safetensors", "--pictures", "held-out", "--levels", "25"];
    expect((await run(...levels)).stdout).toContain("speckle noise (σ at mid grey) not clipped");
    const { noise, rows } = JSON.parse((await run(...levels, "--json")).stdout);
    expect(noise).toBe("speckle");
    expect(rows.map(({ name }: { name: string }) => name)).toEqual(["noisy", "noisy, clipped", "this model"]);
  });

  it("takes --sigma where it has one", async () => {
    const { code, stdout } = await train(
      "uniform",
      ...[
        "--recipe",
        "recipe1.json",
        "--noise",
        "uniform,sigma=1",
        "--sigma",
        "20",
        "--epochs",
        "1",
        "--json",
      ],
    );
    expect(code).toBe(0);
    expect(JSON.parse(stdout).recipe.noise).toEqual({ model: "uniform", sigma: 20, drawn: "fresh" });
  });

  it.each<[string[], RegExp]>([
    [["--noise", "speckle,contrast=0.2", "--sigma", "5"], /speckle noise has no sigma/],
    [["--noise", "speckle,sigma=5"], /"noise\.contrast" is missing/],
    [["--noise", "speckle,contrast=much"], /--noise contrast has to be a number, but is "much"/],
    [["--noise", "rain"], /noise\.model has to be/],
    [["--noise", "uniform,sigma=1..2..3"], /noise\.sigma/],
  ])("is refused: %j", async (parameters, message) => {
    await expect(recipeFrom({ recipe: at("recipe1.json"), ...optionsOf(parameters) })).rejects.toThrow(
      message,
    );
  });
});

/** `--noise x` as commander hands it on. */
function optionsOf(parameters: readonly string[]): { noise?: string; sigma?: string } {
  return Object.fromEntries(
    [0, 2].filter((i) => i < parameters.length).map((i) => [parameters[i]!.slice(2), parameters[i + 1]]),
  );
}

describe("a folder that cannot be trained on: one plain error with file and remedy, and nothing written", () => {
  const copy = async (name: string, file: string, content: Uint8Array | string) => {
    await mkdir(at(name));
    await writeFile(at(name, "0.png"), await readFile(at("photos", "0.png")));
    if (file !== "") await writeFile(at(name, file), content);
  };
  beforeAll(async () => {
    await mkdir(at("empty"));
    await mkdir(at("words"));
    await writeFile(at("words", "a.txt"), "a");
    await copy("text", "b.png", "not a picture");
    await copy("short", "b.png", (await readFile(at("photos", "1.PNG"))).subarray(0, 200));
    const dot = encode({ data: new Uint8Array(23 * 24), width: 23, height: 24, channels: 1 });
    await copy("small", "b.png", dot);
    await copy("single", "", "");
    const { patchesPerEpoch: _, ...whole } = recipeOf(1);
    await writeFile(at("whole.json"), JSON.stringify(whole));
  });

  it.each<[string, string, RegExp, string[]]>([
    ["an empty one", "empty", /empty is empty/, []],
    ["none", "absent", /absent cannot be read/, []],
    ["one of other files", "words", /words holds neither pictures nor.*Fashion-MNIST.*name a folder/, []],
    ["an empty one for the test", "photos", /empty holds no pictures/, ["--test", "empty"]],
    ["the same one for the test", "photos", /photos is a folder to train on/, ["--test", "photos"]],
    [
      "one with words called a picture",
      "text",
      /Left out: text\/b\.png is no picture file.*give one.*\n.*text holds one picture/,
      [],
    ],
    [
      "one with a picture cut short",
      "short",
      /Left out: short\/b\.png.*cut short.*get or save it anew.*\n.*short holds one picture/,
      [],
    ],
    [
      "one with a small picture",
      "small",
      /Left out: small\/b\.png has 23 × 24 pixels.*24 × 24; take it out, or set.*\n.*small holds one picture/,
      [],
    ],
    ["one with one picture", "single", /single holds one picture/, []],
    [
      "one, with a recipe for whole pictures",
      "photos",
      /sizes of their own\. Set its "patchesPerEpoch"/,
      ["--recipe", "whole.json"],
    ],
  ])("%s", async (name, data, message, parameters) => {
    const out = `refused ${name}`;
    const { code, stdout, stderr } = await run(
      ...["train", "--recipe", "recipe1.json", "--data", data, "--out", out, ...parameters],
    );
    expect([code, stdout, existsSync(at(out))]).toEqual([1, "", false]);
    expect(stderr).toMatch(/^(Left out: .*\.\n)?\w+Error: .*\n$/);
    expect(stderr).toMatch(message);
  });

  it("one with a broken picture among good ones is trained on without it, and folders inside it are read", async () => {
    await mkdir(at("deep", "inner", "test"), { recursive: true });
    for (const [from, to] of [
      ["0.png", "0.png"],
      ["1.PNG", join("inner", "1.PNG")],
      ["2.jpg", join("inner", "test", "2.jpg")],
    ] as const)
      await writeFile(at("deep", to), await readFile(at("photos", from)));
    await writeFile(at("deep", "inner", "broken.png"), "not a picture");
    const { code, stderr, stdout } = await run(
      ...["train", "--recipe", "recipe1.json", "--data", "deep", "--test", "deep/inner/test"],
      ...["--epochs", "1", "--out", "deep-run", "--json"],
    );
    expect(code).toBe(0);
    expect(stderr).toMatch(/^Left out: deep\/inner\/broken\.png is no picture file.*\n/);
    expect(JSON.parse(stdout).data.trainingImages).toBe(2);
  });

  it("a recipe for whole pictures trains on as many patches as the command line says", async () => {
    const { code } = await train(
      "whole",
      "--recipe",
      "whole.json",
      "--patches-per-epoch",
      "80",
      "--epochs",
      "1",
    );
    expect([code, (await report("whole")).recipe.patchesPerEpoch]).toEqual([0, 80]);
  });
});
