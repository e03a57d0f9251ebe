/** The files that `denoise-wasm denoise` reads and writes: their formats, their names, and those that are there already. */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import {
  copyFile,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  utimes,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createDenoiser } from "../../src/denoiser/photo.ts";
import { encodeModel } from "../../src/model/model-file.ts";
import { formatOf } from "../../src/pictures/formats.ts";
import { encodeJpeg } from "../../src/pictures/jpeg-encode.ts";
import { decodeAny, encodeAny, readPicture } from "../../src/pictures/picture-files.node.ts";
import { encodePng } from "../../src/pictures/png-encode.ts";
import { convModel } from "../support/conv-models.ts";
import { normal } from "../support/networks.ts";
import { runCli } from "../support/run-cli.ts";

const model = convModel({ channels: 3 });
const [width, height] = [40, 30];
const noisy = (channels = 3) =>
  Uint8Array.from(Uint8ClampedArray.from(normal(width * height * channels, 3, 20), (value) => value + 120));
const picture = { data: noisy(), width, height, channels: 3 };
const sharp = await import("sharp").catch(() => undefined);

let folder: string;
const at = (...names: string[]) => join(folder, ...names);
const denoise = (...parameters: string[]) =>
  runCli(folder, ["denoise", "--model", at("model.safetensors"), "--sigma", "20", ...parameters]);
