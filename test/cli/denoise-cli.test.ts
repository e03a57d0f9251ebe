/** `denoise-wasm denoise` and `evaluate` of convolutions, as processes. */
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { decode, encode } from "fast-png";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { fashionMnistFiles } from "../../src/data/fashion-mnist.ts";
import { createDenoiser } from "../../src/denoiser/photo.ts";
import { encodeModel } from "../../src/model/model-file.ts";
import { decodeJpeg } from "../../src/pictures/jpeg.ts";
import { encodeJpeg } from "../../src/pictures/jpeg-encode.ts";
import { decodePng } from "../../src/pictures/png.ts";
import { encodePng } from "../../src/pictures/png-encode.ts";
import classicalFilters from "../../src/quality/classical-filters.json" with { type: "json" };
import { convModel } from "../support/conv-models.ts";
import { idxBytes } from "../support/idx-bytes.ts";
import { normal } from "../support/networks.ts";
import { pngBytes } from "../support/png-bytes.ts";
import { type Result, runCli } from "../support/run-cli.ts";

const model = convModel();
const [width, height] = [40, 30];
const noisy = (channels: number, stream = 1) =>
  Uint8Array.from(
    Uint8ClampedArray.from(normal(width * height * channels, stream, 20), (value) => value + 120),
  );

