import { randomUUID } from "node:crypto";
import { readdirSync, rmSync } from "node:fs";
import { mkdir, open, readdir, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { OutputError } from "../errors.ts";

/** For the system's error codes: what each means, and what to do. */
const reasons: Record<string, string> = {
  ENOSPC: "the disk is full; free some space or choose another place",
  EDQUOT: "the disk quota is used up; free some space or choose another place",
  EFBIG: "the file would be larger than allowed here; raise the limit or choose another place",
  EACCES: "permission denied; change the folder's permissions or choose another place",
  EPERM: "not permitted; change the folder's permissions or choose another place",
  EROFS: "the disk is read-only; choose another place",
  ENOENT: "the folder does not exist; create it first",
  ENOTDIR: "a part of the path is a file, not a folder; choose another path",
  EEXIST: "there is a file of that name; remove it or choose another path",
  EISDIR: "there is a folder of that name; choose another name",
  ENAMETOOLONG: "the name is too long; choose a shorter one",
};

/**
 * Writes a file so that, whatever happens, its path holds either the old content or all of the new. The content goes into
 * a temporary file beside it, which is flushed to the disk and then renamed; then the folder is flushed, so that the new
 * content is there after a loss of power too.
 * @throws OutputError that names the path, the reason and the remedy; the temporary file is removed before
 */
export async function writeFileAtomic(path: string, data: string | Uint8Array): Promise<void> {
  const temporary = temporaryName(path);
  try {
    const file = await open(temporary, "wx");
    try {
      await file.writeFile(data);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {});
    throw outputError(path, error);
  }
  await flushFolder(dirname(path));
}

/** Flushes the names of a folder's files to the disk, where the system can do that: Windows and some networks cannot. */
async function flushFolder(path: string): Promise<void> {
  try {
    const folder = await open(path, "r");
    try {
      await folder.sync();
    } finally {
      await folder.close();
    }
  } catch {
    // The file is whole and has its name, and that is all that can be had here.
  }
}

/**
 * Removes the temporary files of writes that never ended, since their process was killed, from a folder that nobody else
 * writes into. It does so at once, so that it can be called while the process ends.
 */
export function removeTemporaries(folder: string): void {
  try {
    for (const name of readdirSync(folder))
      if (TEMPORARY.test(name)) rmSync(join(folder, name), { force: true });
  } catch {
    // What cannot be removed does no harm.
  }
}

/** Removes the temporary files of writes to these paths that never ended. Those of writes that go on are younger than a minute. */
export async function removeAbandoned(paths: readonly string[]): Promise<void> {
  const written = new Set(paths.map((path) => resolve(path)));
  for (const folder of new Set([...written].map(dirname))) {
    for (const name of await readdir(folder).catch(() => [])) {
      const path = join(folder, name);
      if (!TEMPORARY.test(name) || !written.has(path.replace(TEMPORARY, ""))) continue;
      const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: Infinity }));
      // What cannot be removed does no harm.
      if (Date.now() - mtimeMs > ABANDONED) await rm(path, { force: true }).catch(() => {});
    }
  }
}

/**
 * Creates a folder and its parents if they do not exist, and checks that files can be written in it. This is called
 * before work whose result would otherwise be lost.
 * @throws OutputError that names the path, the reason and the remedy
 */
export async function requireWritableFolder(path: string): Promise<void> {
  const probe = temporaryName(join(path, "probe"));
  try {
    await makeFolder(path);
    await writeFile(probe, "probe", { flag: "wx" });
  } catch (error) {
    throw outputError(path, error);
  } finally {
    await rm(probe, { force: true }).catch(() => {});
  }
}

/**
 * Creates a folder and its parents if they do not exist. Node's own way, `recursive`, never returns where a folder that exists
 * refuses others as if it did not, as those of Linux's /proc do.
 */
export async function makeFolder(path: string): Promise<void> {
  const isThere = await stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "ENOENT" || dirname(path) === path) throw error;
  });
  if (isThere?.isDirectory()) return;
  if (!isThere) await makeFolder(dirname(path));
  await mkdir(path).catch((error: NodeJS.ErrnoException) => {
    // Where there is none, somebody else was as fast, which is as well.
    if (error.code === "EEXIST" && !isThere) return;
    throw error.code === "ENOENT" ? new Error("no folder can be created there", { cause: error }) : error;
  });
}

/** After so many milliseconds in which nobody wrote to it, a temporary file is one whose process was killed. */
const ABANDONED = 60_000;

/** A name for a temporary file beside a path, which `TEMPORARY` matches. */
const temporaryName = (path: string): string => `${path}.${randomUUID().slice(0, 8)}.tmp`;
const TEMPORARY = /\.[0-9a-f]{8}\.tmp$/;

function outputError(path: string, cause: unknown): OutputError {
  const { code, message } = cause as NodeJS.ErrnoException;
  return new OutputError(
    `Cannot write ${path}: ${reasons[code ?? ""] ?? `${message}; choose another place`}.`,
    { cause },
  );
}
