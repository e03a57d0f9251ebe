/** What PNG files hold beside the picture, and what chunks may cost. */
import { deflateSync } from "node:zlib";
import { decode } from "fast-png";
import { describe, expect, it } from "vitest";
import { decodePng, encodePng, type PictureMetadata } from "../../src/png.ts";
import { pngBytes, pngOf } from "../support/png-bytes.ts";

const text = (value: string) => Uint8Array.from(value, (character) => character.charCodeAt(0));
const exif = (orientation: number) =>
  Uint8Array.of(
    ...text("II"),
    42,
    0,
    8,
    0,
    0,
    0,
    1,
    0,
    0x12,
    1,
    3,
    0,
    1,
    0,
    0,
    0,
    orientation,
    0,
    0,
    0,
    0,
    0,
    0,
    0,
  );
const profile = new Uint8Array(3000).map((_, i) => (i * 7) & 255);
profile.set(text("RGB "), 16);
const rgb = {
  width: 3,
  height: 2,
  colorType: 2,
  values: Array.from({ length: 18 }, (_, i) => 14 * i),
} as const;
type Chunks = readonly (readonly [type: string, data: Uint8Array])[];
const metadataOf = async (extra: Chunks) => (await decodePng(pngBytes({ ...rgb, extra }), "a.png")).metadata;
const words = (...values: number[]) => {
  const view = new DataView(new ArrayBuffer(4 * values.length));
  for (const [i, value] of values.entries()) view.setUint32(4 * i, value);
  return new Uint8Array(view.buffer);
};
const joined = (...parts: Uint8Array[]) => Uint8Array.from(Buffer.concat(parts));
const chromaticities = [31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000];

describe("metadata of PNG files", () => {
  it("is read from its chunks", async () => {
    expect(
      await metadataOf([
        ["cICP", Uint8Array.of(9, 16, 0, 1)],
        ["iCCP", joined(text("name\0\0"), deflateSync(profile))],
        ["sRGB", Uint8Array.of(1)],
        ["gAMA", words(45455)],
        ["cHRM", words(...chromaticities)],
        ["pHYs", joined(words(11811, 11811), Uint8Array.of(1))],
        ["eXIf", exif(1)],
        ["tEXt", text("Title\0caf\u00e9")],
        ["zTXt", joined(text("Long\0\0"), deflateSync(text("aaaa")))],
        ["iTXt", joined(text("Author\0\0\0de\0Autor\0"), new TextEncoder().encode("Žofie"))],
        ["iTXt", joined(text("Packed\0\u0001\0\0\0"), deflateSync(new TextEncoder().encode("✓")))],
        ["iTXt", text('XML:com.adobe.xmp\0\0\0\0\0<a tiff:Orientation="3"/>')],
      ]),
    ).toEqual({
      icc: profile,
      exif: exif(1),
      xmp: text('<a tiff:Orientation="1"/>'),
      density: { x: 11811 * 0.0254, y: 11811 * 0.0254, unit: "inch" },
      text: [
        { keyword: "Title", text: "café" },
        { keyword: "Long", text: "aaaa" },
        { keyword: "Author", text: "Žofie", language: "de", translated: "Autor" },
        { keyword: "Packed", text: "✓" },
      ],
      color: { cicp: [9, 16, 0, 1], srgb: 1, gamma: 45455, chromaticities },
      orientation: 1,
    });
  });

  it("comes through from reading to writing, and other readers find it", async () => {
    const metadata: PictureMetadata = {
      icc: profile,
      exif: exif(1),
      xmp: text("<a/>"),
      density: { x: 300, y: 150, unit: "inch" },
      text: [
        { keyword: "Title", text: "café" },
        { keyword: "Long", text: "long ".repeat(1000) },
        { keyword: "Author", text: "Žofie", language: "de", translated: "Autor" },
        { keyword: "Zero", text: "a\0b" },
      ],
      color: { gamma: 45455, chromaticities },
    };
    const picture = { data: Uint8Array.from(rgb.values), width: 3, height: 2 };
    const file = await encodePng(picture, { metadata });
    const read = await decodePng(file, "a.png");
    expect(read.metadata.density!.x).toBeCloseTo(300, 1);
    expect(read.metadata).toEqual({ ...metadata, density: read.metadata.density, orientation: 1 });
    // A second time, the same bytes.
    expect(await encodePng(read, { metadata: read.metadata })).toEqual(file);
    const other = decode(file, { checkCrc: true });
    expect(other.iccEmbeddedProfile?.profile).toEqual(profile);
    expect(other.resolution).toEqual({ x: 11811, y: 5906, unit: 1 });
    expect(other.text.Title).toBe("café");
  });

  it("has no profile of other colours, and either a profile or sRGB", async () => {
    const grey = await encodePng(
      { data: Uint8Array.of(1), width: 1, height: 1 },
      { metadata: { icc: profile } },
    );
    expect((await decodePng(grey, "a.png")).metadata).toEqual({});
    const picture = { data: Uint8Array.from(rgb.values), width: 3, height: 2 };
    const both = await encodePng(picture, { metadata: { icc: profile, color: { srgb: 0 } } });
    expect((await decodePng(both, "a.png")).metadata).toEqual({ icc: profile });
  });

  it("is left out where it is broken or unpacks to too much, and the picture is read", async () => {
    const bomb = deflateSync(new Uint8Array(2 ** 25));
    expect(
      await metadataOf([
        ["iCCP", text("name")],
        ["gAMA", Uint8Array.of(1)],
        ["pHYs", joined(words(0, 5), Uint8Array.of(1))],
        ["eXIf", text("none")],
        ["zTXt", joined(text("Bomb\0\0"), bomb)],
        ["zTXt", joined(text("Late\0\0"), deflateSync(text("a")))],
        ["tEXt", text("\0without a keyword")],
      ]),
    ).toEqual({ exif: text("none") });
  });

  it("turns the picture once, and says 1 afterwards", async () => {
    for (let orientation = 1; orientation <= 8; orientation++) {
      const read = await decodePng(pngBytes({ ...rgb, extra: [["eXIf", exif(orientation)]] }), "a.png");
      expect([read.width, read.height]).toEqual(orientation > 4 ? [2, 3] : [3, 2]);
      expect(read.metadata).toEqual({ exif: exif(1), orientation });
      const reds = read.data.filter((_, i) => i % 3 === 0).map((value) => value / 42);
      expect([...reds]).toEqual(
        [
          [0, 1, 2, 3, 4, 5],
          [2, 1, 0, 5, 4, 3],
          [5, 4, 3, 2, 1, 0],
          [3, 4, 5, 0, 1, 2],
          [0, 3, 1, 4, 2, 5],
          [3, 0, 4, 1, 5, 2],
          [5, 2, 4, 1, 3, 0],
          [2, 5, 1, 4, 0, 3],
        ][orientation - 1],
      );
    }
  });

  it("does not turn the picture by an orientation behind the data", async () => {
    const file = pngBytes(rgb);
    const end = file.length - 12;
    const chunk = pngOf([["eXIf", exif(6)]]).subarray(8);
    const read = await decodePng(joined(file.subarray(0, end), chunk, file.subarray(end)), "a.png");
    expect([read.width, read.metadata]).toEqual([3, { exif: exif(1) }]);
  });
});