const formatIn = async (...names: string[]) => formatOf(await readFile(at(...names)));

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "denoise-wasm-files-"));
  await writeFile(at("model.safetensors"), encodeModel(model));
  await writeFile(at("a.png"), await encodePng(picture));
  await mkdir(at("photos", "inner"), { recursive: true });
  await writeFile(at("photos", "a.png"), await encodePng(picture));
  await writeFile(at("photos", "a.JPG"), encodeJpeg(picture));
  await writeFile(at("photos", "notes.txt"), "no picture");
  await writeFile(at("photos", "inner", "b.jpeg"), encodeJpeg(picture));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe("names", () => {
  it("beside the picture, in its format, and not again if they are there", async () => {
    const first = await denoise("photos", "--recursive");
    expect([first.code, first.stderr]).toEqual([0, ""]);
    expect((await readdir(at("photos"))).sort()).toEqual(
      ["a-denoised.JPG", "a-denoised.png", "a.JPG", "a.png", "inner", "notes.txt"].sort(),
    );
    expect(await formatIn("photos", "a-denoised.JPG")).toBe("jpeg");
    expect(await readdir(at("photos", "inner"))).toEqual(["b-denoised.jpeg", "b.jpeg"]);
    // What was interrupted goes on with what is missing, and results are no originals.
    await rm(at("photos", "a-denoised.png"));
    const { mtimeMs } = await stat(at("photos", "a-denoised.JPG"));
    const second = await denoise("photos", "--recursive");
    expect([second.code, second.stderr]).toEqual([0, "2 results already there; --force makes them anew.\n"]);
    expect(second.stdout).toMatch(/^photos\/a\.png → photos\/a-denoised\.png {2}\(σ = 20\.0\)\n$/);
    expect((await stat(at("photos", "a-denoised.JPG"))).mtimeMs).toBe(mtimeMs);
    const third = await denoise("photos/a.JPG", "--force");
    expect([third.code, third.stderr]).toEqual([0, ""]);
    expect((await stat(at("photos", "a-denoised.JPG"))).mtimeMs).not.toBe(mtimeMs);
  });

  it("in a folder: the originals', in folders as they were", async () => {
    const { code, stderr } = await denoise("photos", "--recursive", "-o", "clean", "--suffix", "-x");
    expect([code, stderr]).toEqual([0, ""]);
    const names = await readdir(at("clean"), { recursive: true });
    expect(names.sort()).toEqual(
      expect.arrayContaining(["a.JPG", "a.png", "inner", join("inner", "b.jpeg")].sort()),
    );
  });

  it("of a pattern", async () => {
    const { code, stderr, stdout } = await denoise("photos/**/b.jp*", "-o", "patterns/");
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).toMatch(/^photos\/inner\/b\.jpeg → patterns\/inner\/b\.jpeg/);
  });

  it("differ where they would clash, and what clashes all the same is left, not the rest", async () => {
    for (const name of ["x", "y"]) await mkdir(at("clash", name), { recursive: true });
    await mkdir(at("empty"));
    for (const name of ["a.png", "x/a.png", "y/a.png"])
      await writeFile(at("clash", name), await encodePng(picture));
    await writeFile(at("clash", "a.jpg"), encodeJpeg(picture));
    // A file is read by its content, whatever its name says.
    for (const name of ["a.gif", "b.gif"]) await writeFile(at("clash", name), await encodePng(picture));
    const made = async (...parameters: string[]) => {
      const before = await readdir(folder, { recursive: true });
      const { code, stderr } = await denoise(...parameters);
      const names = (await readdir(folder, { recursive: true })).filter((name) => !before.includes(name));
      return { code, stderr, names: names.sort() };
    };
    expect(await made("clash", "--compare")).toEqual({
      code: 0,
      stderr: "",
      names: [
        "clash/a-denoised.jpg",
        "clash/a-denoised.jpg-compare.png",
        "clash/a-denoised.png",
        "clash/a-denoised.png-compare.png",
        "clash/a.gif-denoised-compare.png",
        "clash/a.gif-denoised.png",
        "clash/b-denoised-compare.png",
        "clash/b-denoised.png",
      ],
    });
    const places = ["x/a.png", "y/a.png"].map((place) => `empty/${place}`);
    expect(await made("clash/*/a.png", "-o", "empty")).toEqual({
      code: 0,
      stderr: "",
      names: ["empty/x", places[0], "empty/y", places[1]],
    });
    await symlink(at("clash", "a.png"), at("same.png"));
    expect(await made("clash/a.png", "same.png", "clash/x/../a.png", "-o", "once/")).toEqual({
      code: 0,
      stderr: "",
      names: ["once", "once/a.png"],
    });
    expect(await made("clash/x", "clash/y", "clash/a.jpg", "-o", "rest")).toEqual({
      code: 1,
      stderr:
        "DataError: clash/x/a.png and clash/y/a.png would both become rest/a.png; rename one, or denoise them one by one\n",
      names: ["rest", "rest/a.jpg", "rest/a.png"],
    });
  });

  it("of results are no originals when a command is given again", async () => {
    for (const [parameters, first] of [
      [["again/*.png", "--compare"], 2],
      [["again", "--recursive", "-o", "again/out"], 3],
      [["again/**/*.png", "-o", "again/more/"], 3],
    ] as const) {
      await rm(at("again"), { recursive: true, force: true });
      await mkdir(at("again", "inner"), { recursive: true });
      for (const name of ["a.png", "b.png", "inner/c.png"])
        await writeFile(at("again", name), await encodePng(picture));
      const results = async () => (await readdir(at("again"), { recursive: true })).sort();
      expect(await denoise(...parameters)).toMatchObject({ code: 0, stderr: "" });
      const made = await results();
      const again = await denoise(...parameters);
      expect(again).toMatchObject({ code: 0, stdout: "" });
      expect(again.stderr).toBe(`${first} results already there; --force makes them anew.\n`);
      expect(await results()).toEqual(made);
    }
  });

  it("of a manifest: every Nth line for each of N machines, which go on where they were", async () => {
    const lines = ["photos/a.png", "", "photos/inner/b.jpeg", "photos/none.png", "./a.png"];
    await writeFile(at("manifest.txt"), `${lines.join("\n")}\n`);
    const part = (text: string) => denoise("--manifest", "manifest.txt", "--part", text, "-o", "parts");
    const first = await part("1-of-2");
    expect(first).toMatchObject({ code: 1, stderr: expect.stringMatching(/^DataError: photos\/none\.png/) });
    expect(existsSync(at("parts", "photos", "a.png"))).toBe(true);
    expect(existsSync(at("parts", "photos", "inner", "b.jpeg"))).toBe(false);
    expect(await part("2-of-2")).toMatchObject({ code: 0, stderr: "" });
    expect(await formatIn("parts", "photos", "inner", "b.jpeg")).toBe("jpeg");
    expect(await formatIn("parts", "a.png")).toBe("png");
    expect(await part("2-of-2")).toMatchObject({
      code: 0,
      stderr: expect.stringMatching(/^2 results already/),
    });
    expect(await part("5-of-5")).toMatchObject({ code: 0, stdout: "", stderr: "" });
    for (const wrong of ["0-of-2", "3-of-2", "2", "1-of-x"]) expect((await part(wrong)).code).toBe(2);
    expect((await denoise()).code).toBe(2);
    expect((await denoise("a.png", "--manifest", "manifest.txt")).code).toBe(2);
    expect((await denoise("a.png", "--part", "1-of-2")).code).toBe(2);
    expect(await denoise("--manifest", "absent.txt")).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^DataError: absent\.txt cannot be read/),
    });
  });

  it("of a manifest: no two in one place, whatever its lines and parts are", async () => {
    for (const path of ["lists", "far/x", "far/y", "far/z.png"]) await mkdir(at(path), { recursive: true });
    for (const path of ["far/x/1.png", "far/y/1.png", "far/x/1.jpg", "lists/2.png"])
      await copyFile(at("a.png"), at(path));
    await writeFile(at("far/x/1.gif"), "never read");
    const lines = [
      at("far/x/1.png"),
      "2.png",
      "../far/y/1.png",
      "./2.png",
      "../far/x/1.gif",
      at("lists/2.png"),
    ];
    await writeFile(
      at("lists/all.txt"),
      `\uFEFF${lines.join("\r\n")}\r\nx\0.png\n../far/z.png\n${at("far/x/1.jpg")}\n`,
    );
    const part = (text: string) => denoise("--manifest", "lists/all.txt", "--part", text, "-o", "apart");
    const codes = [];
    let said = "";
    for (const text of ["1-of-4", "2-of-4", "3-of-4", "4-of-4"]) {
      const { code, stderr } = await part(text);
      codes.push(code);
      said += stderr;
    }
    // Beside 1.png, what becomes of 1.gif has another name, whichever part it is in; but it is no picture.
    expect(said).toMatch(/far\/x\/1\.gif is no picture file/);
    expect(codes).toEqual([1, 1, 0, 1]);
    const names = await readdir(at("apart"), { recursive: true });
    expect(names.sort()).toEqual(["2.png", "x", "x/1.jpg", "x/1.png", "y", "y/1.png"]);
    expect((await denoise("--manifest", "lists/all.txt", "-o", "apart")).stderr).toMatch(
      /^4 results already/,
    );
  });

  it("of what was meant are in the errors", async () => {
    await mkdir(at("only", "inside"), { recursive: true });
    await writeFile(at("only", "inside", "a.png"), await encodePng(picture));
    for (const [parameters, code, said] of [
      [["a.png", "--quality", "90"], 2, /standard or best; --file-quality is that of files that are written/],
      [["only"], 1, /^DataError: only holds pictures only in the folders inside it; give --recursive/],
      [["-", "a.png", "-o", "input/"], 1, /^DataError: Standard input has no name .*; name a file by -o/],
      [["a.png", "--model", "photo-huge"], 1, /^ModelFileError: photo-huge .* models photo, photo-grey, /],
    ] as const) {
      const result = await denoise(...parameters);
      expect(result.code).toBe(code);
      expect(result.stderr).toMatch(said);
    }
  });

  // A picture that nobody writes into its pipe keeps the first process from its end.
  it.runIf(process.platform !== "win32")(
    "of what a killed process left are those of whole files only",
    async () => {
      await mkdir(at("many"));
      const file = await encodePng({ data: picture.data.subarray(0, 144), width: 8, height: 6, channels: 3 });
      const names = Array.from({ length: 200 }, (_, i) => `${String(i).padStart(3, "0")}.png`);
      for (const [i, name] of names.entries())
        await writeFile(at("many", name), i % 40 === 7 ? file.subarray(0, 60) : file);
      await rm(at("many", "150.png"));
      expect(spawnSync("mkfifo", [at("many", "150.png")]).status).toBe(0);
      const parameters = ["denoise", "--model", "model.safetensors", "--sigma", "20", "many", "-o", "made"];
      let said = "";
      const killed = await runCli(folder, parameters, (child) =>
        child.stdout!.on("data", (chunk) => {
          said += chunk;
          if (said.includes("many/149.png")) child.kill("SIGKILL");
        }),
      );
      expect(killed.code).toBe(null);
      const made = async () => (await readdir(at("made"))).filter((name) => name.endsWith(".png")).sort();
      const times = async (names: string[]) =>
        Promise.all(names.map(async (name) => (await stat(at("made", name))).mtimeMs));
      const first = await made();
      expect(first).toEqual(expect.arrayContaining(names.filter((_, i) => i < 150 && i % 40 !== 7)));
      const before = await times(first);
      await rm(at("many", "150.png"));
      await writeFile(at("many", "150.png"), file);
      const temporaries = async () => (await readdir(at("made"))).filter((name) => name.endsWith(".tmp"));
      const left = await temporaries();
      // As if it had been killed a minute ago while it wrote; that process may run on elsewhere; no result of this run.
      const [abandoned, young, foreign] = [
        "149.png.0123abcd.tmp",
        "151.png.0123abcd.tmp",
        "notes.0123abcd.tmp",
      ] as const;
      for (const name of [abandoned, young, foreign]) await writeFile(at("made", name), "half");
      const earlier = Date.now() / 1000 - 61;
      for (const name of [abandoned, foreign]) await utimes(at("made", name), earlier, earlier);
      const { code, stdout, stderr } = await runCli(folder, parameters);
      expect(code).toBe(1);
      expect(stderr.split("\n")[0]).toBe(`${first.length} results already there; --force makes them anew.`);
      expect(stderr.match(/^DataError: many\/\d+\.png is a broken PNG file/gm)).toHaveLength(5);
      expect(stdout.trim().split("\n")).toHaveLength(195 - first.length);
      expect(await times(first)).toEqual(before);
      const files = await Promise.all((await made()).map((name) => readFile(at("made", name))));
      expect(files).toHaveLength(195);
      for (const one of files) expect(one).toEqual(files[0]);
      expect((await temporaries()).sort()).toEqual([...left, young, foreign].sort());
    },
  );

  it("of a link to nothing are told from those of nothing", async () => {
    await symlink(at("nowhere.png"), at("link.png"));
    const { code, stderr } = await denoise("link.png");
    expect([code, stderr]).toEqual([
      1,
      `DataError: link.png cannot be read: it is a link to ${at("nowhere.png")}, which is not there; name a picture file\n`,
    ]);
  });

  it("are never those of a file that exists", async () => {
    await writeFile(at("kept.png"), "kept");
    const { code, stderr } = await denoise("a.png", "-o", "kept.png");
    expect([code, stderr]).toEqual([
      1,
      "OutputError: kept.png exists; give --force to write over it, or another name.\n",
    ]);
    expect(await readFile(at("kept.png"), "utf8")).toBe("kept");
    await writeFile(at("new-compare.png"), "kept");
    const compared = await denoise("a.png", "-o", "new.png", "--compare");
    expect([compared.code, existsSync(at("new.png"))]).toEqual([1, false]);
    expect(compared.stderr).toMatch(/^OutputError: new-compare\.png exists; give --force/);
    expect(await readFile(at("new-compare.png"), "utf8")).toBe("kept");
    expect((await denoise("a.png", "-o", "kept.png", "--force")).code).toBe(0);
    expect(await formatIn("kept.png")).toBe("png");
  });
});

