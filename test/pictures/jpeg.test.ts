/** JPEG files out and in: against libjpeg-turbo's own, the forms of colour, what they keep, and what they may cost. */
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { createDenoiser } from "../../src/denoiser/photo.ts";
import { DataError, SpecError } from "../../src/errors.ts";
import { decodeJpeg, denoiseJpeg, encodeJpeg, type PictureMetadata } from "../../src/jpeg.ts";
import { decodePng } from "../../src/pictures/png.ts";
import { concatenate } from "../support/bytes.ts";
import { convModel } from "../support/conv-models.ts";
import { normal } from "../support/networks.ts";

const fixture = async (name: string) =>
  new Uint8Array(await readFile(fileURLToPath(new URL(`../fixtures/pictures/${name}`, import.meta.url))));

const [width, height] = [48, 32];
/** The picture of the fixtures: slopes with a fine texture (test/fixtures/README.md). */
const rgb = Uint8Array.from({ length: 3 * width * height }, (_, i) => {
  const x = Math.floor(i / 3) % width;
  const y = Math.floor(i / 3 / width);
  const [a, b, c] = [
    [5, 3, 0],
    [3, 6, 90],
    [7, 2, 200],
  ][i % 3] as [number, number, number];
  const value = (a * x + b * y + ((31 * x * x + 17 * y * y + 13 * x * y * ((i % 3) + 1)) % 41) + c) % 512;
  return value > 255 ? 511 - value : value;
});
const picture = { data: rgb, width, height, channels: 3 };
const grey = { data: rgb.filter((_, i) => i % 3 === 1), width, height, channels: 1 };

/** A file with segments put in front of all others. */
const withSegments = (file: Uint8Array, ...segments: [marker: number, data: Uint8Array][]) =>
  concatenate([
    file.subarray(0, 2),
    ...segments.flatMap(([marker, data]) => [
      Uint8Array.of(0xff, marker, (data.length + 2) >> 8, (data.length + 2) & 255),
      data,
    ]),
    file.subarray(2),
  ]);
const text = (value: string) => Uint8Array.from(value, (character) => character.charCodeAt(0));
/** Exif data of one entry, the orientation. */
const exif = (orientation: number) =>
  Uint8Array.of(
    ...text("MM"),
    0,
    42,
    0,
    0,
    0,
    8,
    0,
    1,
    1,
    0x12,
    0,
    3,
    0,
    0,
    0,
    1,
    0,
    orientation,
    0,
    0,
    0,
    0,
    0,
    0,
  );

