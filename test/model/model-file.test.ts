import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ModelFileError } from "../../src/errors.ts";
import type { Model } from "../../src/model/model.ts";
import { decodeModel, encodeModel } from "../../src/model/model-file.ts";
import { readSafetensors, type Tensor, writeSafetensors } from "../../src/model/safetensors.ts";
import { parameters, type Spec } from "../../src/network/spec.ts";
import { loadModel, saveModel } from "../../src/node.ts";
import { normal } from "../support/networks.ts";
import { smallRecipe, smallUNetRecipe } from "../support/pictures.ts";

/** Random values of all parameters. */
function valuesOf(spec: Spec): Map<string, Float32Array> {
  return new Map(
    parameters(spec).map(({ name, shape }, index) => [
      name,
      normal(
        shape.reduce((a, b) => a * b, 1),
        index,
      ),
    ]),
  );
}

const { spec, noise } = smallRecipe({ size: [3, 4], units: [5, 12] });
const model: Model = {
  spec,
  range: [0, 255],
  noise,
  provenance: {
    recipe: "small",
    dataset: "bars",
    dataSha256: "0".repeat(64),
    trainingImages: 10,
    seed: 1,
    epochs: 3,
    variant: "simd",
    packageVersion: "0.0.0",
  },
  parameters: valuesOf(spec),
};
const bytes = encodeModel(model);

/** The model's file with other tensors or metadata. */
function changed(
  change: (tensors: Map<string, Tensor>, metadata: Record<string, string>) => void,
): Uint8Array {
  const { tensors, metadata } = readSafetensors(bytes, "model");
  change(tensors, metadata);
  return writeSafetensors(tensors, { ...metadata });
}

function changedMetadata(key: "format" | "spec" | "description", text: string | undefined): Uint8Array {
  return changed((_, metadata) => {
    if (text === undefined) delete metadata[`denoise-wasm.${key}`];
    else metadata[`denoise-wasm.${key}`] = text;
  });
}

/** The model's file with other keys in its spec or description. */
function changedJson(key: "spec" | "description", change: (value: Json) => Json): Uint8Array {
  const { metadata } = readSafetensors(bytes, "model");
  return changedMetadata(key, JSON.stringify(change(JSON.parse(metadata[`denoise-wasm.${key}`]!))));
}

// biome-ignore lint/suspicious/noExplicitAny: whatever JSON holds
type Json = any;

function fault(file: Uint8Array): string {
  try {
    decodeModel(file, "runs/a/model.safetensors");
  } catch (error) {
    expect(error).toBeInstanceOf(ModelFileError);
    return (error as Error).message;
  }
  throw new Error("nothing was wrong");
}

