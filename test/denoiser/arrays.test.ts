/** Pictures in every kind of array and of every range: they come back as they went in, whatever happens to them meanwhile. */
import { describe, expect, it } from "vitest";
import type { DenoiserOptions } from "../../src/denoiser/denoiser.ts";
import { createDenoiser } from "../../src/denoiser/photo.ts";
import type { DenoiseOptions } from "../../src/denoiser/request.ts";
import { estimateSigma } from "../../src/denoiser/sigma.ts";
import { DataError } from "../../src/errors.ts";
import { encodeJpeg } from "../../src/jpeg.ts";
import { blend } from "../../src/pictures/blend.ts";
import type { Picture, PictureValues } from "../../src/pictures/picture.ts";
import { decodePng, encodePng } from "../../src/png.ts";
import { psnr } from "../../src/quality/metrics.ts";
import { type ConvModelOptions, convModel } from "../support/conv-models.ts";
import { normal } from "../support/networks.ts";

const [width, height] = [50, 40];
/** A smooth picture in grey levels with noise of σ = 20, without values at the limits. */
const levels = normal(width * height, 9, 20).map((value, i) =>
  Math.min(250, Math.max(5, value + 128 + 40 * Math.sin(i / 7))),
);
const counts = Uint16Array.from(levels, (value) => Math.round(257 * value));
const kinds: ConvModelOptions[] = [
  { white: 255 },
  { white: 1, residual: false },
  { white: 255, channels: 3 },
];
const denoiserOf = (options: ConvModelOptions, more: DenoiserOptions = {}) =>
  createDenoiser({ model: convModel(options), ...more });
const largest = (values: ArrayLike<number>) =>
  Array.from(values).reduce((most, value) => Math.max(most, Math.abs(value)), 0);

describe("16 bits", () => {
  // With that range, also what a network without a residual makes of a picture lies between the limits.
  it.each([
    [kinds[0]!, [0, 65_535]],
    [kinds[2]!, [0, 65_535]],
    [kinds[1]!, [20_000, 60_000]],
  ] as const)("denoise as the same picture in grey levels does, to half a count: %o", async (kind, range) => {
    const denoiser = await denoiserOf(kind);
    const [black, white] = range;
    const step = (white - black) / 255;
    const data = Uint16Array.from(levels, (value) => Math.round(black + step * value));
    const asLevels = { data: Float32Array.from(data, (value) => (value - black) / step), width, height };
    for (const quality of ["standard", "best"] as const) {
      const result = await denoiser.denoise({ data, width, height }, { sigma: 20, quality, range });
      const expected = await denoiser.denoise(asLevels, { sigma: 20, quality });
      expect(result.data).toBeInstanceOf(Uint16Array);
      // Half a count of rounding, and float32's rounding of values up to 255 in the network and in a sum of eight.
      const off = largest(Array.from(result.data, (value, i) => value - (black + step * expected.data[i]!)));
      expect(off).toBeLessThan(0.5 + 65_535 * 2 ** -19);
      expect(new Set(result.data).size).toBeGreaterThan(256);
    }
  });

  it("are clamped to what they can hold, and not wrapped around", async () => {
    const denoiser = await denoiserOf({ white: 255 });
    const extreme = counts.map((value) => (value > 33_000 ? 65_535 : 0));
    for (const quality of ["standard", "best"] as const) {
      const { data } = await denoiser.denoise({ data: extreme, width, height }, { sigma: 50, quality });
      // The model takes away a tenth of a picture's values at most, so that a value that wraps around is far away.
      expect(largest(Array.from(data, (value, i) => value - extreme[i]!))).toBeLessThan(33_000);
    }
  });

  it("have the level of the same picture in grey levels", async () => {
    const noise = normal(200 * 150, 3, 20);
    const picture = {
      data: Float32Array.from(noise, (value) => Math.round(257 * (128 + value)) / 257),
      width: 200,
      height: 150,
    };
    const deep = { ...picture, data: Uint16Array.from(picture.data, (value) => Math.round(257 * value)) };
    const found = estimateSigma(picture);
    expect(found).toBeGreaterThan(15);
    expect(estimateSigma(deep)).toBe(found);
    expect((await (await denoiserOf({ white: 255 })).denoise(deep)).sigma).toBe(found);
  });

  it("go through PNG files unchanged, and lose nothing beside float32 values", async () => {
    const denoiser = await createDenoiser();
    const clean = Float32Array.from({ length: 128 * 96 }, (_, i) => 128 + 60 * Math.sin(i / 900));
    const noise = normal(clean.length, 4, 25);
    const size = { width: 128, height: 96 };
    const data = Uint16Array.from(clean, (value, i) => Math.round(257 * (value + noise[i]!)));
    expect((await decodePng(await encodePng({ data, ...size }), "a.png")).data).toEqual(data);
    const deep = await denoiser.denoise({ data, ...size }, { sigma: 25 });
    const floats = await denoiser.denoise(
      { data: Float32Array.from(data, (v) => v / 257), ...size },
      { sigma: 25 },
    );
    const quality = psnr(
      Float32Array.from(deep.data, (value) => value / 257),
      clean,
    );
    expect(quality).toBeGreaterThan(30);
    expect(Math.abs(quality - psnr(floats.data, clean))).toBeLessThan(0.001);
  });
});

