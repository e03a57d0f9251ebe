/** What `denoise-wasm denoise` reads and writes: from the arguments of the command to pairs of files. */
import { readFile, realpath, stat } from "node:fs/promises";
import { basename, dirname, extname, isAbsolute, join, relative, resolve } from "node:path";
import { buffer } from "node:stream/consumers";
import { glob, isDynamicPattern } from "tinyglobby";
import { DataError, OutputError } from "../errors.ts";
import { formatOfName, type PictureFormat } from "../pictures/formats.ts";
import { pictureBytes, picturesIn } from "../pictures/picture-files.node.ts";

/** Stands for standard input or output. */
export const STANDARD = "-";

/** What is added to the names of results that lie beside their pictures. */
export const RESULT_SUFFIX = "-denoised";

/** A file to read and a file to write, both a path or `STANDARD`. */
export interface Job {
  readonly input: string;
  readonly output: string;
}

/** The formats that are written. */
export type WrittenFormat = Exclude<PictureFormat, "gif" | "heif">;

export interface JobOptions {
  readonly out?: string;
  readonly suffix: string;
  readonly recursive?: boolean;
  readonly force?: boolean;
  readonly compare?: boolean;
  /** A file that names the pictures, one a line. */
  readonly manifest?: string;
  /** Which of its lines are taken. */
  readonly part?: Part;
}

/** Part `number` (from 1) of `of`: of a list, every entry whose position leaves the same remainder. */
export interface Part {
  readonly number: number;
  readonly of: number;
}

/** A file to read, and where its result lies in a folder of results. */
interface Source {
  readonly path: string;
  readonly place: string;
}

/**
 * The files to read, each with the file to write, and those whose results are already there.
 * @throws DataError if two pictures would be written to the same file, an input would be overwritten, or there is no input
 * @throws OutputError if the one file to write exists, or a picture before and after that is to be written
 */
export async function jobsFrom(
  inputs: readonly string[],
  options: JobOptions,
): Promise<{ jobs: Job[]; present: Job[] }> {
  const { out, suffix, compare, force, manifest } = options;
  const sources = manifest
    ? await listedIn(manifest, options.part)
    : (await Promise.all(inputs.map((input) => sourcesOf(input, options)))).flat();
  if (sources.length === 0 && manifest) return { jobs: [], present: [] };
  if (sources.length === 0)
    throw new DataError(`${inputs.join(", ")}: nothing but results; name the pictures`);
  const isFolderIn = sources.length !== 1 || sources[0]!.path !== inputs[0];
  const isFolderOut = out !== undefined && (/[/\\]$/.test(out) || (await isFolder(out)));
  const intoOne = out !== undefined && !isFolderIn && !isFolderOut;
  if (out === STANDARD && isFolderIn)
    throw new DataError("Standard output takes one picture; name a folder for several");
  if (intoOne && out !== STANDARD && writtenFormat(out) === undefined)
    throw new DataError(
      `${out} does not end in .png, .jpg, .webp, .avif or .tif; give it one of these endings, or "/" for a folder`,
    );
  const jobs = sources.map(({ path, place }): Job => {
    if (intoOne) return { input: path, output: out };
    if (out !== undefined) return { input: path, output: join(out, withWrittenEnding(place)) };
    if (path === STANDARD) return { input: path, output: STANDARD };
    const named = withWrittenEnding(path);
    const ending = extname(named);
    return { input: path, output: `${named.slice(0, -ending.length)}${suffix}${ending}` };
  });
  await requireApart(jobs, compare);
  if (force) return { jobs, present: [] };
  const present: Job[] = [];
  const missing: Job[] = [];
  for (const job of jobs) ((await exists(job.output)) ? present : missing).push(job);
  if (!isFolderIn && present[0])
    throw new OutputError(`${present[0].output} exists; give --force to write over it, or another name.`);
  for (const { output } of compare ? missing : []) {
    const path = compareName(output);
    if (await exists(path))
      throw new OutputError(`${path} exists; give --force to write over it, or another name.`);
  }
  return { jobs: missing, present };
}

