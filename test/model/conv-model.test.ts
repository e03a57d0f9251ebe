/** The denoiser's reader of model files takes what the full reader takes, and refuses what that refuses. */
import { describe, expect, it } from "vitest";
import { createDenoiser } from "../../src/denoiser/photo.ts";
import { DenoiseError, ModelFileError } from "../../src/errors.ts";
import { convModelOf, decodeConvModel } from "../../src/model/conv-model.ts";
import { decodeModel, encodeModel } from "../../src/model/model-file.ts";
import { readSafetensors, type Tensor, writeSafetensors } from "../../src/model/safetensors.ts";
import type { Layer } from "../../src/network/spec.ts";
import { convModel } from "../support/conv-models.ts";
import { normal } from "../support/networks.ts";
import {
  add,
  conv1,
  conv3,
  layerCases,
  linear,
  networkCases,
  noBias,
  shuffle,
  unshuffle,
} from "../support/unets.ts";

/** A small picture's size that all of them are made for: a multiple of what any network needs. */
const input = (channels: number) => ({ height: 64, width: 64, channels });
const modelOf = (layers: readonly Layer[], options = {}) => {
  const model = convModel({ layers, ...options });
  return { ...model, spec: { ...model.spec, input: input(model.spec.input.channels) } };
};

describe.each(["f32", "f16", "i8"] as const)("%s", (format) => {
  it.each([...layerCases, ...networkCases])("%s: denoises as the expanded weights do", async (_, options) => {
    const bytes = encodeModel(modelOf(options.layers!, { ...options, white: 255 }), format);
    const picture = {
      data: normal(23 * 17 * (options.channels ?? 1), 5, 40),
      width: 23,
      height: 17,
      channels: options.channels ?? 1,
    };
    const denoised = async (model: Parameters<typeof convModelOf>[0] | Uint8Array) =>
      (await (await createDenoiser({ model })).denoise(picture, { sigma: 20 })).data;
    const result = await denoised(bytes);
    expect(result).toEqual(await denoised(decodeModel(bytes, "model")));
    expect(result).not.toEqual(picture.data);
    expect(result.every(Number.isFinite)).toBe(true);
  });
});

