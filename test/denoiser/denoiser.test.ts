/** `createDenoiser`: the whole picture's values whatever the bands, every kind of image, every option and fault. */

import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { afterAll, describe, expect, expectTypeOf, it } from "vitest";
import { createConvStream } from "../../src/denoiser/conv-stream.ts";
import type { DenoiserOptions } from "../../src/denoiser/denoiser.ts";
import { createDenoiser } from "../../src/denoiser/photo.ts";
import type { DenoiseOptions } from "../../src/denoiser/request.ts";
import { estimateSigma } from "../../src/denoiser/sigma.ts";
import { windowsOf } from "../../src/denoiser/windows.ts";
import {
  DataError,
  DenoiseError,
  ModelFileError,
  SpecError,
  UnsupportedRuntimeError,
} from "../../src/errors.ts";
import { convModelOf } from "../../src/model/conv-model.ts";
import type { Model } from "../../src/model/model.ts";
import { encodeModel } from "../../src/model/model-file.ts";
import { Network } from "../../src/network/network.ts";
import type { Picture, PictureValues } from "../../src/pictures/picture.ts";
import { recipes } from "../../src/training/recipes.ts";
import { bundled } from "../../src/wasm/bundled.ts";
import { hasRelaxedSimd, type Mode } from "../../src/wasm/detect.ts";
import { loadInference } from "../../src/wasm/inference.ts";
import { type ConvModelOptions, convModel } from "../support/conv-models.ts";
import { normal } from "../support/networks.ts";
import { networkCases } from "../support/unets.ts";

/** A smooth picture with noise. */
const pictureOf = (width: number, height: number, channels = 1): Required<Picture<Float32Array>> => ({
  data: normal(width * height * channels, 9, 20).map(
    (value, i) => value + 128 + 60 * Math.sin(Math.floor(i / channels) / 7) + 10 * (i % channels),
  ),
  width,
  height,
  channels,
});

/** What the network makes of the whole picture, continued to each side by its margin, in one window and one band. */
async function whole(
  model: Model,
  { data, width, height }: Picture<Float32Array>,
  sigma: number,
  mode: Mode,
) {
  const { spec } = model;
  const conv = convModelOf(model, "the model");
  const core = await loadInference(bundled(mode).wasm?.());
  const { channels, margin } = conv;
  const result = new Float32Array(data.length);
  const [columns, rows] = [width + 2 * margin, height + 2 * margin];
  const [across, down] = [mirrored(width), mirrored(height)];
  const picture = {
    window: { start: 0, end: columns, from: 0, to: columns },
    height: rows,
    level: sigma,
    write(row: number, floats: Float32Array, at: number, stride: number) {
      for (let i = 0; i < columns * channels; i++) {
        const [x, c] = [Math.floor(i / channels) - margin, i % channels];
        const source = (down[Math.abs(row - margin)] ?? 0) * width + (across[Math.abs(x)] ?? 0);
        floats[at + c * stride + x + margin] = data[source * channels + c]!;
      }
    },
    read(row: number, floats: Float32Array, at: number, stride: number) {
      if (row < margin || row >= margin + height) return;
      for (let i = 0; i < width * channels; i++) {
        const output = floats[at + (i % channels) * stride + Math.floor(i / channels) + margin]!;
        const target = (row - margin) * width * channels + i;
        const value = data[target]!;
        result[target] = spec.residual ? value - output : value - (value - output);
      }
    },
  };
  for (const _ of createConvStream(core, conv).run(picture));
  return result;
}

/** Where the positions of a continued picture come from, from its corner on: to its end, back again, and then 0 for ever. */
function mirrored(size: number): number[] {
  const there = Array.from({ length: size }, (_, i) => i);
  return [...there, ...there.slice(0, -1).reverse()];
}

/** What the engine's forward pass makes of it. */
async function byEngine(model: Model, { data, width, height }: Picture<Float32Array>, sigma: number) {
  const network = await Network.create(model.spec, { batch: 1, size: { width, height } });
  for (const [name, values] of model.parameters) network.set(name, values);
  network.input.set(data);
  network.sigma.fill(sigma);
  network.forward();
  return network.output.slice();
}

