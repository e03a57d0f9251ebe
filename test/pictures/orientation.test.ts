/** Pictures that are turned upright: what their metadata says of width, height and the thumbnail is turned with them. */
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { concatenate } from "../../src/pictures/concatenate.ts";
import { decodeJpeg } from "../../src/pictures/jpeg.ts";
import { encodeJpeg } from "../../src/pictures/jpeg-encode.ts";
import { orientationOf, uprightExif, uprightXmp } from "../../src/pictures/orientation.ts";
import { decodeAny } from "../../src/pictures/picture-files.node.ts";
import { decodePng } from "../../src/pictures/png.ts";
import { pngBytes } from "../support/png-bytes.ts";

const SHORT = 3;
const LONG = 4;
const RATIONAL = 5;

type Entry = readonly [tag: number, type: number, value: number];

/** Exif data of a camera: two directories with sizes and densities, and one of a thumbnail. */
function exifData(little: boolean, orientation: number, [width, height]: readonly [number, number]) {
  const view = new DataView(new ArrayBuffer(300));
  view.setUint16(0, little ? 0x4949 : 0x4d4d);
  view.setUint16(2, 42, little);
  view.setUint32(4, 8, little);
  const put = (at: number, list: readonly Entry[], next: number) => {
    view.setUint16(at, list.length, little);
    list.forEach(([tag, type, value], i) => {
      const place = at + 2 + 12 * i;
      view.setUint16(place, tag, little);
      view.setUint16(place + 2, type, little);
      view.setUint32(place + 4, 1, little);
      if (type === SHORT) view.setUint16(place + 8, value, little);
      else view.setUint32(place + 8, value, little);
    });
    view.setUint32(at + 2 + 12 * list.length, next, little);
  };
  const main: Entry[] = [
    [0x0100, LONG, width],
    [0x0101, SHORT, height],
    [0x0112, SHORT, orientation],
    [0x011a, RATIONAL, 280],
    [0x011b, RATIONAL, 288],
    [0x8769, LONG, 100],
  ];
  put(8, main, orientation === 1 ? 0 : 200);
  put(
    100,
    [
      [0x9000, LONG, 0x30323330],
      [0xa002, SHORT, width],
      [0xa003, LONG, height],
    ],
    0,
  );
  put(200, [[0x0103, SHORT, 6]], 0);
  [300, 1, 150, 1].forEach((value, i) => void view.setUint32(280 + 4 * i, value, little));
  return new Uint8Array(view.buffer);
}

/** What the two directories say: values of entries by their tag, and of RATIONAL ones the numerator. */
function read(exif: Uint8Array) {
  const view = new DataView(exif.buffer, exif.byteOffset, exif.length);
  const little = view.getUint16(0) === 0x4949;
  const values: Record<string, number> = {};
  /** Reads a directory, and returns where the next one is. */
  const take = (directory: number) => {
    const end = directory + 2 + 12 * view.getUint16(directory, little);
    for (let at = directory + 2; at < end; at += 12) {
      const type = view.getUint16(at + 2, little);
      const value = type === SHORT ? view.getUint16(at + 8, little) : view.getUint32(at + 8, little);
      values[view.getUint16(at, little).toString(16)] =
        type === RATIONAL ? view.getUint32(value, little) : value;
    }
    return view.getUint32(end, little);
  };
  const thumbnail = take(view.getUint32(4, little));
  take(values[8769]!);
  return { values, thumbnail };
}

describe.each([true, false])("Exif data whose numbers are little-endian: %s", (little) => {
  it.each([1, 2, 3, 4, 5, 6, 7, 8])("is turned with a picture of orientation %d", (orientation) => {
    const exif = exifData(little, orientation, [40, 30]);
    const before = Uint8Array.from(exif);
    const { values, thumbnail } = read(uprightExif(exif, orientation));
    const [width, height, across, down] = orientation > 4 ? [30, 40, 150, 300] : [40, 30, 300, 150];
    expect(values).toMatchObject({ 100: width, 101: height, a002: width, a003: height, 112: 1 });
    expect(values).toMatchObject({ "11a": across, "11b": down, 9000: 0x30323330, 8769: 100 });
    expect(thumbnail).toBe(0);
    expect(exif).toEqual(before);
  });

  it("keeps its sizes and its thumbnail where the picture was not turned by it", () => {
    const exif = exifData(little, 6, [40, 30]);
    const { values, thumbnail } = read(uprightExif(exif));
    expect(values).toMatchObject({ 100: 40, 101: 30, a002: 40, a003: 30, 112: 1 });
    expect(thumbnail).toBe(200);
  });

  it("is taken as far as it goes where it is cut short, or points at itself", () => {
    const exif = exifData(little, 6, [40, 30]);
    for (let length = 0; length < exif.length; length++) {
      const upright = uprightExif(exif.subarray(0, length), 6);
      expect(upright.length).toBe(length);
      expect(orientationOf(upright)).toBe(length < 46 ? undefined : 1);
    }
    new DataView(exif.buffer).setUint32(8 + 2 + 5 * 12 + 8, 8, little);
    expect(read(uprightExif(exif, 6)).values).toMatchObject({ 112: 1 });
  });
});

