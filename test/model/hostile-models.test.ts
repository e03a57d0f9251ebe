/**
 * Model files that were made to do harm. The denoiser's small reader and the full one take and refuse the same files, and
 * refuse them at once, with a ModelFileError.
 */
import { describe, expect, it } from "vitest";
import { createDenoiser } from "../../src/denoiser/photo.ts";
import { ModelFileError } from "../../src/errors.ts";
import { convModelOf, decodeConvModel } from "../../src/model/conv-model.ts";
import { decodeModel, encodeModel } from "../../src/model/model-file.ts";
import { readSafetensors, type Tensor, writeSafetensors } from "../../src/model/safetensors.ts";
import type { Layer } from "../../src/network/spec.ts";
import { Random } from "../../src/noise/rng.ts";
import { decodeCheckpoint } from "../../src/training/checkpoint.ts";
import { convModel } from "../support/conv-models.ts";
import { smallRecipe } from "../support/pictures.ts";
import { add, conv1, conv3, linear, shuffle, unshuffle } from "../support/unets.ts";

// biome-ignore lint/suspicious/noExplicitAny: whatever JSON holds
type Json = any;

const uNet: Layer[] = [
  conv3(4),
  unshuffle,
  conv1(16),
  conv3(16),
  add(3),
  conv1(16),
  shuffle,
  conv3(1, linear),
];
const model = convModel({ layers: uNet, white: 255 });
const bytes = encodeModel(model, "i8");
const plain = encodeModel(model);
const { metadata } = readSafetensors(bytes, "model");

/** A file of any header, with the weights of the model. */
function fileOf(header: string | Uint8Array, weights: Uint8Array = weightsOf(bytes)): Uint8Array {
  const text = typeof header === "string" ? new TextEncoder().encode(header) : header;
  const file = new Uint8Array(8 + text.length + weights.length);
  new DataView(file.buffer).setBigUint64(0, BigInt(text.length), true);
  file.set(text, 8);
  file.set(weights, 8 + text.length);
  return file;
}
const beginOf = (file: Uint8Array) => 8 + new DataView(file.buffer, file.byteOffset).getUint32(0, true);
const weightsOf = (file: Uint8Array) => file.subarray(beginOf(file));
const headerOf = (file: Uint8Array): Json =>
  JSON.parse(new TextDecoder().decode(file.subarray(8, beginOf(file))));

const withSpec = (change: (spec: Json) => void): Uint8Array => {
  const header = headerOf(bytes);
  const spec = JSON.parse(metadata["denoise-wasm.spec"]!);
  change(spec);
  header.__metadata__["denoise-wasm.spec"] = JSON.stringify(spec);
  return fileOf(JSON.stringify(header));
};
const withHeader = (change: (header: Json) => void, file = bytes): Uint8Array => {
  const header = headerOf(file);
  change(header);
  return fileOf(JSON.stringify(header), weightsOf(file));
};
/** A file in whose spec, or header, something is at a path; `undefined` takes it away. */
const inSpec = (path: string, value: Json) => withSpec((spec) => put(spec, path, value));
const inHeader = (path: string, value: Json) => withHeader((header) => put(header, path, value));
function put(holder: Json, path: string, value: Json): void {
  const keys = path.split("/");
  const last = keys.pop()!;
  for (const key of keys) holder = holder[key];
  holder[last] = value;
}
const withTensor = (name: string, change: (data: Float32Array) => void, file = bytes): Uint8Array => {
  const { tensors, metadata } = readSafetensors(file.slice(), "model");
  change((tensors.get(name) as Tensor & { dtype: "F32" }).data);
  return writeSafetensors(tensors, { ...metadata });
};
const deep = (open: string, close: string) => `${open.repeat(20_000)}${close.repeat(20_000)}`;
/** A file in whose header something is at a path that JSON.stringify could not write. */
const withText = (path: string, text: string): Uint8Array => {
  const header = headerOf(bytes);
  put(header, path, "HERE");
  return fileOf(JSON.stringify(header).replace('"HERE"', () => text));
};

const readers = { decodeModel, decodeConvModel };
type Reader = keyof typeof readers;

/** What a reader says of a file; undefined if it takes it. */
function faultOf(reader: Reader, file: Uint8Array): string | undefined {
  try {
    readers[reader](file, "a.safetensors");
    return undefined;
  } catch (error) {
    if (!(error instanceof ModelFileError)) throw error;
    return error.message;
  }
}

