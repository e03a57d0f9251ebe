/** Models as ONNX files: onnxruntime-web puts out what this package does, and onnx's own checker finds nothing wrong. */
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { beforeAll, describe, expect, it } from "vitest";
import { createDenoiser } from "../../src/denoiser/photo.ts";
import type { Model } from "../../src/model/model.ts";
import { decodeModel } from "../../src/model/model-file.ts";
import { encodeOnnx, type OnnxOptions } from "../../src/model/onnx/onnx.ts";
import { Random } from "../../src/noise/rng.ts";
import { runModel } from "../../src/quality/run-model.ts";
import { denseModel } from "../support/dense-models.ts";
import { moved } from "../support/images.ts";
import { leastSize, randomModel } from "../support/random-models.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
/** The folder of the package onnxruntime-web. The benchmarks install it too. */
const folder = process.env.ONNXRUNTIME_WEB ?? join(root, "bench/peers/node_modules/onnxruntime-web");
const hasRuntime = existsSync(folder);
const python = process.env.PYTHON ?? "python3";
const hasChecker = spawnSync(python, ["-c", "import onnx.checker"], { stdio: "ignore" }).status === 0;

/** The largest difference to this package's output that is left to the order of float32 sums, in parts of the value range. */
const most = 2e-5;

const shippedModel = (name: string) =>
  decodeModel(readFileSync(join(root, `build/edge/${name}.safetensors`)), name);
const shipped = ["photo", "photo-grey", "photo-tiny", "photo-tiny-grey", "photo-large", "fashion-conv"];
/** Spec 17 is left out: of its network's output next to nothing is above zero. */
const randoms = Array.from({ length: 31 }, (_, number) => [number, randomModel(number)] as const).filter(
  ([number]) => number !== 17,
);

const dense = [1, 3].map((channels) => [`dense layers, ${channels} channels`, denseModel(channels)] as const);

/** Grey levels of a picture that is not smooth, with its channels side by side. */
const randomPicture = (height: number, width: number, channels: number): Float32Array => {
  const random = new Random(3, 7, height);
  return Float32Array.from({ length: height * width * channels }, () => 255 * random.uniform());
};

const title = hasRuntime
  ? "in onnxruntime-web"
  : "in onnxruntime-web (skipped: not installed; set ONNXRUNTIME_WEB to its folder)";