describe("encodeJpeg and decodeJpeg", () => {
  it.each([
    ["libjpeg-444-q90.png", picture, 90, "4:4:4"],
    ["libjpeg-420-q60.png", picture, 60, "4:2:0"],
    ["libjpeg-420-q98.png", picture, 98, "4:2:0"],
    ["libjpeg-grey-q30.png", grey, 30, "4:4:4"],
  ] as const)(
    "leave of a picture what libjpeg-turbo leaves, bit for bit: %s",
    async (name, source, quality, chroma) => {
      const { data, metadata, ...size } = decodeJpeg(encodeJpeg(source, { quality, chroma }), "a.jpg");
      expect(size).toEqual({ width, height, channels: source.channels });
      expect(data).toEqual((await decodePng(await fixture(name), name)).data);
      expect(metadata).toEqual({});
    },
  );

  it("keep colours at full resolution unless they are told not to", () => {
    const distance = (chroma?: "4:4:4" | "4:2:2" | "4:2:0") => {
      const { data } = decodeJpeg(encodeJpeg(picture, { chroma, quality: 100 }), "a.jpg");
      return rgb.reduce((sum, value, i) => sum + (value - data[i]!) ** 2, 0) / data.length;
    };
    expect(distance()).toBe(distance("4:4:4"));
    // Steps of 1, beside which colours are rounded on the way there and back.
    expect(distance()).toBeLessThan(1);
    expect(distance("4:2:2")).toBeGreaterThan(distance());
    expect(distance("4:2:0")).toBeGreaterThan(distance("4:2:2"));
  });

  it.each([
    [1, 1],
    [17, 3],
    [16, 16],
    [5, 33],
  ])("hold a picture of %i × %i pixels in every form", (width, height) => {
    for (const channels of [1, 3]) {
      const data = new Uint8Array(width * height * channels).map((_, i) => [200, 100, 50][i % channels]!);
      for (const chroma of ["4:4:4", "4:2:2", "4:2:0"] as const) {
        const read = decodeJpeg(
          encodeJpeg({ data, width, height, channels }, { quality: 100, chroma }),
          "a.jpg",
        );
        expect([read.width, read.height, read.channels]).toEqual([width, height, channels]);
        expect(Math.max(...read.data.map((value, i) => Math.abs(value - data[i]!)))).toBeLessThanOrEqual(2);
      }
    }
  });

  it("round floats, and take opaque alpha only", () => {
    const floats = { ...picture, data: Float32Array.from(rgb, (value) => value + 0.3) };
    expect(encodeJpeg(floats)).toEqual(encodeJpeg(picture));
    const beyond = { data: Float32Array.of(-40, 300), width: 2, height: 1 };
    expect([...decodeJpeg(encodeJpeg(beyond, { quality: 100 }), "a.jpg").data]).toEqual([0, 255]);
    const rgba = (alpha: number) =>
      Uint8ClampedArray.from({ length: 4 * width * height }, (_, i) =>
        i % 4 === 3 ? alpha : rgb[3 * (i >> 2) + (i % 4)]!,
      );
    expect(encodeJpeg({ data: rgba(255), width, height })).toEqual(encodeJpeg(picture));
    expect(() => encodeJpeg({ data: rgba(254), width, height })).toThrow(/transparent pixels/);
  });

  it("refuse options of the wrong type or out of range, and sizes that a file cannot have", () => {
    for (const quality of [0, 101, 92.5, "90", Number.NaN])
      expect(() => encodeJpeg(picture, { quality: quality as number })).toThrow(SpecError);
    expect(() => encodeJpeg(picture, { chroma: "4:1:1" as "4:2:0" })).toThrow(/chroma has to be "4:4:4"/);
    const wide = { data: new Uint8Array(65_536), width: 65_536, height: 1 };
    expect(() => encodeJpeg(wide)).toThrow(/65536 × 1 pixels; a JPEG file holds 65,535/);
    expect(() => decodeJpeg(encodeJpeg(picture), "a", { maxPixels: Number.NaN })).toThrow(SpecError);
  });
});

