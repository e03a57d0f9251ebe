import { open, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { clearTimeout, setTimeout } from "node:timers";
import { DataError, OutputError } from "../errors.ts";
import { fashionMnistCache, pathAmong } from "./fashion-mnist.node.ts";
import { fashionMnistFiles, type OfficialFile } from "./fashion-mnist.ts";
import { makeFolder } from "./files.node.ts";
import { gunzipIfNeeded } from "./gzip.ts";
import { sha256 } from "./sha256.ts";

/** The addresses from which the publishers offer the files (https://github.com/zalandoresearch/fashion-mnist). */
const fashionMnistMirrors: readonly string[] = [
  "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
  "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
];

/** From where, to where and how Fashion-MNIST is downloaded. */
export interface DownloadOptions {
  /** The folder for the files, which is created if it does not exist. Default: a folder in the user's cache. */
  to?: string | undefined;
  /**
   * Addresses that hold the four .gz files, tried in order. Default: those in the environment variable
   * FASHION_MNIST_MIRRORS, separated by commas, or else the publishers' addresses.
   */
  mirrors?: readonly string[] | undefined;
  /** Aborts the download. */
  signal?: AbortSignal | undefined;
  /** Called whenever a part of a file has been written. */
  onProgress?: ((progress: DownloadProgress) => void) | undefined;
  /** After this many milliseconds in which a mirror sends nothing, the next one is tried. Default 30,000. */
  patience?: number | undefined;
}

/** How far the download of a file has come. */
export interface DownloadProgress {
  /** The name of the file. */
  readonly file: string;
  /** The number of its bytes that are on disk. */
  readonly received: number;
  /** The number of all its bytes, if the mirror tells it. */
  readonly total: number | undefined;
}

/** The files that are there after a download. */
export interface DownloadResult {
  /** The absolute path of the folder. */
  readonly folder: string;
  /** The four files. `mirror` is the address that a file came from, or null if it was there before. */
  readonly files: readonly { readonly path: string; readonly mirror: string | null }[];
}

/**
 * Downloads the four files of Fashion-MNIST (31 MB) into a folder. Files that are there with the right content are kept,
 * and partial ones (`X.gz.part`) are resumed. A file gets its final name only once its content has the published SHA-256.
 *
 * @throws DataError if no mirror gives a right file; the message has the reason for each mirror
 * @throws OutputError if the folder cannot be written
 * @throws the signal's reason if aborted; what was received is kept, and another call resumes it
 */
export function downloadFashionMnist(options: DownloadOptions = {}): Promise<DownloadResult> {
  return downloadFiles(Object.values(fashionMnistFiles), options);
}

/** Does the same for other files. @param files the files, with the content that they have to have */
export async function downloadFiles(
  files: readonly OfficialFile[],
  options: DownloadOptions,
): Promise<DownloadResult> {
  const folder = resolve(options.to ?? fashionMnistCache());
  const entries = await makeFolder(folder)
    .then(() => readdir(folder))
    .catch(cannotWrite(folder));
  const done = [];
  for (const file of files) {
    options.signal?.throwIfAborted();
    const present = pathAmong(entries, folder, file.name);
    if (present !== undefined && (await isRight(present, file))) {
      done.push({ path: present, mirror: null });
      continue;
    }
    const path = join(folder, `${file.name}.gz`);
    done.push({ path, mirror: await downloadFile(path, file, options) });
  }
  return { folder, files: done };
}

function mirrorsOf({ mirrors }: DownloadOptions): readonly string[] {
  if (mirrors !== undefined && mirrors.length > 0) return mirrors;
  const listed = (process.env.FASHION_MNIST_MIRRORS ?? "").split(",").map((mirror) => mirror.trim());
  const named = listed.filter((mirror) => mirror !== "");
  return named.length > 0 ? named : fashionMnistMirrors;
}

/** Tries each mirror in turn. @returns the one that gave the file */
async function downloadFile(path: string, file: OfficialFile, options: DownloadOptions): Promise<string> {
  const part = `${path}.part`;
  const reasons: string[] = [];
  for (const mirror of mirrorsOf(options)) {
    try {
      const url = new URL(`${file.name}.gz`, mirror.endsWith("/") ? mirror : `${mirror}/`);
      const resumed = await fetchPart(url, part, file, options);
      let right = await isRight(part, file);
      if (resumed && !right) {
        // The first part may come from another mirror, which compressed the file differently.
        await rm(part, { force: true });
        await fetchPart(url, part, file, options);
        right = await isRight(part, file);
      }
      if (right) {
        await rename(part, path).catch(cannotWrite(path));
        return mirror;
      }
      await rm(part, { force: true });
      reasons.push(`${mirror}: the content is wrong (its SHA-256 is not the published one)`);
    } catch (error) {
      options.signal?.throwIfAborted();
      if (error instanceof OutputError) throw error;
      reasons.push(`${mirror}: ${reasonOf(error)}`);
    }
  }
  throw new DataError(
    `${file.name}.gz could not be downloaded:\n${reasons.map((reason) => `  ${reason}\n`).join("")}` +
      "Try again later (what is complete is kept), give another --mirror, " +
      "or put the four files into a folder and name it with --data",
  );
}

/** Whether the file at `path`, gzipped or plain, has the published content. False if it cannot be read. */
async function isRight(path: string, file: OfficialFile): Promise<boolean> {
  try {
    return (await sha256(await gunzipIfNeeded(await readFile(path), path))) === file.sha256;
  } catch {
    return false;
  }
}

/** Fetches what `part` lacks, or everything if the server cannot resume. @returns whether it resumed */
async function fetchPart(
  url: URL,
  part: string,
  file: OfficialFile,
  { signal, onProgress, patience = 30_000 }: DownloadOptions,
): Promise<boolean> {
  const have = await stat(part).then(
    ({ size }) => size,
    () => 0,
  );
  const stalled = new AbortController();
  const timer = setTimeout(() => stalled.abort(new Error(`silent for ${patience / 1000} s`)), patience);
  try {
    const response = await fetch(url, {
      signal: AbortSignal.any([stalled.signal, ...(signal ? [signal] : [])]),
      headers: { "accept-encoding": "identity", ...(have > 0 ? { range: `bytes=${have}-` } : {}) },
    });
    if (have > 0 && response.status === 416) {
      // The server has nothing beyond what is here: the part is complete or wrong.
      await response.body?.cancel();
      return true;
    }
    if (!response.ok || !response.body) {
      await response.body?.cancel();
      throw new Error(`HTTP ${response.status} ${response.statusText}`.trim());
    }
    const resumed = have > 0 && response.status === 206;
    const length = Number(response.headers.get("content-length") ?? Number.NaN);
    let received = resumed ? have : 0;
    const total = Number.isNaN(length) ? undefined : received + length;
    const out = await open(part, resumed ? "a" : "w").catch(cannotWrite(part));
    try {
      for await (const chunk of response.body) {
        timer.refresh();
        received += chunk.length;
        if (received > file.bytes + 1024) break; // This is more than the file has even without compression.
        await out.appendFile(chunk).catch(cannotWrite(part));
        onProgress?.({ file: `${file.name}.gz`, received, total });
      }
    } finally {
      await out.close();
    }
    return resumed;
  } finally {
    clearTimeout(timer);
  }
}

function cannotWrite(path: string): (cause: Error) => never {
  return (cause) => {
    throw new OutputError(`${path} cannot be written: ${cause.message}; choose another folder`, {
      cause,
    });
  };
}

/** Why a request failed; `fetch` puts that into the error's cause. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause as { message?: string; code?: string } | undefined;
  return cause?.message || cause?.code || error.message;
}
