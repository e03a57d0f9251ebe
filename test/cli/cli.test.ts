/** The command line as it is installed: a process, its two streams, its exit code and what it leaves on disk. */
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { decode } from "fast-png";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { fashionMnistFiles } from "../../src/data/fashion-mnist.ts";
import { readSafetensors, writeSafetensors } from "../../src/model/safetensors.ts";
import { type Recipe, recipes } from "../../src/training/recipes.ts";
import { version } from "../../src/version.ts";
import { type DataFiles, writeDataFolder } from "../support/data-folder.ts";
import { idxBytes } from "../support/idx-bytes.ts";
import { smallRecipe } from "../support/pictures.ts";
import { type Result, runCli } from "../support/run-cli.ts";

const size = [12, 12] as const;
const recipe = smallRecipe({ size, units: [16, 144], epochs: 3, batch: 8 });

let folder: string;
let data: string;
let recipeFile: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "denoise-wasm-cli-"));
  data = await dataFolder("data", {});
  recipeFile = await jsonFile("recipe.json", recipe);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function dataFolder(name: string, changes: DataFiles): Promise<string> {
  const path = join(folder, name);
  await writeDataFolder(path, size, changes);
  return path;
}

async function jsonFile(name: string, value: unknown): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, JSON.stringify(value));
  return path;
}

/** Runs the command in the test's folder. */
const run = (parameters: readonly string[]): Promise<Result> => runCli(folder, parameters);

const train = (out: string, ...parameters: string[]) =>
  run(["train", "--recipe", recipeFile, "--data", data, "--out", join(folder, out), ...parameters]);