describe("range", () => {
  const ranges = [
    [0, 1],
    [-1, 1],
    [0, 4095],
    [100, 200],
    [-3e4, 1e5],
  ] as const;

  it.each(ranges)("[%d, %d]: floats denoise as in grey levels", async (black, white) => {
    const step = (white - black) / 255;
    const data = levels.map((value) => black + step * value);
    for (const kind of kinds) {
      const denoiser = await denoiserOf(kind);
      const options: DenoiseOptions = { sigma: 20, range: [black, white] };
      const result = await denoiser.denoise({ data, width, height }, options);
      const expected = await denoiser.denoise({ data: levels, width, height }, { sigma: 20 });
      expect(result.sigma).toBe(20);
      // float32 rounds the values, which lie up to |black| + |white| from 0.
      const rounding = 2 ** -22 * (Math.abs(black) + Math.abs(white) + 255 * step);
      const off = largest(Array.from(result.data, (value, i) => value - (black + step * expected.data[i]!)));
      expect(off).toBeLessThan(4 * rounding);
      expect(off).toBeLessThan(0.001 * (white - black));
    }
    const asked = { range: [black, white] } as const;
    const found = estimateSigma({ data: levels, width, height });
    expect(estimateSigma({ data, width, height }, asked) / found).toBeCloseTo(1, 3);
  });

  it("of counts of 12 bits", async () => {
    const denoiser = await denoiserOf({ white: 255 });
    const data = Uint16Array.from(levels, (value) => Math.round((value * 4095) / 255));
    const result = await denoiser.denoise({ data, width, height }, { sigma: 20, range: [0, 4095] });
    const expected = await denoiser.denoise(
      { data: Float32Array.from(data, (value) => (value * 255) / 4095), width, height },
      { sigma: 20 },
    );
    const off = largest(Array.from(result.data, (value, i) => value - (expected.data[i]! * 4095) / 255));
    expect(off).toBeLessThan(0.51);
  });

  it("is asked for where 1 seems to be white, with noise and without, and with opaque pixels of 255", async () => {
    const denoiser = await denoiserOf({ white: 255 });
    const fractions = levels.map((value) => value / 255);
    const pictures: Picture[] = [
      { data: fractions, width, height },
      { data: fractions.map((value) => 2 * value - 1), width, height },
      { data: fractions.map((value, i) => value + normal(2000, 1, 0.4)[i]!), width, height },
      { data: fractions.map((value, i) => (i % 4 === 3 ? 255 : value)), width: 25, height: 20, channels: 4 },
    ];
    for (const picture of pictures) {
      for (const call of [
        () => denoiser.denoise(picture),
        async () => estimateSigma(picture),
        () => encodePng(picture),
      ])
        await expect(call()).rejects.toThrow(/^1 seems to be white .*Pass `range`/);
      await denoiser.denoise(picture, { range: [0, 255] });
      await denoiser.denoise(picture, { range: [0, 1] });
    }
  });

  it("is not asked for where a picture is black, holds whole numbers, or reaches beyond 4", async () => {
    const denoiser = await denoiserOf({ white: 255 });
    for (const data of [
      new Float32Array(2000),
      new Float32Array(2000).fill(1),
      Float32Array.from(levels, (value) => Math.round(value / 100)),
      levels.map((value, i) => (i === 1000 ? 5 : value / 255)),
    ])
      await denoiser.denoise({ data, width, height });
  });

  it("is that of the picture in encodePng", async () => {
    const fractions = levels.map((value) => value / 255);
    const file = await encodePng({ data: fractions, width, height }, { range: [0, 1] });
    const expected = Uint16Array.from(fractions, (value) => Math.round(65_535 * value));
    expect((await decodePng(file, "a.png")).data).toEqual(expected);
  });
});

