import { readFileSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { basename, dirname, isAbsolute, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { DataError } from "../errors.ts";
import {
  embeddedSample,
  type FashionMnistPart,
  fashionMnistFiles,
  loadFashionMnist,
} from "./fashion-mnist.ts";
import type { Dataset } from "./images.ts";

/** What the search for the files depends on. Tests describe a machine of their own. */
export interface Machine {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly platform: string;
  readonly home: string;
  /** Where the Debian package dataset-fashion-mnist puts the files. */
  readonly debianFolder: string;
  /** The folder of the sample that comes with the sources. The npm package has none. */
  readonly sampleFolder: string | undefined;
}

/** The machine that this process runs on. */
export function thisMachine(): Machine {
  const root = packageRoot();
  return {
    env: process.env,
    platform: process.platform,
    home: homedir(),
    debianFolder: "/usr/share/datasets/fashion-mnist",
    sampleFolder: root && join(root, "data"),
  };
}

/** A folder that holds the four files of Fashion-MNIST, and how it was found. */
export interface FoundFashionMnist {
  /** The path of the folder. */
  readonly folder: string;
  /** How the folder was found: by the option `data`, by FASHION_MNIST_DIR, or as one of the usual places. */
  readonly kind: "given" | "environment" | "cache" | "debian" | "sample";
  /** What to call it in `Dataset.source`: the folder, or "embedded sample". */
  readonly source: string;
}

/** The folder, in the user's cache, into which `denoise-wasm download` puts the files by default. */
export function fashionMnistCache(machine: Machine = thisMachine()): string {
  return join(userCache(machine), "denoise-wasm", "fashion-mnist");
}

function userCache({ env, platform, home }: Machine): string {
  if (platform === "win32") return env.LOCALAPPDATA || join(home, "AppData", "Local");
  if (platform === "darwin") return join(home, "Library", "Caches");
  // The XDG base directory specification says that relative paths have to be ignored.
  return env.XDG_CACHE_HOME && isAbsolute(env.XDG_CACHE_HOME) ? env.XDG_CACHE_HOME : join(home, ".cache");
}

/**
 * Looks for the four files of Fashion-MNIST, each gzipped (`X.gz`) or plain (`X`). If `data` names a folder, or else the
 * environment variable FASHION_MNIST_DIR, only that one is looked at. Otherwise these are, in order: the cache that
 * `denoise-wasm download` fills, the folder of the Debian package dataset-fashion-mnist, and the small sample that comes
 * with the sources (but not with the npm package).
 *
 * @throws DataError if the named folder does not hold the files, or no folder does
 */
export function findFashionMnist(options: { data?: string | undefined } = {}): Promise<FoundFashionMnist> {
  return findFashionMnistOn(thisMachine(), options);
}

/** Does the same on the machine that is described. */
export async function findFashionMnistOn(
  machine: Machine,
  { data }: { data?: string | undefined },
): Promise<FoundFashionMnist> {
  const named = data ?? (machine.env.FASHION_MNIST_DIR || undefined);
  if (named !== undefined) {
    const folder = resolve(named);
    await pathsIn(folder);
    return { folder, kind: data === undefined ? "environment" : "given", source: folder };
  }
  const places = [
    { kind: "cache", folder: fashionMnistCache(machine) },
    { kind: "debian", folder: machine.debianFolder },
    { kind: "sample", folder: machine.sampleFolder },
  ] as const;
  for (const { kind, folder } of places) {
    if (folder === undefined) continue;
    const missing = await pathsIn(folder).then(
      () => false,
      () => true,
    );
    if (!missing) return { folder, kind, source: kind === "sample" ? embeddedSample : folder };
  }
  throw new DataError(
    `Fashion-MNIST was not found: neither in ${fashionMnistCache(machine)} nor in ${machine.debianFolder}; ` +
      "run `denoise-wasm download`, or name the folder that holds it (--data DIR or FASHION_MNIST_DIR)",
  );
}

/**
 * Reads Fashion-MNIST, or another set in files of the same names, from a folder: see `loadFashionMnist`.
 *
 * @param options.source what to call the folder in the result's `source`; default: its path
 * @throws DataError if a file is missing, unreadable or broken, or the files do not fit together
 */
export async function loadFashionMnistFrom(
  folder: string,
  options: { source?: string | undefined } = {},
): Promise<Dataset> {
  const paths = await pathsIn(folder);
  const open = (part: FashionMnistPart) => () => readBytes(paths[part]);
  try {
    return await loadFashionMnist(
      {
        trainImages: open("trainImages"),
        trainLabels: open("trainLabels"),
        testImages: open("testImages"),
        testLabels: open("testLabels"),
      },
      { source: options.source ?? folder },
    );
  } catch (cause) {
    if (!(cause instanceof DataError)) throw cause;
    throw new DataError(`${folder}: ${cause.message}`, { cause });
  }
}

/** The path of a file in a folder with these entries: of `name`.gz if it is there, else of `name`, else undefined. */
export function pathAmong(entries: readonly string[], folder: string, name: string): string | undefined {
  const found = [`${name}.gz`, name].find((candidate) => entries.includes(candidate));
  return found && join(folder, found);
}

async function pathsIn(folder: string): Promise<Record<FashionMnistPart, string>> {
  const entries = await readdir(folder).catch((cause) => {
    throw new DataError(`${folder} cannot be read as a folder of Fashion-MNIST: ${cause.message}`, { cause });
  });
  const paths = Object.entries(fashionMnistFiles).map(
    ([part, { name }]) => [part, pathAmong(entries, folder, name)] as const,
  );
  const missing = paths
    .filter(([, path]) => path === undefined)
    .map(([part]) => `${fashionMnistFiles[part as FashionMnistPart].name}.gz`);
  if (missing.length > 0) {
    const what = entries.length === 0 ? "is empty" : "does not hold Fashion-MNIST";
    throw new DataError(
      `${folder} ${what}: missing ${missing.join(", ")}; run \`denoise-wasm download --out ${folder}\`, or name another folder`,
    );
  }
  return Object.fromEntries(paths) as Record<FashionMnistPart, string>;
}

async function readBytes(path: string): Promise<Uint8Array> {
  const buffer = await readFile(path).catch((cause) => {
    throw new DataError(`${basename(path)} cannot be read: ${cause.message}`, { cause });
  });
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.length);
}

/** The folder with this package's package.json, which is above this code: in src/, or in build/ once bundled. */
function packageRoot(): string | undefined {
  if (!import.meta.url.startsWith("file:")) return undefined;
  for (let folder = dirname(fileURLToPath(import.meta.url)); ; folder = dirname(folder)) {
    try {
      if (JSON.parse(readFileSync(join(folder, "package.json"), "utf8")).name === "denoise-wasm")
        return folder;
    } catch {
      // There is no package.json here, or none that can be read.
    }
    if (folder === dirname(folder)) return undefined;
  }
}
