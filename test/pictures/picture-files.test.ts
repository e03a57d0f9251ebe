/** PNG and JPEG files in: every kind that is supported, every kind that is refused, and broken ones. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { deflateSync } from "node:zlib";
import { encode } from "fast-png";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readPhotos } from "../../src/data/photo-folders.node.ts";
import { DataError } from "../../src/errors.ts";
import { decodePicture } from "../../src/pictures/decode-picture.ts";
import { encodeJpeg } from "../../src/pictures/jpeg-encode.ts";
import { picturesIn, readPicture } from "../../src/pictures/picture-files.node.ts";
import { header, type PngParts, pngBytes, pngData, pngOf } from "../support/png-bytes.ts";

/** The message of the DataError that `promise` rejects with. */
async function fault(promise: Promise<unknown>): Promise<string> {
  const error = await promise.then(
    () => "nothing was wrong",
    (error) => error,
  );
  expect(error).toBeInstanceOf(DataError);
  return error.message;
}

/** `count` values below 2^depth that follow no simple rule. */
const values = (count: number, depth: number) =>
  Array.from({ length: count }, (_, i) => ((i * 40_503 + 977 * ((i * i) % 89)) >>> 3) % 2 ** depth);
const fixture = (name: string) =>
  readFile(fileURLToPath(new URL(`../fixtures/pictures/${name}`, import.meta.url)));