describe("standard input and output", () => {
  it.each([
    ["png", () => encodePng(picture)],
    ["jpeg", () => encodeJpeg(picture)],
  ])("a %s file comes back in its format", async (format, file) => {
    const bytes = await file();
    const parameters = ["denoise", "--model", "model.safetensors", "--sigma", "20", "-"];
    const { code, output, stderr } = await runCli(folder, parameters, undefined, bytes);
    expect([code, stderr]).toEqual([0, "- → -  (σ = 20.0)\n"]);
    expect(formatOf(output)).toBe(format);
    const denoiser = await createDenoiser({ model });
    const clean = await denoiser.denoise(await decodeAny(bytes, "in"), { sigma: 20 });
    const read = await decodeAny(output, "out");
    if (format === "png") expect(read.data).toEqual(clean.data);
    else expect(read).toMatchObject({ width, height, channels: 3 });
  });
});

it("ends quietly where nobody reads what it prints", async () => {
  const { code, stderr } = await runCli(folder, ["inspect", "--recipe", "photo"], (child) =>
    child.stdout!.destroy(),
  );
  expect([code, stderr]).toEqual([expect.toSatisfy((code) => code === 0 || code === 1), ""]);
});

describe.skipIf(!sharp)("the formats of sharp", () => {
  const xmp = new TextEncoder().encode(
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"/></x:xmpmeta>',
  );

  it.each(["webp", "avif", "tif"])("%s: in and out, with what the file holds", async (ending) => {
    const name = `in.${ending}`;
    const p3 = await sharp!
      .default(await encodePng(picture))
      .withIccProfile("p3")
      .png()
      .toBuffer();
    const { icc } = (await decodeAny(p3, "p3.png")).metadata;
    expect(icc!.length).toBeGreaterThan(100);
    const density = { x: 300, y: 300, unit: "inch" } as const;
    await writeFile(
      at(name),
      await encodeAny(picture, name, { quality: 100, metadata: { xmp, icc, density } }),
    );
    const before = await readPicture(at(name));
    expect(before).toMatchObject({ width, height, channels: 3 });
    const { code, stderr } = await denoise(name, "-o", `out.${ending}`);
    expect([code, stderr]).toEqual([0, ""]);
    expect(await formatIn(`out.${ending}`)).toBe(ending === "tif" ? "tiff" : ending);
    const after = await readPicture(at(`out.${ending}`));
    expect(new TextDecoder().decode(after.metadata.xmp)).toContain("x:xmpmeta");
    expect(after.metadata.icc).toEqual(icc);
    // TIFF always has a density; WebP and AVIF have none.
    if (ending !== "tif") expect(after.metadata.density).toBeUndefined();
    else expect(Math.abs(after.metadata.density!.x - 300)).toBeLessThan(0.02);
    const denoiser = await createDenoiser({ model });
    const { data } = await denoiser.denoise(before, { sigma: 20 });
    const off = Array.from(after.data, (value, i) => Math.abs(value - data[i]!));
    const mean = off.reduce((sum, value) => sum + value, 0) / data.length;
    if (ending === "tif") expect(mean).toBe(0);
    else expect(mean).toBeLessThan(4);
  });

  it("a WebP file that lost nothing stays so, and others lose nothing at quality 100", async () => {
    const raw = { width, height, channels: 4 } as const;
    const clear = Uint8Array.from(noisy(4), (value, i) => (i % 4 === 3 && i < 400 ? 0 : value));
    const file = (lossless: boolean) =>
      sharp!.default(clear, { raw }).webp({ lossless, exact: true }).toBuffer();
    const frames = { raw: { ...raw, height: 2 * height, pageHeight: height } } as const;
    const animated = sharp!
      .default(Buffer.concat([clear, clear]), frames)
      .webp({ lossless: true })
      .toBuffer();
    await writeFile(at("exact.webp"), await file(true));
    await writeFile(at("frames.webp"), await animated);
    await writeFile(at("lossy.webp"), await file(false));
    const denoiser = await createDenoiser({ model });
    for (const [name, quality, isExact] of [
      ["exact.webp", undefined, true],
      ["frames.webp", undefined, true],
      ["exact.webp", "92", false],
      ["lossy.webp", undefined, false],
      ["lossy.webp", "100", true],
    ] as const) {
      const options = quality === undefined ? [] : ["--file-quality", quality];
      const { code, stderr } = await denoise(name, "-o", "new.webp", "--force", ...options);
      expect([code, stderr]).toEqual([0, ""]);
      const clean = await denoiser.denoise(await readPicture(at(name)), { sigma: 20 });
      const { data } = await readPicture(at("new.webp"));
      expect(Buffer.from(data).equals(Buffer.from(clean.data)), `${name} ${quality}`).toBe(isExact);
    }
    const wrong = await denoise("a.png", "-o", "wrong.jpg", "--file-quality", "90.5");
    expect([wrong.code, wrong.stderr]).toEqual([2, expect.stringContaining("whole number")]);
  });

  it("a TIFF of 16 bits keeps them, and a GIF becomes a PNG", async () => {
    const deep = { ...picture, data: Uint16Array.from(noisy(), (value, i) => 257 * value + (i % 100)) };
    await writeFile(at("deep.tif"), await encodeAny(deep, "deep.tif", {}));
    expect((await readPicture(at("deep.tif"))).data).toEqual(deep.data);
    expect((await denoise("deep.tif")).code).toBe(0);
    const { data } = await readPicture(at("deep-denoised.tif"));
    expect(data).toBeInstanceOf(Uint16Array);
    expect(new Set(data).size).toBeGreaterThan(1000);
    const gif = await sharp!
      .default(noisy(), { raw: { width, height, channels: 3 } })
      .gif()
      .toBuffer();
    await writeFile(at("one.gif"), gif);
    const { code, stdout } = await denoise("one.gif");
    expect([code, stdout.split("  ")[0]]).toEqual([0, "one.gif → one-denoised.png"]);
  });

  it("says what is wrong with a file", async () => {
    await writeFile(at("cut.webp"), (await encodeAny(picture, "x.webp", {})).subarray(0, 200));
    const { code, stderr } = await denoise("cut.webp");
    expect([code, existsSync(at("cut-denoised.webp"))]).toEqual([1, false]);
    expect(stderr).toMatch(
      /^DataError: cut\.webp is a WebP file that sharp cannot read: .*; get it anew, or save it as a PNG\n$/,
    );
    await expect(readPicture(at("in.webp"), { maxPixels: 10 })).rejects.toThrow(/more than the 10 allowed/);
  });
});
