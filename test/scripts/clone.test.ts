/** What a clone does before and after its build: the command that npm links, and builds that are not made twice. */
import { execFile } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { hashOf, isCurrent, writeStamp } from "../../scripts/stamp.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
const run = (folder: string, ...command: string[]) =>
  promisify(execFile)(process.execPath, command, { cwd: folder });

describe("a clone", () => {
  let clone: string;
  beforeAll(() => {
    clone = mkdtempSync(join(tmpdir(), "clone-"));
    for (const path of ["package.json", "scripts", "bin"])
      cpSync(join(root, path), join(clone, path), { recursive: true });
  });
  afterAll(() => rmSync(clone, { recursive: true }));

  it("has the command that package.json names, which is the built one", async () => {
    const command = manifest.bin["denoise-wasm"];
    expect(readFileSync(join(root, command), "utf8")).toMatch(/^#!\/usr\/bin\/env node\n/);
    expect(await run(root, command, "--version")).toEqual({ stdout: `${manifest.version}\n`, stderr: "" });
    await expect(run(root, command, "--nonsense")).rejects.toMatchObject({ code: 2 });
  });

  it("says before it is built what to do", async () => {
    await expect(run(clone, manifest.bin["denoise-wasm"], "--version")).rejects.toMatchObject({
      code: 1,
      stdout: "",
      stderr: expect.stringMatching(/not built yet. Run npm install/),
    });
  });

  it("is not built before its packages are there, where npm prepares it, and fails to be where it is packed", async () => {
    const [command, ...options] = [manifest.scripts.prepare, manifest.scripts.prepack].map((script: string) =>
      script.replace("npm run --silent build --", "scripts/build.js").split(" "),
    );
    expect(await run(clone, ...command!)).toEqual({ stdout: "", stderr: "" });
    expect(existsSync(join(clone, "build"))).toBe(false);
    await expect(run(clone, ...options[0]!)).rejects.toMatchObject({
      stderr: expect.stringContaining("ERR_MODULE"),
    });
  });
});

describe("a build's stamp", () => {
  let folder: string;
  const inside = (...parts: string[]) => join(folder, ...parts);
  const [sources, built] = [
    ["src", "lock.json"],
    ["wasm", "types"],
  ];
  const current = (written = built) =>
    isCurrent(
      inside("stamp.json"),
      sources.map((name) => inside(name)),
      written.map((name) => inside(name)),
    );

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "stamp-"));
    for (const name of ["src/deep", ...built]) mkdirSync(inside(name), { recursive: true });
    for (const file of ["src/deep/a.ts", "lock.json", "wasm/a.wasm", "types/a.d.ts"])
      writeFileSync(inside(file), file);
    const before = hashOf(sources.map((name) => inside(name)));
    writeStamp(
      inside("stamp.json"),
      before,
      built.map((name) => inside(name)),
    );
    return () => rmSync(folder, { recursive: true });
  });

  it("is current as long as nothing changes", () => {
    expect(current()).toBe(true);
    writeFileSync(inside("src/deep/a.ts"), "src/deep/a.ts");
    expect(current()).toBe(true);
  });

  it.each<[string, () => void]>([
    ["a source changes", () => writeFileSync(inside("src/deep/a.ts"), "other")],
    ["a source is added", () => writeFileSync(inside("src/b.ts"), "")],
    ["a source moves", () => cpSync(inside("src/deep/a.ts"), inside("src/a.ts"))],
    ["a source is gone", () => rmSync(inside("lock.json"))],
    ["what was built is gone", () => rmSync(inside("wasm/a.wasm"))],
    ["what was built is other", () => writeFileSync(inside("types/a.d.ts"), "types/b.d.ts")],
    ["there is none", () => rmSync(inside("stamp.json"))],
  ])("is not where %s", (_, change) => {
    change();
    expect(current()).toBe(false);
  });

  it("is not for what that build did not write", () => {
    writeStamp(inside("stamp.json"), hashOf(sources.map((name) => inside(name))), [inside("wasm")]);
    expect(current(["wasm"])).toBe(true);
    expect(current()).toBe(false);
  });
});