describe("train, then evaluate and inspect", () => {
  let out: string;
  let model: string;
  let trained: Result;
  let report: Awaited<ReturnType<typeof readReport>>;

  const readReport = async (path: string) => JSON.parse(await readFile(join(path, "report.json"), "utf8"));

  beforeAll(async () => {
    out = join(folder, "run");
    model = join(out, "model.safetensors");
    trained = await train("run", "--seed", "3");
    report = await readReport(out);
  });

  it("writes the six files and nothing else, and says where", async () => {
    expect([trained.code, trained.stderr.match(/^epoch \d\/3 .*images\/s/gm)?.length]).toEqual([0, 3]);
    expect((await readdir(out)).sort()).toEqual([
      "figure.png",
      "index.html",
      "loss.svg",
      "model.safetensors",
      "photographs.png",
      "report.json",
    ]);
    expect(trained.stdout).toContain(join(out, "figure.png"));
    expect(trained.stdout).toMatch(/noisy input .*dB/);
    expect(trained.stdout).toMatch(/denoised .*dB/);
  });

  it("draws a picture of four rows and ten columns", async () => {
    const figure = decode(await readFile(join(out, "figure.png")));
    expect(figure.width).toBeGreaterThan(10 * 12);
    expect(figure.height).toBeGreaterThan(4 * 12);
    expect(new Set(figure.data).size).toBeGreaterThan(10);
  });

  it("ends with photographs, denoised by the model that comes with the package", async () => {
    const gains = [...trained.stdout.matchAll(/: ([\d.]+) dB noisy, ([\d.]+) dB denoised$/gm)];
    expect(gains).toHaveLength(2);
    for (const [, noisy, denoised] of gains) expect(Number(denoised)).toBeGreaterThan(Number(noisy) + 2);
    expect(trained.stdout.trimEnd().endsWith(join(out, "photographs.png"))).toBe(true);
    const figure = decode(await readFile(join(out, "photographs.png")));
    expect(figure.channels).toBe(3);
    expect(figure.height).toBeGreaterThan(2 * 256);
    expect(await readFile(join(out, "index.html"), "utf8")).toContain(gains[1]![0]);
  });

  it("reports all that the run was", () => {
    expect(report).toMatchObject({
      recipe,
      parameters: 144 * 16 + 16 + 16 * 144 + 144,
      data: { name: "Fashion-MNIST", source: data, trainingImages: 20, testImages: 10 },
      seed: 3,
      mode: "reproducible",
      variant: "simd",
      packageVersion: version,
      runtime: { node: process.version },
      test: { images: 10 },
    });
    expect(report.data.sha256).toMatch(/^[0-9a-f]{64}$/);
    expect(report.seconds).toBeGreaterThan(0);
    expect(report.epochs).toHaveLength(3);
    for (const [index, { number, loss }] of report.epochs.entries()) {
      expect(number).toBe(index + 1);
      expect(loss).toBeGreaterThan(0);
    }
    for (const { mse, psnr, ssim } of [report.test.noisy, report.test.denoised, report.convolutions]) {
      expect(psnr).toBeCloseTo(10 * Math.log10(255 ** 2 / mse), 9);
      expect(Math.abs(ssim)).toBeLessThanOrEqual(1);
    }
    // The noise is of σ = 10: a mean squared error of 100, to 5 standard errors of 1,440 values.
    expect(Math.abs(report.test.noisy.mse - 100)).toBeLessThan(5 * 100 * Math.sqrt(2 / 1440));
  });

  it("writes a page without scripts that shows both pictures and the figures", async () => {
    const page = await readFile(join(out, "index.html"), "utf8");
    for (const part of ["figure.png", "loss.svg", report.test.denoised.mse.toFixed(1)]) {
      expect(page).toContain(part);
    }
    expect(page).not.toMatch(/<script/i);
    expect(await readFile(join(out, "loss.svg"), "utf8")).toMatch(/^<svg/);
  });

  it("gives the same model for the same seed, and prints the report alone with --json", async () => {
    const again = await train("again", "--seed", "3", "--json", "--threads", "2");
    expect(again.code).toBe(0);
    expect(JSON.parse(again.stdout)).toMatchObject({ recipe, seed: 3, test: report.test });
    const bytes = await readFile(join(folder, "again", "model.safetensors"));
    expect(bytes.equals(await readFile(model))).toBe(true);
  });

  it("evaluate gives the report's figures", async () => {
    const { code, stdout, stderr } = await run(["evaluate", model, "--data", data, "--json"]);
    expect([code, stderr]).toEqual([0, ""]);
    expect(JSON.parse(stdout)).toEqual(report.test);
    const table = await run(["evaluate", model, "--data", data]);
    expect(table.stdout).toContain(report.test.denoised.mse.toFixed(1));
  });

  it("inspect prints a recipe that train reads", async () => {
    const { code, stdout } = await run(["inspect", "--recipe", "fashion-conv"]);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toEqual(recipes["fashion-conv"]);
  });

  it("inspect shows provenance and tensors", async () => {
    const { code, stdout, stderr } = await run(["inspect", model, "--json"]);
    expect([code, stderr]).toEqual([0, ""]);
    const shown = JSON.parse(stdout);
    expect(shown).toMatchObject({
      spec: recipe.spec,
      noise: recipe.noise,
      provenance: { seed: 3, epochs: 3 },
    });
    expect(shown.tensors.map(({ name }: { name: string }) => name)).toEqual([
      "layer1.weight",
      "layer1.bias",
      "layer2.weight",
      "layer2.bias",
    ]);
    const table = await run(["inspect", model]);
    expect(table.stdout).toMatch(/layer1\.weight +16×144/);
    expect(table.stdout).toContain(`${report.parameters} parameters`);
  });

  it.each([
    ["inspect", () => [model, "--json"]],
    ["inspect --recipe", () => ["--recipe", "photo"]],
    ["evaluate", () => [model, "--data", data]],
    ["evaluate --json", () => [model, "--data", data, "--json"]],
  ])("%s writes what it prints into a file, and over none unless it is told to", async (name, given) => {
    const command = [name.split(" ")[0]!, ...given()];
    const printed = await run(command);
    const out = join(folder, `${name}.txt`);
    const written = await run([...command, "-o", out]);
    expect(written).toMatchObject({ code: 0, stdout: `${out}\n` });
    expect(await readFile(out, "utf8")).toBe(printed.stdout);
    await writeFile(out, "mine");
    const again = await run([...command, "--out", out]);
    expect(again.code).toBe(1);
    expect(again.stderr).toBe(
      `OutputError: ${out} exists; give --force to write over it, or another name.\n`,
    );
    expect(await readFile(out, "utf8")).toBe("mine");
    expect((await run([...command, "-o", out, "--force"])).code).toBe(0);
    expect(await readFile(out, "utf8")).toBe(printed.stdout);
  });

  describe("a broken model", () => {
    const broken = async (name: string, change: (bytes: Uint8Array) => Uint8Array) => {
      const path = join(folder, name);
      await writeFile(path, change(await readFile(model)));
      return path;
    };

    it.each(["evaluate", "inspect"])("is refused by %s", async (command) => {
      const cases: [string, RegExp][] = [
        [
          await broken("short.safetensors", (bytes) => bytes.subarray(0, 100)),
          /header.*copy, download or export/,
        ],
        [
          await broken("foreign.safetensors", () => writeSafetensors(new Map())),
          /not a model of this package.*Use a file that "train" wrote/,
        ],
        [
          await broken("nan.safetensors", (bytes) => {
            const { tensors, metadata } = readSafetensors(new Uint8Array(bytes), "model");
            (tensors.get("layer1.bias")!.data as Float32Array)[0] = Number.NaN;
            return writeSafetensors(tensors, { ...metadata });
          }),
          /layer1\.bias.*not finite.*use an earlier one/,
        ],
        [join(folder, "absent.safetensors"), /cannot be read.*Name a model file/],
      ];
      for (const [path, message] of cases) {
        const { code, stdout, stderr } = await run([command, path]);
        expect([code, stdout]).toEqual([1, ""]);
        expect(stderr).toMatch(message);
        expect(stderr).toContain(path);
        expectPlain(stderr);
      }
    });

    it("evaluate refuses pictures of another size", async () => {
      const other = await dataFolder("other-size", {
        trainImages: idxBytes([20, 11, 13], Array(20 * 143).fill(1)),
        testImages: idxBytes([10, 11, 13], Array(1430).fill(1)),
      });
      const { code, stderr } = await run(["evaluate", model, "--data", other]);
      expect(code).toBe(1);
      expect(stderr).toMatch(/12×12×1.*11×13×1.*Use other data/);
      expect(stderr).toContain(model);
    });
  });
});

