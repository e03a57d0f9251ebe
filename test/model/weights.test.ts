/** Weights as int8 and float16: what is written, what it expands to, what both readers refuse. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { loadFashionMnistFrom } from "../../src/data/fashion-mnist.node.ts";
import { pictureAt } from "../../src/data/images.ts";
import { opaqueBytes, withChannels } from "../../src/data/photos.ts";
import type { Denoiser } from "../../src/denoiser/denoiser.ts";
import { createDenoiser } from "../../src/denoiser/photo.ts";
import { ModelFileError, SpecError } from "../../src/errors.ts";
import { decodeModel, encodeModel } from "../../src/model/model-file.ts";
import { encodeOnnx } from "../../src/model/onnx/onnx.ts";
import { narrow, quantize } from "../../src/model/quantize.ts";
import { readSafetensors, type Tensor, writeSafetensors } from "../../src/model/safetensors.ts";
import { expandWeights } from "../../src/model/weights.ts";
import { parameterCount } from "../../src/network/spec.ts";
import type { Picture } from "../../src/pictures/picture.ts";
import { readPicture } from "../../src/pictures/picture-files.node.ts";
import { evaluateLevels, type Method } from "../../src/quality/evaluate-levels.ts";
import { psnr } from "../../src/quality/metrics.ts";
import { convModel } from "../support/conv-models.ts";
import { normal } from "../support/networks.ts";
import { runCli } from "../support/run-cli.ts";
import { threeScales } from "../support/unets.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const shipped = join(root, "models/fashion-conv.safetensors");

/** float16 by its bits, after the standard's table. */
function halfOf(bits: number): number {
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  const sign = bits & 0x8000 ? -1 : 1;
  if (exponent === 31) return fraction ? Number.NaN : sign * Infinity;
  return sign * (exponent ? 2 ** (exponent - 15) * (1 + fraction / 1024) : (2 ** -14 * fraction) / 1024);
}

describe("float16", () => {
  const finite = Uint16Array.from({ length: 65536 }, (_, bits) => bits).filter(
    (bits) => (bits & 0x7c00) !== 0x7c00,
  );

  it("expands all finite patterns exactly, and narrows them back", () => {
    const tensor: Tensor = { dtype: "F16", shape: [1, finite.length], data: finite };
    const { data } = expandWeights(new Map([["w", tensor]]), "m").get("w")!;
    expect(data.findIndex((value, i) => !Object.is(value, halfOf(finite[i]!)))).toBe(-1);
    expect(narrow(data, "w")).toEqual(finite);
  });

  it("narrows to the nearest, to the even one where two are", () => {
    const cases: [number, number][] = [
      [1 + 1 / 2048, 0x3c00],
      [1 + 3 / 2048, 0x3c02],
      [1 + 1 / 2048 + 2 ** -23, 0x3c01],
      [-(1 + 3 / 2048) + 2 ** -23, 0xbc01],
      [2 ** -25, 0],
      [2 ** -25 + 2 ** -40, 1],
      [-3 * 2 ** -25, 0x8002],
      [1023.5 * 2 ** -24, 0x400],
      [2 ** -14 - 2 ** -26, 0x400],
      [65519.996, 0x7bff],
      [0, 0],
      [-0, 0x8000],
    ];
    expect([
      ...narrow(
        Float32Array.from(cases, ([value]) => value),
        "w",
      ),
    ]).toEqual(cases.map(([, bits]) => bits));
    expect(() => narrow(Float32Array.of(1, 65520), "layer1.weight")).toThrow(SpecError);
    expect(() => narrow(Float32Array.of(-65520), "layer1.weight")).toThrow(/"layer1\.weight" has -65520/);
  });
});