describe("equals the whole picture at once, bit for bit", () => {
  /** From one pixel to three bands of 2,048 columns and a second window. */
  const sizes = [
    [1, 1],
    [1, 40],
    [3, 17],
    [17, 3],
    [28, 28],
    [255, 257],
    [2047, 35],
    [2048, 33],
    [2049, 34],
    [4000, 5],
  ] as const;
  const models: [string, ConvModelOptions][] = [
    ["dilations 1, 2, 1", { white: 255 }],
    [
      "odd channels, no noise level",
      { white: 255, hidden: [5, 33, 3], dilations: [4, 1, 3, 2], noiseLevel: false },
    ],
    [
      "RGB, puts out the picture",
      { white: 255, channels: 3, hidden: [8], dilations: [2, 2], residual: false },
    ],
    ["mirrored borders", { white: 255, dilations: [2, 1, 2], padding: "reflect" }],
    [
      "mirrored borders, RGB",
      { white: 255, channels: 3, hidden: [6, 9, 5], dilations: [1, 2, 2, 1], padding: "reflect" },
    ],
    ["one layer", { white: 255, hidden: [], dilations: [3] }],
    ...networkCases.map(
      ([title, options]) => [title, { ...options, white: 255 }] as [string, ConvModelOptions],
    ),
    ["three scales, mirrored borders", { ...networkCases[2]![1], white: 255, padding: "reflect" }],
  ];
  for (const mode of ["reproducible", "fast"] as const) {
    for (const [title, options] of models) {
      const skipped = mode === "fast" && !hasRelaxedSimd();
      it.skipIf(skipped)(`${mode}: ${title}${skipped ? " (skipped: no relaxed SIMD)" : ""}`, async () => {
        const model = convModel(options);
        const denoiser = await createDenoiser({ model, mode });
        for (const [width, height] of sizes) {
          const image = pictureOf(width, height, options.channels ?? 1);
          const { data } = await denoiser.denoise(image, { sigma: 20 });
          const expected = await whole(model, image, 20, mode);
          expect(data.findIndex((value, i) => !Object.is(value, expected[i]))).toBe(-1);
          expect(data.findIndex((value, i) => value !== image.data[i])).not.toBe(-1);
        }
      });
    }
  }

  it("and the engine's forward pass within the rounding of float32", async () => {
    const model = convModel();
    const image = pictureOf(40, 30);
    const { data } = await (await createDenoiser({ model })).denoise(image, { sigma: 20 });
    const expected = await byEngine(model, image, 20);
    for (const [i, value] of data.entries())
      expect(Math.abs(value - expected[i]!)).toBeLessThan(255 * 2 ** -22);
  });

  it("whatever size came before", async () => {
    const denoiser = await createDenoiser({ model: convModel() });
    const first = new Map<string, Float32Array>();
    for (const [width, height] of [
      [28, 28],
      [300, 200],
      [28, 28],
      [5, 900],
      [300, 200],
      [3000, 4],
      [28, 28],
      [5, 900],
    ] as const) {
      const { data } = await denoiser.denoise(pictureOf(width, height), { sigma: 9 });
      const key = `${width} × ${height}`;
      expect(data).toEqual(first.get(key) ?? data);
      first.set(key, data);
    }
  });

  it("cuts columns so that each is taken once, with a halo wherever the picture goes on", () => {
    for (const [width, halo, most, multiple, lighter = 0] of [
      [1, 8, 64, 1],
      [64, 8, 64, 1],
      [65, 8, 64, 1],
      [1000, 15, 64, 1],
      [2000, 48, 2048, 1],
      [97, 0, 10, 1],
      [6000, 56, 2048, 8],
      [2049, 56, 2048, 8],
      [5999, 64, 256, 64],
      [1000, 64, 64, 16],
      [1001, 64, 200, 1],
      [1040, 48, 612, 8, 0.15],
      [1000, 16, 300, 1, 0.6],
      [4000, 56, 2048, 8, 0.15],
      [700, 16, 380, 4, 0.9],
      [700, 0, 64, 1, 0.9],
    ] as const) {
      const windows = windowsOf(width, halo, multiple, most, lighter);
      const widest = Math.max(most, 4 * halo);
      let next = 0;
      for (const { start, end, from, to } of windows) {
        expect(from).toBe(next);
        expect(end - start).toBeLessThanOrEqual(widest);
        expect([start % multiple, from % multiple]).toEqual([0, 0]);
        const [first, second, third] = windows;
        if (end < width && start > 0) expect(end - start).toBe(second!.end - second!.start);
        if (third) expect(first!.end <= second!.end - second!.start).toBe(true);
        expect(from - start >= halo || start === 0).toBe(true);
        expect(end - to >= halo || end === width).toBe(true);
        next = to;
      }
      expect(next).toBe(width);
      const inner = widest - 2 * halo;
      expect(windows.length).toBe(width <= widest ? 1 : Math.ceil((width - 2 * halo) / inner + lighter));
    }
  });

  it.each([
    ["a chain", { hidden: [16, 16] }, 4e6],
    ["a U-net of three scales", networkCases[2]![1], 4e6],
  ] as const)("in a memory that does not grow with the picture's height: %s", async (_, options, most) => {
    const model = convModelOf(convModel(options), "model");
    const core = await loadInference(bundled("reproducible").wasm?.());
    const stream = createConvStream(core, model);
    const bytes = [600, 3000].map((height) => {
      let rows = 0;
      const read = () => rows++;
      for (const _ of stream.run({
        window: { start: 0, end: 200, from: 0, to: 200 },
        height,
        level: 0,
        write: () => {},
        read,
      }));
      expect(rows).toBe(height);
      return core.memory.buffer.byteLength;
    });
    expect(bytes[1]).toBe(bytes[0]);
    expect(bytes[0]).toBeLessThan(most);
  });
});

