/** `denoise-wasm/png`: files in, files out, fast-png is the oracle. */
import { decode, encode } from "fast-png";
import { describe, expect, it } from "vitest";
import { createDenoiser } from "../../src/denoiser/photo.ts";
import { DataError, SpecError } from "../../src/errors.ts";
import { Purpose, Random } from "../../src/noise/rng.ts";
import { decodePng, denoisePng, encodePng } from "../../src/png.ts";
import { convModel } from "../support/conv-models.ts";
import { normal } from "../support/networks.ts";
import { header, pngBytes, pngOf } from "../support/png-bytes.ts";

const clipped = (values: Float32Array) =>
  Uint8Array.from(values, (value) => Math.min(255, Math.max(0, value)));
/** A slope with noise, so that each filter is the best one somewhere. */
const picture = (width: number, height: number, channels: number) => ({
  data: clipped(
    normal(width * height * channels, 4, 3).map(
      (value, i) => value + 2 * (Math.floor(i / channels) % width) + 3 * (i % 5),
    ),
  ),
  width,
  height,
  channels,
});

describe("encodePng", () => {
  it("takes the web's ImageData as it is, and refuses what is no picture", async () => {
    const { data, width, height } = picture(6, 5, 4);
    const bytes = await encodePng({ data: new Uint8ClampedArray(data), width, height });
    expect(decode(bytes)).toMatchObject({ width, height, channels: 4, data });
    for (const wrong of [
      { data, width, height: 7 },
      { data, width, height, channels: 3 },
      { data: Float32Array.of(1, Number.NaN), width: 2, height: 1 },
    ]) {
      await expect(encodePng(wrong)).rejects.toThrow(DataError);
    }
  });

  it.each([1, 2, 3, 4])("writes %i channels of 8 and of 16 bits", async (channels) => {
    for (const [width, height] of [
      [1, 1],
      [3, 17],
      [40, 31],
    ] as const) {
      const image = picture(width, height, channels);
      const bytes = await encodePng(image);
      const read = decode(bytes, { checkCrc: true });
      expect([read.width, read.height, read.channels, read.depth]).toEqual([width, height, channels, 8]);
      expect([...read.data]).toEqual([...image.data]);
      expect((await decodePng(bytes, "a.png")).data).toEqual(image.data);
      const deep = {
        ...image,
        data: Float32Array.from(image.data, (value) => value + (value % 7) / 257 - 3),
      };
      const deepRead = decode(await encodePng(deep, { range: [0, 255] }), { checkCrc: true });
      expect(deepRead.depth).toBe(16);
      expect([...deepRead.data]).toEqual(
        [...deep.data].map((value) => Math.min(65535, Math.max(0, Math.round(value * 257)))),
      );
    }
  });

  it("uses every filter, and is smaller than without", async () => {
    const image = picture(300, 200, 1);
    const bytes = await encodePng(image);
    expect(bytes.length).toBeLessThan(0.9 * encode(image).length);
  });
});

describe("decodePng", () => {
  it("refuses what is no PNG", async () => {
    await expect(decodePng(Uint8Array.of(1, 2, 3), "a.png")).rejects.toThrow(/^a\.png is not a PNG/);
  });

  it("allocates nothing for a header whose data cannot be that large", async () => {
    const file = pngOf([
      ["IHDR", header(10_000, 10_000, [16, 6, 0, 0, 0])],
      ["IDAT", new Uint8Array(100)],
      ["IEND", new Uint8Array()],
    ]);
    await expect(decodePng(file, "a.png")).rejects.toThrow(/10000 × 10000 pixels, more than the 33559/);
    await expect(decodePng(file, "a.png", { maxPixels: 1e8 })).rejects.toThrow(
      /100 bytes cannot unpack to 800010000/,
    );
  });
});

describe("denoisePng", () => {
  const model = convModel({ white: 255 });

  it.each<[string, number, 8 | 16]>([
    ["grey", 1, 8],
    ["grey with alpha", 2, 8],
    ["RGB", 3, 8],
    ["RGBA", 4, 8],
    ["RGBA of 16 bits", 4, 16],
  ])("%s: as the denoiser alone does", async (_, channels, depth) => {
    const denoiser = await createDenoiser({ model });
    const image = picture(20, 12, channels);
    const data = depth === 16 ? Uint16Array.from(image.data, (value) => 257 * value + 9) : image.data;
    const file = await encodePng({ ...image, data });
    const expected = await denoiser.denoise({ ...image, data }, { sigma: 12, strength: 0.5 });
    for (const bytes of [file, file.buffer]) {
      const result = await denoisePng(denoiser, bytes, { sigma: 12, strength: 0.5 });
      expect(result).toEqual(await encodePng(expected));
      expect(result).not.toEqual(file);
    }
  });

  it("refuses pictures over the limit, which is 2²² pixels, before it unpacks them", async () => {
    const denoiser = await createDenoiser({ model });
    const file = await encodePng(picture(20, 12, 1));
    await expect(denoisePng(denoiser, file, { maxPixels: 239 })).rejects.toThrow(
      /20 × 12 pixels, more than the 239/,
    );
    await denoisePng(denoiser, file, { maxPixels: 240 });
    const large = pngOf([
      ["IHDR", header(2049, 2048, [8, 0, 0, 0, 0])],
      ["IDAT", new Uint8Array(10)],
      ["IEND", new Uint8Array()],
    ]);
    await expect(denoisePng(denoiser, large)).rejects.toThrow(/more than the 4194304 allowed/);
  });

  it("answers 2,000 mutated files with a picture or a DataError", async () => {
    const denoiser = await createDenoiser({ model });
    const random = new Random(7, Purpose.testNoise);
    const below = (limit: number) => (random.bits() >>> 0) % limit;
    const files = [
      await encodePng(picture(9, 7, 3)),
      pngBytes({
        width: 9,
        height: 7,
        depth: 4,
        colorType: 0,
        interlaced: true,
        values: new Uint8Array(63).fill(3),
      }),
    ];
    let refused = 0;
    for (let round = 0; round < 2000; round++) {
      const bytes = files[round % 2]!.slice();
      for (let i = 0; i <= round % 3; i++) bytes[below(bytes.length)] = below(256);
      const cut = round % 5 === 0 ? bytes.subarray(0, below(bytes.length)) : bytes;
      await denoisePng(denoiser, cut, { sigma: 10, maxPixels: 1e4 }).catch((error) => {
        expect(error).toBeInstanceOf(DataError);
        refused++;
      });
    }
    expect(refused).toBeGreaterThan(1500);
  });

  it("refuses a limit that is no number, which would be none", async () => {
    const file = await encodePng(picture(9, 7, 3));
    for (const maxPixels of ["many", Number.NaN, null])
      await expect(decodePng(file, "f", { maxPixels: maxPixels as number })).rejects.toThrow(SpecError);
  });
});