/** An error of ours, not a stack trace. */
function expectPlain(stderr: string): void {
  expect(stderr).toMatch(/^\w+Error: .*\n$/);
}

describe("what cannot be trained is refused with file and remedy, and nothing is written", () => {
  const images = Array(20 * 144).fill(9);
  const files = fashionMnistFiles;

  async function expectRefusal(
    name: string,
    parameters: string[],
    words: (string | RegExp)[],
  ): Promise<void> {
    const out = join(folder, "out", name);
    const { code, stdout, stderr } = await run([
      "train",
      "--recipe",
      recipeFile,
      ...(parameters.includes("--data") ? [] : ["--data", data]),
      "--out",
      out,
      ...parameters,
    ]);
    expect([code, stdout]).toEqual([1, ""]);
    for (const word of words) expect(stderr).toMatch(word);
    expectPlain(stderr);
    expect(existsSync(out) ? await readdir(out) : []).toEqual([]);
  }

  it.each<[string, DataFiles, (string | RegExp)[]]>([
    [
      "a gzip file cut short",
      { trainImages: gzipSync(idxBytes([20, ...size], images)).subarray(0, -20) },
      [files.trainImages.name, "gzip", "fetch it again"],
    ],
    [
      "another format",
      { trainImages: new TextEncoder().encode("<html>not found</html>") },
      [files.trainImages.name, "not an IDX file", "give the IDX file"],
    ],
    [
      "IDX of floats",
      { testImages: idxBytes([10, ...size], Array(1440).fill(1)).with(2, 0x0d) },
      [files.testImages.name, "type 13", "convert it"],
    ],
    [
      "dimensions that do not match the data",
      { trainImages: idxBytes([21, ...size], images) },
      [files.trainImages.name, "21 × 12 × 12", "fetch it again"],
    ],
    [
      "fewer labels than pictures",
      { trainLabels: idxBytes([19], Array(19).fill(1)) },
      [
        files.trainImages.name,
        files.trainLabels.name,
        "20 pictures",
        "19 labels",
        "give files of one data set",
      ],
    ],
    ["no pictures", { testImages: idxBytes([0, 12, 12], []), testLabels: idxBytes([0], []) }, ["no pixels"]],
    [
      "test pictures of another size",
      { testImages: idxBytes([10, 11, 13], Array(1430).fill(1)) },
      ["12 × 12", "11 × 13"],
    ],
  ])("data with %s", async (what, changes, words) => {
    const name = `data with ${what}`;
    const broken = await dataFolder(name, changes);
    await expectRefusal(name, ["--data", broken], [broken, ...words]);
  });

  it("pictures too small for the figures in the report", async () => {
    const small = await dataFolder("small", {
      trainImages: idxBytes([20, 8, 8], Array(1280).fill(1)),
      testImages: idxBytes([10, 8, 8], Array(640).fill(1)),
    });
    await expectRefusal("small pictures", ["--data", small], ["11 × 11", "8 × 8", "larger pictures"]);
  });

  it("an empty folder, and none", async () => {
    const empty = join(folder, "empty");
    await mkdir(empty);
    await expectRefusal("empty", ["--data", empty], [empty, "is empty", files.trainImages.name, "download"]);
    const none = join(folder, "none");
    await expectRefusal("none", ["--data", none], [none, "cannot be read"]);
    await expectRefusal("two", ["--data", data, "--data", data], ["2 folders of IDX files", "name one"]);
  });

  const optimizer = (learningRate: unknown) => ({
    ...recipe,
    optimizer: { ...recipe.optimizer, learningRate },
  });
  it.each<[string, unknown, (string | RegExp)[]]>([
    ["an unknown key", { ...recipe, epoch: 3 }, ['unknown key "epoch"', "remove it"]],
    [
      "an unknown key of the optimiser",
      { ...recipe, optimizer: { ...recipe.optimizer, momentum: 1 } },
      ['unknown key "optimizer.momentum"'],
    ],
    ["a missing key", { ...recipe, noise: undefined }, ['"noise" is missing']],
    ["a learning rate of 0", optimizer(0), ["optimizer.learningRate has to be above 0"]],
    ["a learning rate in words", optimizer("fast"), ["optimizer.learningRate has to be a number"]],
    [
      "layers that do not fit",
      { ...recipe, spec: { ...recipe.spec, layers: recipe.spec.layers.slice(0, 1) } },
      ["16 values", "144", "Make them equal"],
    ],
    [
      "pictures of another size",
      smallRecipe({ size: [5, 4], units: [20] }),
      ["5×4×1", "12×12×1", "Use other data, or set the spec's input and layers to fit"],
    ],
  ])("a recipe with %s", async (what, content, words) => {
    const file = await jsonFile(`recipe with ${what}.json`, content);
    const named = what === "pictures of another size" ? (content as Recipe).name : file;
    await expectRefusal(`recipe with ${what}`, ["--recipe", file], [named, ...words]);
  });

  it("a recipe that is no JSON, or nowhere", async () => {
    const file = join(folder, "broken.json");
    await writeFile(file, "{ name: 'x' }");
    await expectRefusal("no JSON", ["--recipe", file], [file, "not JSON"]);
    await expectRefusal(
      "nowhere",
      ["--recipe", "nowhere.json"],
      [/"nowhere.json" is neither a recipe \(fashion/],
    );
  });

  it.each<[string[], (string | RegExp)[]]>([
    [
      ["--batch", "21"],
      ["21", "20 training pictures", "Use a smaller batch or more data"],
    ],
    [
      ["--batch", "0"],
      ["recipe.json", "batch has to be at least 1"],
    ],
    [
      ["--lr", "0"],
      ["recipe.json", "learningRate has to be above 0, but is 0"],
    ],
    [["--lr", "NaN"], [/--lr has to be a number, but is "NaN"/]],
    [["--lr", ""], [/--lr has to be a number, but is ""/]],
    [["--lr", "0.1x"], [/--lr has to be a number, but is "0.1x"/]],
    [["--sigma", "-1"], ["noise.sigma has to be at least 0"]],
    [["--epochs", "1.5"], ["epochs has to be a whole number"]],
    [
      ["--layers", "16,32"],
      ["32 values", "144", "Make them equal"],
    ],
    [["--layers", "16,,144"], ["--layers has to be a number"]],
    [
      ["--seed", "-1"],
      ["seed has to be", "0 to 4294967295, but is -1"],
    ],
    [["--seed", "one"], [/--seed has to be a number, but is "one"/]],
    [
      ["--threads", "0"],
      ["threads has to be", "1 to 64, but is 0"],
    ],
  ])("%s", async (parameters, words) => {
    await expectRefusal(parameters.join(" "), parameters, words);
  });

  it("a learning rate so high that training diverges", async () => {
    const layers = recipe.spec.layers.map((layer) => ({ ...layer, activation: "linear" }));
    const file = await jsonFile("diverging.json", { ...recipe, spec: { ...recipe.spec, layers } });
    const out = join(folder, "out", "diverged");
    const { code, stdout, stderr } = await run([
      ...["train", "--recipe", file, "--data", data, "--out", out, "--lr", "1e25"],
    ]);
    expect([code, stdout, existsSync(out)]).toEqual([1, "", false]);
    expect(stderr).toMatch(
      /DivergenceError: Training diverged: .* epoch 1, batch 2\. Use a smaller learning rate/,
    );
  });

  it("a file where the run folder should be", async () => {
    const file = join(folder, "in-the-way");
    await writeFile(file, "precious");
    for (const out of [file, join(file, "below")]) {
      const { code, stdout, stderr } = await run([
        "train",
        "--recipe",
        recipeFile,
        "--data",
        data,
        "--out",
        out,
      ]);
      expect([code, stdout]).toEqual([1, ""]);
      expect(stderr).toContain(`Cannot write ${out}`);
      expect(stderr).toMatch(/choose another path/);
      expectPlain(stderr);
    }
    expect(await readFile(file, "utf8")).toBe("precious");
  });
});

describe("usage", () => {
  it.each<[string[], RegExp]>([
    [["train", "--unknown"], /unknown option '--unknown'/],
    [["train", "--mode", "slow"], /Allowed choices are reproducible, fast/],
    [["train", "--lr"], /argument missing/],
    [["evaluate"], /without --set it measures one model\n/],
    [["inspect"], /missing required argument 'model'/],
    [["paint"], /unknown command 'paint'/],
    [[], /Usage: denoise-wasm/],
  ])("%j exits with 2 and says why", async (parameters, message) => {
    const { code, stdout, stderr } = await run(parameters);
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toMatch(message);
  });

  it("help and version are no errors", async () => {
    for (const command of [["--help"], ["train", "--help"], ["evaluate", "--help"]]) {
      const { code, stdout, stderr } = await run(command);
      expect([code, stderr]).toEqual([0, ""]);
      expect(stdout).toMatch(/^Usage: denoise-wasm/);
    }
    expect(await run(["--version"])).toMatchObject({ code: 0, stdout: `${version}\n`, stderr: "" });
  });
});