describe("what a JPEG file keeps", () => {
  const profile = new Uint8Array(150_000).map((_, i) => (i * 7) & 255);
  profile.set(text("RGB "), 16);
  const metadata: PictureMetadata = {
    icc: profile,
    exif: exif(1),
    xmp: text('<x:xmpmeta tiff:Orientation="1"/>'),
    density: { x: 300, y: 299, unit: "inch" },
    text: [{ keyword: "Comment", text: "grün ✓" }],
  };

  it("comes through: a profile in several parts, Exif, XMP, density, comments", () => {
    expect(decodeJpeg(encodeJpeg(picture, { metadata }), "a.jpg").metadata).toEqual({
      ...metadata,
      orientation: 1,
    });
  });

  it.each([
    { x: 28 * 2.54, y: 40 * 2.54, unit: "inch" },
    { x: 2, y: 1, unit: "none" },
  ] as const)("has densities per centimetre and without a unit: %o", (density) => {
    const kept = decodeJpeg(encodeJpeg(picture, { metadata: { density } }), "a.jpg").metadata.density!;
    expect(kept.unit).toBe(density.unit);
    expect([kept.x, kept.y]).toEqual([density.x, density.y]);
  });

  it("leaves out a profile that is for other colours, and one of which a part is missing", () => {
    expect(decodeJpeg(encodeJpeg(grey, { metadata }), "a.jpg").metadata.icc).toBeUndefined();
    const part = concatenate([text("ICC_PROFILE\0"), Uint8Array.of(1, 2), profile.subarray(0, 100)]);
    expect(decodeJpeg(withSegments(encodeJpeg(picture), [0xe2, part]), "a.jpg").metadata.icc).toBeUndefined();
  });

  it("turns the picture once, by the first Exif segment, and says 1 afterwards, in XMP too", () => {
    const file = encodeJpeg(picture, {
      quality: 100,
      metadata: { xmp: text("<tiff:Orientation>6</tiff:Orientation>") },
    });
    const segment = (orientation: number): [number, Uint8Array] => [
      0xe1,
      concatenate([text("Exif\0\0"), exif(orientation)]),
    ];
    const turned = decodeJpeg(withSegments(file, segment(6), segment(1)), "a.jpg");
    expect([turned.width, turned.height]).toEqual([height, width]);
    expect(turned.metadata).toMatchObject({ orientation: 6, exif: exif(1) });
    expect(turned.metadata.xmp).toEqual(text("<tiff:Orientation>1</tiff:Orientation>"));
    const again = decodeJpeg(encodeJpeg(turned, { quality: 100, metadata: turned.metadata }), "a.jpg");
    expect([again.width, again.height]).toEqual([height, width]);
    expect(again.metadata.orientation).toBe(1);
    // Right is what was below: the first row is the first column from the bottom up.
    const plain = decodeJpeg(file, "a.jpg").data;
    for (let y = 0; y < height; y++) expect(turned.data[3 * (height - 1 - y)]).toBe(plain[3 * y * width]);
  });

  it("is written with orientation 1, whatever the metadata says", () => {
    const file = encodeJpeg(picture, { metadata: { exif: exif(6) } });
    expect(decodeJpeg(file, "a.jpg").metadata).toEqual({ exif: exif(1), orientation: 1 });
  });
});

describe("colours", () => {
  const pixel = async (name: string) => [
    ...decodeJpeg(await fixture(`cases/${name}`), name).data.subarray(0, 3),
  ];

  it("are taken for RGB where Adobe's segment or the components' names say so", async () => {
    expect(await pixel("keep_rgb.jpg")).toEqual([40, 200, 128]);
    const file = await fixture("cases/keep_rgb.jpg");
    const adobe = file.findIndex((byte, i) => byte === 0xff && file[i + 1] === 0xee);
    const nameless = concatenate([file.subarray(0, adobe), file.subarray(adobe + 16)]);
    expect([...decodeJpeg(nameless, "a.jpg").data.subarray(0, 3)]).toEqual([40, 200, 128]);
  });
});

