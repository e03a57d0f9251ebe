/** The inference builds' networks against their float64 twins and against the training engine, at all kinds of sizes. */
import { readFile } from "node:fs/promises";
import { describe, expect, it } from "vitest";
import { type ConvStream, createConvStream } from "../../src/denoiser/conv-stream.ts";
import { type ConvModel, convModelOf } from "../../src/model/conv-model.ts";
import { Network } from "../../src/network/network.ts";
import { bundled } from "../../src/wasm/bundled.ts";
import { hasRelaxedSimd } from "../../src/wasm/detect.ts";
import { type InferenceCore, loadInference } from "../../src/wasm/inference.ts";
import { Comparison } from "../support/comparison.ts";
import { type ConvModelOptions, convModel } from "../support/conv-models.ts";
import { normal } from "../support/networks.ts";
import { mirrored, type StreamSize, streamOutput } from "../support/stream-bounds.ts";
import { layerCases, madePositive, networkCases } from "../support/unets.ts";

const chains: [string, ConvModelOptions][] = [
  ["one layer", { hidden: [], dilations: [1] }],
  ["one layer, dilation 3", { hidden: [], dilations: [3] }],
  ["1 channel between", { hidden: [1], dilations: [1, 1] }],
  ["3 channels between, dilation 4", { hidden: [3], dilations: [1, 4] }],
  ["5 channels between, dilations 2 and 3", { hidden: [5], dilations: [2, 3] }],
  ["16 channels between, dilation 2", { hidden: [16], dilations: [2, 1] }],
  ["33 channels between", { hidden: [33], dilations: [1, 1] }],
  ["RGB, no noise level", { channels: 3, hidden: [8], dilations: [2, 1], noiseLevel: false }],
  ["mirrored borders", { hidden: [7], dilations: [2, 1], padding: "reflect" }],
];
/** The noise level, as the network sees it: small beside a picture's values, but large beside the tolerances. */
const LEVEL = 0.1;

const sizes: readonly StreamSize[] = [
  [1, 1],
  [3, 17],
  [17, 3],
  [28, 28],
  [67, 5],
  [255, 4],
].map(([width, height]) => ({ width: width!, height: height! }));

/** Planes of a picture through the network. Of the result, the columns [from, to) are wanted. */
function run(
  stream: ConvStream,
  input: Float32Array,
  { width, height }: StreamSize,
  level = LEVEL,
  from = 0,
  to = width,
) {
  const output = new Float32Array(input.length);
  const channels = input.length / (width * height);
  const picture = {
    window: { start: 0, end: width, from, to },
    height,
    level,
    write(row: number, floats: Float32Array, at: number, stride: number) {
      for (let c = 0; c < channels; c++) {
        const first = (c * height + row) * width;
        floats.set(input.subarray(first, first + width), at + c * stride);
      }
    },
    read(row: number, floats: Float32Array, at: number, stride: number) {
      for (let c = 0; c < channels; c++) {
        output.set(floats.subarray(at + c * stride, at + c * stride + width), (c * height + row) * width);
      }
    },
  };
  for (const _ of stream.run(picture));
  return output;
}

/** The size of what goes into the network for a picture of this size. */
const paddedSize = ({ multiple, least }: ConvModel, { width, height }: StreamSize): StreamSize => {
  const padded = (length: number) => Math.ceil(Math.max(length, least) / multiple) * multiple;
  return { width: padded(width), height: padded(height) };
};

/** The first rows and columns of planes. */
function cropped(planes: Float64Array, from: StreamSize, { width, height }: StreamSize): Float64Array {
  const channels = planes.length / (from.width * from.height);
  return Float64Array.from({ length: channels * width * height }, (_, i) => {
    const row = Math.floor(i / width);
    const plane = Math.floor(row / height);
    return planes[(plane * from.height + (row % height)) * from.width + (i % width)]!;
  });
}

/** The build for tests, which checks that no row lies outside its buffer. */
async function checkedCore(): Promise<InferenceCore> {
  const memory = new WebAssembly.Memory({ initial: 1 });
  const abort = () => {
    throw new Error("An assertion of the core failed.");
  };
  const bytes = await readFile(new URL("../../build/wasm/inference-debug.wasm", import.meta.url));
  const { instance } = await WebAssembly.instantiate(bytes, { env: { memory, abort } });
  return { ...(instance.exports as unknown as InferenceCore), memory };
}

const cores: [string, () => Promise<InferenceCore>, boolean][] = [
  ["simd", () => loadInference(bundled("reproducible").wasm?.()), false],
  ["relaxed", () => loadInference(bundled("fast").wasm?.()), !hasRelaxedSimd()],
  ["debug", checkedCore, false],
];
const mirroring = (cases: typeof chains): typeof chains =>
  cases.map(([title, options]) => [`${title}, mirrored borders`, { ...options, padding: "reflect" }]);

