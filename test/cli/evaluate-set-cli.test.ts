/** `denoise-wasm evaluate --set`, as a process: from folders of pictures to tables and JSON. */
import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { encode } from "fast-png";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { saveModel } from "../../src/node.ts";
import { train } from "../../src/training/trainer.ts";
import { convModel } from "../support/conv-models.ts";
import { pictures, smallRecipe } from "../support/pictures.ts";
import { runCli } from "../support/run-cli.ts";

let folder: string;
const at = (...names: string[]) => join(folder, ...names);
const evaluate = (...parameters: string[]) => runCli(folder, ["evaluate", ...parameters]);
const json = async (...parameters: string[]) => {
  const { code, stdout, stderr } = await evaluate(...parameters, "--json");
  expect([code, stderr]).toEqual([0, ""]);
  return JSON.parse(stdout);
};

/** Writes a picture of broad bars: grey, or in colours. */
async function picture(path: string, [width, height, channels]: [number, number, 1 | 3], noise = 0) {
  const data = Uint8Array.from({ length: width * height * channels }, (_, i) => {
    const bar = Math.floor((Math.floor(i / channels) % width) / 6) + (i % channels);
    return 60 + 25 * (bar % 5) + (noise * ((i * 7919 + ((i * i) >> 3)) % 21)) / 20;
  });
  await writeFile(at(path), encode({ data, width, height, channels }));
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "denoise-wasm-set-cli-"));
  for (const name of ["grey", "mixed", "pairs", "words", "small"]) await mkdir(at(name));
  await picture("grey/a.png", [20, 16, 1]);
  await picture("grey/b.png", [15, 24, 1]);
  await picture("mixed/a.png", [20, 16, 1]);
  await picture("mixed/b.png", [15, 24, 3]);
  for (const [name, noise] of [
    ["one", 60],
    ["two", 20],
  ] as const) {
    await picture(`pairs/${name}_clean.png`, [20, 16, 3]);
    await picture(`pairs/${name}_noisy.png`, [20, 16, 3], noise);
  }
  await writeFile(at("words/a.png"), "words");
  await picture("small/a.png", [20, 9, 1]);
  await saveModel(convModel(), at("grey.safetensors"));
  await saveModel(convModel({ channels: 3 }), at("colour.safetensors"));
  const { train: images, ...rest } = pictures(4, [12, 12]);
  const recipe = smallRecipe({ size: [12, 12], units: [4, 144], epochs: 1 });
  const dense = await train(recipe, { ...rest, train: images }, { threads: 1 }).model();
  await saveModel(dense, at("dense.safetensors"));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe("photographs", () => {
  it("are denoised in the best quality where that is asked for", async () => {
    const few = ["grey.safetensors", "--set", "grey", "--levels", "25"];
    const standard = await json(...few);
    const best = await json(...few, "--quality", "best");
    expect(await json(...few, "--quality", "standard")).toEqual(standard);
    expect(best.protocol).toContain("the mean of those of the picture's eight orientations");
    expect(best.results[0].mean.noisy).toEqual(standard.results[0].mean.noisy);
    expect(best.results[0].mean.denoised.psnr).not.toBe(standard.results[0].mean.denoised.psnr);
  });

  it("are measured at 15, 25 and 50, and every picture is in the JSON", async () => {
    const { results, ...about } = await json("grey.safetensors", "--set", "grey");
    expect(about).toEqual({
      name: "grey",
      models: ["grey.safetensors"],
      protocol: expect.stringMatching(/^Gaussian noise of σ grey levels, not clipped\. /),
      seed: 1,
    });
    expect(results.map(({ condition }: { condition: object }) => condition)).toEqual(
      [15, 25, 50].map((sigma) => ({ sigma, told: true })),
    );
    const quality = { psnr: expect.any(Number), ssim: expect.any(Number) };
    for (const { condition, mean, pictures } of results) {
      const { sigma } = condition;
      const measured = { noisy: quality, denoised: { ...quality, sigma } };
      expect(mean).toEqual(measured);
      expect(pictures).toEqual(["a.png", "b.png"].map((name) => ({ name, ...measured })));
      // The noise has a variance of σ², which 680 values show to 5 standard errors.
      const expected = 20 * Math.log10(255 / sigma);
      expect(Math.abs(mean.noisy.psnr - expected)).toBeLessThan(
        (5 * 10 * Math.SQRT2) / Math.LN10 / Math.sqrt(680),
      );
    }
  });

  it("give a table of means, with --each a row for every picture, and with --auto rows that σ is not told", async () => {
    const { results } = await json("grey.safetensors", "--set", "grey", "--levels", "20");
    const { stdout } = await evaluate("grey.safetensors", "--set", "grey", "--levels", "20");
    const { noisy, denoised } = results[0].mean;
    const cells = [
      noisy.psnr.toFixed(2),
      noisy.ssim.toFixed(4),
      denoised.psnr.toFixed(2),
      denoised.ssim.toFixed(4),
    ];
    const rows = (text: string) => text.split("\n").map((line) => line.trim().split(/ {2,}/));
    expect(stdout).toMatch(/^grey, 2 pictures\. Gaussian noise/);
    expect(rows(stdout)).toContainEqual(["σ = 20", ...cells, "20.0"]);
    expect(stdout).not.toContain("a.png");
    const each = await evaluate("grey.safetensors", "--set", "grey", "--levels", "20", "--each", "--auto");
    expect(rows(each.stdout).map(([name]) => name)).toEqual(
      expect.arrayContaining(["σ = 20", "a.png", "b.png", "σ = 20, not told"]),
    );
  });

  it("become JPEG files with --jpeg, for which the best level is looked for with --best-sigma", async () => {
    const options = [
      "grey.safetensors",
      "--set",
      "grey",
      "--levels",
      "10",
      "--jpeg",
      "75,90",
      "--best-sigma",
    ];
    const { results, protocol } = await json(...options);
    expect(protocol).toContain("clipped and rounded, then saved as JPEG (4:4:4)");
    expect(results.map(({ condition }: { condition: object }) => condition)).toEqual(
      [75, 90].map((jpeg) => ({ sigma: 10, jpeg, told: false })),
    );
    for (const { pictures } of results) {
      for (const { denoised, bestOfSet, bestOfEach } of pictures) {
        expect(bestOfEach.psnr).toBeGreaterThanOrEqual(denoised.psnr);
        expect(bestOfEach.psnr).toBeGreaterThanOrEqual(bestOfSet.psnr);
      }
    }
    const { stdout } = await evaluate(...options);
    expect(stdout).toMatch(/best for the set +at σ +best for each +at σ/);
    expect(stdout).toMatch(/σ = 10, JPEG 75 /);
  });

  it("get other noise with --noise, whose level is not told, and --best-sigma looks for", async () => {
    const noise = { model: "poisson-gaussian", gain: 2, sigma: 5 };
    await writeFile(at("noise.json"), JSON.stringify(noise));
    const ask = (text: string) =>
      json("grey.safetensors", "--set", "grey", "--noise", text, "--best-sigma").then(
        ({ results }) => results,
      );
    const [measured] = await ask("noise.json");
    expect(measured.condition).toEqual({ noise, told: false });
    // √(2·x + 25) for values of 60 to 160
    for (const { noisy } of measured.pictures) {
      const level = 255 * 10 ** (-noisy.psnr / 20);
      expect(level).toBeGreaterThan(Math.sqrt(2 * 60 + 25));
      expect(level).toBeLessThan(Math.sqrt(2 * 160 + 25));
    }
    expect(measured.mean.bestOfSet.psnr).toBeGreaterThanOrEqual(measured.mean.denoised.psnr);
    expect(await ask("poisson-gaussian,gain=2,sigma=5")).toEqual([measured]);
    const { stdout } = await evaluate(
      "grey.safetensors",
      "--set",
      "grey",
      "--noise",
      "camera",
      "--jpeg",
      "90",
    );
    expect(stdout).toContain("Noise: camera, clipped and rounded, then saved as JPEG (4:4:4)");
    expect(stdout).toMatch(/^camera, JPEG 90 /m);
  });

  it("in colour and grey go to models of either kind, and the table says how", async () => {
    const line = async (...parameters: string[]) =>
      (await evaluate(...parameters, "--levels", "10")).stdout.split("\n")[0];
    const [byColour, asThree] = [/denoises each colour by itself/, /grey pictures as three equal colours/];
    expect(await line("grey.safetensors", "--set", "mixed")).toMatch(byColour);
    expect(await line("colour.safetensors", "--set", "mixed")).toMatch(asThree);
    const grey = await line("grey.safetensors", "--set", "mixed", "--grey");
    expect(grey).toMatch(/made grey \(ITU-R BT\.601\)/);
    expect(grey).not.toMatch(byColour);
  });

  it("in colour and grey go to the model for each, of two that are given or of the package's", async () => {
    const few = ["--set", "mixed", "--levels", "10"];
    const [colour, greyModel, both] = await Promise.all(
      [["colour.safetensors"], ["grey.safetensors"], ["colour.safetensors", "grey.safetensors"]].map(
        (models) => json(...models, ...few),
      ),
    );
    expect(both.protocol).not.toMatch(/The model is for/);
    // a.png is grey, b.png in colour.
    expect(both.results[0].pictures[0]).toEqual(greyModel.results[0].pictures[0]);
    expect(both.results[0].pictures[1]).toEqual(colour.results[0].pictures[1]);
    expect(both.results[0].pictures[0]).not.toEqual(colour.results[0].pictures[0]);
    const bundled = await json(...few);
    expect(bundled.models).toBe("the package's");
    expect(bundled.protocol).not.toMatch(/The model is for/);
  });

  it("are written for other programs with --save-noisy, each noise once", async () => {
    const options = ["grey.safetensors", "--set", "mixed", "--levels", "5,10", "--auto"];
    await json(...options, "--save-noisy", "saved");
    const { name, seed, noisy } = JSON.parse(await readFile(at("saved/set.json"), "utf8"));
    expect([name, seed, noisy.length]).toEqual(["mixed", 1, 4]);
    const files = noisy.flatMap(({ file, clean }: { file: string; clean: { file: string } }) => [
      file,
      clean.file,
    ]);
    expect((await readdir(at("saved"))).sort()).toEqual([...new Set(files), "set.json"].sort());
    for (const entry of noisy) {
      for (const { file, sha256 } of [entry, entry.clean]) {
        const bytes = await readFile(at("saved", file));
        expect(createHash("sha256").update(bytes).digest("hex")).toBe(sha256);
      }
    }
    const colour = await readFile(at("saved/b.png-sigma10.npy"));
    expect(colour.length).toBe(128 + 4 * 15 * 24 * 3);
    expect(colour.toString("latin1", 0, 128)).toContain(
      "'<f4', 'fortran_order': False, 'shape': (24, 15, 3)",
    );
    const again = await evaluate(...options, "--save-noisy", "saved");
    expect([again.code, again.stderr]).toEqual([1, "OutputError: saved is not empty. Name a new folder.\n"]);
  });
});