describe("both readers refuse", () => {
  it.each<[string, Uint8Array, RegExp?]>([
    ["a spec that is null", inHeader("__metadata__/denoise-wasm.spec", "null")],
    ["layers that are null", inSpec("layers", null)],
    ["a layer that is null", inSpec("layers", [null])],
    ["layers that are an object", inSpec("layers", { length: 1, 0: conv1(1) })],
    ["no layers", inSpec("layers", [])],
    ["256 layers", inSpec("layers", Array(256).fill(conv3(1, { dilation: 4 })))],
    ["a layer with an unknown key", inSpec("layers/0/stride", 2), /stride/],
    ["a 1×1 convolution with a dilation", inSpec("layers/2/dilation", 1)],
    ["a pixel layer with channels", inSpec("layers/1/channels", 16)],
    ["channels that are a text", inSpec("layers/0/channels", "4")],
    ["a dilation that is a text", inSpec("layers/0/dilation", "1")],
    ["an unknown key in the spec", inSpec("dropout", 0), /dropout/],
    ["an unknown key in the input", inSpec("input/depth", 1), /depth/],
    ["an unknown key of the initialization", inSpec("initialization/gain", 1)],
    ["no initialization", inSpec("initialization", undefined)],
    ["weights that begin at NaN", inSpec("initialization/weights", null)],
    ["no input", inSpec("input", undefined)],
    ["a picture of no height", inSpec("input/height", 0)],
    ["a picture that cannot be halved", inSpec("input/width", 27), /27/],
    ["a residual that is 1", inSpec("residual", 1)],
    ["a noise level that is null", inSpec("noiseLevel", null)],
    ["an unknown padding", inSpec("padding", "circular"), /circular/],
    ["white 0", inSpec("white", 0), /white/],
    ["white −1", inSpec("white", -1), /white/],
    ["white 1e308", inSpec("white", 1e308), /white/],
    ["white as a text", inSpec("white", "255"), /white/],
    ["a weight of 1e38", withTensor("layer1.weight", (data) => data.fill(1e38), plain), /beyond 1000000000/],
    ["a bias of −1e38", withTensor("layer1.bias", (data) => data.fill(-1e38)), /layer1\.bias/],
    [
      "an infinite scale of int8",
      withTensor("layer4.weight.scale", (data) => data.fill(1 / 0)),
      /not finite/,
    ],
    [
      "a scale that takes the largest of its weights beyond the limit",
      withTensor("layer4.weight.scale", (data) => data.fill(5e8)),
      /layer4\.weight.*beyond 1000000000/,
    ],
    ["a scale of 1e38", withTensor("layer4.weight.scale", (data) => data.fill(1e38)), /layer4\.weight/],
    ["no format tag", inHeader("__metadata__/denoise-wasm.format", undefined)],
    ["a later format", inHeader("__metadata__/denoise-wasm.format", "denoise-wasm 2")],
    ["metadata with a number", inHeader("__metadata__/seed", 1)],
    ["offsets that are a number", inHeader("layer1.bias/data_offsets", 5)],
    ["offsets that are null", inHeader("layer1.bias/data_offsets", null)],
    ["offsets that are a text", inHeader("layer1.bias/data_offsets", "04")],
    ["offsets that are texts", inHeader("layer1.bias/data_offsets", ["0", "16"])],
    [
      "three offsets",
      withHeader((header) => {
        header["layer1.bias"].data_offsets.push(9);
      }),
    ],
    ["a shape that is a text", inHeader("layer1.bias/shape", "4")],
    ["a shape of lists", inHeader("layer1.bias/shape", [[4]])],
    ["a shape of texts", inHeader("layer1.bias/shape", ["4"])],
    ["an unknown key of a tensor", inHeader("layer1.bias/stride", 1)],
    ["a tensor that is null", inHeader("layer1.bias", null)],
    ["weights of bfloat16", inHeader("layer1.weight/dtype", "BF16"), /BF16.*Convert it to F32/],
    ["lists 20,000 deep as a dtype", withText("layer1.weight/dtype", deep("[", "]"))],
    ["lists 20,000 deep as a shape", withText("layer1.weight/shape", deep("[", "]"))],
    ["objects 20,000 deep as metadata", withText("__metadata__", deep('{"a":', "}"))],
    ["lists 20,000 deep as offsets", withText("layer1.bias/data_offsets", deep("[", "]"))],
    ["lists 20,000 deep as layers", withSpecText("layers", deep("[", "]"))],
    ["lists 20,000 deep as white", withSpecText("white", deep("[", "]"))],
    ["lists 20,000 deep as padding", withSpecText("padding", deep("[", "]"))],
    ["lists 20,000 deep as an unknown key", withSpecText("dropout", deep("[", "]"))],
    [
      "20,000 tensors",
      withHeader((header) => {
        for (let i = 0; i < 20_000; i++) header[`t${i}`] = { dtype: "F32", shape: [0], data_offsets: [0, 0] };
      }),
    ],
    ["a header over 1 MB", inHeader("__metadata__/note", "x".repeat(2 ** 20))],
    ["a web page", new TextEncoder().encode("<!doctype html><title>Not found</title>"), /web page/],
    [
      "a web page after a line",
      new TextEncoder().encode("\n  <html><body>Sign in</body></html>"),
      /web page/,
    ],
    ["a JSON text", new TextEncoder().encode('{"error": "not found"}')],
  ])("%s", async (_, file, message = /./) => {
    for (const reader of ["decodeModel", "decodeConvModel"] as const) {
      const fault = faultOf(reader, file);
      expect(fault, reader).toMatch(/^a\.safetensors/);
      expect(fault, reader).toMatch(message);
      expect(fault!.length, reader).toBeLessThan(8000);
    }
    await expect(createDenoiser({ model: file })).rejects.toThrow(ModelFileError);
    await expect(decodeCheckpoint(file, "a.safetensors")).rejects.toThrow(ModelFileError);
  });

  function withSpecText(key: string, text: string): Uint8Array {
    const spec = { ...JSON.parse(metadata["denoise-wasm.spec"]!), [key]: "HERE" };
    const header = headerOf(bytes);
    header.__metadata__["denoise-wasm.spec"] = JSON.stringify(spec).replace('"HERE"', () => text);
    return fileOf(JSON.stringify(header));
  }
});