describe("PNG", () => {
  const kinds = [
    { colorType: 0, channels: 1, depths: [1, 2, 4, 8, 16] },
    { colorType: 2, channels: 3, depths: [8, 16] },
    { colorType: 4, channels: 2, depths: [8, 16] },
    { colorType: 6, channels: 4, depths: [8, 16] },
  ];
  for (const { colorType, channels, depths } of kinds) {
    for (const depth of depths) {
      for (const interlaced of [false, true]) {
        it(`${channels} channels of ${depth} bits${interlaced ? ", interlaced" : ""}`, async () => {
          for (const [width, height] of [
            [1, 1],
            [3, 17],
            [13, 9],
          ] as const) {
            const stored = values(width * height * channels, depth);
            const file = pngBytes({ width, height, depth, colorType, interlaced, values: stored });
            const picture = await decodePicture(file, "a.png");
            expect(picture).toMatchObject({ width, height, channels });
            const greatest = 2 ** depth - 1;
            const expected = stored.map((value) => (255 * value) / greatest);
            if (depth === 16) expect(picture.data).toEqual(Uint16Array.from(stored));
            else expect(picture.data).toEqual(Uint8Array.from(expected));
          }
        });
      }
    }
  }

  const colors = [255, 0, 0, 0, 255, 0, 10, 20, 30, 255, 255, 255];
  for (const depth of [2, 4, 8]) {
    it(`a palette of ${depth} bits becomes RGB, with transparent colours RGBA`, async () => {
      const stored = values(7 * 5, 2);
      const parts: PngParts = { width: 7, height: 5, depth, colorType: 3, values: stored };
      const palette = ["PLTE", Uint8Array.from(colors)] as const;
      const plain = await decodePicture(pngBytes({ ...parts, extra: [palette] }), "a.png");
      expect(plain).toMatchObject({ width: 7, height: 5, channels: 3 });
      expect([...plain.data]).toEqual(stored.flatMap((index) => colors.slice(3 * index, 3 * index + 3)));
      const alpha = ["tRNS", Uint8Array.of(9, 255)] as const;
      const transparent = await decodePicture(pngBytes({ ...parts, extra: [palette, alpha] }), "a.png");
      expect(transparent.channels).toBe(4);
      expect([...transparent.data]).toEqual(
        stored.flatMap((index) => [...colors.slice(3 * index, 3 * index + 3), [9, 255, 255, 255][index]!]),
      );
    });
  }

  it("reads what fast-png writes, and leaves other chunks out", async () => {
    const data = Uint8Array.from(values(40 * 30 * 3, 8));
    const file = encode({ data, width: 40, height: 30, channels: 3, text: { Title: "a" } });
    expect((await decodePicture(file, "a.png")).data).toEqual(data);
    const profile = ["iCCP", Uint8Array.of(65, 0, 0, 1, 2, 3)] as const;
    const grey = pngBytes({ width: 2, height: 1, colorType: 0, values: [7, 8], extra: [profile] });
    expect([...(await decodePicture(grey, "a.png")).data]).toEqual([7, 8]);
  });

  const grey: PngParts = { width: 8, height: 6, colorType: 0, values: values(48, 8) };
  const withData = (data: Uint8Array, [width, height] = [8, 6]) =>
    pngOf([
      ["IHDR", header(width!, height!, [8, 0, 0, 0, 0])],
      ["IDAT", data],
      ["IEND", new Uint8Array(0)],
    ]);

  it.each([1, 2, 4, 8, 16])("makes one transparent colour of %i bits an alpha channel", async (depth) => {
    for (const [colorType, channels] of depth < 8
      ? [[0, 1] as const]
      : ([
          [0, 1],
          [2, 3],
        ] as const)) {
      for (const interlaced of [false, true]) {
        const stored = values(7 * 5 * channels, depth);
        const white = depth === 16 ? 65_535 : 255;
        // The colour of a pixel in the middle; the one after it differs in the last channel alone.
        const key = stored.slice(10 * channels, 11 * channels);
        stored.splice(11 * channels, channels, ...key.slice(0, -1), key.at(-1)! ^ 1);
        // Bits above the depth mean nothing.
        const words = key.flatMap((value) => [depth === 16 ? value >> 8 : 255, value & 255]);
        if (depth < 8) words[1]! |= 255 << depth;
        const extra = [["tRNS", Uint8Array.from(words)]] as const;
        const file = pngBytes({ width: 7, height: 5, depth, colorType, values: stored, interlaced, extra });
        const picture = await decodePicture(file, "a.png");
        expect(picture.channels).toBe(channels + 1);
        const opaque = await decodePicture(
          pngBytes({ width: 7, height: 5, depth, colorType, values: stored }),
          "a.png",
        );
        for (let pixel = 0; pixel < 35; pixel++) {
          const color = stored.slice(pixel * channels, (pixel + 1) * channels);
          const got = [...picture.data.subarray(pixel * (channels + 1), (pixel + 1) * (channels + 1))];
          const alpha = color.every((value, c) => value === key[c]) ? 0 : white;
          expect(got).toEqual([...opaque.data.subarray(pixel * channels, (pixel + 1) * channels), alpha]);
        }
        expect(picture.data[10 * (channels + 1) + channels]).toBe(0);
        expect(picture.data[11 * (channels + 1) + channels]).toBe(white);
      }
    }
  });

  it("says that a file is cut short, wherever its data is not whole", async () => {
    const file = pngBytes(grey);
    const end = file.length - 12;
    for (let length = 8; length < file.length; length++) {
      const read = decodePicture(file.slice(0, length), "a.png");
      if (length < end) expect(await fault(read)).toMatch(/^a\.png .*cut short to \d+ bytes/);
      else expect((await read).data).toEqual(Uint8Array.from(grey.values));
    }
  });

  it("notices one changed byte, wherever it could change the picture", async () => {
    const file = pngBytes(grey);
    for (let at = 8; at < file.length - 12; at++) {
      const changed = file.slice();
      changed[at]! ^= 0x55;
      expect(await fault(decodePicture(changed, "a.png"))).toMatch(/^a\.png /);
    }
  });

  it("refuses less data than the header says, and data that is none", async () => {
    const data = pngData(grey);
    expect(await fault(decodePicture(withData(deflateSync(data.slice(0, -1))), "a.png"))).toMatch(
      /53 instead of 54 bytes/,
    );
    // More rows than there are in the picture are left alone, as by libpng and browsers.
    const more = deflateSync(Buffer.concat([data, Buffer.alloc(1000)]));
    expect((await decodePicture(withData(more), "a.png")).data).toEqual(Uint8Array.from(grey.values));
    expect(await fault(decodePicture(withData(Uint8Array.of(1, 2, 3)), "a.png"))).toMatch(
      /cannot be unpacked/,
    );
  });

  it("refuses sizes of nothing and of too much before it unpacks anything", async () => {
    expect(await fault(decodePicture(withData(new Uint8Array(0), [0, 6]), "a.png"))).toMatch(
      /no pixels \(0 × 6\)/,
    );
    expect(await fault(decodePicture(withData(new Uint8Array(0), [60_000, 60_000]), "a.png"))).toMatch(
      /60000 × 60000 .*maxPixels/,
    );
    expect(await fault(decodePicture(pngBytes(grey), "a.png", { maxPixels: 47 }))).toMatch(
      /8 × 6 .*the 47 allowed/,
    );
    expect(await decodePicture(pngBytes(grey), "a.png", { maxPixels: 48 })).toMatchObject({ width: 8 });
  });

  it("refuses headers that the standard does not have", async () => {
    for (const rest of [
      [8, 1, 0, 0, 0],
      [4, 2, 0, 0, 0],
      [8, 0, 1, 0, 0],
      [8, 0, 0, 1, 0],
      [8, 0, 0, 0, 2],
    ]) {
      const file = pngOf([
        ["IHDR", header(8, 6, rest)],
        ["IEND", new Uint8Array(0)],
      ]);
      expect(await fault(decodePicture(file, "a.png"))).toMatch(/its header/);
    }
  });
});