describe("a picture that is changed during the call", () => {
  const bytes = Uint8Array.from(levels);
  const expected = async (denoiser: Awaited<ReturnType<typeof createDenoiser>>) =>
    (await denoiser.denoise({ data: bytes, width, height }, { sigma: 20 })).data;

  it.each([1, 2])("is denoised as it was, on %d threads", async (threads) => {
    using denoiser = await denoiserOf({ white: 255 }, { threads });
    const clean = await expected(denoiser);
    const changes: [string, (data: Uint8Array) => void][] = [
      ["overwritten", (data) => void data.fill(0)],
      ["handed over", ({ buffer }) => void structuredClone(buffer, { transfer: [buffer as ArrayBuffer] })],
    ];
    for (const [what, change] of changes) {
      const data = bytes.slice();
      const result = denoiser.denoise({ data, width, height }, { sigma: 20 });
      change(data);
      expect((await result).data, what).toEqual(clean);
    }
    const buffer = new (
      ArrayBuffer as unknown as new (
        length: number,
        options: object,
      ) => ArrayBuffer & {
        resize(length: number): void;
      }
    )(2000, { maxByteLength: 4000 });
    const shrinking = new Uint8Array(buffer);
    shrinking.set(bytes);
    const result = denoiser.denoise({ data: shrinking, width, height }, { sigma: 20 });
    buffer.resize(10);
    expect((await result).data).toEqual(clean);
    await expect(denoiser.denoise({ data: shrinking, width, height })).rejects.toThrow(/has 10 values/);
  });

  it("is taken over with `transfer`, and refused when it is gone", async () => {
    const denoiser = await denoiserOf({ white: 255 });
    const data = bytes.slice();
    const picture = { data, width, height };
    const result = await denoiser.denoise(picture, { sigma: 20, transfer: true });
    expect(result.data).toEqual(await expected(denoiser));
    expect(data).toHaveLength(0);
    await expect(denoiser.denoise(picture)).rejects.toThrow(DataError);
    const kept = new Uint8Array(new SharedArrayBuffer(2000));
    kept.set(bytes);
    const copied = await denoiser.denoise({ data: kept, width, height }, { sigma: 20, transfer: true });
    expect(copied.data).toEqual(result.data);
    expect(kept).toHaveLength(2000);
    const buffer = Buffer.from(bytes);
    const back = await denoiser.denoise({ data: buffer, width, height }, { sigma: 20, transfer: true });
    expect(Buffer.isBuffer(back.data)).toBe(true);
    expect(back.data.toString("base64")).toBe(Buffer.from(result.data).toString("base64"));
  });
});

it("a picture whose members are inherited, as those of ImageData are, is like any other everywhere", async () => {
  class Inheriting {
    get data() {
      return Uint8ClampedArray.from(levels);
    }
    get width() {
      return width;
    }
    get height() {
      return height;
    }
  }
  const denoiser = await denoiserOf({ white: 255 });
  const calls: ((picture: Picture<Uint8ClampedArray>) => unknown)[] = [
    (picture) => denoiser.denoise(picture, { range: [0, 200], quality: "best" }),
    (picture) => denoiser.denoise(picture, { transfer: true }),
    (picture) => estimateSigma(picture),
    (picture) => estimateSigma(picture, { range: [0, 200] }),
    (picture) => blend(picture, picture, 0.5),
    (picture) => encodePng(picture),
    (picture) => encodePng(picture, { range: [0, 200] }),
    (picture) => encodeJpeg(picture),
    (picture) => encodeJpeg(picture, { range: [0, 200] }),
  ];
  for (const call of calls) {
    const plain = { data: Uint8ClampedArray.from(levels), width, height };
    expect(await call(new Inheriting()), `${call}`).toEqual(await call(plain));
  }
});

describe("blend", () => {
  const arrays: PictureValues[] = [
    Uint8Array.from(levels),
    Uint8ClampedArray.from(levels),
    Buffer.from(Uint8Array.from(levels)),
    counts,
    levels.slice(),
  ];
  it.each(arrays.map((data) => [data.constructor.name, data] as const))("%s", async (_, data) => {
    const denoiser = await denoiserOf({ white: 255 });
    const picture = { data, width, height };
    const all = await denoiser.denoise(picture, { sigma: 20 });
    const none = blend(picture, all, 0);
    expect(none.data).toEqual(data);
    expect(none.data.buffer).not.toBe(data.buffer);
    expect(Object.getPrototypeOf(none.data)).toBe(Object.getPrototypeOf(data));
    expect(blend(picture, all, 1).data).toEqual(all.data);
    for (const strength of [0.1, 0.5, 0.77]) {
      const { data: blended } = blend(picture, all, strength);
      const { data: expected } = await denoiser.denoise(picture, { sigma: 20, strength });
      const most = data instanceof Float32Array ? 255 * 2 ** -22 : 1;
      expect(largest(Array.from(blended, (value, i) => value - expected[i]!))).toBeLessThanOrEqual(most);
    }
    expect((await denoiser.denoise(picture, { sigma: 20, strength: 0 })).data).toEqual(data);
  });

  it("refuses pictures that do not belong together", () => {
    const picture = { data: counts, width, height };
    for (const other of [
      { data: levels, width, height },
      { data: counts, width: height, height: width },
      { data: counts.slice(0, 1000), width: 25, height },
    ])
      expect(() => blend(picture, other, 0.5)).toThrow(DataError);
  });
});

it("a model that overflows is named", async () => {
  const model = convModel({ white: 255, hidden: [4, 4, 4, 4, 4] });
  const large = ([name, values]: readonly [string, Float32Array]) =>
    [name, name.endsWith("weight") ? values.map((value) => 1e8 * Math.abs(value)) : values] as const;
  const wild = { ...model, parameters: new Map([...model.parameters].map(large)) };
  for (const threads of [1, 2]) {
    using denoiser = await createDenoiser({ model: wild, threads });
    for (const data of [Uint8Array.from(levels), counts, levels])
      await expect(denoiser.denoise({ data, width, height }, { sigma: 20 })).rejects.toMatchObject({
        name: "ModelFileError",
        message: expect.stringMatching(/^the model puts out values that are not finite/),
      });
  }
});
