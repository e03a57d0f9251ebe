import { spawnSync } from "node:child_process";
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buildSync } from "esbuild";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { downloadFashionMnist } from "../../src/data/download.node.ts";
import { requireWritableFolder, writeFileAtomic } from "../../src/data/files.node.ts";
import { OutputError } from "../../src/errors.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "denoise-wasm-"));
});
afterEach(() => rm(folder, { recursive: true }));

describe("writeFileAtomic", () => {
  it("writes text and bytes, over an old file too, and leaves nothing else", async () => {
    const path = join(folder, "file");
    await writeFileAtomic(path, "naïve");
    expect(await readFile(path, "utf8")).toBe("naïve");
    await writeFileAtomic(path, new Uint8Array([9, 1, 2, 9]).subarray(1, 3));
    expect([...(await readFile(path))]).toEqual([1, 2]);
    expect(await readdir(folder)).toEqual(["file"]);
  });

  it("says that the folder does not exist", async () => {
    const path = join(folder, "none", "file");
    const result = writeFileAtomic(path, "x");
    await expect(result).rejects.toThrow(OutputError);
    await expect(result).rejects.toThrow(`Cannot write ${path}: the folder does not exist; create it first.`);
  });

  it("says that a part of the path is a file", async () => {
    await writeFile(join(folder, "file"), "old");
    await expect(writeFileAtomic(join(folder, "file", "below"), "x")).rejects.toThrow(
      /is a file, not a folder/,
    );
    expect(await readFile(join(folder, "file"), "utf8")).toBe("old");
  });

  it("removes the temporary if it cannot take the file's place", async () => {
    const path = join(folder, "taken");
    await mkdir(path);
    const result = writeFileAtomic(path, "x");
    await expect(result).rejects.toThrow(OutputError);
    await expect(result).rejects.toThrow(/taken: there is a folder of that name; choose another name/);
    expect(await readdir(folder)).toEqual(["taken"]);
  });

  // A limit on the size of files stands in for a full disk: the write fails after its first kilobytes.
  it.runIf(process.platform !== "win32")("keeps the old file if the new one does not fit", async () => {
    const path = join(folder, "model");
    await writeFile(path, "old");
    const bundle = join(folder, "files.mjs");
    const [module] = buildSync({
      entryPoints: ["src/data/files.node.ts"],
      bundle: true,
      platform: "node",
      format: "esm",
      write: false,
    }).outputFiles;
    await writeFile(bundle, module!.text);
    const script = `import { writeFileAtomic } from ${JSON.stringify(bundle)};
      await writeFileAtomic(${JSON.stringify(path)}, new Uint8Array(1e6)).catch((error) => console.log(error.message));`;
    const { stdout } = spawnSync("sh", [
      "-c",
      'ulimit -f 64 && "$0" --input-type=module -e "$1"',
      process.execPath,
      script,
    ]);
    expect(stdout.toString()).toMatch(/^Cannot write .*model: the file would be larger than allowed here/);
    expect(await readFile(path, "utf8")).toBe("old");
    expect((await readdir(folder)).sort()).toEqual(["files.mjs", "model"]);
  });
});

describe("a loss of power", () => {
  it("leaves the old file or the new one: content, then name, then the folder's list go to the disk", async () => {
    const done: string[] = [];
    const real = await vi.importActual<typeof import("node:fs/promises")>("node:fs/promises");
    vi.resetModules();
    vi.doMock("node:fs/promises", () => ({
      ...real,
      async open(path: string, flags: string) {
        const file = await real.open(path, flags);
        const name = path.replace(folder, "FOLDER").replace(/\.[0-9a-f]{8}\./, ".TEMPORARY.");
        const told = (what: "writeFile" | "sync" | "close") => (data?: string) => {
          done.push(`${what} ${name}`);
          return file[what](data as string);
        };
        return { writeFile: told("writeFile"), sync: told("sync"), close: told("close") };
      },
      async rename(from: string, to: string) {
        done.push("rename");
        return real.rename(from, to);
      },
    }));
    try {
      const { writeFileAtomic } = await import("../../src/data/files.node.ts");
      await writeFileAtomic(join(folder, "file"), "new");
    } finally {
      vi.doUnmock("node:fs/promises");
    }
    expect(await readFile(join(folder, "file"), "utf8")).toBe("new");
    const temporary = "FOLDER/file.TEMPORARY.tmp";
    expect(done).toEqual([
      `writeFile ${temporary}`,
      `sync ${temporary}`,
      `close ${temporary}`,
      "rename",
      "sync FOLDER",
      "close FOLDER",
    ]);
  });
});

describe("requireWritableFolder", () => {
  it("creates the folder and its parents, and leaves it empty", async () => {
    const path = join(folder, "a", "b");
    await requireWritableFolder(path);
    expect(await readdir(path)).toEqual([]);
    await requireWritableFolder(path);
  });

  it("refuses a file in the folder's place, and above it", async () => {
    const path = join(folder, "file");
    await writeFile(path, "old");
    await expect(requireWritableFolder(path)).rejects.toThrow(OutputError);
    await expect(requireWritableFolder(path)).rejects.toThrow(
      `Cannot write ${path}: there is a file of that name`,
    );
    await expect(requireWritableFolder(join(path, "below"))).rejects.toThrow(/is a file, not a folder/);
    expect(await readFile(path, "utf8")).toBe("old");
  });

  // In /proc no user, not even root, can create anything: a folder that exists and cannot be written.
  it.runIf(process.platform === "linux")("refuses a folder in which no file can be created", async () => {
    await expect(requireWritableFolder("/proc/self")).rejects.toThrow(/^Cannot write \/proc\/self: /);
  });

  it.runIf(process.platform === "linux")("refuses a folder in which no folder can be created", async () => {
    for (const path of ["/proc/none", "/proc/none/below/"])
      await expect(requireWritableFolder(path)).rejects.toThrow(
        `Cannot write ${path}: no folder can be created there; choose another place.`,
      );
    await expect(downloadFashionMnist({ to: "/proc/none" })).rejects.toThrow(
      "/proc/none cannot be written: no folder can be created there; choose another folder",
    );
  });
});