describe("JPEG", () => {
  /** Greatest difference from what a fixture was made of: see fixtures/README.md. */
  const distance = (data: ArrayLike<number>, channels: number) => {
    let greatest = 0;
    for (let i = 0; i < data.length; i++) {
      const x = Math.floor(i / channels) % 18;
      const y = Math.floor(i / channels / 18);
      const original = [10 * x + 5 * y, 200 - 8 * x + 2 * y, 60 + 9 * y][i % channels]!;
      greatest = Math.max(greatest, Math.abs(data[i]! - original));
    }
    return greatest;
  };

  it("grey, and progressive colour", async () => {
    for (const [name, channels] of [
      ["grey.jpg", 1],
      ["progressive.jpg", 3],
    ] as const) {
      const picture = await decodePicture(await fixture(name), name);
      expect(picture).toMatchObject({ width: 18, height: 13, channels });
      expect(picture.data).toHaveLength(18 * 13 * channels);
      expect(distance(picture.data, channels)).toBeLessThanOrEqual(6);
    }
  });

  it("turns it upright as EXIF says", async () => {
    const [width, height] = [24, 16];
    const red = Uint8Array.from({ length: 4 * width * height }, (_, i) =>
      i % 4 === 3 ? 255 : (i >> 2) % width < 8 && Math.floor(i / 4 / width) < 8 ? 255 : 0,
    );
    const file = encodeJpeg({ data: red, width, height }, { quality: 95 });
    /** Where the white corner of the stored picture is seen: left or right, top or bottom. */
    const corners = [
      "top left",
      "top right",
      "bottom right",
      "bottom left",
      "top left",
      "top right",
      "bottom right",
      "bottom left",
    ];
    for (const [index, corner] of corners.entries()) {
      const exif = [
        0x45,
        0x78,
        0x69,
        0x66,
        0,
        0,
        0x4d,
        0x4d,
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
        index + 1,
        0,
        0,
      ];
      const turned = Uint8Array.of(
        ...file.subarray(0, 2),
        0xff,
        0xe1,
        0,
        exif.length + 2,
        ...exif,
        ...file.subarray(2),
      );
      const picture = await decodePicture(turned, "a.jpg");
      expect([picture.width, picture.height]).toEqual(index < 4 ? [width, height] : [height, width]);
      const at = (x: number, y: number) => picture.data[(y * picture.width + x) * 3]!;
      const [down, across] = corner.split(" ");
      const x = across === "left" ? 2 : picture.width - 3;
      const y = down === "top" ? 2 : picture.height - 3;
      expect(at(x, y)).toBeGreaterThan(200);
      expect(at(picture.width - 1 - x, picture.height - 1 - y)).toBeLessThan(50);
    }
  });

  it("refuses by name what it does not support", async () => {
    const file = new Uint8Array(await fixture("grey.jpg"));
    const frame = file.findIndex((byte, i) => byte === 0xff && file[i + 1] === 0xc0);
    const changed = (offset: number, value: number) => {
      const copy = file.slice();
      copy[frame + offset] = value;
      return copy;
    };
    expect(await fault(decodePicture(changed(1, 0xc3), "a.jpg"))).toMatch(/rare kind \(lossless\)/);
    expect(await fault(decodePicture(changed(1, 0xc9), "a.jpg"))).toMatch(
      /rare kind \(arithmetically coded\)/,
    );
    expect(await fault(decodePicture(changed(4, 12), "a.jpg"))).toMatch(/of 12 bits/);
    expect(await fault(decodePicture(changed(6, 0), "a.jpg"))).toMatch(/no pixels \(18 × 0\)/);
    expect(await fault(decodePicture(changed(5, 200), "a.jpg", { maxPixels: 1e5 }))).toMatch(/maxPixels/);
  });

  it("says that a file is cut short, wherever", async () => {
    for (const name of ["grey.jpg", "progressive.jpg"]) {
      const file = await fixture(name);
      // All data of the sequential one is there when only the mark of its end is missing.
      const end = name === "grey.jpg" ? file.length - 2 : file.length;
      for (let length = 3; length < end; length++) {
        expect(await fault(decodePicture(file.subarray(0, length), "a.jpg"))).toMatch(
          /^a\.jpg is a broken JPEG/,
        );
      }
    }
  });

  it("ends with a picture or a DataError, whatever byte is changed", async () => {
    const file = await fixture("progressive.jpg");
    let refused = 0;
    for (let at = 2; at < file.length; at++) {
      const changed = new Uint8Array(file);
      changed[at]! ^= 0x55;
      const picture = await decodePicture(changed, "a.jpg", { maxPixels: 1e5 }).catch((error) => {
        expect(error).toBeInstanceOf(DataError);
        refused++;
      });
      if (picture) expect(picture.data).toHaveLength(picture.width * picture.height * picture.channels);
    }
    expect(refused).toBeGreaterThan(100);
  });
});

