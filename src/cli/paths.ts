/** What there is at a path. */
import { realpath, stat } from "node:fs/promises";
import { basename, dirname, join, resolve, sep } from "node:path";
import { OutputError } from "../errors.ts";

export async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

export async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

/** @throws OutputError if there is something at the path, and it is not to be written over */
export async function requireFree(path: string, force = false): Promise<void> {
  if (!force && (await exists(path)))
    throw new OutputError(`${path} exists; give --force to write over it, or another name.`);
}

/** Whether a path is that of something in a folder or in one inside it; both are absolute. */
export const isInside = (path: string, folder: string) => path.startsWith(join(folder, sep));

/** The path with symbolic links resolved, as far as it exists. */
export async function canonical(path: string): Promise<string> {
  return realpath(path).catch(async () => {
    const parent = dirname(resolve(path));
    return parent === resolve(path) ? parent : join(await canonical(parent), basename(path));
  });
}
