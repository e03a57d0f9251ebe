/** The pictures that the arguments of a command stand for. */
import { readFile } from "node:fs/promises";
import { basename, dirname, isAbsolute, join, relative, resolve } from "node:path";
import { buffer } from "node:stream/consumers";
import { glob, isDynamicPattern } from "tinyglobby";
import { DataError } from "../errors.ts";
import { pictureBytes, picturesIn } from "../pictures/picture-files.node.ts";
import { canonical, exists, isFolder, isInside } from "./paths.ts";

/** Stands for standard input or output. */
export const STANDARD = "-";

/** What is added to the names of results that lie beside their pictures. */
export const RESULT_SUFFIX = "-denoised";

/** A file to read, and where its result lies in a folder of results. */
export interface Source {
  readonly path: string;
  readonly place: string;
}

/** Which pictures are taken. */
export interface SourceOptions {
  /** The file or folder of results; they lie beside their pictures if it is left out. */
  readonly out?: string;
  /** What is added to the names of results that lie beside their pictures. */
  readonly suffix: string;
  /** Whether those in the folders inside a folder are taken too. */
  readonly recursive?: boolean;
}

/** The pictures that an argument stands for. @throws DataError if there are none */
export async function sourcesOf(input: string, options: SourceOptions): Promise<Source[]> {
  if (await isFolder(input)) {
    const found = await picturesIn(input, options.recursive).catch(async (error) => {
      const deeper = options.recursive ? [] : await picturesIn(input, true).catch(() => []);
      if (deeper.length === 0) throw error;
      throw new DataError(
        `${input} holds pictures only in the folders inside it; give --recursive to take them`,
      );
    });
    const paths = await withoutResults(found, input, options);
    return paths.map((path) => ({ path, place: relative(input, path) }));
  }
  if (input === STANDARD || !isDynamicPattern(input) || (await exists(input)))
    return [{ path: input, place: basename(input) }];
  const pattern = input.replaceAll("\\", "/");
  const paths = (await glob(pattern, { expandDirectories: false })).sort();
  if (paths.length === 0) throw new DataError(`No file is called ${input}; check the pattern`);
  const steps = pattern.split("/");
  const fixed = steps
    .slice(
      0,
      steps.findIndex((step) => /[*?[{(]/.test(step)),
    )
    .join("/");
  const folder = fixed || (steps[0] === "" ? "/" : ".");
  const others = await withoutResults(paths, folder, options);
  return others.map((path) => ({ path, place: placeIn(folder, path) }));
}

/** Where a file's result lies in a folder of results: as the file in its folder, or, if it lies outside, by its name alone. */
function placeIn(folder: string, path: string): string {
  const place = relative(folder, path);
  return isAbsolute(place) || /^\.\.([/\\]|$)/.test(place) ? basename(path) : place;
}

/**
 * Leaves out what is no original: results that lie beside their originals, and comparisons, or all in the folder of results,
 * if that lies inside the folder that is read.
 */
async function withoutResults(
  paths: readonly string[],
  folder: string,
  { out, suffix }: Pick<SourceOptions, "out" | "suffix">,
): Promise<string[]> {
  if (out === undefined) {
    const own = new RegExp(`${suffix.replace(/\W/g, "\\$&")}(-compare)?\\.\\w+$`);
    return paths.filter((path) => suffix === "" || !own.test(path));
  }
  const [within, results] = [await canonical(folder), await canonical(out)];
  if (!isInside(results, within)) return [...paths];
  const places = await Promise.all(paths.map(canonical));
  return paths.filter((_, i) => !isInside(places[i]!, results));
}

/**
 * The pictures of a manifest: one path a line, relative to its folder; empty lines count for nothing. Their results have the same
 * paths in the folder of results; those of pictures outside of the manifest's folder have the paths below the folder that
 * all of these have in common.
 * @throws DataError if it cannot be read
 */
export async function listedIn(manifest: string): Promise<Source[]> {
  const text = await readFile(manifest, "utf8").catch((cause: Error) => {
    throw new DataError(`${manifest} cannot be read: ${cause.message}; name a file that lists pictures`, {
      cause,
    });
  });
  const lines = text
    .replace(/^\uFEFF/, "")
    .split(/\r?\n/)
    .filter((line) => line.trim() !== "");
  const folder = dirname(manifest);
  const paths = lines.map((line) => (isAbsolute(line) ? line : join(folder, line)));
  const shared = commonFolder(paths.filter((path) => !isInside(resolve(path), resolve(folder))));
  return paths.map((path) => {
    const within = isInside(resolve(path), resolve(folder)) ? folder : shared;
    return { path, place: relative(within, path) };
  });
}

/** The innermost folder that all of these paths are in. */
function commonFolder([first = "", ...others]: readonly string[]): string {
  let folder = dirname(resolve(first));
  while (others.some((path) => !isInside(resolve(path), folder))) folder = dirname(folder);
  return folder;
}

/** The bytes of an input, and what errors call it. @throws DataError if it cannot be read */
export async function inputBytes(input: string): Promise<[bytes: Uint8Array, name: string]> {
  return input === STANDARD
    ? [await buffer(process.stdin), "standard input"]
    : [await pictureBytes(input), input];
}