describe("and say nothing that a terminal obeys:", () => {
  const bad = "\u001b[2J\u009b31m\u0007";
  it.each<[string, Uint8Array]>([
    ["a tensor's name", inHeader(bad, headerOf(bytes)["layer1.bias"])],
    ["a dtype", inHeader("layer1.weight/dtype", bad)],
    ["a key of the spec", inSpec(bad, 1)],
    ["a padding", inSpec("padding", bad)],
    ["a layer's type", inSpec("layers/0/type", bad)],
    ["a layer's source", inSpec("layers/4/from", bad)],
    ["channels", inSpec("input/channels", bad)],
  ])("%s", (_, file) => {
    for (const reader of ["decodeModel", "decodeConvModel"] as const) {
      const fault = faultOf(reader, file);
      expect(fault, reader).toMatch(/^a\.safetensors/);
      expect(fault, reader).not.toMatch(/\p{Cc}/u);
    }
  });
});

it("a file of 1.5 million tensors is refused in less than two seconds", async () => {
  const entry = ':{"dtype":"F32","shape":[0],"data_offsets":[0,0]}';
  const header = `{${Array.from({ length: 1_500_000 }, (_, i) => `"${i}"${entry}`).join(",")}}`;
  const file = fileOf(header, new Uint8Array());
  const start = performance.now();
  expect(() => decodeModel(file, "a.safetensors")).toThrow(/header of \d+ bytes/);
  expect(() => decodeConvModel(file, "a.safetensors")).toThrow(/header of \d+ bytes/);
  await expect(decodeCheckpoint(file, "a.safetensors")).rejects.toThrow(/header of \d+ bytes/);
  expect(performance.now() - start).toBeLessThan(2000);
});

it("15,000 tensors are too many in a header that is no longer than it may be", () => {
  const entry = ':{"dtype":"F32","shape":[0],"data_offsets":[0,0]}';
  const header = `{${Array.from({ length: 15_000 }, (_, i) => `"${i}"${entry}`).join(",")}}`;
  expect(() => readSafetensors(fileOf(header, new Uint8Array()), "a")).toThrow(
    /15000 tensors, more than 1024/,
  );
});

it("a model in memory is checked as one in a file", () => {
  const broken = (parameters: Map<string, Float32Array>) => () =>
    convModelOf({ ...model, parameters }, "a model");
  const huge = new Map(model.parameters).set("layer1.weight", new Float32Array(72).fill(1e38));
  expect(broken(huge)).toThrow(/^a model has "layer1\.weight", which is not finite, or beyond/);
  for (const wrong of [
    { ...model, spec: null },
    { ...model, spec: { ...model.spec, layers: [null] } },
    { ...model, parameters: {} },
    { ...model, parameters: null },
    null,
  ])
    expect(() => convModelOf(wrong as Json, "a model")).toThrow(ModelFileError);
});

