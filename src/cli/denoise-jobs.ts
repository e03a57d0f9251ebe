/** What `denoise-wasm denoise` reads and writes: from the arguments of the command to pairs of files. */
import { extname, join } from "node:path";
import { DataError } from "../errors.ts";
import { formatOfName, type PictureFormat } from "../pictures/formats.ts";
import { canonical, exists, isFolder, requireFree } from "./paths.ts";
import { listedIn, type Source, type SourceOptions, STANDARD, sourcesOf } from "./picture-sources.ts";

/** A file to read and a file to write, both a path or `STANDARD`. */
export interface Job {
  readonly input: string;
  readonly output: string;
  /** The file of the picture before and after, if one is to be written. */
  readonly comparison?: string;
}

/** The formats that are written. */
export type WrittenFormat = Exclude<PictureFormat, "gif" | "heif">;

export interface JobOptions extends SourceOptions {
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
  for (const job of jobs)
    (job.output !== STANDARD && (await exists(job.output)) ? present : missing).push(job);
  if (!isFolderIn && present[0]) await requireFree(present[0].output);
  for (const { comparison } of missing) if (comparison) await requireFree(comparison);
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

/** The files that a job writes. */
export const writtenBy = ({ output, comparison }: Job): string[] =>
  [output, comparison].filter((path) => path !== undefined && path !== STANDARD) as string[];