it("turns the sizes in an XMP packet, and nothing else in it", () => {
  const upright = (xmp: string, by?: number) => `${Buffer.from(uprightXmp(Buffer.from(xmp), by))}`;
  const title = "<dc:title>exif:Pixel, tiff:Width, XResolution, é</dc:title>";
  const packet = `<r tiff:ImageWidth="40" tiff:ImageLength="30" exif:PixelXDimension='40' tiff:Orientation="6">
    <exif:PixelYDimension>30</exif:PixelYDimension><tiff:XResolution>300/1</tiff:XResolution>${title}</r>`;
  const kept = packet.replace('"6"', '"1"');
  expect(upright(packet)).toBe(kept);
  expect(upright(packet, 3)).toBe(kept);
  expect(
    upright(packet, 6),
  ).toBe(`<r tiff:ImageLength="40" tiff:ImageWidth="30" exif:PixelYDimension='40' tiff:Orientation="1">
    <exif:PixelXDimension>30</exif:PixelXDimension><tiff:YResolution>300/1</tiff:YResolution>${title}</r>`);
});

describe("a picture of 40 × 30 pixels, 300 × 150 to the inch, to be turned right", () => {
  const exif = exifData(false, 6, [40, 30]);
  const pixels = { data: new Uint8Array(3 * 40 * 30), width: 40, height: 30, channels: 3 } as const;
  const sizes = { 100: 30, 101: 40, a002: 30, a003: 40, "11a": 150, "11b": 300, 112: 1 };

  it("as PNG", async () => {
    const extra: [string, Uint8Array][] = [
      ["pHYs", Uint8Array.of(0, 0, 46, 35, 0, 0, 23, 18, 1)],
      ["eXIf", exif],
    ];
    const { width, height, metadata } = await decodePng(
      pngBytes({ width: 40, height: 30, colorType: 2, values: pixels.data, extra }),
      "a.png",
    );
    expect([width, height]).toEqual([30, 40]);
    expect(read(metadata.exif!).values).toMatchObject(sizes);
    expect(metadata.density!.x).toBeCloseTo(150, 0);
    expect(metadata.density!.y).toBeCloseTo(300, 0);
  });

  it("as JPEG, and once more after it was written", () => {
    const metadata = { density: { x: 300, y: 150, unit: "inch" } } as const;
    const file = encodeJpeg(pixels, { metadata });
    const segment = concatenate([
      Uint8Array.of(0xff, 0xe1, (exif.length + 8) >> 8, (exif.length + 8) & 255),
      new TextEncoder().encode("Exif\0\0"),
      exif,
    ]);
    const first = decodeJpeg(concatenate([file.subarray(0, 20), segment, file.subarray(20)]), "a.jpg");
    expect(first).toMatchObject({ width: 30, height: 40, metadata: { density: { x: 150, y: 300 } } });
    expect(read(first.metadata.exif!).values).toMatchObject(sizes);
    const second = decodeJpeg(encodeJpeg(first, { metadata: first.metadata }), "b.jpg");
    expect(second.metadata).toMatchObject({ density: { x: 150, y: 300 }, exif: first.metadata.exif });
  });

  it.each(["webp", "tiff"] as const)("as %s, by sharp", async (format) => {
    const file = await sharp(pixels.data, { raw: pixels })
      .withExif({ IFD0: { XResolution: "300", YResolution: "300" }, IFD2: { PixelXDimension: "40" } })
      .withMetadata({ orientation: 6 })
      [format]()
      .toBuffer();
    const { width, height, metadata } = await decodeAny(file, `a.${format}`);
    expect({ width, height, orientation: metadata.orientation }).toEqual({
      width: 30,
      height: 40,
      orientation: 6,
    });
    expect(read(metadata.exif!).values).toMatchObject({ a002: 30, a003: 40, 112: 1 });
  });
});