describe("what a JPEG file may cost", () => {
  it("refuses a second frame header, before it takes memory for it", () => {
    const file = encodeJpeg(picture);
    const frame = file.findIndex((byte, i) => byte === 0xff && file[i + 1] === 0xc0);
    const large = file.slice(frame, frame + 19);
    large.set([0x20, 0, 0x20, 0], 5);
    const twice = concatenate([
      file.subarray(0, frame),
      file.subarray(frame, frame + 19),
      large,
      file.subarray(frame + 19),
    ]);
    expect(() => decodeJpeg(twice, "a.jpg")).toThrow(
      /^a\.jpg is a broken JPEG file: it has two frame headers/,
    );
  });

  it("refuses a header of more pixels than its file can hold", async () => {
    const bomb = await fixture("cases/jpgbomb_base11500.jpg");
    expect(() => decodeJpeg(bomb, "a.jpg")).toThrow(/11500 × 11500 pixels, more than/);
    expect(() => decodeJpeg(bomb, "a.jpg", { maxPixels: Infinity })).toThrow(
      /636 bytes cannot hold 11500 × 11500/,
    );
  });

  it("refuses scans over and over, each of which goes through a whole picture in a few bytes", () => {
    // Progressive, 8192 × 8192, grey: the DC coefficients, a bit each, then refinements of nothing.
    const size = [0x20, 0, 0x20, 0];
    const frame = Uint8Array.of(0xff, 0xc2, 0, 11, 8, ...size, 1, 1, 0x11, 0);
    const steps = concatenate([Uint8Array.of(0xff, 0xdb, 0, 67, 0), new Uint8Array(64).fill(1)]);
    const code = (kind: number, symbol: number) =>
      concatenate([Uint8Array.of(0xff, 0xc4, 0, 20, kind, 1), new Uint8Array(15), Uint8Array.of(symbol)]);
    const scan = (first: number, last: number, bits: number) =>
      Uint8Array.of(0xff, 0xda, 0, 8, 1, 1, 0, first, last, bits);
    const blocks = 1024 * 1024;
    // A run of 2¹⁴ to 2¹⁵ − 1 empty blocks is a code and 14 bits.
    const runs = new Uint8Array(Math.ceil((15 * blocks) / 2 ** 14 / 8) + 8);
    const file = concatenate([
      Uint8Array.of(0xff, 0xd8),
      steps,
      code(0x00, 0),
      code(0x10, 0xe0),
      frame,
      scan(0, 0, 0x00),
      new Uint8Array(blocks / 8),
      ...Array.from({ length: 200 }, () => [scan(1, 63, 0x10), runs]).flat(),
      Uint8Array.of(0xff, 0xd9),
    ]);
    expect(file.length).toBeLessThan(400_000);
    expect(() => decodeJpeg(file, "a.jpg")).toThrow(/more scans than a picture needs/);
  });

  it("ends with a picture or a DataError, whatever byte is changed", () => {
    const file = encodeJpeg({
      ...picture,
      data: Uint8Array.from(normal(rgb.length, 2, 40), (value) => value + 128),
    });
    let refused = 0;
    for (let at = 2; at < file.length; at += 3) {
      const changed = file.slice();
      changed[at]! ^= 0x55;
      try {
        const read = decodeJpeg(changed, "a.jpg", { maxPixels: 1e5 });
        expect(read.data).toHaveLength(read.width * read.height * read.channels);
      } catch (error) {
        expect(error).toBeInstanceOf(DataError);
        refused++;
      }
    }
    expect(refused).toBeGreaterThan(50);
  });
});

describe("denoiseJpeg", () => {
  it("writes what the denoiser makes of the picture, and keeps the rest", async () => {
    const denoiser = await createDenoiser({ model: convModel({ white: 255 }) });
    const metadata = { exif: exif(1), density: { x: 300, y: 300, unit: "inch" } } as const;
    const file = encodeJpeg(grey, { metadata });
    const read = decodeJpeg(file, "a.jpg");
    const clean = await denoiser.denoise(read, { sigma: 12 });
    const output = { quality: 80, chroma: "4:2:0" } as const;
    const expected = encodeJpeg(clean, { ...output, metadata: read.metadata });
    for (const bytes of [file, file.buffer]) {
      expect(await denoiseJpeg(denoiser, bytes, { sigma: 12, output })).toEqual(expected);
    }
    expect(decodeJpeg(expected, "a.jpg").metadata).toEqual({ ...metadata, orientation: 1 });
    // What was not changed is not encoded anew, unless it is asked for or the rows do not run from the top.
    const turned = Uint8Array.from(file);
    turned[turned.findLastIndex((_, i) => i < 100 && turned[i] === 0x12 && turned[i - 1] === 1) + 8] = 3;
    expect(decodeJpeg(turned, "a.jpg").metadata.orientation).toBe(3);
    const unchanged = await denoiseJpeg(denoiser, file, { sigma: 0 });
    expect(unchanged).toEqual(file);
    expect(unchanged.buffer).not.toBe(file.buffer);
    expect(await denoiseJpeg(denoiser, file, { sigma: 0, output })).not.toEqual(file);
    const upright = await denoiseJpeg(denoiser, turned, { sigma: 0 });
    expect(decodeJpeg(upright, "a.jpg").metadata.orientation).toBe(1);
    await expect(denoiseJpeg(denoiser, file, { maxPixels: 100 })).rejects.toThrow(
      /more than the 100 allowed/,
    );
  });
});