describe.each(cores)("%s", (_, load, without) => {
  const checks = [...chains, ...layerCases, ...mirroring(layerCases)].map((one) => [...one, false] as const);
  const deep = [...networkCases, ...mirroring(networkCases)].map((one) => [...one, true] as const);
  const note = without ? " (skipped: this runtime has no relaxed SIMD, Node 22 has)" : "";
  it.skipIf(without).each([...checks, ...deep])(
    `%s: within what the roundings allow${note}`,
    async (_, options, positive) => {
      const model = positive ? madePositive(convModel(options)) : convModel(options);
      const conv = convModelOf(model, "the model");
      const stream = createConvStream(await load(), conv);
      const comparison = new Comparison();
      for (const size of sizes) {
        const { width, height } = size;
        const input = normal(conv.channels * width * height, 7 + width, 1);
        if (positive) input.set(input.map(Math.abs));
        const padded = paddedSize(conv, size);
        const { value, error } = streamOutput(conv, mirrored(input, size, padded), LEVEL, padded);
        const output = run(stream, input, size);
        const inside = (planes: Float64Array) => cropped(planes, padded, size);
        comparison.add(`${width} × ${height}`, output, inside(value), inside(error));
      }
      expect(comparison.finish()).toBeGreaterThan(0);
    },
  );
});

describe("equals the training engine's forward pass of the padded picture, bit for bit", () => {
  /** Larger sizes too, at which rows have to move up many times. */
  const all = [...sizes, { width: 300, height: 200 }, { width: 9, height: 700 }, { width: 28, height: 28 }];
  const cases = [...chains, ...layerCases, ...networkCases];
  it.each([...cases, ...mirroring(layerCases), ...mirroring(networkCases)])("%s", async (_, options) => {
    const model = convModel({ ...options, white: 255, residual: false });
    const conv = convModelOf(model, "the model");
    const { channels } = conv;
    // One stream takes the pictures of all sizes, one after the other.
    const stream = createConvStream(await loadInference(bundled("reproducible").wasm?.()), conv);
    for (const size of all) {
      const planes = normal(channels * size.width * size.height, 7 + size.width, 1);
      const padded = paddedSize(conv, size);
      const network = await Network.create(model.spec, { batch: 1, size: padded });
      for (const [name, values] of model.parameters) network.set(name, values);
      const input = mirrored(planes, size, padded);
      const area = padded.width * padded.height;
      network.input.forEach((_, i, values) => {
        values[i] = input[(i % channels) * area + Math.floor(i / channels)]!;
      });
      network.sigma.fill(LEVEL);
      network.forward();
      const expected = input.map((_, i) => network.output[(i % area) * channels + Math.floor(i / area)]!);
      const output = run(stream, planes, size, Math.fround(LEVEL));
      expect(new Set(output).size).toBeGreaterThan(output.length / 4);
      expect(output).toEqual(Float32Array.from(cropped(Float64Array.from(expected), padded, size)));
      await network.dispose();
    }
  });
});

describe("gives the columns that are wanted the bytes that they have in the whole output, and leaves others out", () => {
  const ranges = [
    [0, 1],
    [0, 150],
    [97, 200],
    [152, 153],
    [149, 301],
    [300, 301],
  ] as const;
  const cases = [...chains, ...layerCases, ...networkCases];
  it.each([...cases, ...mirroring(layerCases), ...mirroring(networkCases)])("%s", async (_, options) => {
    const conv = convModelOf(convModel(options), "the model");
    const size = { width: 301, height: 41 };
    const planes = normal(conv.channels * size.width * size.height, 11, 1);
    const newStream = async () => createConvStream(await checkedCore(), conv);
    const whole = run(await newStream(), planes, size);
    // One stream takes all, one after the other. Others begin with one of them.
    const stream = await newStream();
    for (const [from, to] of ranges) {
      const output = run(await newStream(), planes, size, LEVEL, from, to);
      const again = run(stream, planes, size, LEVEL, from, to);
      const columns = (values: Float32Array, first: number, end: number) =>
        values.filter((_, i) => i % size.width >= first && i % size.width < end);
      expect(columns(output, from, to)).toEqual(columns(whole, from, to));
      expect(columns(again, from, to)).toEqual(columns(whole, from, to));
      // Whole vectors of four columns are computed.
      const others = [columns(output, 0, from & ~3), columns(output, (to + 3) & ~3, size.width)];
      for (const values of others) expect(values.every((value) => value === 0)).toBe(true);
    }
  });
});