let folder: string;
const at = (...names: string[]) => join(folder, ...names);
const run = (...parameters: string[]): Promise<Result> => runCli(folder, parameters);
const denoise = (...parameters: string[]) => run("denoise", "--model", "model.safetensors", ...parameters);
const png = async (name: string) => decode(await readFile(at(name)));

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "denoise-wasm-denoise-"));
  await writeFile(at("model.safetensors"), encodeModel(model));
  await writeFile(at("grey.png"), encode({ data: noisy(1), width, height, channels: 1 }));
  await writeFile(at("rgba.png"), encode({ data: noisy(4), width, height, channels: 4 }));
  const words = Uint16Array.from(noisy(1), (value, i) => 257 * value + (i % 100));
  await writeFile(at("deep.png"), encode({ data: words, width, height, channels: 1, depth: 16 }));
  await mkdir(at("photos"));
  await writeFile(at("photos", "a.jpg"), encodeJpeg({ data: noisy(3), width, height }, { quality: 90 }));
  await writeFile(at("photos", "b.png"), encode({ data: noisy(3), width, height, channels: 3 }));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe("denoise", () => {
  it("keeps what the file holds beside the picture", async () => {
    const metadata = {
      density: { x: 300, y: 300, unit: "inch" },
      text: [{ keyword: "Comment", text: "A picture of noise" }],
    } as const;
    const picture = { data: noisy(3), width, height };
    await writeFile(at("with.jpg"), encodeJpeg(picture, { metadata }));
    await writeFile(at("with.png"), await encodePng({ ...picture, channels: 3 }, { metadata }));
    for (const input of ["with.jpg", "with.png"]) {
      const { code, stderr } = await denoise(input, "-o", "with-clean.png", "--sigma", "20", "--force");
      expect([code, stderr]).toEqual([0, ""]);
      const { metadata: kept } = await decodePng(await readFile(at("with-clean.png")), "with-clean.png");
      expect(kept.text).toEqual(metadata.text);
      expect(kept.density!.unit).toBe("inch");
      // PNG counts in pixels per metre.
      expect(Math.abs(kept.density!.x - 300)).toBeLessThan(0.02);
    }
  });

  it("says where noise is stronger than what the model learned", async () => {
    const { stdout } = await denoise("grey.png", "-o", "strong.png", "--sigma", "80");
    expect(stdout).toBe(
      "grey.png → strong.png  (σ = 80.0: stronger than the 55 that the model learned, some may stay)\n",
    );
  });

  it("writes what createDenoiser makes of the picture", async () => {
    const denoiser = await createDenoiser({ model });
    for (const [name, channels] of [
      ["grey", 1],
      ["rgba", 4],
    ] as const) {
      const { code, stdout, stderr } = await denoise(
        `${name}.png`,
        "-o",
        `${name}-clean.png`,
        "--sigma",
        "20",
        "--strength",
        "0.5",
      );
      expect([code, stderr]).toEqual([0, ""]);
      expect(stdout).toBe(`${name}.png → ${name}-clean.png  (σ = 20.0)\n`);
      const image = { data: noisy(channels), width, height, channels };
      const { data } = await denoiser.denoise(image, { sigma: 20, strength: 0.5 });
      expect(await png(`${name}-clean.png`)).toMatchObject({ width, height, channels, data });
    }
  });

  it("finds the noise level by itself, and keeps 16 bits", async () => {
    const { code, stdout } = await denoise("deep.png", "-o", "deep-clean.png", "--json");
    const [{ sigma }] = JSON.parse(stdout);
    expect(code).toBe(0);
    expect(Math.abs(sigma / 20 - 1)).toBeLessThan(0.15);
    const { depth, data } = await png("deep-clean.png");
    expect(depth).toBe(16);
    expect(data.some((value) => value % 257 !== 0)).toBe(true);
  });

  it("takes several files and folders, and writes before and after side by side", async () => {
    const { code, stderr } = await denoise(
      "photos",
      "grey.png",
      "--out",
      "all/clean",
      "--compare",
      "--sigma",
      "20",
    );
    expect([code, stderr]).toEqual([0, ""]);
    expect((await readdir(at("all/clean"))).sort()).toEqual(
      ["a-compare.png", "a.jpg", "b-compare.png", "b.png", "grey-compare.png", "grey.png"].sort(),
    );
    const compared = await png("all/clean/b-compare.png");
    expect(compared.channels).toBe(3);
    expect(compared.width).toBeGreaterThan(2 * width);
    expect(decodeJpeg(await readFile(at("all/clean/a.jpg")), "a.jpg").channels).toBe(3);
  });

  it("writes the same files on any number of threads, and says so in the order of the files, in either quality", async () => {
    const inputs = ["photos", "grey.png", "rgba.png", "--sigma", "20"];
    const bytesIn = (name: string) =>
      Promise.all(["a.jpg", "b.png", "grey.png", "rgba.png"].map((file) => readFile(at(name, file))));
    for (const quality of ["standard", "best"] as const) {
      const names = [1, 2, 3].map((threads) => `${quality}-${threads}`);
      for (const [index, name] of names.entries()) {
        const threads = ["--threads", String(index + 1), "--quality", quality];
        const { code, stdout, stderr } = await denoise(...inputs, ...threads, "-o", name);
        expect([code, stderr]).toEqual([0, ""]);
        const files = stdout.split("\n").map((line) => line.match(/\/(\w+)\.\w+ {2}/)?.[1]);
        expect(files).toEqual(["a", "b", "grey", "rgba", undefined]);
      }
      const [alone, ...others] = await Promise.all(names.map(bytesIn));
      for (const other of others) expect(other).toEqual(alone);
    }
    const denoiser = await createDenoiser({ model });
    const best = await denoiser.denoise({ data: noisy(1), width, height }, { sigma: 20, quality: "best" });
    expect([...(await png("best-2/grey.png")).data]).toEqual([...best.data]);
    expect((await bytesIn("best-1"))[2]).not.toEqual((await bytesIn("standard-1"))[2]);
    for (const wrong of [
      ["--threads", "0"],
      ["--threads", "1.5"],
      ["--quality", "good"],
    ]) {
      const { code, stderr } = await denoise("grey.png", "-o", "wrong.png", ...wrong);
      expect([code, stderr]).toEqual([2, expect.stringContaining(wrong[0]!)]);
    }
  });

  it("never writes over a picture that it reads", async () => {
    await symlink(at("grey.png"), at("link.png"));
    await mkdir(at("twice"));
    await writeFile(at("twice", "grey.png"), await readFile(at("grey.png")));
    const before = await readFile(at("grey.png"));
    for (const parameters of [
      ["grey.png", "-o", "grey.png"],
      ["grey.png", "-o", "./photos/../grey.png"],
      ["grey.png", "-o", "link.png"],
      ["link.png", "-o", "grey.png"],
      ["grey.png", "rgba.png", "-o", "."],
    ]) {
      const { code, stdout, stderr } = await denoise(...parameters);
      expect([code, stdout]).toEqual([1, ""]);
      expect(stderr).toMatch(/^DataError: .* would overwrite the picture .*; write to another place\n/);
    }
    const { code, stderr } = await denoise("grey.png", "twice/grey.png", "-o", "new");
    expect([code, await readdir(at("new"))]).toEqual([1, ["grey.png"]]);
    expect(stderr).toMatch(/grey\.png and twice\/grey\.png would both become new\/grey\.png/);
    expect(await readFile(at("grey.png"))).toEqual(before);
  });

  it("names a broken picture, does the others, and leaves nothing half written", async () => {
    await mkdir(at("mixed"));
    await writeFile(at("mixed", "1.png"), (await readFile(at("grey.png"))).subarray(0, 500));
    await writeFile(at("mixed", "2.png"), pngBytes({ width: 0, height: 3, colorType: 0, values: [] }));
    await writeFile(at("mixed", "3.png"), await readFile(at("grey.png")));
    const { code, stdout, stderr } = await denoise("mixed", "-o", "mixed-clean");
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /^DataError: mixed\/1\.png is a broken PNG file: cut short.*\nDataError: mixed\/2\.png has no pixels.*\n$/,
    );
    expect(stdout).toMatch(/^mixed\/3\.png → mixed-clean\/3\.png/);
    expect(await readdir(at("mixed-clean"))).toEqual(["3.png"]);
  });

  it("has a limit on pixels", async () => {
    const refused = await denoise("grey.png", "-o", "x.png", "--max-pixels", "1199");
    expect([refused.code, existsSync(at("x.png"))]).toEqual([1, false]);
    expect(refused.stderr).toMatch(/40 × 30 pixels, more than the 1199 allowed/);
    expect((await denoise("grey.png", "-o", "x.png", "--max-pixels", "1200")).code).toBe(0);
  });

  it("ends with 2 on wrong usage", async () => {
    const out = ["grey.png", "-o", "y.png"];
    const wrong = [
      [],
      ["-o", "y.png"],
      [...out, "--file-quality", "0"],
      [...out, "--sigma", "high"],
      [...out, "--sigma", "-1"],
      [...out, "--strength", "2"],
      [...out, "--max-pixels", "0"],
      [...out, "--mode", "slow"],
    ];
    for (const { code, stdout } of await Promise.all(wrong.map((parameters) => denoise(...parameters)))) {
      expect([code, stdout]).toEqual([2, ""]);
    }
  });

  it("ends with 1 on what cannot be done, with a plain message", async () => {
    await writeFile(at("file"), "");
    const cases: [string[], RegExp][] = [
      [["none.png", "-o", "y.png"], /DataError: none\.png cannot be read/],
      [["grey.png", "-o", "y.gif"], /does not end in \.png, \.jpg/],
      [["grey.png", "-o", "y"], /does not end in \.png, \.jpg/],
      [["rgba.png", "-o", "y.jpg"], /DataError: .*transparent/],
      [["none*.png"], /DataError: No file is called none\*\.png/],
      [["photos", "-o", "-"], /DataError: Standard output takes one picture/],
      [["grey.png", "-o", "y.png", "--model", "grey.png"], /ModelFileError: grey\.png/],
      [["grey.png", "-o", "file/y.png"], /OutputError: Cannot write file/],
    ];
    const results = await Promise.all(cases.map(([parameters]) => denoise(...parameters)));
    for (const [index, { code, stderr }] of results.entries()) {
      expect(code).toBe(1);
      expect(stderr).toMatch(cases[index]![1]);
      expect(stderr).toMatch(/^\w+Error: .*\n$/);
    }
    expect(existsSync(at("y.png"))).toBe(false);
  });

  it("stops at an interrupt with 130, and leaves what was there", async () => {
    const side = 3000;
    await writeFile(
      at("large.png"),
      encode({
        data: new Uint8Array(side * side).map((_, i) => i * 7),
        width: side,
        height: side,
        channels: 1,
      }),
    );
    await writeFile(at("large-clean.png"), "before");
    const parameters = [
      "denoise",
      "grey.png",
      "large.png",
      "-o",
      "stopped",
      "--model",
      "model.safetensors",
      "--sigma",
      "9",
    ];
    const { code, stderr } = await runCli(folder, parameters, (child) => {
      child.stdout!.once("data", () => child.kill("SIGINT"));
    });
    expect([code, stderr]).toEqual([130, "Interrupted; 1 of 2 pictures were written.\n"]);
    expect(await readdir(at("stopped"))).toEqual(["grey.png"]);
  });
});