describe("int8", () => {
  const shape = [5, 7, 3, 3];
  const values = normal(5 * 7 * 9, 3, 0.1);

  it("is within a step of the weights, and its kernels' sums within half a step", () => {
    const { data, scale } = quantize(values, shape, 77);
    const off = values.map((value, i) => value / scale[Math.floor(i / 63)]! - data[i]!);
    for (let output = 0; output < 5; output++) {
      const row = values.subarray(63 * output, 63 * output + 63);
      const largest = Math.max(...row.map(Math.abs));
      expect(scale[output]).toBeLessThanOrEqual(((1 + 2 ** -8) * largest) / 77);
      expect(scale[output]).toBeGreaterThan(largest / 77 / 2);
      let sum = 0;
      for (let i = 63 * output; i < 63 * output + 63; i++) {
        if (Math.abs(data[i]!) < 77) expect(Math.abs(off[i]!)).toBeLessThan(1.5);
        sum += off[i]!;
        // Rounding of 63 quotients in float32, of at most 77.
        if (i % 9 === 8) expect(Math.abs(sum)).toBeLessThan(0.5 + 63 * 77 * 2 ** -24);
      }
    }
  });

  it("is found again in what it expands to", () => {
    const model = decodeModel(encodeModel(convModel({ channels: 3, hidden: [5, 8] })), "model");
    for (const format of ["f32", "f16", "i8"] as const) {
      const bytes = encodeModel(model, format);
      expect(encodeModel(decodeModel(bytes, "model"), format)).toEqual(bytes);
    }
    const bytes = encodeModel(model, "i8");
    const wide = encodeModel(decodeModel(bytes, "model"), "f32");
    expect(encodeModel(decodeModel(wide, "model"), "i8")).toEqual(bytes);
  });

  it("has fewer levels the coarser a layer's scale is, and float16 at the finest", () => {
    const model = decodeModel(encodeModel(convModel({ layers: threeScales(1) })), "model");
    const bytes = encodeModel(model, "i8");
    const { tensors } = readSafetensors(bytes, "model");
    const { layers } = model.spec;
    const most = new Map<number, number>();
    let shrink = 1;
    for (const [index, { type }] of layers.entries()) {
      if (type === "pixel-unshuffle") shrink *= 2;
      if (type === "pixel-shuffle") shrink /= 2;
      if (!type.startsWith("conv")) continue;
      const isBetween =
        layers[index - 1]?.type === "pixel-unshuffle" || layers[index + 1]?.type === "pixel-shuffle";
      const scale = isBetween ? shrink / 2 : shrink;
      const { dtype, data } = tensors.get(`layer${index + 1}.weight`)!;
      expect([index, dtype]).toEqual([index, scale === 1 ? "F16" : "I8"]);
      if (dtype === "I8")
        most.set(scale, Math.max(most.get(scale) ?? 0, ...Array.from(data as Int8Array, Math.abs)));
    }
    expect(most).toEqual(
      new Map([
        [2, 127],
        [4, 35],
        [8, 11],
      ]),
    );
    expect(encodeModel(decodeModel(bytes, "model"), "i8")).toEqual(bytes);
  });

  it("takes outputs of zeros, dense weights, and a weight far from the others", () => {
    const zeros = quantize(new Float32Array(18), [2, 1, 3, 3], 77);
    expect(zeros.scale).toEqual(Float32Array.of(1, 1));
    expect(zeros.data).toEqual(new Int8Array(18));
    const { data, scale } = quantize(Float32Array.of(77, -1, 0, 5, 1e-3, -0.5e-3), [2, 3], 77);
    expect([...data.subarray(0, 3)]).toEqual([77, -1, 0]);
    expect(scale[0]).toBe(1);
    expect(data[3]).toBe(77);
  });

  it("lies in the file as an int8 tensor and a scale for each output, biases as float32", () => {
    const { tensors } = readSafetensors(
      encodeModel(convModel({ hidden: [5], dilations: [1, 1] }), "i8"),
      "model",
    );
    const entries = [...tensors].map(([name, { dtype, shape }]) => [name, dtype, ...shape]);
    expect(entries).toEqual([
      ["layer1.bias", "F32", 5],
      ["layer1.weight.scale", "F32", 5],
      ["layer2.bias", "F32", 1],
      ["layer2.weight.scale", "F32", 1],
      ["layer1.weight", "I8", 5, 2, 3, 3],
      ["layer2.weight", "I8", 1, 5, 3, 3],
    ]);
  });

  it("denoises as the expanded weights do, bit for bit", async () => {
    const image = { data: normal(40 * 30, 5, 40), width: 40, height: 30 };
    const exact = convModel({ white: 255 });
    // Of float16's values the smallest, two that are not normal, and the largest.
    exact.parameters.get("layer1.weight")!.set([2 ** -24, -5 * 2 ** -24, 1023 * 2 ** -24, 65504, -65504]);
    for (const format of ["f16", "i8"] as const) {
      const bytes = encodeModel(exact, format);
      const model = decodeModel(bytes, "model");
      const results = [];
      for (const source of [bytes, model, encodeModel(model)])
        results.push((await (await createDenoiser({ model: source })).denoise(image, { sigma: 20 })).data);
      expect(results[1]).toEqual(results[0]);
      expect(results[2]).toEqual(results[0]);
    }
  });
});