describe("a list of 300,000 wrong items costs less than a second, and is one fault:", () => {
  const items = Array(300_000).fill({});
  const inDescription = (noise: Json) =>
    withHeader((header) => {
      const { __metadata__: metadata } = header;
      const description = JSON.parse(metadata["denoise-wasm.description"]);
      metadata["denoise-wasm.description"] = JSON.stringify({ ...description, noise });
    });
  const run = { seed: 1, mode: "fast", variant: "simd", packageVersion: "0", epochs: items };
  const checkpoint = writeSafetensors(new Map(), {
    "denoise-wasm.format": "denoise-wasm checkpoint 1",
    "denoise-wasm.recipe": JSON.stringify(smallRecipe({ size: [4, 4], units: [16], epochs: 1 })),
    "denoise-wasm.run": JSON.stringify({
      ...run,
      data: { name: "", sha256: "", trainingImages: 1 },
      position: { epoch: 1, batches: 0, lossSum: 0, seconds: 0 },
    }),
  });

  it.each<[string, (bytes: Uint8Array, name: string) => unknown, Uint8Array, RegExp]>([
    ["layers", decodeModel, inSpec("layers", items), /"?layers"? has to be at most 64 long, but is 300000\./],
    [
      "parts of a mixture",
      decodeModel,
      inDescription({ model: "mixture", drawn: "once", of: items }),
      /noise\.of has to be at most 16 long, but is 300000\./,
    ],
    ["epochs", decodeCheckpoint, checkpoint, /epochs has to be a list of the numbers, losses and seconds/],
  ])("%s", async (_, decode, file, message) => {
    const before = process.cpuUsage();
    const fault = await Promise.resolve()
      .then(() => decode(file, "a.safetensors"))
      .catch((error: Error) => error);
    const { user, system } = process.cpuUsage(before);
    expect(fault).toBeInstanceOf(ModelFileError);
    expect((fault as Error).message).toMatch(message);
    expect((fault as Error).message).not.toContain(";");
    expect((user + system) / 1e6).toBeLessThan(1);
  });
});

it("both readers agree on 3,000 specs that were changed at random", () => {
  const random = new Random(7, 0);
  const pick = <Item>(items: readonly Item[]): Item => items[Math.floor(random.uniform() * items.length)]!;
  const values: readonly Json[] = [
    null, true, false, 0, 1, 2, 3, 4, 5, 16, -1, 0.5, 1e9, 1e308, "", "4", "layer1", "layer3", "he", "relu",
    "linear", "zeros", "reflect", "conv3x3", "conv1x1", "add", "pixel-shuffle", "pixel-unshuffle", [], {}, [1],
  ]; // biome-ignore format: a list of values
  const keys = [
    "type", "channels", "dilation", "activation", "bias", "from", "white", "padding", "residual", "noiseLevel",
    "layers", "input", "initialization", "weights", "biases", "lastLayer", "height", "width", "x",
  ]; // biome-ignore format: a list of keys
  const change = (spec: Json): void => {
    const holders = [spec, spec.input, spec.initialization, ...spec.layers];
    const holder = pick(holders);
    const kind = random.uniform();
    if (kind < 0.15) delete holder[pick(Object.keys(holder))];
    else if (kind < 0.6) holder[pick(Object.keys(holder))] = pick(values);
    else if (kind < 0.8) holder[pick(keys)] = pick(values);
    else if (kind < 0.9) spec.layers.splice(Math.floor(random.uniform() * 8), 1);
    else spec.layers.splice(Math.floor(random.uniform() * 8), 0, pick([unshuffle, shuffle, add(1), add(3)]));
  };
  let taken = 0;
  for (let round = 0; round < 3000; round++) {
    const file = withSpec(change);
    const faults = {
      decodeModel: faultOf("decodeModel", file),
      decodeConvModel: faultOf("decodeConvModel", file),
    };
    const spec = headerOf(file).__metadata__["denoise-wasm.spec"];
    const verdict = Object.values(faults).map((fault) => fault === undefined);
    expect(verdict[0], `${JSON.stringify(faults)}: ${spec}`).toBe(verdict[1]);
    if (verdict[0]) taken++;
  }
  // Some changes do no harm, such as another initialization.
  expect(taken).toBeGreaterThan(100);
  expect(taken).toBeLessThan(2000);
});