/** The format of a file that is written, by its name; undefined if it is none of those. */
function writtenFormat(name: string): WrittenFormat | undefined {
  const format = formatOfName(name);
  return format === "gif" || format === "heif" ? undefined : format;
}

export const compareName = (output: string): string => output.replace(/\.\w+$/, "-compare.png");

/** The pictures that an argument stands for. @throws DataError if there are none */
export async function sourcesOf(
  input: string,
  { out, suffix, recursive }: Pick<JobOptions, "out" | "suffix" | "recursive">,
): Promise<Source[]> {
  if (await isFolder(input)) {
    const paths = await picturesIn(input, recursive);
    const own = new RegExp(`${suffix.replace(/\W/g, "\\$&")}(-compare)?\\.\\w+$`);
    // Results that lie beside their originals, and comparisons, are no originals.
    const others = out === undefined && suffix !== "" ? paths.filter((path) => !own.test(path)) : paths;
    return others.map((path) => ({ path, place: relative(input, path) }));
  }
  if (input === STANDARD || !isDynamicPattern(input) || (await exists(input)))
    return [{ path: input, place: basename(input) }];
  const paths = (await glob(input.replaceAll("\\", "/"), { expandDirectories: false })).sort();
  if (paths.length === 0) throw new DataError(`No file is called ${input}; check the pattern`);
  return paths.map((path) => ({ path, place: basename(path) }));
}

/**
 * The pictures that a manifest lists, one path a line, relative to its folder; empty lines count for nothing. Their results
 * have the same paths in the folder of results; those of absolute paths, and of paths that lead out of the folder, have only
 * the name.
 * @throws DataError if it cannot be read
 */
async function listedIn(manifest: string, { number, of }: Part = { number: 1, of: 1 }): Promise<Source[]> {
  const text = await readFile(manifest, "utf8").catch((cause: Error) => {
    throw new DataError(`${manifest} cannot be read: ${cause.message}; name a file that lists pictures`, {
      cause,
    });
  });
  const lines = text.split(/\r?\n/).filter((line) => line.trim() !== "");
  return lines
    .filter((_, index) => index % of === number - 1)
    .map((line) => {
      const isInside = !isAbsolute(line) && !/^\.\.[/\\]/.test(join(line));
      const path = isAbsolute(line) ? line : join(dirname(manifest), line);
      return { path, place: isInside ? join(line) : basename(line) };
    });
}

/** A name as it is, or with the ending .png if nothing is written that ends like it. */
function withWrittenEnding(name: string): string {
  return writtenFormat(name) ? name : `${name.slice(0, name.length - extname(name).length)}.png`;
}

/** @throws DataError if two results would be one file, or one would be a picture that is read */
export async function requireApart(jobs: readonly Job[], compare = false): Promise<void> {
  const sources = new Map<string, string>();
  for (const { input } of jobs) sources.set(await canonical(input), input);
  const targets = new Map<string, string>();
  for (const { input, output } of jobs) {
    if (output === STANDARD) continue;
    for (const path of compare ? [output, compareName(output)] : [output]) {
      const place = await canonical(path);
      if (sources.has(place)) {
        throw new DataError(
          `${path} would overwrite the picture ${sources.get(place)}; write to another place`,
        );
      }
      const other = targets.get(place);
      if (other !== undefined) {
        throw new DataError(
          `${other} and ${input} would both become ${path}; rename one, or denoise them one by one`,
        );
      }
      targets.set(place, input);
    }
  }
}

async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

async function exists(path: string): Promise<boolean> {
  return (
    path !== STANDARD &&
    stat(path).then(
      () => true,
      () => false,
    )
  );
}

/** The bytes of an input, and what errors call it. @throws DataError if it cannot be read */
export async function inputBytes(input: string): Promise<[bytes: Uint8Array, name: string]> {
  return input === STANDARD
    ? [await buffer(process.stdin), "standard input"]
    : [await pictureBytes(input), input];
}

/** The path with symbolic links resolved, as far as it exists. */
async function canonical(path: string): Promise<string> {
  return realpath(path).catch(async () => {
    const parent = dirname(resolve(path));
    return parent === resolve(path) ? parent : join(await canonical(parent), basename(path));
  });
}
