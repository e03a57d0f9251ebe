/** Picture files of every kind through `denoise-wasm denoise`: the right picture, or one clear error that says what to do. */
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readPicture } from "../../src/pictures/picture-files.node.ts";
import { encodePng } from "../../src/pictures/png-encode.ts";
import { type Result, runCli } from "../support/run-cli.ts";
import { tiffBytes } from "../support/tiff-bytes.ts";

const sharp = (await import("sharp").catch(() => undefined))?.default;
const fixture = (name: string) =>
  readFile(fileURLToPath(new URL(`../fixtures/pictures/${name}`, import.meta.url)));

const [width, height] = [40, 30];
/** Smooth colours. */
const colors = (channels: number, shift = 0) =>
  Uint8Array.from({ length: width * height * channels }, (_, i) => {
    const [x, y] = [Math.floor(i / channels) % width, Math.floor(i / channels / width)];
    return 40 + shift + (((i % channels) + 1) * x + 2 * y);
  });
const rawOf = (channels: 1 | 2 | 3 | 4) => sharp!(colors(channels), { raw: { width, height, channels } });
/** Three frames, one below the other; the first is that of `colors(3)`. */
const frames = () =>
  sharp!(Buffer.concat([0, 30, 60].map((shift) => colors(3, shift))), {
    raw: { width, height: 3 * height, channels: 3, pageHeight: height },
  });

/** A file in which a value was replaced. */
function patched(file: Uint8Array, at: number, ...bytes: number[]): Uint8Array {
  const copy = Uint8Array.from(file);
  copy.set(bytes, at);
  return copy;
}

/** The files that go in, each with what is said of it: a result's name, or an error. */
type Case = readonly [name: string, file: () => Promise<Uint8Array> | Uint8Array, said: RegExp];

