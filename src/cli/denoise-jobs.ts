/** What `denoise-wasm denoise` reads and writes: from the arguments of the command to pairs of files. */
import { readFile, realpath, stat } from "node:fs/promises";
import { basename, dirname, extname, isAbsolute, join, relative, resolve, sep } from "node:path";
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
  /** The file of the picture before and after, if one is to be written. */
  readonly comparison?: string;
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

/** What is to be done. */
interface Work {
  readonly jobs: Job[];
  /** Those whose results are already there. */
  readonly present: Job[];
  /** For each picture that cannot be written where it would be, the reason. */
  readonly clashes: DataError[];
}

/**
 * The files to read, each with the file to write.
 * @throws DataError if there is no input
 * @throws OutputError if the one file to write exists, or a picture before and after that is to be written
 */
export async function jobsFrom(inputs: readonly string[], options: JobOptions): Promise<Work> {
  const { out, suffix, force, manifest, part = { number: 1, of: 1 } } = options;
  const files = await byFile(
    manifest
      ? await listedIn(manifest)
      : (await Promise.all(inputs.map((input) => sourcesOf(input, options)))).flat(),
  );
  const sources = [...files.values()];
  if (sources.length === 0 && manifest) return { jobs: [], present: [], clashes: [] };
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
  if (out !== undefined && !intoOne && files.has(await canonical(STANDARD)))
    throw new DataError(
      "Standard input has no name that its result in a folder could have; name a file by -o",
    );
  const outputOf = ({ path, place }: Source, withEnding: (name: string) => string) => {
    if (intoOne) return out;
    if (out !== undefined) return join(out, withEnding(place));
    if (path === STANDARD) return STANDARD;
    const named = withEnding(path);
    const ending = extname(named);
    return `${named.slice(0, -ending.length)}${suffix}${ending}`;
  };
  const named = distinct(
    sources,
    (source) => outputOf(source, withWrittenEnding),
    (source) => outputOf(source, withSecondEnding),
  );
  const comparisons = options.compare
    ? distinct(
        named,
        (output) => output.replace(/\.\w+$/, COMPARISON),
        (output) => output + COMPARISON,
      )
    : [];
  const all = sources.map(({ path: input }, i): Job => {
    const comparison = comparisons[i] !== STANDARD + COMPARISON && comparisons[i];
    return { input, output: named[i]!, ...(comparison && { comparison }) };
  });
  const faults = await clashesOf(all, files);
  // Names and clashes are those of the whole list, so that they do not depend on the part.
  const own = all.filter((_, index) => index % part.of === part.number - 1);
  const clashes = own.flatMap((job) => faults.get(job) ?? []);
  const jobs = own.filter((job) => !faults.has(job));
  if (force) return { jobs, present: [], clashes };
  const present: Job[] = [];
  const missing: Job[] = [];
  for (const job of jobs) ((await exists(job.output)) ? present : missing).push(job);
  if (!isFolderIn && present[0])
    throw new OutputError(`${present[0].output} exists; give --force to write over it, or another name.`);
  for (const { comparison } of missing) {
    if (comparison && (await exists(comparison)))
      throw new OutputError(`${comparison} exists; give --force to write over it, or another name.`);
  }
  return { jobs: missing, present, clashes };
}

/** The sources by the canonical paths of their files: of several that are one file, the first. */
async function byFile(sources: readonly Source[]): Promise<Map<string, Source>> {
  const files = new Map<string, Source>();
  for (const source of sources) {
    const file = await canonical(source.path);
    if (!files.has(file)) files.set(file, source);
  }
  return files;
}

/** Names for all items: the short one of each, or the long one where the short ones of several are the same. */
function distinct<Item>(
  items: readonly Item[],
  short: (item: Item) => string,
  long: (item: Item) => string,
): string[] {
  const names = items.map(short);
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return items.map((item, i) => (counts.get(names[i]!)! > 1 ? long(item) : names[i]!));
}

/** The format of a file that is written, by its name; undefined if it is none of those. */
function writtenFormat(name: string): WrittenFormat | undefined {
  const format = formatOfName(name);
  return format === "gif" || format === "heif" ? undefined : format;
}

/** What the names of pictures before and after end in. */
const COMPARISON = "-compare.png";

/** The pictures that an argument stands for. @throws DataError if there are none */
export async function sourcesOf(
  input: string,
  options: Pick<JobOptions, "out" | "suffix" | "recursive">,
): Promise<Source[]> {
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
  { out, suffix }: Pick<JobOptions, "out" | "suffix">,
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

const isInside = (path: string, folder: string) => path.startsWith(join(folder, sep));

/**
 * The pictures of a manifest: one path a line, relative to its folder; empty lines count for nothing. Their results have the same
 * paths in the folder of results; those of pictures outside of the manifest's folder have the paths below the folder that
 * all of these have in common.
 * @throws DataError if it cannot be read
 */
async function listedIn(manifest: string): Promise<Source[]> {
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

/** A name as it is, or with the ending .png if nothing is written that ends like it. */
function withWrittenEnding(name: string): string {
  return writtenFormat(name) ? name : `${name.slice(0, name.length - extname(name).length)}.png`;
}

/** The same, but behind the ending that the name has. */
const withSecondEnding = (name: string): string => (writtenFormat(name) ? name : `${name}.png`);

/** For each job whose result would be a picture that is read, or the result of a job before, the error that says so. */
async function clashesOf(
  all: readonly Job[],
  sources: ReadonlyMap<string, Source>,
): Promise<Map<Job, DataError>> {
  const targets = new Map<string, string>();
  const faults = new Map<Job, DataError>();
  for (const job of all) {
    const { input, output, comparison } = job;
    const paths = [output, comparison].filter((path) => path !== undefined && path !== STANDARD) as string[];
    const places = await Promise.all(paths.map(canonical));
    const clash = places.findIndex((place) => sources.has(place) || targets.has(place));
    if (clash < 0) {
      for (const place of places) targets.set(place, input);
      continue;
    }
    const [path, source, other] = [paths[clash], sources.get(places[clash]!), targets.get(places[clash]!)];
    faults.set(
      job,
      new DataError(
        source === undefined
          ? `${other} and ${input} would both become ${path}; rename one, or denoise them one by one`
          : `${path} would overwrite the picture ${source.path}; write to another place`,
      ),
    );
  }
  return faults;
}

/** @throws DataError if a file that is to be written is one of those that are read */
export async function requireNoInput(output: string, inputs: readonly string[]): Promise<void> {
  const place = await canonical(output);
  for (const input of inputs)
    if (place === (await canonical(input)))
      throw new DataError(`${output} would overwrite the picture ${input}; write to another place`);
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