describe("images", () => {
  const model = convModel();
  const planes = [0, 1, 2, 3].map((index) =>
    Uint8Array.from(pictureOf(30, 20).data, (value) => Math.max(0, value - 20 * index)),
  );
  const interleaved = (count: number) =>
    Uint8Array.from({ length: 600 * count }, (_, i) => planes[i % count]![Math.floor(i / count)]!);
  const grey = async (data: Uint8Array) =>
    (await (await createDenoiser({ model })).denoise({ data, width: 30, height: 20 }, { sigma: 15 })).data;

  for (const channels of [2, 3, 4]) {
    it(`${channels} channels: colours as grey pictures, alpha as it was`, async () => {
      const data = interleaved(channels);
      const before = data.slice();
      const denoiser = await createDenoiser({ model });
      const result = await denoiser.denoise({ data, width: 30, height: 20, channels }, { sigma: 15 });
      expect(result).toMatchObject({ width: 30, height: 20, channels, sigma: 15 });
      for (let channel = 0; channel < channels; channel++) {
        const plane = result.data.filter((_, i) => i % channels === channel);
        const alpha = channel === channels - 1 && channels !== 3;
        expect(plane).toEqual(alpha ? planes[channel] : await grey(planes[channel]!));
      }
      expect(data).toEqual(before);
    });
  }

  for (const channels of [3, 4]) {
    it(`grey in ${channels} channels, also but for its last pixel`, async () => {
      const denoiser = await createDenoiser({ model });
      const denoised = async (colors: Uint8Array[], sigma: number | "auto") => {
        const data = Uint8Array.from({ length: 600 * channels }, (_, i) =>
          i % channels === 3
            ? planes[3]![Math.floor(i / 4)]!
            : colors[i % channels]![Math.floor(i / channels)]!,
        );
        const result = await denoiser.denoise({ data, width: 30, height: 20 }, { sigma });
        const plane = (channel: number) => result.data.filter((_, i) => i % channels === channel);
        return {
          sigma: result.sigma,
          planes: Array.from({ length: channels }, (_, channel) => plane(channel)),
        };
      };
      const alpha = channels === 4 ? [planes[3]!] : [];
      const plane = planes[0]!;
      const { sigma, planes: equal } = await denoised([plane, plane, plane], "auto");
      expect(sigma).toBe(estimateSigma({ data: plane, width: 30, height: 20 }));
      const clean = (await denoiser.denoise({ data: plane, width: 30, height: 20 }, { sigma })).data;
      expect(equal).toEqual([clean, clean, clean, ...alpha]);
      const other = plane.with(599, 255 - plane[599]!);
      const { planes: different } = await denoised([plane, plane, other], 15);
      expect(different).toEqual([await grey(plane), await grey(plane), await grey(other), ...alpha]);
    });
  }

  it("says why it left a picture as it was", async () => {
    const denoiser = await createDenoiser({ model });
    const [width, height] = [64, 48];
    const of = (value: (i: number) => number) => ({
      data: Uint8ClampedArray.from({ length: width * height }, (_, i) => value(i)),
      width,
      height,
    });
    const checks = of((i) => 255 * ((i + Math.floor(i / width)) % 2));
    const ramp = of((i) => 3 * (i % width) + Math.floor(i / width));
    const grain = normal(width * height, 3, 20);
    const noisy = of((i) => 128 + grain[i]!);
    const results = [
      await denoiser.denoise(checks),
      await denoiser.denoise(ramp),
      await denoiser.denoise(noisy, { sigma: 0 }),
      await denoiser.denoise(noisy, { strength: 0 }),
      await denoiser.denoise(noisy),
    ];
    const why = ["drawn", "no-noise", "as-asked", "as-asked", undefined];
    expect(results.map(({ unchanged }) => unchanged)).toEqual(why);
    const before = [checks, ramp, noisy, noisy, noisy];
    const isCopy = results.map(({ data }, i) => data.every((value, at) => value === before[i]!.data[at]));
    expect(isCopy).toEqual(why.map((reason) => reason !== undefined));
  });

  it("gives back the kind it was given, rounded and cut off where it is bytes", async () => {
    const denoiser = await createDenoiser({ model });
    const floats = pictureOf(30, 20).data.map((value) => 2 * value - 128);
    const exact = (await denoiser.denoise({ data: floats, width: 30, height: 20 }, { sigma: 15 })).data;
    expect(exact).toBeInstanceOf(Float32Array);
    expect(Math.min(...exact)).toBeLessThan(0);
    const bytes = Uint8ClampedArray.from(floats);
    const ofBytes = (
      await denoiser.denoise({ data: Float32Array.from(bytes), width: 30, height: 20 }, { sigma: 15 })
    ).data;
    for (const data of [bytes, Uint8Array.from(bytes), Buffer.from(bytes)]) {
      const result = (await denoiser.denoise({ data, width: 30, height: 20 }, { sigma: 15 })).data;
      expect(Object.getPrototypeOf(result)).toBe(Object.getPrototypeOf(data));
      expect([...result]).toEqual([...Uint8ClampedArray.from(ofBytes)]);
      expect([...data]).toEqual([...bytes]);
    }
  });

  it("says of what kind the result is", async () => {
    const denoiser = await createDenoiser({ model });
    const size = { width: 4, height: 4 };
    const floats = await denoiser.denoise({ data: new Float32Array(16), ...size });
    expectTypeOf(floats.data).toEqualTypeOf<Float32Array<ArrayBuffer>>();
    const clamped = await denoiser.denoise({ data: new Uint8ClampedArray(16), ...size });
    expectTypeOf(clamped.data).toEqualTypeOf<Uint8ClampedArray<ArrayBuffer>>();
    const counts = await denoiser.denoise({ data: new Uint16Array(16), ...size });
    expectTypeOf(counts.data).toEqualTypeOf<Uint16Array<ArrayBuffer>>();
    const buffer = await denoiser.denoise({ data: Buffer.alloc(16), ...size });
    expectTypeOf(buffer.data).toEqualTypeOf<Buffer<ArrayBuffer>>();
    const shared = await denoiser.denoise({ data: new Uint8Array(new SharedArrayBuffer(16)), ...size });
    expectTypeOf(shared.data).toEqualTypeOf<Uint8Array<ArrayBuffer>>();
    expect(shared.data.buffer).toBeInstanceOf(ArrayBuffer);
    const any = await denoiser.denoise({ data: new Uint8Array(16) as PictureValues, ...size });
    expectTypeOf(any.data).toEqualTypeOf<
      | Float32Array<ArrayBuffer>
      | Uint16Array<ArrayBuffer>
      | Uint8ClampedArray<ArrayBuffer>
      | Uint8Array<ArrayBuffer>
    >();
  });

  it("takes the number of channels from the length, and a view into a larger array", async () => {
    const data = new Uint8Array([0, ...interleaved(4), 0]).subarray(1, 2401);
    const denoiser = await createDenoiser({ model });
    const result = await denoiser.denoise({ data, width: 30, height: 20 }, { sigma: 15 });
    expect(result.channels).toBe(4);
    expect(result.data.filter((_, i) => i % 4 === 0)).toEqual(await grey(planes[0]!));
  });

  it("refuses what is no picture", async () => {
    const denoiser = await createDenoiser({ model });
    const fault = async (image: unknown) => {
      const error = await denoiser.denoise(image as Picture).catch((error) => error);
      expect(error).toBeInstanceOf(DataError);
      return error.message;
    };
    const data = new Float32Array(12);
    expect(await fault(undefined)).toMatch(/The picture's data/);
    expect(await fault(null)).toMatch(/The picture's data/);
    expect(await fault({ data: [1, 2, 3], width: 3, height: 1 })).toMatch(/Uint8Array/);
    expect(await fault({ data, width: 0, height: 4 })).toMatch(/0 × 4/);
    expect(await fault({ data, width: 2.5, height: 4 })).toMatch(/2\.5 × 4/);
    expect(await fault({ data, width: 5, height: 2 })).toMatch(/12 values, which is not 5 × 2/);
    expect(await fault({ data, width: 2, height: 1 })).toMatch(/1, 2, 3 or 4/);
    expect(await fault({ data, width: 4, height: 4, channels: 1 })).toMatch(/not 4 × 4 × 1/);
    for (const bad of [Number.NaN, Infinity, -Infinity]) {
      expect(await fault({ data: data.with(7, bad), width: 4, height: 3 })).toMatch(
        new RegExp(`value 7 is ${bad}`),
      );
    }
  });

  it("grey goes through a colour model as three equal colours, whose results are averaged", async () => {
    const denoiser = await createDenoiser({ model: convModel({ channels: 3 }) });
    const size = { width: 30, height: 20 };
    const plane = pictureOf(30, 20).data;
    const { data: one } = await denoiser.denoise({ data: plane, ...size }, { sigma: 15 });
    // Unlike this picture's, the last one's colours are not all equal, so that each has its own result.
    const repeated = (values: Float32Array) =>
      Float32Array.from({ length: 1800 }, (_, i) => values[Math.floor(i / 3)]!);
    const nearly = repeated(plane);
    nearly[1799]! += 1e-3;
    const { data: three } = await denoiser.denoise({ data: nearly, ...size }, { sigma: 15 });
    for (let pixel = 0; pixel < 300; pixel++) {
      const mean = (three[3 * pixel]! + three[3 * pixel + 1]! + three[3 * pixel + 2]!) / 3;
      expect(Math.abs(one[pixel]! - mean)).toBeLessThan(255 * 2 ** -21);
    }
    expect(new Set(three.slice(0, 3)).size).toBe(3);
    const { data: equal } = await denoiser.denoise({ data: repeated(plane), ...size }, { sigma: 15 });
    expect(equal).toEqual(repeated(one));
  });
});

describe("options", () => {
  const model = convModel();

  it("strength scales what is taken away; without strength or noise nothing changes", async () => {
    const denoiser = await createDenoiser({ model });
    const image = pictureOf(50, 40);
    const at = async (options: DenoiseOptions) => (await denoiser.denoise(image, options)).data;
    const all = await at({ sigma: 20 });
    for (const [i, value] of (await at({ sigma: 20, strength: 0.25 })).entries()) {
      expect(Math.abs(value - (image.data[i]! + 0.25 * (all[i]! - image.data[i]!)))).toBeLessThan(
        255 * 2 ** -22,
      );
    }
    expect(await at({ sigma: 20, strength: 0 })).toEqual(image.data);
    expect(await at({ sigma: 0 })).toEqual(image.data);
    expect(await at({ sigma: 5 })).not.toEqual(all);
  });

  it("finds the noise level by itself, and says which", async () => {
    const denoiser = await createDenoiser({ model });
    const noisy = { data: normal(100 * 80, 3, 25), width: 100, height: 80 };
    const { data, sigma } = await denoiser.denoise(noisy);
    expect(Math.abs(sigma / 25 - 1)).toBeLessThan(0.05);
    expect(data).toEqual((await denoiser.denoise(noisy, { sigma })).data);
    const flat = { data: new Uint8Array(8000).fill(9), width: 100, height: 80 };
    expect(await denoiser.denoise(flat, { sigma: "auto" })).toMatchObject({ sigma: 0, data: flat.data });
  });

  it("refuses values out of range", async () => {
    const denoiser = await createDenoiser({ model });
    const image = pictureOf(4, 4);
    for (const options of [
      { sigma: -1 },
      { sigma: Number.NaN },
      { sigma: Infinity },
      { sigma: "high" },
      { strength: 1.1 },
      { strength: -0.1 },
      { strength: "1" },
    ]) {
      await expect(denoiser.denoise(image, options as DenoiseOptions)).rejects.toThrow(SpecError);
    }
  });

  it("refuses what is of the wrong type", async () => {
    const denoiser = await createDenoiser({ model });
    const image = pictureOf(4, 4);
    for (const [name, options] of [
      ["sigma", { sigma: null }],
      ["strength", { strength: Number.NaN }],
      ["signal", { signal: new AbortController() }],
      ["signal", { signal: "stop" }],
      ["onProgress", { onProgress: {} }],
    ] as const) {
      await expect(denoiser.denoise(image, options as unknown as DenoiseOptions)).rejects.toMatchObject({
        name: "SpecError",
        message: expect.stringMatching(`^${name} has to be `),
      });
    }
    for (const [name, options] of [
      ["mode", { mode: "quick" }],
      ["mode", { mode: null }],
      ["model", { model: 5 }],
      ["model", { model: null }],
    ] as const) {
      await expect(createDenoiser(options as unknown as DenoiserOptions)).rejects.toMatchObject({
        name: "SpecError",
        message: expect.stringMatching(`^${name} has to be `),
      });
    }
  });

  it("lets the event loop have its turn, reports progress, and stops when it is told to", async () => {
    const denoiser = await createDenoiser({ model: convModel({ hidden: [33, 33, 33] }) });
    const image = pictureOf(700, 700, 3);
    const seen: number[] = [];
    let turns = 0;
    let turn = setImmediate(function next() {
      turns++;
      turn = setImmediate(next);
    });
    const abort = new AbortController();
    await denoiser.denoise(image, { sigma: 9, onProgress: (done) => seen.push(done) });
    clearImmediate(turn);
    expect(seen.length).toBeGreaterThan(5);
    expect(seen).toEqual(seen.toSorted((a, b) => a - b));
    expect(seen.at(-1)).toBe(1);
    expect(turns).toBeGreaterThan(5);
    const onProgress = (done: number) => {
      seen.push(done);
      abort.abort(new Error("enough"));
    };
    seen.length = 0;
    await expect(denoiser.denoise(image, { sigma: 9, signal: abort.signal, onProgress })).rejects.toThrow(
      "enough",
    );
    expect(seen).toHaveLength(1);
    await expect(denoiser.denoise(image, { signal: AbortSignal.abort() })).rejects.toMatchObject({
      name: "AbortError",
    });
    const small = pictureOf(28, 28);
    expect(await denoiser.denoise(small, { sigma: 9 })).toEqual(
      await (await createDenoiser({ model: convModel({ hidden: [33, 33, 33] }) })).denoise(small, {
        sigma: 9,
      }),
    );
  });

  it("takes calls one after the other, and goes on after one that failed", async () => {
    const denoiser = await createDenoiser({ model: convModel({ hidden: [33, 33] }) });
    const images = [pictureOf(600, 500), pictureOf(28, 28), pictureOf(300, 400)];
    const alone = [];
    for (const image of images) alone.push((await denoiser.denoise(image, { sigma: 9 })).data);
    const results = await Promise.allSettled([
      denoiser.denoise(images[0]!, { sigma: 9 }),
      denoiser.denoise(images[0]!, { sigma: -9 }),
      denoiser.denoise(images[1]!, { sigma: 9 }),
      denoiser.denoise(images[2]!, { sigma: 9 }),
    ]);
    expect(results.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled", "fulfilled"]);
    const values = results.flatMap((result) => (result.status === "fulfilled" ? [result.value.data] : []));
    expect(values).toEqual(alone);
  });

  it("cannot be used after dispose", async () => {
    const denoiser = await createDenoiser({ model });
    denoiser[Symbol.dispose]();
    denoiser.dispose();
    await expect(denoiser.denoise(pictureOf(4, 4))).rejects.toThrow(DenoiseError);
  });
});

describe("models and builds", () => {
  const model = convModel();
  const bytes = encodeModel(model);
  const image = pictureOf(28, 28);
  const server = createServer((request, response) => {
    response.statusCode = request.url === "/model" || request.url === "/wasm" ? 200 : 404;
    if (request.url === "/wasm") wasmBytes.then((wasm) => response.end(wasm));
    else response.end(bytes);
  });
  const address = new Promise<string>((resolve) => {
    server.listen(0, "127.0.0.1", () =>
      resolve(`http://127.0.0.1:${(server.address() as AddressInfo).port}`),
    );
  });
  const wasmBytes = readFile(fileURLToPath(new URL("../../build/wasm/inference.wasm", import.meta.url)));
  afterAll(() => server.close());

  it("takes a model in memory, as bytes, a Response, an address or a file", async () => {
    const folder = await mkdtemp(join(tmpdir(), "denoise-wasm-"));
    const path = join(folder, "a model.safetensors");
    await writeFile(path, bytes);
    const expected = (await (await createDenoiser({ model })).denoise(image, { sigma: 9 })).data;
    const at = `${await address}/model`;
    const wider = new Uint8Array(bytes.length + 3);
    wider.set(bytes, 3);
    for (const source of [
      bytes,
      wider.subarray(3),
      new DataView(wider.buffer, 3),
      bytes.slice().buffer,
      new Response(bytes.slice()),
      new Blob([bytes]).stream(),
      new Blob([bytes]),
      await fetch(at),
      path,
      relative(process.cwd(), path),
      pathToFileURL(path),
      pathToFileURL(path).href,
      at,
      new URL(at),
    ]) {
      const denoiser = await createDenoiser({ model: source });
      expect((await denoiser.denoise(image, { sigma: 9 })).data).toEqual(expected);
    }
    await rm(folder, { recursive: true });
  });

  it("takes the core as a module, its bytes, a Response or an address", async () => {
    const expected = (await (await createDenoiser({ model })).denoise(image, { sigma: 9 })).data;
    const wasm = await wasmBytes;
    const at = `${await address}/wasm`;
    for (const source of [await WebAssembly.compile(wasm), wasm, new Response(wasm), at, new URL(at)]) {
      const denoiser = await createDenoiser({ model, wasm: source });
      expect((await denoiser.denoise(image, { sigma: 9 })).data).toEqual(expected);
    }
    for (const source of [Uint8Array.of(1, 2, 3), `${await address}/none`, "http://127.0.0.1:9/"]) {
      await expect(createDenoiser({ model, wasm: source })).rejects.toThrow(UnsupportedRuntimeError);
    }
  });

  it("refuses models that are broken or do not fit", async () => {
    const fault = async (source: unknown) => {
      const error = await createDenoiser({ model: source as Uint8Array }).catch((error) => error);
      expect(error).toBeInstanceOf(ModelFileError);
      return error.message;
    };
    expect(await fault(bytes.slice(0, -4))).toMatch(/bytes/);
    expect(await fault(`${await address}/none`)).toMatch(/none answered with status 404/);
    expect(await fault("http://127.0.0.1:9/")).toMatch(/cannot be read/);
    const dense = { spec: recipes["fashion-autoencoder"].spec, parameters: new Map() };
    expect(await fault(dense)).toMatch(/layer 1 that does not fit.*"dense"/);
    expect(await fault({ ...model, parameters: new Map() })).toMatch(
      /layer 1 that does not fit, or whose weights do not: .*for 2 channels/,
    );
    expect(await fault({ ...model, parameters: {} })).toMatch(
      /layer 1 that does not fit, or whose weights do not: .*for 2 channels/,
    );
    const doubles = [...model.parameters].map(([name, values]) => [name, Float64Array.from(values)] as const);
    expect(await fault({ ...model, parameters: new Map(doubles) })).toMatch(
      /layer 1 that does not fit, or whose weights do not: .*for 2 channels/,
    );
    expect(await fault({})).toMatch(/no safetensors file/);
    expect(
      await fault({ ...model, spec: { ...model.spec, input: { height: 1, width: 1, channels: 2 } } }),
    ).toMatch(/of 2 channels, not 1 or 3/);
    expect(await fault({ ...model, spec: { ...model.spec, layers: model.spec.layers.slice(0, 2) } })).toMatch(
      /puts out 16 channels, not 1/,
    );
    expect(await fault({ ...model, spec: { ...model.spec, layers: [] } })).toMatch(
      /has 0 layers, not 1 to 64/,
    );
    expect(await fault({ ...model, spec: undefined })).toMatch(/cannot be understood/);
    expect(await fault({ ...model, spec: { ...model.spec, padding: "circular" } })).toMatch(/"circular"/);
    const [first, ...rest] = model.spec.layers;
    expect(
      await fault({ ...model, spec: { ...model.spec, layers: [{ ...first, dilation: 5 }, ...rest] } }),
    ).toMatch(/"dilation":5/);
    const broken = new Map(model.parameters).set("layer1.bias", new Float32Array(16).fill(Number.NaN));
    expect(await fault(encodeModel({ ...model, parameters: broken }))).toMatch(/layer1\.bias.*not finite/);
  });
});
