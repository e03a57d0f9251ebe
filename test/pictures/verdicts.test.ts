/**
 * What the readers of PNG and JPEG files make of odd and broken ones: the pixels that libvips makes of them, or a refusal
 * that says why, and the same in every runtime. Files of other collections are tried too if DENOISE_PICTURES names their
 * folders, separated as in PATH; then a line for each file is written to DENOISE_VERDICTS, with libvips's verdict, and a table
 * with a line for each folder to the same name with the ending .md. For these, sharp has to be installed, or SHARP is its path.
 */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { decodePicture } from "../../src/pictures/decode-picture.ts";
import { decodePng } from "../../src/pictures/png.ts";
import libvips from "../fixtures/pictures/libvips.json" with { type: "json" };
import { besideLibvips, type JudgedFile, verdictLines, verdictTable } from "../support/verdict-table.ts";
import { bundleSuite, places } from "../support/verdicts.ts";

const pictures = fileURLToPath(new URL("../fixtures/pictures/", import.meta.url));
const names = Object.keys(libvips) as (keyof typeof libvips)[];

/** What is refused, although libvips makes something of it if it is told to go on. */
const refused: Record<string, RegExp> = {
  "arith.jpg": /of a rare kind \(arithmetically coded\)/,
  "cut_half.jpg": /cut short/,
  "jpgbomb_base8000.jpg": /636 bytes cannot hold 8000 × 8000 pixels/,
  "jpgbomb_base11500.jpg": /11500 × 11500 pixels, more than/,
  "idat_not_consecutive.png": /interrupted by other chunks/,
  "short_raw.png": /724 instead of 754 bytes/,
};

describe("odd files", () => {
  let bundle: Awaited<ReturnType<typeof bundleSuite>>;
  let expected: string[];
  beforeAll(async () => {
    bundle = await bundleSuite(names.map((name) => readFileSync(join(pictures, "cases", name))));
    expected = await places[0]!.run(bundle.folder);
  });
  afterAll(() => bundle.remove());

  it("become the pixels of libvips, or are refused by name", () => {
    expect(expected).toHaveLength(names.length);
    const other = names.flatMap((name, i) => {
      const verdict = expected[i]!;
      if (refused[name]) return refused[name].test(verdict) ? [] : [`${name}: ${verdict}`];
      if (libvips[name].startsWith("refused"))
        return /^DataError: The file /.test(verdict) ? [] : [`${name}: ${verdict}`];
      return verdict === libvips[name] ? [] : [`${name}: ${verdict} instead of ${libvips[name]}`];
    });
    // libvips stops at the wrong checksum, in the last row; browsers have the whole picture, which is that of ok.png. Its
    // colours of inks are compared below.
    expect(other.map((line) => line.split(":")[0])).toEqual(["adler_bad.png", "cmyk.jpg"]);
    expect(expected[names.indexOf("adler_bad.png")]).toBe(libvips["ok.png"]);
  });

  for (const { title, isFound, run } of places.slice(1)) {
    it.skipIf(!isFound)(`have the same verdict in ${title}`, async () => {
      expect(await run(bundle.folder)).toEqual(expected);
    });
  }

  it("have colours of inks that are libvips's to within a level on average", async () => {
    const read = (name: string) => readFileSync(join(pictures, name));
    const { data } = await decodePicture(read("cases/cmyk.jpg"), "cmyk.jpg");
    const right = (await decodePng(read("cmyk-libvips.png"), "cmyk-libvips.png")).data;
    expect(data).toHaveLength(right.length);
    const differences = Array.from(data, (value, i) => Math.abs(value - right[i]!));
    expect(differences.reduce((sum, value) => sum + value, 0) / data.length).toBeLessThan(1);
    expect(Math.max(...right) - Math.min(...right)).toBeGreaterThan(100);
  });
});

const folders = (process.env.DENOISE_PICTURES ?? "").split(delimiter).filter(Boolean);

describe.skipIf(folders.length === 0)("the files of DENOISE_PICTURES", () => {
  it("have the same verdict in every runtime, and libvips's pixels", { timeout: 3_600_000 }, async () => {
    const paths = folders.flatMap((folder) =>
      readdirSync(folder, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile() && /\.(png|jpe?g)$/i.test(entry.name))
        .map((entry) => join(entry.parentPath, entry.name)),
    );
    const found = places.filter(({ isFound }) => isFound);
    const judged: JudgedFile[] = [];
    for (const batch of batchesOf(paths, 2 ** 22)) {
      const files = batch.map((path) => readFileSync(path));
      const bundle = await bundleSuite(files);
      try {
        const columns: string[][] = [];
        for (const place of found) columns.push(await place.run(bundle.folder));
        for (const [i, path] of batch.entries()) {
          const verdicts = columns.map((column) => column[i]!);
          judged.push({ path, verdicts, ...(await besideLibvips(files[i]!, verdicts[0]!)) });
        }
      } finally {
        await bundle.remove();
      }
    }
    const { DENOISE_VERDICTS } = process.env;
    if (DENOISE_VERDICTS) {
      const runtimes = found.map(({ name }) => name);
      writeFileSync(DENOISE_VERDICTS, verdictLines(judged, runtimes));
      writeFileSync(`${DENOISE_VERDICTS}.md`, verdictTable(judged, folders));
    }
    expect(judged.filter(({ verdicts }) => new Set(verdicts).size > 1)).toEqual([]);
    expect(judged.filter(({ kind }) => kind === "different")).toEqual([]);
    expect(judged.length).toBeGreaterThan(0);
  });
});

/** Files one after the other, in lists of at most so many bytes, or of one. */
function batchesOf(paths: readonly string[], most: number): string[][] {
  const batches: string[][] = [];
  let bytes = Infinity;
  for (const path of paths) {
    const { length } = readFileSync(path);
    if (bytes + length > most) {
      batches.push([]);
      bytes = 0;
    }
    batches.at(-1)!.push(path);
    bytes += length;
  }
  return batches;
}
