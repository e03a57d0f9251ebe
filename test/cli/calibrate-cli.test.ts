/** The command line learns the noise of pictures and uses what it learned. */
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readPicture } from "../../src/node.ts";
import { encodePng } from "../../src/pictures/png-encode.ts";
import { psnr } from "../../src/quality/metrics.ts";
import { normal } from "../support/networks.ts";
import { runCli } from "../support/run-cli.ts";

describe("calibrate", () => {
  let folder: string;
  let clean: Awaited<ReturnType<typeof readPicture>>;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "denoise-wasm-calibrate-"));
    clean = await readPicture("data/photographs/parrots.png");
    // Noise as that of few photons: its square grows with brightness.
    const noise = normal(clean.data.length, 8000);
    const data = Uint8ClampedArray.from(clean.data, (value, i) => value + Math.sqrt(8 * value) * noise[i]!);
    await writeFile(join(folder, "noisy.png"), await encodePng({ ...clean, data }));
  }, 60_000);
  afterAll(() => rm(folder, { recursive: true, force: true }));
  const quality = async (name: string) => psnr(clean.data, (await readPicture(join(folder, name))).data);

  it("writes what it learned, and denoise does better with it", async () => {
    const { code, stdout, stderr } = await runCli(folder, ["calibrate", "noisy.png", "-o", "camera.json"]);
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).toMatch(/^grey level +noise\n([\d.]+ +[\d.]+\n){5}\ncamera.json: from 1 picture\n$/);
    expect((await readFile(join(folder, "camera.json"))).length).toBeLessThan(4096);
    const denoise = (...more: string[]) => runCli(folder, ["denoise", "noisy.png", ...more]);
    expect((await denoise("-o", "auto.png")).code).toBe(0);
    expect(await denoise("-o", "calibrated.png", "--calibration", "camera.json")).toMatchObject({
      code: 0,
      stderr: "",
    });
    expect(await quality("calibrated.png")).toBeGreaterThan((await quality("auto.png")) + 1);

    // What is there stays.
    const again = await runCli(folder, ["calibrate", "noisy.png", "-o", "camera.json"]);
    expect(again.code).toBe(1);
    expect(again.stderr).toMatch(/^OutputError: camera.json exists; give --force/);
    // Of a folder, what denoise has put beside the pictures is left out.
    await mkdir(join(folder, "pictures"));
    for (const name of ["noisy", "noisy-denoised", "noisy-denoised-compare"])
      await copyFile(join(folder, "noisy.png"), join(folder, "pictures", `${name}.png`));
    const more = ["-o", "camera.json", "--force", "--json", "--steps", "12"];
    const json = await runCli(folder, ["calibrate", "pictures", ...more]);
    expect(JSON.parse(json.stdout)).toMatchObject({
      out: "camera.json",
      pictures: ["pictures/noisy.png"],
      noise: { length: 5 },
    });
  });

  it("learns from standard input and in a range, leaves out what is no picture, and never writes over one", async () => {
    const picture = await readFile(join(folder, "noisy.png"));
    await mkdir(join(folder, "mixed"));
    await writeFile(join(folder, "mixed", "a.png"), "not a picture");
    await writeFile(join(folder, "mixed", "b.png"), picture);
    await writeFile(
      join(folder, "mixed", "c.png"),
      await encodePng({ data: new Uint8Array(12 * 40), width: 12, height: 40, channels: 1 }),
    );
    const few = "--steps 12 --json --range 0,510".split(" ");
    const mixed = await runCli(folder, ["calibrate", "mixed", "-o", "mixed.json", ...few]);
    expect(mixed.code).toBe(1);
    expect(mixed.stderr).toMatch(/a\.png is no picture file.*\n.*c\.png is 12×40/);
    const { pictures, noise } = JSON.parse(mixed.stdout);
    expect(pictures).toEqual(["mixed/b.png"]);
    expect(noise[4].value).toBeLessThan(128);
    const words = ["calibrate", "-", "-o", "stdin.json", ...few];
    const standard = await runCli(folder, words, undefined, picture);
    expect([standard.code, JSON.parse(standard.stdout).noise]).toEqual([0, noise]);
    const over = await runCli(folder, ["calibrate", "mixed/b.png", "-o", "mixed/b.png", "--force"]);
    expect([over.code, over.stderr]).toEqual([1, expect.stringMatching(/would overwrite the picture/)]);
    expect(await readFile(join(folder, "mixed", "b.png"))).toEqual(picture);
  });

  it.each<[string, string[], number, RegExp]>([
    ["a range that is none", ["calibrate", "noisy.png", "-o", "x.json", "--range", "9,3"], 2, /two numbers/],
    ["no file to write", ["calibrate", "noisy.png"], 2, /required option '-o, --out <file>'/],
    ["no picture", ["calibrate", "none.png", "-o", "x.json"], 1, /^DataError: none.png cannot be read/],
    [
      "steps of a wrong kind",
      ["calibrate", "noisy.png", "-o", "x.json", "--steps", "many"],
      2,
      /has to be a number/,
    ],
    [
      "a level beside it",
      ["denoise", "noisy.png", "--calibration", "a.json", "--sigma", "5"],
      2,
      /cannot be used with/,
    ],
    [
      "a calibration that is not there",
      ["denoise", "noisy.png", "--calibration", "a.json"],
      1,
      /^DataError: a.json cannot be read/,
    ],
    [
      "another file",
      ["denoise", "noisy.png", "--calibration", "noisy.png"],
      1,
      /^DataError: noisy.png is not JSON/,
    ],
  ])("refuses %s", async (_, words, code, message) => {
    const result = await runCli(folder, words);
    expect(result.stderr).toMatch(message);
    expect(result.code).toBe(code);
  });
});
