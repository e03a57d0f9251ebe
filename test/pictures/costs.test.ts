/** Files of a few bytes to megabytes that were made to cost seconds and gigabytes: what reading them takes is bounded. */
import { execFile, execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { build } from "esbuild";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { gunzipIfNeeded } from "../../src/data/gzip.ts";
import { DataError } from "../../src/errors.ts";
import { concatenate } from "../../src/pictures/concatenate.ts";
import { header, pngOf } from "../support/png-bytes.ts";

let folder: string;
let script: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "denoise-wasm-costs-"));
  script = join(folder, "script.mjs");
  await build({
    entryPoints: ["test/support/cost-of-reading.ts"],
    bundle: true,
    platform: "node",
    format: "esm",
    outfile: script,
    logLevel: "error",
  });
});
afterAll(() => rm(folder, { recursive: true }));

/** The kilobytes that such a process may hold beside what Node itself holds: what asks for more is not given it. */
const LIMIT = 250_000;

/** The kilobytes that Node holds when it has started: half a gigabyte more since Node 24, whose V8 sets that aside for code. */
function heldByNode(): number {
  const status = execFileSync(process.execPath, [
    "-p",
    'require("node:fs").readFileSync("/proc/self/status", "utf8")',
  ]);
  return Number(/VmData:\s*(\d+) kB/.exec(`${status}`)?.[1]);
}

/** Runs Node in a process of its own, on Linux within the limit. */
async function nodeWithinLimit(...parameters: string[]): Promise<string> {
  const limit =
    process.platform === "linux"
      ? ["sh", "-c", 'ulimit -d "$0" && exec "$@"', `${heldByNode() + LIMIT}`]
      : [];
  const [program, ...all] = [...limit, process.execPath, ...parameters] as [string, ...string[]];
  return (await promisify(execFile)(program, all)).stdout;
}

/** Reads a file in a process of its own. */
async function costOf(reader: "png" | "jpeg" | "gzip", bytes: Uint8Array) {
  const path = join(folder, "file");
  await writeFile(path, bytes);
  const cost = await nodeWithinLimit(script, reader, path);
  return JSON.parse(cost) as { verdict: string; seconds: number; megabytes: number };
}

it.runIf(process.platform === "linux")("the limit is one: a process cannot get 256 MiB more", async () => {
  await expect(nodeWithinLimit("-e", "new Uint8Array(2 ** 28)")).rejects.toThrow(/allocation failed/);
});

/** A grey pixel, with so many empty chunks of a type before its data or behind it. */
function chunky(type: string, place: "before" | "behind", count: number): Uint8Array {
  const pixel = pngOf([
    ["IHDR", header(1, 1, [8, 0, 0, 0, 0])],
    ["IDAT", Uint8Array.of(0x78, 1, 1, 2, 0, 253, 255, 0, 7, 0, 9, 0, 8)],
    ["IEND", new Uint8Array()],
  ]);
  const chunk = pngOf([[type, new Uint8Array()]]).subarray(8);
  const at = place === "before" ? 8 + 25 : pixel.length - 12;
  const chunks = new Uint8Array(Buffer.alloc(count * chunk.length, chunk));
  return concatenate([pixel.subarray(0, at), chunks, pixel.subarray(at)]);
}

describe("a PNG file of 650,000 chunks takes less than 2 s, and no memory beside its own", () => {
  it.each([
    ["tEXt", "before"],
    ["zTXt", "behind"],
    ["IDAT", "before"],
    ["abCd", "before"],
  ] as const)(
    "%s, %s its data",
    async (type, place) => {
      const cost = await costOf("png", chunky(type, place, 650_000));
      expect(cost.verdict).toBe("taken");
      expect(cost.seconds).toBeLessThan(2);
      // 650,000 objects would take 50.
      expect(cost.megabytes).toBeLessThan(30);
    },
    60_000,
  );
});

describe("is refused before it costs anything:", () => {
  const bomb = new Uint8Array(readFileSync("test/fixtures/pictures/cases/jpgbomb_base11500.jpg"));
  const gzipOf = (length: number, size: number) => {
    const file = new Uint8Array(length);
    file.set([0x1f, 0x8b, 8]);
    new DataView(file.buffer).setUint32(length - 4, size, true);
    return file;
  };
  const rgba = (megabytes: number) =>
    pngOf([
      ["IHDR", header(16_384, 8192, [16, 6, 0, 0, 0])],
      ["IDAT", new Uint8Array(megabytes * 2 ** 20)],
      ["IEND", new Uint8Array()],
    ]);

  it.each<["png" | "jpeg" | "gzip", string, Uint8Array, RegExp]>([
    ["png", "2²⁷ pixels of RGBA with 16 bits in a megabyte", rgba(1), /more than the \d+ allowed/],
    [
      "gzip",
      "a megabyte that unpacks to a gigabyte",
      gzipOf(2 ** 20, 1e9),
      /unpack from 1048576 to 1000000000 bytes/,
    ],
    ["jpeg", "11500 × 11500 pixels in 636 bytes", bomb, /11500 × 11500 pixels, more than/],
    ["gzip", "20 bytes that unpack to a gigabyte", gzipOf(20, 1e9), /20 bytes cannot unpack to 1000000000/],
    ["gzip", "4 GB", gzipOf(2 ** 24, 2 ** 32 - 1), /unpack from 16777216 to 4294967295 bytes/],
  ])(
    "%s, %s",
    async (reader, _, file, message) => {
      const { verdict, seconds, megabytes } = await costOf(reader, file);
      expect(verdict).toMatch(/^DataError/);
      expect(verdict).toMatch(message);
      expect(seconds).toBeLessThan(0.5);
      expect(megabytes).toBeLessThan(30);
    },
    60_000,
  );

  it("but not an archive at its limit, which is broken for another reason", async () => {
    const size = 2 ** 28 + 64 * 2 ** 20;
    const atLimit = gzipOf(2 ** 20, size);
    await expect(gunzipIfNeeded(atLimit, "file")).rejects.toThrow(/broken gzip file/);
    new DataView(atLimit.buffer).setUint32(atLimit.length - 4, size + 1, true);
    await expect(gunzipIfNeeded(atLimit, "file")).rejects.toThrow(/more than any pictures do/);
    await expect(gunzipIfNeeded(atLimit, "file")).rejects.toThrow(DataError);
  });
});
