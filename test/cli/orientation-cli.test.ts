/** Orientations 1 to 8 in files of each format: the command line writes pictures that are upright, and says so in them. */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runCli } from "../support/run-cli.ts";

const sharp = (await import("sharp").catch(() => undefined))?.default;
const [width, height] = [48, 32];
/** The colours of the corners: top left, top right, bottom left, bottom right, each of a quarter of the picture. */
const corners = [
  [200, 40, 60],
  [50, 180, 70],
  [60, 80, 210],
  [220, 200, 40],
] as const;
const colorAt = (x: number, y: number) => corners[(y < height / 2 ? 0 : 2) + (x < width / 2 ? 0 : 1)]!;

/** Where the stored pixel (x, y) lies in the upright picture, by the words of Exif for row 0 and column 0 (CIPA DC-008). */
const placeOf: Record<number, (x: number, y: number) => readonly [number, number]> = {
  1: (x, y) => [x, y],
  2: (x, y) => [width - 1 - x, y],
  3: (x, y) => [width - 1 - x, height - 1 - y],
  4: (x, y) => [x, height - 1 - y],
  5: (x, y) => [y, x],
  6: (x, y) => [width - 1 - y, x],
  7: (x, y) => [width - 1 - y, height - 1 - x],
  8: (x, y) => [y, height - 1 - x],
};

function stored(orientation: number) {
  const [across, down] = orientation > 4 ? [height, width] : [width, height];
  const data = new Uint8Array(3 * width * height);
  for (let y = 0; y < down; y++)
    for (let x = 0; x < across; x++) data.set(colorAt(...placeOf[orientation]!(x, y)), 3 * (y * across + x));
  return sharp!(data, { raw: { width: across, height: down, channels: 3 } }).withMetadata({ orientation });
}

const orientations = [1, 2, 3, 4, 5, 6, 7, 8];
/** The formats, and how far off a value may be: by nothing, or by the rounding of flat blocks. */
const formats = { png: 0, tif: 0, jpg: 2, webp: 2 } as const;
const cases = orientations.flatMap((orientation) =>
  Object.entries(formats).map(([ending, most]) => ({ orientation, ending, most })),
);

describe.skipIf(!sharp)("orientations", () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "denoise-wasm-orientations-"));
    await mkdir(join(folder, "in"));
    for (const orientation of orientations) {
      const file = stored(orientation);
      const files = {
        png: await file.clone().png().toBuffer(),
        tif: await file.clone().tiff({ compression: "deflate" }).toBuffer(),
        jpg: await file.clone().jpeg({ quality: 100, chromaSubsampling: "4:4:4" }).toBuffer(),
        webp: await file.clone().webp({ lossless: true }).toBuffer(),
      };
      for (const [ending, bytes] of Object.entries(files))
        await writeFile(join(folder, "in", `${orientation}.${ending}`), bytes);
    }
    const { code, stderr } = await runCli(folder, ["denoise", "in", "-o", "out/", "--sigma", "0"]);
    expect([code, stderr]).toEqual([0, ""]);
  }, 60_000);
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it.each(cases)("$orientation in .$ending", async ({ orientation, ending, most }) => {
    const name = `${orientation}.${ending}`;
    expect((await sharp!(join(folder, "in", name)).metadata()).orientation).toBe(orientation);
    const out = sharp!(join(folder, "out", name));
    expect(await out.metadata()).toMatchObject({ width, height, orientation: 1 });
    const data = await out.raw().toBuffer();
    for (const [x, y] of [
      [0, 0],
      [width - 1, 0],
      [0, height - 1],
      [width - 1, height - 1],
    ] as const) {
      const at = 3 * (y * width + x);
      const off = colorAt(x, y).map((value, c) => Math.abs(value - data[at + c]!));
      expect(Math.max(...off), `the corner (${x}, ${y})`).toBeLessThanOrEqual(most);
    }
  });
});