describe("files and folders", () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "denoise-wasm-pictures-"));
    await mkdir(join(folder, "nothing"));
    await writeFile(
      join(folder, "b.PNG"),
      pngBytes({ width: 2, height: 1, colorType: 6, values: [1, 2, 3, 4, 5, 6, 7, 8] }),
    );
    await writeFile(
      join(folder, "a.png"),
      pngBytes({ width: 2, height: 1, depth: 16, colorType: 0, values: [257 * 9 + 200, 65535] }),
    );
    await writeFile(join(folder, "c.jpeg"), await fixture("grey.jpg"));
    await writeFile(join(folder, ".hidden.png"), "");
    await writeFile(join(folder, "notes.txt"), "");
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it("reads a folder by name, as bytes without alpha", async () => {
    expect(await picturesIn(folder)).toEqual(["a.png", "b.PNG", "c.jpeg"].map((name) => join(folder, name)));
    const [a, b, c] = await readPhotos(folder);
    const size = { width: 2, height: 1 };
    expect(a).toEqual({ data: Uint8Array.of(10, 255), ...size, channels: 1, name: join(folder, "a.png") });
    expect(b).toEqual({
      data: Uint8Array.of(1, 2, 3, 5, 6, 7),
      ...size,
      channels: 3,
      name: join(folder, "b.PNG"),
    });
    expect(c).toMatchObject({ width: 18, height: 13, channels: 1 });
  });

  it("has pictures without an ending, and files that end as pictures of other formats, which are refused by name", async () => {
    const mixed = join(folder, "mixed");
    await mkdir(join(mixed, "folder"), { recursive: true });
    await writeFile(join(mixed, "scan"), await fixture("grey.jpg"));
    await writeFile(join(mixed, "a.jfif"), await fixture("grey.jpg"));
    const others = ["b.BMP", "c.jxl", "d.dng"];
    for (const name of others) await writeFile(join(mixed, name), "II*\0".repeat(8));
    for (const name of ["Makefile", "notes.txt", "a.jfif.0123abcd.tmp", ".d"])
      await writeFile(join(mixed, name), name === "Makefile" ? "" : await fixture("grey.jpg"));
    const names = ["a.jfif", ...others, "scan"];
    expect(await picturesIn(mixed)).toEqual(names.map((name) => join(mixed, name)));
    expect(await readPicture(join(mixed, "scan"))).toMatchObject({ width: 18, height: 13 });
    expect(await fault(readPicture(join(mixed, "d.dng")))).toMatch(
      /d\.dng is a picture file of another format/,
    );
    await writeFile(join(mixed, "b.BMP"), "BM");
    expect(await fault(readPicture(join(mixed, "b.BMP")))).toMatch(
      /b\.BMP is a picture file of another format/,
    );
  });

  it("names the file that is missing, empty or something else", async () => {
    expect(await fault(readPicture(join(folder, "none.png")))).toMatch(/none\.png cannot be read: ENOENT/);
    expect(await fault(readPicture(join(folder, ".hidden.png")))).toMatch(/\.hidden\.png is empty/);
    expect(await fault(decodePicture(Buffer.from("GIF89a"), "a.gif"))).toMatch(/neither a PNG nor a JPEG/);
    expect(await fault(readPhotos(join(folder, "nothing")))).toMatch(/nothing holds no pictures/);
    expect(await fault(picturesIn(join(folder, "none")))).toMatch(/none cannot be read/);
  });
});