it("int8 costs the bundled model less than 0.05 dB", async () => {
  const { test } = await loadFashionMnistFrom(join(root, "data"));
  const pictures = Array.from({ length: 500 }, (_, index) => pictureAt(test, index));
  const model = decodeModel(await readFile(shipped), "models");
  const methods = [encodeModel(model), encodeModel(model, "i8")].map(
    async (bytes, index): Promise<Method> => {
      const denoiser = await createDenoiser({ model: bytes });
      const denoise = async (data: Float32Array, { width, height }: Picture, sigma: number) =>
        (await denoiser.denoise({ data, width, height }, { sigma })).data;
      return { name: `${index}`, clipped: true, denoise };
    },
  );
  const levels = [10, 25, 50];
  const table = await evaluateLevels(
    await Promise.all(methods),
    pictures,
    { model: "gaussian", sigma: 1 },
    levels,
    1,
  );
  const [exact, int8] = table.map((row) => row.map(({ psnr }) => psnr));
  for (const [index, sigma] of levels.entries()) {
    expect(exact![index], `float32, sigma ${sigma}`).toBeGreaterThan([33, 27, 23][index]!);
    expect(exact![index]! - int8![index]!, `sigma ${sigma}`).toBeLessThan(0.05);
  }
});

describe("both readers refuse, naming file and tensor:", () => {
  const model = convModel({ hidden: [5], dilations: [1, 1] });
  const changed = (
    format: "f32" | "f16" | "i8",
    change: (tensors: Map<string, Tensor>) => void,
  ): Uint8Array => {
    const { tensors, metadata } = readSafetensors(encodeModel(model, format), "model");
    change(tensors);
    return writeSafetensors(tensors, { ...metadata });
  };
  const scales = (...values: number[]): Tensor => ({
    dtype: "F32",
    shape: [5],
    data: Float32Array.from(values),
  });
  const name = "layer1.weight.scale";

  it.each<[string, Uint8Array, RegExp]>([
    ["int8 without scale", changed("i8", (t) => t.delete(name)), /layer1\.weight.*scale/],
    [
      "scales for other outputs",
      changed("i8", (t) => t.set(name, { dtype: "F32", shape: [4], data: new Float32Array(4).fill(1) })),
      /layer1\.weight.*scale/,
    ],
    [
      "scales of another type",
      changed("i8", (t) => t.set(name, { dtype: "F64", shape: [5], data: new Float64Array(5).fill(1) })),
      /layer1\.weight/,
    ],
    [
      "a scale of 0",
      changed("i8", (t) => t.set(name, scales(1, 1, 0, 1, 1))),
      /"layer1\.weight".*scale.*above 0/,
    ],
    [
      "a scale below 0",
      changed("i8", (t) => t.set(name, scales(1, 1, 1, -1, 1))),
      /"layer1\.weight".*scale.*above 0/,
    ],
    ["a scale of NaN", changed("i8", (t) => t.set(name, scales(1, Number.NaN, 1, 1, 1))), /layer1\.weight/],
    ["an infinite scale", changed("i8", (t) => t.set(name, scales(1, 1 / 0, 1, 1, 1))), /layer1\.weight/],
    ["a scale without int8", changed("f32", (t) => t.set(name, scales(1, 1, 1, 1, 1))), /does not know/],
    [
      "biases of float16",
      changed("f16", (t) => t.set("layer1.bias", { dtype: "F16", shape: [5], data: new Uint16Array(5) })),
      /"layer1\.bias" as F16/,
    ],
    [
      "biases of int8",
      changed("i8", (t) => t.set("layer1.bias", { dtype: "I8", shape: [5], data: new Int8Array(5) })),
      /"layer1\.bias" as I8/,
    ],
    [
      "float16 that is infinite",
      changed("f16", (t) =>
        t.set("layer1.weight", {
          ...(t.get("layer1.weight") as Tensor & { dtype: "F16" }),
          data: new Uint16Array(90).fill(0x7c00),
        }),
      ),
      /"layer1\.weight".* is not finite.* at index 0/,
    ],
    [
      "float64",
      changed("f32", (t) =>
        t.set("layer1.weight", { dtype: "F64", shape: [5, 2, 3, 3], data: new Float64Array(90) }),
      ),
      /"layer1\.weight" as F64/,
    ],
    ["a tensor too many", changed("i8", (t) => t.set("layer3.bias", scales(1, 1, 1, 1, 1))), /does not know/],
    [
      "a weight the other way round",
      changed("i8", (t) => {
        const tensor = t.get("layer2.weight") as Tensor & { dtype: "I8" };
        t.set("layer2.weight", { ...tensor, shape: [5, 1, 3, 3] });
        t.set("layer2.weight.scale", scales(1, 1, 1, 1, 1));
      }),
      /layer2\.weight|layer 2/,
    ],
  ])("%s", async (_, bytes, message) => {
    expect(() => decodeModel(bytes, "a.safetensors")).toThrow(ModelFileError);
    expect(() => decodeModel(bytes, "a.safetensors")).toThrow(message);
    expect(() => decodeModel(bytes, "a.safetensors")).toThrow(/^a\.safetensors/);
    const error = await createDenoiser({ model: bytes }).catch((error) => error);
    expect(error).toBeInstanceOf(ModelFileError);
    expect(error.message).toMatch(message);
  });
});