describe.skipIf(!hasRuntime)(title, () => {
  // Its types come with it, and it is not always there.
  // biome-ignore lint/suspicious/noExplicitAny: as said
  let ort: any;
  beforeAll(async () => {
    const path = createRequire(join(folder, "package.json")).resolve("onnxruntime-web/wasm");
    ort = await import(pathToFileURL(path).href);
    ort.env.wasm.numThreads = 1;
  });

  /** What the ONNX file of a model makes of pictures of the given sizes. */
  async function outputs<Values extends Float32Array | Uint8Array>(
    model: Model,
    pictures: readonly { data: Values; height: number; width: number }[],
    sigma: number,
    options?: OnnxOptions,
  ): Promise<Values[]> {
    const { channels } = model.spec.input;
    const session = await ort.InferenceSession.create(encodeOnnx(model, options));
    const results: Values[] = [];
    for (const { data, height, width } of pictures) {
      const type = data instanceof Uint8Array ? "uint8" : "float32";
      const noisy = new ort.Tensor(type, moved(data, channels), [1, channels, height, width]);
      const level = new ort.Tensor("float32", Float32Array.of(sigma), [1]);
      const { clean } = await session.run(model.spec.noiseLevel ? { noisy, sigma: level } : { noisy });
      expect(clean.dims).toEqual(noisy.dims);
      results.push(moved(clean.data, channels, true));
    }
    await session.release();
    return results;
  }

  /** The largest difference at several sizes, down to a single pixel, in parts of the value range. */
  async function convDifference(model: Model): Promise<number> {
    const { channels } = model.spec.input;
    const sizes = [
      [1, 1],
      [4, 4],
      [7, 9],
      [leastSize, 48],
      [53, 61],
      [64, 41],
    ] as const;
    const pictures = sizes.map(([height, width]) => ({
      data: randomPicture(height, width, channels),
      height,
      width,
    }));
    const found = await outputs(model, pictures, 25);
    const denoiser = await createDenoiser({ model });
    let largest = 0;
    for (const [index, picture] of pictures.entries()) {
      const { data } = await denoiser.denoise(picture, { sigma: 25, range: [0, 255] });
      for (const [i, value] of data.entries())
        largest = Math.max(largest, Math.abs(value - found[index]![i]!));
      if (picture.height < leastSize) continue;
      // The network does something, and its output is that of a picture.
      expect(data.some((value, i) => Math.abs(value - picture.data[i]!) > 1)).toBe(true);
      expect(Math.max(...data)).toBeGreaterThan(10);
    }
    denoiser.dispose();
    return largest / 255;
  }

  it.each(shipped)("%s, which comes with the package", async (name) => {
    expect(await convDifference(shippedModel(name))).toBeLessThan(most);
  });

  it.each(randoms)("random spec %i", async (_, model) => {
    expect(await convDifference(model)).toBeLessThan(most);
  });

  it.each(dense)("%s", async (_, model) => {
    const { height, width, channels } = model.spec.input;
    const data = randomPicture(height, width, channels);
    const ours = await runModel(model, { data, count: 1, height, width, channels });
    const [found] = await outputs(model, [{ data, height, width }], 0);
    const largest = Math.max(...found!.map((value, i) => Math.abs(value - ours.data[i]!)));
    expect(largest / 255).toBeLessThan(most);
    expect(Math.max(...ours.data.map(Math.abs))).toBeGreaterThan(1);
  });

  it("bytes are rounded and clamped as a denoiser does it", async () => {
    const model = shippedModel("photo-tiny");
    const [height, width] = [48, 40];
    const data = Uint8Array.from(randomPicture(height, width, 3), (value) =>
      value < 60 ? 0 : value > 200 ? 255 : value,
    );
    const denoiser = await createDenoiser({ model });
    const ours = (await denoiser.denoise({ data, height, width }, { sigma: 40 })).data;
    denoiser.dispose();
    const [found] = await outputs(model, [{ data, height, width }], 40, { bytes: true });
    const differences = found!.map((value, i) => Math.abs(value - ours[i]!));
    // Where a value is near the middle between two, the last bit decides.
    expect(Math.max(...differences)).toBeLessThanOrEqual(1);
    expect(differences.filter(Boolean).length).toBeLessThan(3);
    expect(ours.filter((value) => value === 0 || value === 255).length).toBeGreaterThan(10);
  });
});

const checking = hasChecker
  ? "by onnx.checker"
  : `by onnx.checker (skipped: ${python} cannot import onnx; set PYTHON to one that can)`;
describe.skipIf(!hasChecker)(checking, () => {
  it("all files are valid, their shapes too, and their metadata say what they are", () => {
    const output = join(root, "test/.output/onnx");
    mkdirSync(output, { recursive: true });
    const models = [...shipped.map((name) => [name, shippedModel(name)] as const), ...randoms, ...dense];
    const files = models.map(([name, model]) => {
      const path = join(output, `${name}.onnx`);
      writeFileSync(path, encodeOnnx(model, { license: "MIT", bytes: name === "photo" }));
      return path;
    });
    const script = [
      "import json, sys, onnx",
      "for path in sys.argv[1:]:",
      "    onnx.checker.check_model(path, full_check=True)",
      "    model = onnx.load(path)",
      "    print(json.dumps({entry.key: entry.value for entry in model.metadata_props}))",
    ].join("\n");
    const lines = execFileSync(python, ["-c", script, ...files], { encoding: "utf8" })
      .trim()
      .split("\n");
    expect(lines.length).toBe(models.length);
    for (const [index, [, model]] of models.entries()) {
      const metadata = JSON.parse(lines[index]!);
      expect(JSON.parse(metadata["denoise-wasm.spec"])).toEqual(model.spec);
      const { range, noise, provenance } = model;
      expect(JSON.parse(metadata["denoise-wasm.description"])).toEqual({ range, noise, provenance });
      expect([metadata.model_license, metadata.value_range]).toEqual(["MIT", "[0,255]"]);
    }
  });
});