describe("both readers refuse", () => {
  const cases: [string, readonly Layer[]][] = [
    ["no convolution", [unshuffle, shuffle]],
    ["a shuffle before a convolution", [unshuffle, shuffle, conv1(1)]],
    ["a shuffle of a whole picture", [conv3(4), shuffle, conv1(1)]],
    ["a shuffle more than there are unshuffles", [unshuffle, conv3(16, linear), shuffle, shuffle]],
    ["a shuffle less than there are unshuffles", [unshuffle, conv1(1)]],
    ["channels that cannot be shuffled", [unshuffle, conv3(6, linear), shuffle]],
    ["a ReLU at the end", [conv1(1, { activation: "relu" })]],
    ["too many channels at the end", [conv1(2)]],
    ["too many channels", [conv1(1025), conv1(1)]],
    ["no channels", [conv1(0), conv1(1)]],
    ["an unknown source", [conv3(4), conv3(4), { type: "add", from: "first" }, conv1(1)]],
    ["a source with a leading zero", [conv3(4), conv3(4), { type: "add", from: "layer01" }, conv1(1)]],
    ["a source with more after its name", [conv3(4), conv3(4), { type: "add", from: "layer1 " }, conv1(1)]],
    ["layer0", [conv3(4), conv3(4), add(0), conv1(1)]],
    ["the layer before as the source", [conv3(4), conv3(4), add(2), conv1(1)]],
    ["the sum itself as its source", [conv3(4), conv3(4), add(3), conv1(1)]],
    ["a later source", [conv3(4), conv3(4), add(4), conv3(4), conv1(1)]],
    ["a sum as the first layer", [add(1), conv1(1)]],
    ["a source before the first convolution", [unshuffle, conv1(4), conv1(4), add(1), shuffle]],
    ["a source of other channels", [conv3(3), conv3(4), add(1), conv1(1)]],
    ["a source of another size", [conv3(4), unshuffle, conv1(4), add(1), conv1(4), shuffle]],
    ["a dilation of 0", [conv3(1, { ...linear, dilation: 0 })]],
    ["a dilation of 5", [conv3(1, { ...linear, dilation: 5 })]],
    ["a dilation of 1.5", [conv3(1, { ...linear, dilation: 1.5 })]],
    ["a sigmoid", [conv3(4, { activation: "sigmoid" as "relu" }), conv1(1)]],
    ["a 1×1 convolution with a dilation", [{ ...conv1(1), dilation: 1 } as Layer]],
    ["a bias that is neither true nor false", [{ ...conv1(1), bias: 0 as unknown as boolean }]],
    ["an unknown layer", [conv1(1), { type: "pool" } as unknown as Layer]],
    ["a dense layer", [conv1(1), { type: "dense", units: 256, activation: "linear" }]],
    ["more than 64 layers", Array.from({ length: 65 }, () => conv1(1))],
  ];
  it.each(cases)("%s", (_, layers) => {
    const model = modelOf(layers);
    const bytes = encodeModel(model);
    expect(() => decodeModel(bytes, "a.safetensors")).toThrow(ModelFileError);
    expect(() => decodeConvModel(bytes, "a.safetensors")).toThrow(ModelFileError);
    expect(() => decodeConvModel(bytes, "a.safetensors")).toThrow(/^a\.safetensors /);
    expect(() => convModelOf(model, "a model")).toThrow(ModelFileError);
  });

  it("layers that are no objects", () => {
    for (const layer of [null, 5, "conv1x1", [], {}, { type: null }]) {
      const model = modelOf([conv1(1)]);
      const { tensors, metadata } = readSafetensors(encodeModel(model), "model");
      const spec = JSON.stringify({ ...model.spec, layers: [conv1(1), layer] });
      const bytes = writeSafetensors(tensors, { ...metadata, "denoise-wasm.spec": spec });
      expect(() => decodeModel(bytes, "a.safetensors")).toThrow(ModelFileError);
      expect(() => decodeConvModel(bytes, "a.safetensors")).toThrow(ModelFileError);
    }
  });

  const changed = (layers: readonly Layer[], change: (tensors: Map<string, Tensor>) => void) => {
    const { tensors, metadata } = readSafetensors(encodeModel(modelOf(layers)), "model");
    change(tensors);
    return writeSafetensors(tensors, { ...metadata });
  };
  const zeros = (...shape: number[]): Tensor => ({
    dtype: "F32",
    shape,
    data: new Float32Array(shape.reduce((a, b) => a * b, 1)),
  });

  it.each<[string, Uint8Array]>([
    [
      "a bias that the spec says is not there",
      changed([conv1(1, noBias)], (t) => t.set("layer1.bias", zeros(1))),
    ],
    ["a missing bias", changed([conv1(1)], (t) => t.delete("layer1.bias"))],
    ["a missing weight", changed([conv1(1)], (t) => t.delete("layer1.weight"))],
    ["windows of 3×3 for 1×1", changed([conv1(1)], (t) => t.set("layer1.weight", zeros(1, 2, 3, 3)))],
    ["windows of 1×1 for 3×3", changed([conv3(1, linear)], (t) => t.set("layer1.weight", zeros(1, 2, 1, 1)))],
    ["a weight without a window", changed([conv1(1)], (t) => t.set("layer1.weight", zeros(1, 2)))],
    [
      "a weight for a sum",
      changed([conv1(1), conv1(1), add(1)], (t) => t.set("layer3.weight", zeros(1, 1, 1, 1))),
    ],
  ])("%s", (_, bytes) => {
    expect(() => decodeModel(bytes, "a.safetensors")).toThrow(ModelFileError);
    expect(() => decodeConvModel(bytes, "a.safetensors")).toThrow(ModelFileError);
  });
});

it("the denoiser refuses to shrink pictures more than 64 times", () => {
  const nested = (times: number): Layer[] => [
    conv1(1),
    ...Array.from({ length: times }, () => [unshuffle, conv1(1)]).flat(),
    ...Array.from({ length: times }, () => [conv1(4), shuffle]).flat(),
  ];
  expect(convModelOf(modelOf(nested(6)), "a model")).toMatchObject({ multiple: 64, reach: 64 });
  expect(() => convModelOf(modelOf(nested(7)), "a model")).toThrow(ModelFileError);
});

it("the denoiser refuses more than 65,536 channels", () => {
  const wide = (channels: number) => [
    conv1(channels),
    unshuffle,
    unshuffle,
    unshuffle,
    shuffle,
    shuffle,
    shuffle,
  ];
  expect(convModelOf(modelOf([...wide(1024), conv1(1)]), "a model")).toMatchObject({ multiple: 8 });
  expect(() =>
    convModelOf(modelOf([...wide(1024).toSpliced(4, 0, unshuffle, shuffle), conv1(1)]), "a model"),
  ).toThrow(ModelFileError);
});

it("says how much memory was missing", async () => {
  const deep = [unshuffle, unshuffle, unshuffle, shuffle, shuffle, shuffle];
  const layers = [conv1(1024), ...Array.from({ length: 10 }, () => deep).flat(), conv1(1)];
  const denoiser = await createDenoiser({ model: modelOf(layers) });
  const picture = { data: new Uint8Array(2000 * 64), width: 2000, height: 64 };
  const error = await denoiser.denoise(picture, { sigma: 9 }).catch((error) => error);
  expect(error).toBeInstanceOf(DenoiseError);
  expect(error.message).toMatch(/^The model needs [5-9]\d{3} MB of WebAssembly memory/);
  // Smaller pictures still go through it.
  const small = await denoiser.denoise(
    { data: new Uint8Array(64).fill(9), width: 8, height: 8 },
    { sigma: 9 },
  );
  expect(small.data).toHaveLength(64);
});