it("pairs are measured with the noise that they have", async () => {
  const { results, protocol } = await json("grey.safetensors", "--set", "pairs", "--best-sigma");
  expect(protocol).toMatch(/^The noise is real; the model finds its level/);
  expect(results.length).toBe(1);
  const [{ condition, mean, pictures }] = results;
  expect(condition).toEqual({ told: false });
  expect(pictures.map(({ name }: { name: string }) => name)).toEqual(["one", "two"]);
  expect(pictures[0].noisy.psnr).toBeLessThan(pictures[1].noisy.psnr);
  expect(mean.bestOfEach.psnr).toBeGreaterThanOrEqual(mean.denoised.psnr);
  const { stdout } = await evaluate("grey.safetensors", "--set", "pairs", "--each");
  expect(stdout).toMatch(/^pairs, 2 pairs\. /);
  expect(stdout).toMatch(/^real noise .*\n {2}one .*\n {2}two /m);
});

describe("refused, with one plain error", () => {
  it.each<[string, string[], RegExp]>([
    [
      "a folder that is not there",
      ["grey.safetensors", "--set", "none"],
      /none cannot be read.*name a folder/,
    ],
    ["an empty folder", ["grey.safetensors", "--set", "empty"], /empty holds no pictures .*; name/],
    [
      "a file that is no picture",
      ["grey.safetensors", "--set", "words"],
      /words\/a\.png is no picture file; give one of PNG, JPEG/,
    ],
    ["a picture that is too small", ["grey.safetensors", "--set", "small"], /a\.png has 20 × 9\. Use larger/],
    [
      "a half of a pair",
      ["grey.safetensors", "--set", "half"],
      /half\/one_noisy\.png has no one_clean beside it/,
    ],
    ["a model of dense layers", ["dense.safetensors", "--set", "grey"], /dense layers.*Leave --set out/],
    [
      "levels for pairs",
      ["grey.safetensors", "--set", "pairs", "--levels", "5"],
      /real noise.*Leave --levels out/,
    ],
    [
      "JPEG for pairs",
      ["grey.safetensors", "--set", "pairs", "--jpeg", "90"],
      /real noise.*Leave --jpeg out/,
    ],
    [
      "noise for pairs",
      ["grey.safetensors", "--set", "pairs", "--noise", "camera"],
      /real noise.*Leave --noise out/,
    ],
    [
      "noise that there is not",
      ["grey.safetensors", "--set", "grey", "--noise", "rain"],
      /--noise rain: .*"model" has to be|--noise rain: model has to be/,
    ],
    [
      "a best level where it is told",
      ["grey.safetensors", "--set", "grey", "--best-sigma"],
      /not told\. Add --auto or --jpeg/,
    ],
  ])("%s", async (_, parameters, message) => {
    await mkdir(at("empty"), { recursive: true });
    await mkdir(at("half"), { recursive: true });
    await writeFile(at("half/one_noisy.png"), await readFile(at("pairs/one_noisy.png")));
    const { code, stdout, stderr } = await evaluate(...parameters);
    expect([code, stdout]).toEqual([1, ""]);
    expect(stderr).toMatch(message);
    expect(stderr).toMatch(/^\w+Error: [^\n]*\n$/);
  });

  it.each<[string[], RegExp]>([
    [["--jpeg", "75"], /option '--jpeg' needs --set DIR/],
    [["--best-sigma"], /option '--best-sigma' needs --set DIR/],
    [["--set", "grey", "--jpeg", "101"], /whole numbers from 1 to 100/],
    [["--set", "grey", "--jpeg", "7.5"], /whole numbers from 1 to 100/],
    [["--set", "grey", "--levels", "0"], /numbers above 0/],
    [["--noise", "camera"], /option '--noise [^']*' needs --set DIR|option '--noise' needs --set DIR/],
    [
      ["--set", "grey", "--noise", "camera", "--levels", "5"],
      /'--noise .*' cannot be used with option '--levels/,
    ],
    [["--set", "grey", "--pictures", "grey"], /'--set <dir>' cannot be used with option '--pictures <dir>'/],
  ])("wrong usage: %j", async (parameters, message) => {
    const { code, stdout, stderr } = await evaluate("grey.safetensors", ...parameters);
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toMatch(message);
  });
});