describe("a model file", () => {
  it("comes back as it was written, and is written again to the same bytes", () => {
    const decoded = decodeModel(bytes, "model");
    expect(decoded).toEqual(model);
    expect(Buffer.compare(encodeModel(decoded), bytes)).toBe(0);
    expect(Buffer.compare(encodeModel(model), bytes)).toBe(0);
  });

  it("does not depend on the order of the parameters", () => {
    const parameters = new Map([...model.parameters].reverse());
    expect(Buffer.compare(encodeModel({ ...model, parameters }), bytes)).toBe(0);
  });

  it("opens in PyTorch's layout: named tensors, [units, inputs]", () => {
    const { tensors, metadata } = readSafetensors(bytes, "model");
    expect(metadata.format).toBe("pt");
    expect([...tensors].map(([name, { dtype, shape }]) => [name, dtype, ...shape])).toEqual([
      ["layer1.bias", "F32", 5],
      ["layer1.weight", "F32", 5, 12],
      ["layer2.bias", "F32", 12],
      ["layer2.weight", "F32", 12, 5],
    ]);
    expect(tensors.get("layer1.weight")!.data).toEqual(model.parameters.get("layer1.weight"));
  });

  it("has weights [outputs, inputs, height, width] of convolutions, and no bias of a layer without one", () => {
    const { spec } = smallUNetRecipe({ size: [4, 6] });
    const unet = { ...model, spec, parameters: valuesOf(spec) };
    const file = encodeModel(unet);
    expect(decodeModel(file, "model")).toEqual(unet);
    const { tensors } = readSafetensors(file, "model");
    expect([...tensors].map(([name, { shape }]) => [name, ...shape])).toEqual([
      ["layer1.bias", 5],
      ["layer1.weight", 5, 2, 3, 3],
      ["layer3.bias", 7],
      ["layer3.weight", 7, 20, 1, 1],
      ["layer4.weight", 7, 7, 3, 3],
      ["layer6.weight", 20, 7, 1, 1],
      ["layer9.bias", 1],
      ["layer9.weight", 1, 5, 1, 1],
    ]);
    tensors.set("layer6.bias", { dtype: "F32", shape: [20], data: new Float32Array(20) });
    const { metadata } = readSafetensors(file, "model");
    expect(fault(writeSafetensors(tensors, { ...metadata }))).toMatch(/"layer6\.bias".*does not know/);
  });

  it("can be read from a place in memory that is not aligned", () => {
    const shifted = new Uint8Array(bytes.length + 1);
    shifted.set(bytes, 1);
    expect(decodeModel(shifted.subarray(1), "model")).toEqual(model);
  });

  it("goes to disk and back", async () => {
    const folder = await mkdtemp(join(tmpdir(), "denoise-wasm-"));
    try {
      const path = join(folder, "model.safetensors");
      await saveModel(model, path);
      expect(await loadModel(path)).toEqual(model);
      await writeFile(path, bytes.subarray(0, -1));
      await expect(loadModel(path)).rejects.toThrow(path);
      await expect(loadModel(join(folder, "none"))).rejects.toThrow(/none cannot be read.*Name a model file/);
      await expect(loadModel(folder)).rejects.toThrow(ModelFileError);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});

describe("refused, with the file's name:", () => {
  const f32 = (shape: number[], ...values: number[]): Tensor => ({
    dtype: "F32",
    shape,
    data: Float32Array.from(values),
  });

  it.each<[string, Uint8Array, RegExp]>([
    ["an empty file", new Uint8Array(), /0 bytes/],
    ["a text", new TextEncoder().encode("not a model at all"), /header/],
    ["a file cut short", bytes.subarray(0, -4), /layer2\.weight/],
    ["a file with more at its end", Buffer.concat([bytes, new Uint8Array(4)]), /the data at/],
    ["a missing tensor", changed((t) => t.delete("layer2.bias")), /lacks the tensor "layer2\.bias"/],
    ["an extra tensor", changed((t) => t.set("layer3.bias", f32([1], 0))), /"layer3\.bias".*does not know/],
    [
      "a wrong shape",
      changed((t) => t.set("layer1.bias", f32([1, 5], 1, 2, 3, 4, 5))),
      /"layer1\.bias" of shape \[1,5\].*\[5\]/,
    ],
    [
      "a weight the other way round",
      changed((t) => t.set("layer1.weight", { ...t.get("layer1.weight")!, shape: [12, 5] })),
      /"layer1\.weight" of shape \[12,5\].*\[5,12\]/,
    ],
    [
      "a wrong dtype",
      changed((t) => t.set("layer1.bias", { dtype: "F64", shape: [5], data: new Float64Array(5) })),
      /"layer1\.bias" as F64.*F32/,
    ],
    ["NaN", changed((t) => t.set("layer1.bias", f32([5], 1, 2, Number.NaN, 4, 5))), /layer1\.bias.*index 2/],
    ["infinity", changed((t) => t.set("layer1.bias", f32([5], 1, -1 / 0, 3, 4, 5))), /layer1\.bias.*index 1/],
    ["another format", changedMetadata("format", "denoise-wasm 9"), /not a model/],
    ["no format", changedMetadata("format", undefined), /not a model of this package/],
    ["broken JSON", changedMetadata("spec", "{"), /spec.*JSON/],
    ["no spec", changedMetadata("spec", undefined), /no spec/],
    ["no description", changedMetadata("description", undefined), /no description/],
    [
      "an unknown key in the spec",
      changedJson("spec", (spec) => ({ ...spec, dropout: 1 })),
      /spec: unknown key "dropout"/,
    ],
    ...[[255, 0], [0, 0], [0, 1e308], [0], [0, 1, 2]].map((range): [string, Uint8Array, RegExp] => [
      `the range ${JSON.stringify(range)}`,
      changedJson("description", (description) => ({ ...description, range })),
      /description: (range|"range\.1")/,
    ]),
    [
      "an infinite range",
      changedMetadata("description", JSON.stringify({ range: "HERE" }).replace('"HERE"', "[-1e999,1e999]")),
      /range\.0 has to be at least -100000/,
    ],
    ...Object.entries({
      epochs: 1e308,
      seed: 1e308,
      recipe: "x".repeat(900_000),
      dataset: "x".repeat(70_000),
    }).map(([key, value]): [string, Uint8Array, RegExp] => [
      `a provenance with ${key} beyond its limit`,
      changedJson("description", (d) => ({ ...d, provenance: { ...d.provenance, [key]: value } })),
      new RegExp(`description: provenance\\.${key} has to be`),
    ]),
    [
      "an unknown key in the description",
      changedJson("description", (description) => ({ ...description, author: "me" })),
      /description: unknown key "author"/,
    ],
    [
      "a seed that is no number",
      changedJson("description", (d) => ({ ...d, provenance: { ...d.provenance, seed: "1" } })),
      /provenance\.seed has to be a number/,
    ],
    [
      "a spec that does not fit itself",
      changedJson("spec", (spec) => ({ ...spec, input: { height: 1, width: 1, channels: 1 } })),
      /puts out 12 values/,
    ],
  ])("%s", (_, file, message) => {
    expect(fault(file)).toMatch(message);
    expect(fault(file)).toMatch(/^runs\/a\/model\.safetensors/);
  });
});