const right: readonly Case[] = [
  ["cmyk.jpg", () => fixture("cmyk.jpg"), /→ out\/cmyk\.jpg {2}\(σ/],
  ["cmyk.tif", () => rawOf(3).toColourspace("cmyk").tiff().toBuffer(), /→ out\/cmyk\.tif {2}\(σ/],
  ["moving.gif", () => frames().gif().toBuffer(), /→ out\/moving\.png {2}\(the first of 3 pictures; σ/],
  [
    "animated.webp",
    () => frames().webp({ lossless: true }).toBuffer(),
    /→ out\/animated\.webp {2}\(the first of 3 pictures; σ/,
  ],
  [
    "pages.tif",
    () =>
      tiffBytes(
        ...[0, 30].map((shift) => ({ width, height, depth: 8, channels: 3, data: colors(3, shift) })),
      ),
    /→ out\/pages\.tif {2}\(the first of 2 pictures; σ/,
  ],
  [
    "animated.png",
    async () => {
      const file = await encodePng({ data: colors(3), width, height });
      const { SIGNATURE, fileOf } = await import("../../src/pictures/png-chunks.ts");
      const animation = fileOf([{ type: "acTL", data: Uint8Array.of(0, 0, 0, 2, 0, 0, 0, 0) }]);
      const header = SIGNATURE.length + 25;
      return Buffer.concat([
        file.subarray(0, header),
        animation.subarray(SIGNATURE.length),
        file.subarray(header),
      ]);
    },
    /→ out\/animated\.png {2}\(the first of 2 pictures; σ/,
  ],
  ["palette.png", () => rawOf(4).png({ palette: true }).toBuffer(), /→ out\/palette\.png {2}\(σ/],
  [
    "grey-alpha.png",
    () => encodePng({ data: colors(2), width, height, channels: 2 }),
    /→ out\/grey-alpha\.png/,
  ],
  [
    "grey-alpha.tif",
    () => tiffBytes({ width, height, depth: 8, channels: 2, data: colors(2) }),
    /→ out\/grey-alpha\.tif/,
  ],
  [
    "bits.tif",
    () =>
      tiffBytes({ width: 16, height: 2, depth: 1, channels: 1, data: Uint8Array.of(0xf0, 0x0f, 0xaa, 0) }),
    /→ out\/bits\.tif/,
  ],
  ["photo.jfif", () => fixture("grey.jpg"), /→ out\/photo\.jfif/],
  ["really-a-png.jpg", () => encodePng({ data: colors(3), width, height }), /→ out\/really-a-png\.jpg/],
  ["really-a-tiff.webp", () => rawOf(3).tiff().toBuffer(), /→ out\/really-a-tiff\.webp/],
];

const cut = async (file: Promise<Uint8Array>) => {
  const bytes = await file;
  return bytes.subarray(0, Math.floor(bytes.length * 0.6));
};
const noise = () =>
  sharp!(
    Uint8Array.from({ length: 90_000 }, (_, i) => (i * i * 31 + (i >> 3) * 17) % 251),
    {
      raw: { width: 200, height: 150, channels: 3 },
    },
  );
const unreadable = (kind: string) =>
  new RegExp(`is a ${kind} file that sharp cannot read: .+; get it anew, or save it as a PNG$`);
const broken = (kind: string) => new RegExp(`is a broken ${kind} file: .+; get or save it anew$`);
const tooLarge = /has \d+ × \d+ pixels, more than the \d+ allowed; raise maxPixels if you trust it$/;

const refused: readonly Case[] = [
  ["cut.jpg", () => cut(noise().jpeg().toBuffer()), broken("JPEG")],
  ["cut.png", () => cut(noise().png().toBuffer()), broken("PNG")],
  ["cut.webp", () => cut(noise().webp().toBuffer()), unreadable("WebP")],
  ["cut.avif", () => cut(noise().avif({ effort: 0 }).toBuffer()), unreadable("AVIF")],
  ["short.gif", () => cut(noise().gif().toBuffer()), unreadable("GIF")],
  ["cut.tif", () => cut(noise().tiff({ compression: "deflate" }).toBuffer()), unreadable("TIFF")],
  // The sizes are those of the headers; the files have some hundred bytes.
  [
    "bomb.tif",
    () => tiffBytes({ width: 60_000, height: 60_000, depth: 8, channels: 3, data: new Uint8Array(100) }),
    tooLarge,
  ],
  [
    "bomb.gif",
    async () => {
      const file = await rawOf(3).gif().toBuffer();
      const frame = file.indexOf(Uint8Array.of(0x2c, 0, 0, 0, 0, width, 0, height, 0));
      return patched(patched(file, 6, 255, 255, 255, 255), frame + 5, 255, 255, 255, 255);
    },
    tooLarge,
  ],
  ["bomb.webp", async () => patched(await frames().webp().toBuffer(), 24, 254, 63, 0, 254, 63, 0), tooLarge],
  [
    "bomb.avif",
    async () => {
      const file = await rawOf(3).avif({ effort: 0 }).toBuffer();
      return patched(file, file.indexOf("ispe") + 8, 0, 0, 255, 255, 0, 0, 255, 255);
    },
    tooLarge,
  ],
  [
    "floats.tif",
    () => {
      const values = Float32Array.from(colors(1), (value) => value / 255);
      return tiffBytes({
        width,
        height,
        depth: 32,
        channels: 1,
        isFloat: true,
        data: new Uint8Array(values.buffer),
      });
    },
    /floats\.tif is a TIFF file with values of the kind "float", .+; save it with 8 or 16 bits a value, or give the values to `denoise` with a `range`$/,
  ],
  [
    "text.png",
    () => new TextEncoder().encode("no picture"),
    /text\.png is no picture file; give one of PNG, /,
  ],
  [
    "photo.bmp",
    () => new TextEncoder().encode("BM"),
    /photo\.bmp is a picture file of another format; give one of/,
  ],
  ["raw.dng", () => rawOf(3).tiff().toBuffer(), /raw\.dng is a picture file of another format; give one of/],
  ["nothing.tif", () => new Uint8Array(), /nothing\.tif is empty; give one/],
  [
    "clear.jpg",
    () => encodePng({ data: colors(4), width, height, channels: 4 }),
    /^DataError: in\/clear\.jpg: .+transparent.+Write a PNG/,
  ],
];

describe.skipIf(!sharp)("picture files", () => {
  let folder: string;
  let result: Result;
  const at = (...names: string[]) => join(folder, ...names);
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "denoise-wasm-kinds-"));
    await mkdir(at("in"));
    for (const [name, file] of [...right, ...refused]) await writeFile(at("in", name), await file());
    result = await runCli(folder, ["denoise", "in", "-o", "out/", "--sigma", "0"]);
  }, 60_000);
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it.each(right.map(([name, , said]) => [name, said] as const))(
    "%s becomes a picture",
    async (name, said) => {
      expect(result.stdout.split("\n").find((line) => line.startsWith(`in/${name} `))).toMatch(said);
    },
  );

  it.each(refused.map(([name, , said]) => [name, said] as const))("%s is refused", async (name, said) => {
    const lines = result.stderr.split("\n").filter((line) => line.startsWith(`DataError: in/${name}`));
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(said);
  });

  it("fails in the end, and has written what could be read, and nothing else", async () => {
    expect(result.code).toBe(1);
    expect((await readdir(at("out"))).sort()).toEqual(
      right.map(([name]) => name.replace(".gif", ".png")).sort(),
    );
  });

  const read = (name: string) => readPicture(at("out", name));
  const meanDifference = (a: ArrayLike<number>, b: ArrayLike<number>) =>
    Array.from(a).reduce((sum, value, i) => sum + Math.abs(value - b[i]!), 0) / a.length;

  it("has the first picture of several", async () => {
    for (const [name, most] of [
      ["moving.png", 4],
      ["animated.webp", 3],
      ["pages.tif", 0],
    ] as const) {
      const { data, channels, ...size } = await read(name);
      expect(size).toMatchObject({ width, height });
      const rgb = data.filter((_, i) => i % channels < 3);
      expect(meanDifference(rgb, colors(3))).toBeLessThanOrEqual(most);
      expect(meanDifference(rgb, colors(3, 30))).toBeGreaterThan(20);
    }
  });

  it("has the same values, alpha too, in formats that lose nothing", async () => {
    expect((await read("grey-alpha.png")).data).toEqual(colors(2));
    expect(await read("grey-alpha.tif")).toMatchObject({ channels: 2, data: colors(2) });
    const before = await sharp!(at("in", "palette.png")).raw().toBuffer();
    expect(await read("palette.png")).toMatchObject({ channels: 4, data: new Uint8Array(before) });
    const bits = [0xf0, 0x0f, 0xaa, 0].flatMap((byte) => [...byte.toString(2).padStart(8, "0")]);
    expect([...(await read("bits.tif")).data]).toEqual(bits.map((bit) => 255 * Number(bit)));
  });

  it("has the colours of inks, and the format that the name says", async () => {
    const shown = await sharp!(at("in", "cmyk.tif")).toColourspace("srgb").raw().toBuffer();
    expect(meanDifference((await read("cmyk.tif")).data, shown)).toBe(0);
    expect(meanDifference((await read("really-a-png.jpg")).data, colors(3))).toBeLessThan(1);
    expect(meanDifference((await read("really-a-tiff.webp")).data, colors(3))).toBeLessThan(3);
    expect((await runCli(folder, ["denoise", "in/cmyk.jpg", "-o", "inks.jpg", "--sigma", "1"])).code).toBe(0);
    const formats = ["out/really-a-png.jpg", "out/really-a-tiff.webp", "inks.jpg"].map(async (name) => {
      const { format, space } = await sharp!(at(name)).metadata();
      return `${format} ${space}`;
    });
    expect(await Promise.all(formats)).toEqual(["jpeg srgb", "webp srgb", "jpeg srgb"]);
  });

  it("is the same file if nothing was changed, and nothing has to be", async () => {
    for (const name of ["cmyk.jpg", "cmyk.tif", "palette.png", "photo.jfif"])
      expect(await readFile(at("out", name)), name).toEqual(await readFile(at("in", name)));
    for (const name of ["animated.webp", "pages.tif", "really-a-png.jpg"])
      expect(await readFile(at("out", name)), name).not.toEqual(await readFile(at("in", name)));
  });
});
