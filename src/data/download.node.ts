import { mkdir, open, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { clearTimeout, setTimeout } from "node:timers";
import { DataError, OutputError } from "../errors.ts";
import { fashionMnistCache, pathAmong } from "./fashion-mnist.node.ts";
import { fashionMnistFiles, type OfficialFile } from "./fashion-mnist.ts";
import { gunzipIfNeeded } from "./gzip.ts";
import { sha256 } from "./sha256.ts";

/** Where the publishers keep the files (https://github.com/zalandoresearch/fashion-mnist). */
export const fashionMnistMirrors: readonly string[] = [
  "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
  "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
];

/** Where Fashion-MNIST comes from and goes to. */
export interface DownloadOptions {
  /** The folder to fill, made if need be; the user's cache by default. */
  to?: string | undefined;
  /** Addresses that hold the four .gz files, tried in order; by default those of the environment variable
   * FASHION_MNIST_MIRRORS, separated by commas, or else the publishers'. */
  mirrors?: readonly string[] | undefined;
  signal?: AbortSignal | undefined;
  onProgress?: ((progress: DownloadProgress) => void) | undefined;
  /** A mirror that sends nothing for this long is given up, in milliseconds; 30,000 by default. */
  patience?: number | undefined;
}

/** Bytes of `file` on disk so far, of `total`, if the mirror tells it. */
export interface DownloadProgress {
  readonly file: string;
  readonly received: number;
  readonly total: number | undefined;
}

/** What is there after a download. */
export interface DownloadResult {
  readonly folder: string;
  /** `mirror` is where the file came from, null if it was there before. */
  readonly files: readonly { readonly path: string; readonly mirror: string | null }[];
}

/**
 * Downloads the four files of Fashion-MNIST (31 MB) into a folder. What is there and right is kept; a partial
 * file (`X.gz.part`) is resumed. A file gets its final name only after its content has the published SHA-256.
 *
 * @throws DataError if no mirror gives a right file, with the reason for each mirror
 * @throws OutputError if the folder cannot be written
 * @throws the signal's reason if aborted; what was received stays for resuming
 */
export function downloadFashionMnist(options: DownloadOptions = {}): Promise<DownloadResult> {
  return downloadFiles(Object.values(fashionMnistFiles), options);
}

/** The same for other files. @param files what to fetch, and the content it must have */
export async function downloadFiles(
  files: readonly OfficialFile[],
  options: DownloadOptions,
): Promise<DownloadResult> {
  const folder = resolve(options.to ?? fashionMnistCache());
  const entries = await mkdir(folder, { recursive: true })
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

/** Tries each mirror; returns the one that gave the file. */
async function downloadFile(path: string, file: OfficialFile, options: DownloadOptions): Promise<string> {
  const part = `${path}.part`;
  const reasons: string[] = [];
  for (const mirror of mirrorsOf(options)) {
    try {
      const url = new URL(`${file.name}.gz`, mirror.endsWith("/") ? mirror : `${mirror}/`);
      const resumed = await fetchPart(url, part, file, options);
      let right = await isRight(part, file);
      if (resumed && !right) {
        // The part may stem from another mirror, which packed the file differently.
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

/** Whether the file at `path`, gzipped or plain, has the published content; not if it cannot be read. */
async function isRight(path: string, file: OfficialFile): Promise<boolean> {
  try {
    return (await sha256(await gunzipIfNeeded(await readFile(path), path))) === file.sha256;
  } catch {
    return false;
  }
}

/** Fetches what `part` lacks, or everything if the server cannot resume; returns whether it did resume. */
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
      // Nothing to send beyond what is here: the part is whole, or wrong.
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
        if (received > file.bytes + 1024) break; // Too much to be right, however it is packed.
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
    throw new OutputError(`${path} cannot be written: ${cause.message}; choose another folder with --to`, {
      cause,
    });
  };
}

/** `fetch` hides why it failed in the cause. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause as { message?: string; code?: string } | undefined;
  return cause?.message || cause?.code || error.message;
}