describe("the models of the package, by name", () => {
  it.each([
    ["photo", "photo", "photo-grey"],
    ["photo-tiny", "photo-tiny", "photo-tiny-grey"],
    ["photo-large", "photo-large", "photo-grey"],
    ["photo-large photo-tiny-grey", "photo-large", "photo-tiny-grey"],
  ])("%s", async (names, colour, grey) => {
    const options = names.split(" ").flatMap((name) => ["--model", name]);
    const { code, stderr } = await run(
      ...["denoise", "grey.png", "photos/b.png", "-o", "by-name", "--sigma", "20", "--force", ...options],
    );
    expect([code, stderr]).toEqual([0, ""]);
    for (const [name, channels, file] of [
      [colour, 3, "b.png"],
      [grey, 1, "grey.png"],
    ] as const) {
      const bytes = await readFile(new URL(`../../build/models/${name}.safetensors`, import.meta.url));
      const denoiser = await createDenoiser({ model: bytes });
      const picture = { data: noisy(channels), width, height };
      const { data } = await denoiser.denoise(picture, { sigma: 20 });
      expect((await png(join("by-name", file))).data).toEqual(data);
    }
  });
});

describe("evaluate over levels of noise", () => {
  it("on a folder of pictures, the network beside the noisy pictures", async () => {
    await mkdir(at("clean"));
    const bars = Uint8Array.from({ length: 64 * 48 }, (_, i) => ((i % 64) >> 3) * 30);
    await writeFile(at("clean", "bars.png"), encode({ data: bars, width: 64, height: 48, channels: 1 }));
    const evaluate = ["evaluate", "model.safetensors", "--pictures", "clean", "--levels", "10,50", "--auto"];
    const { code, stdout, stderr } = await run(...evaluate, "--json");
    expect([code, stderr]).toEqual([0, ""]);
    const { name, pictures, levels, rows } = JSON.parse(stdout);
    expect([name, pictures, levels]).toEqual(["clean", 1, [10, 50]]);
    expect(rows.map((row: { name: string }) => row.name)).toEqual([
      "noisy",
      "noisy, clipped",
      "this model",
      "this model, not told σ",
    ]);
    for (const [index, sigma] of [10, 50].entries()) {
      const [asItIs, clipped] = rows.map((row: { levels: { psnr: number }[] }) => row.levels[index]!.psnr);
      // To 5 standard errors of 3,072 values: the error of a mean square of N(0, σ²) is σ²·√(2/n).
      expect(Math.abs(255 ** 2 / 10 ** (asItIs / 10) / sigma ** 2 - 1)).toBeLessThan(5 * Math.sqrt(2 / 3072));
      expect(clipped).toBeGreaterThan(asItIs);
    }
    const table = await run(...evaluate);
    expect(table.stdout).toMatch(/σ = 10 +σ = 50\n/);
    expect(table.stdout).toContain(`${rows[2].levels[0].psnr.toFixed(2)} `);
  });

  it("on test images, beside the classic recipe and, where they were measured on that many, other filters", async () => {
    const test = new Uint8Array(10_000 * 4).map((_, i) => i * 3);
    await mkdir(at("data"));
    const files = {
      trainImages: [[1, 2, 2], test.slice(0, 4)],
      trainLabels: [[1], [1]],
      testImages: [[10_000, 2, 2], test],
      testLabels: [[10_000], new Uint8Array(10_000)],
    } as const;
    for (const [part, [shape, values]] of Object.entries(files)) {
      await writeFile(
        at("data", `${fashionMnistFiles[part as keyof typeof files].name}`),
        idxBytes([...shape], values),
      );
    }
    const dense = {
      ...model,
      spec: {
        input: { height: 2, width: 2, channels: 1 },
        layers: [{ type: "dense", units: 4, activation: "linear" }],
        initialization: { weights: 1, biases: 1 },
      },
      parameters: new Map([
        ["layer1.weight", new Float32Array(16)],
        ["layer1.bias", new Float32Array(4)],
      ]),
    } as Parameters<typeof encodeModel>[0];
    await writeFile(at("dense.safetensors"), encodeModel(dense));
    const { code, stdout, stderr } = await run(
      "evaluate",
      "model.safetensors",
      "--data",
      "data",
      "--levels",
      "25,30",
      "--classic",
      "dense.safetensors",
      "--json",
    );
    expect([code, stderr]).toEqual([0, ""]);
    const { rows } = JSON.parse(stdout);
    const names = [
      "noisy",
      "noisy, clipped",
      "classic recipe",
      "Gaussian blur",
      "median",
      "non-local means",
      "total variation",
      "this model",
    ];
    expect(rows.map((row: { name: string }) => row.name)).toEqual(names);
    // A network of zeros puts out black.
    const square = test.reduce((sum, value) => sum + value * value, 0) / test.length;
    expect(rows[2].levels[0].psnr).toBeCloseTo(10 * Math.log10(255 ** 2 / square), 9);
    const known = classicalFilters.sets[0]!.levels.find(({ sigma }) => sigma === 25)!.filters;
    expect(rows[3].levels).toEqual([known.gaussian, null]);
    expect(rows[5].levels).toEqual([known.nonLocalMeans, null]);
  });

  it("refuses what does not go together", async () => {
    for (const [parameters, code, message] of [
      [
        ["dense.safetensors", "--pictures", "clean"],
        1,
        /SpecError: dense\.safetensors is of dense layers.*Leave --pictures out/,
      ],
      [["model.safetensors", "--pictures", "clean", "--classic", "dense.safetensors"], 1, /2×2×1.*48×64×1/],
      [
        ["model.safetensors", "--pictures", "clean", "--classic", "model.safetensors"],
        1,
        /Name one of dense layers/,
      ],
      [["model.safetensors", "--pictures", "none"], 1, /DataError: none cannot be read/],
      [["model.safetensors", "--levels", "10,x"], 2, /numbers above 0/],
      [["model.safetensors", "--levels", "0"], 2, /numbers above 0/],
    ] as const) {
      const result = await run("evaluate", ...parameters);
      expect([result.code, result.stdout]).toEqual([code, ""]);
      expect(result.stderr).toMatch(message);
    }
  });
});
