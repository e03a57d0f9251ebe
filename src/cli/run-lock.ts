/** The lock of a run folder, so that no two processes write into it. */
import { createHash } from "node:crypto";
import { readFileSync, rmSync } from "node:fs";
import { open, readFile, rm, rmdir, stat } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { removeTemporaries, requireWritableFolder } from "../data/files.node.ts";
import { OutputError, printable } from "../errors.ts";

/** The process that holds a lock: what the file of the lock says, in a line. */
interface Holder {
  readonly pid: number;
  readonly host: string;
  /** When the process began, as the system tells it; another process that got the same number began at another time. */
  readonly began: string;
}

/** How many milliseconds a process may take to write its line into the file that it has made. */
const PATIENCE = 1000;

/**
 * Does some work that writes into a run folder, which is created if there is none. While it lasts, no other process can
 * have the folder. What a process that was killed has left there is removed before, and at the end what this one has left.
 * @throws OutputError if the folder cannot be written, or another process has it
 */
export async function withRunFolder<Result>(folder: string, work: () => Promise<Result>): Promise<Result> {
  await requireWritableFolder(folder);
  const path = join(folder, "run.lock");
  await take(path, folder);
  // Where the process is ended at once, as by a second signal, only this is still called.
  const release = () => {
    removeTemporaries(folder);
    rmSync(path, { force: true });
  };
  process.on("exit", release);
  try {
    removeTemporaries(folder);
    return await work();
  } finally {
    process.off("exit", release);
    release();
    // Of a folder that this run has left empty, nothing is left.
    await rmdir(folder).catch(() => {});
  }
}

async function take(path: string, folder: string): Promise<void> {
  for (;;) {
    if (await make(path)) return;
    const text = await textOf(path);
    if (text === undefined) continue;
    const holder = holderFrom(text);
    if (holder && isAlive(holder)) {
      const where = holder.host === hostname() ? "" : ` on ${printable(holder.host)}`;
      throw new OutputError(
        `${folder} is in use by process ${holder.pid}${where}. Wait until it has ended or choose another folder; ` +
          `if there is no such process, remove ${path}.`,
      );
    }
    await remove(path, text);
  }
}

/** Makes the file of a lock. @returns false if there is one */
async function make(path: string): Promise<boolean> {
  try {
    const file = await open(path, "wx");
    try {
      const holder: Holder = { pid: process.pid, host: hostname(), began: statOf(process.pid).began };
      await file.writeFile(`${JSON.stringify(holder)}\n`);
    } finally {
      await file.close();
    }
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw new OutputError(`Cannot write ${path}: ${(error as Error).message}.`, { cause: error });
  }
}

/** What a lock says; undefined if it is gone. */
async function textOf(path: string): Promise<string | undefined> {
  for (let waited = 0; ; waited += 50) {
    const text = await readFile(path, "utf8").catch(() => undefined);
    if (text === undefined || text.endsWith("\n") || waited >= PATIENCE) return text;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/**
 * Removes a lock that says this, if it is still there. Several processes may find it at once: the one that makes the file
 * whose name follows from the text removes the lock, while the others wait.
 */
async function remove(path: string, text: string): Promise<void> {
  const right = `${path}.${createHash("sha256").update(text).digest("hex").slice(0, 8)}.tmp`;
  try {
    await (await open(right, "wx")).close();
  } catch {
    // A process that was killed in between has left it.
    const age = await stat(right).then(
      ({ mtimeMs }) => Date.now() - mtimeMs,
      () => 0,
    );
    if (age > 10 * PATIENCE) await rm(right, { force: true });
    else await new Promise((resolve) => setTimeout(resolve, 50));
    return;
  }
  if ((await textOf(path)) === text) await rm(path, { force: true });
  await rm(right, { force: true });
}

/** The process that a lock names; undefined if it names none, as after a crash of the whole machine. */
function holderFrom(text: string): Holder | undefined {
  try {
    const { pid, host, began } = JSON.parse(text);
    const isRight =
      Number.isSafeInteger(pid) && pid > 0 && typeof host === "string" && typeof began === "string";
    return isRight ? { pid, host, began } : undefined;
  } catch {
    return undefined;
  }
}

/** Whether the process that holds a lock still runs. Of a process on another machine this cannot be known. */
function isAlive({ pid, host, began }: Holder): boolean {
  if (host !== hostname()) return true;
  try {
    process.kill(pid, 0);
  } catch (error) {
    // Other users' processes may not be signalled, but are there.
    if ((error as NodeJS.ErrnoException).code !== "EPERM") return false;
  }
  const { state, began: now } = statOf(pid);
  // One that has ended is there until its parent has asked how: a zombie.
  if (state === "Z" || state === "X") return false;
  return now === began || now === "" || began === "";
}

/**
 * What Linux says of a process: the letter of its state, and when it began, in the ticks since Linux was started itself.
 * Both are empty where that is not to be had.
 */
function statOf(pid: number): { state: string; began: string } {
  try {
    // The second field, the name of the program in brackets, may hold anything; the state is the 3rd, the beginning the 22nd.
    const text = readFileSync(`/proc/${pid}/stat`, "latin1");
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    return { state: fields[0] ?? "", began: fields[19] ?? "" };
  } catch {
    return { state: "", began: "" };
  }
}