describe("what chunks may cost", () => {
  const none = new Uint8Array();
  const header = pngBytes(rgb).subarray(16, 29);
  const data = pngBytes(rgb).subarray(41, -16);

  it.each([
    ["empty chunks that nobody knows", Array.from({ length: 100_000 }, () => ["abCd", none] as const), 0],
    ["empty chunks of data", Array.from({ length: 100_000 }, () => ["IDAT", none] as const), 0],
    ["texts", Array.from({ length: 100_000 }, () => ["tEXt", text("A\0")] as const), 1000],
  ])("reads a file of 100,000 %s, and keeps 1,000 at most", async (_, chunks, texts) => {
    const read = await decodePng(
      pngOf([["IHDR", header], ...chunks, ["IDAT", data], ["IEND", none]]),
      "a.png",
    );
    expect([...read.data]).toEqual(rgb.values);
    expect(read.metadata.text ?? []).toHaveLength(texts);
  });

  it("reads data of a byte in each chunk", async () => {
    const chunks = Array.from(data, (byte) => ["IDAT", Uint8Array.of(byte)] as const);
    const read = await decodePng(pngOf([["IHDR", header], ...chunks, ["IEND", none]]), "a.png");
    expect([...read.data]).toEqual(rgb.values);
  });

  it("limits what a picture may take in memory by the size of its file, unless the limit is given", async () => {
    // 2²⁷ pixels of RGBA with 16 bits in a file of a megabyte would take 1 GiB.
    const large = Uint8Array.from(header);
    new DataView(large.buffer).setUint32(0, 16_384);
    new DataView(large.buffer).setUint32(4, 8192);
    large.set([16, 6], 8);
    const file = pngOf([
      ["IHDR", large],
      ["IDAT", new Uint8Array(2 ** 20)],
      ["IEND", none],
    ]);
    await expect(decodePng(file, "a.png")).rejects.toThrow(
      /16384 × 8192 pixels, more than the 671\d{5} allowed/,
    );
  });
});