describe("denoise-wasm export", () => {
  it("writes the bundled model as the build does, and back to float32", async () => {
    const folder = await mkdtemp(join(tmpdir(), "denoise-wasm-"));
    try {
      const small = await runCli(folder, ["export", shipped, "-o", "small.safetensors", "--format", "i8"]);
      expect(small).toMatchObject({
        code: 0,
        stdout: expect.stringMatching(/^small\.safetensors: i8, \d+ bytes\n$/),
      });
      const bytes = await readFile(join(folder, "small.safetensors"));
      const edge = await readFile(join(root, "build/edge/fashion-conv.safetensors"));
      expect(Buffer.compare(bytes, edge)).toBe(0);
      expect(await runCli(folder, ["export", shipped, "-o", "small.safetensors"])).toMatchObject({
        code: 1,
        stderr: expect.stringMatching(/^OutputError: small\.safetensors exists; give --force/),
      });
      expect((await runCli(folder, ["export", "small.safetensors", "-o", "wide.safetensors"])).code).toBe(0);
      const wide = await readFile(join(folder, "wide.safetensors"));
      expect(decodeModel(wide, "wide")).toEqual(decodeModel(bytes, "small"));
      expect(decodeModel(wide, "wide").parameters).not.toEqual(
        decodeModel(await readFile(shipped), "shipped").parameters,
      );
      expect(await runCli(folder, ["export", shipped, "-o", "x", "--format", "i4"])).toMatchObject({
        code: 2,
      });
      expect(await runCli(folder, ["export", "none", "-o", "x"])).toMatchObject({ code: 1 });

      // ONNX, with the licence that is given, or that of the package for the package's models.
      const toOnnx = (name: string, ...options: string[]) =>
        runCli(folder, ["export", name, "--format", "onnx", "-o", "x.onnx", "--force", ...options]);
      const tiny = decodeModel(await readFile(join(root, "build/edge/photo-tiny.safetensors")), "tiny");
      for (const [name, options, written] of [
        ["photo-tiny", [], { license: "MIT" }],
        ["photo-tiny", ["--bytes", "--license", "CC0-1.0"], { license: "CC0-1.0", bytes: true }],
        [join(root, "build/edge/photo-tiny.safetensors"), [], {}],
      ] as const) {
        expect(await toOnnx(name, ...options)).toMatchObject({ code: 0 });
        const file = await readFile(join(folder, "x.onnx"));
        expect(Buffer.compare(file, encodeOnnx(tiny, written))).toBe(0);
      }
      expect(await runCli(folder, ["export", shipped, "-o", "y", "--bytes"])).toMatchObject({ code: 2 });
      expect(await toOnnx("photo-tiny", "--license", "")).toMatchObject({ code: 2 });
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

describe("the models for photographs, as the package has them", () => {
  it.each([
    ["photo", 100_000],
    ["photo-grey", 64_000],
    ["photo-tiny", 24_000],
    ["photo-tiny-grey", 16_000],
    ["photo-large", 260_000],
  ])("%s has at most %d parameters", async (name, most) => {
    const { spec } = decodeModel(await readFile(join(root, `models/${name}.safetensors`)), name);
    expect(parameterCount(spec)).toBeLessThanOrEqual(most);
  });

  it.each(["photo", "photo-grey", "photo-tiny", "photo-tiny-grey", "photo-large"])(
    "%s loses at most 0.05 dB by eight bits",
    async (name) => {
      const files = [`models/${name}.safetensors`, `build/models/${name}.safetensors`];
      const [wide, small] = await Promise.all(
        files.map(async (file) => createDenoiser({ model: await readFile(join(root, file)) })),
      );
      for (const sigma of [15, 25, 50]) {
        let [best, shipped] = [0, 0];
        for (const [index, photograph] of ["parrots", "lighthouse"].entries()) {
          const read = opaqueBytes(await readPicture(join(root, `data/photographs/${photograph}.png`)));
          const clean = withChannels(read, name.endsWith("-grey") ? 1 : 3);
          const noise = normal(clean.data.length, 10 * index + 1, sigma);
          const data = noise.map((value, i) => value + clean.data[i]!);
          const decibels = async (denoiser: Denoiser) =>
            psnr((await denoiser.denoise({ ...clean, data }, { sigma })).data, clean.data);
          best += (await decibels(wide!)) / 2;
          shipped += (await decibels(small!)) / 2;
        }
        expect(best).toBeGreaterThan(24);
        expect(best - shipped).toBeLessThan(0.05);
      }
    },
  );
});
