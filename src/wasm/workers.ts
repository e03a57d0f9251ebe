/**
 * A worker thread in each runtime. In a page it runs the file `thread-worker.js`, which a content security policy of
 * `script-src 'self'` allows; elsewhere it is made from text, so that there is no file to be found or permitted.
 * Node's worker is reached through `process.getBuiltinModule`, so that no bundler meets an import of
 * `node:worker_threads`.
 */
import { type Place, type Shared, threadMain } from "./thread-main.ts";

export interface ThreadWorker {
  /** Gives the worker its place; from then on it follows the leader until it is sent home. */
  place(place: Place): void;
  terminate(): Promise<void>;
}

/**
 * Starts a worker and waits until it has an instance of the module.
 * @param url of `thread-worker.js`, where a page has it elsewhere than beside the script that starts threads
 * @param onError called with what ends the worker after it has started
 */
export async function startWorker(
  shared: Shared,
  url: string | URL | undefined,
  patience: number,
  onError: (error: Error) => void,
): Promise<ThreadWorker> {
  const worker = isNode() ? nodeWorker() : webWorker(url);
  let timer: ReturnType<typeof setTimeout> | undefined;
  try {
    await new Promise<void>((resolve, reject) => {
      timer = setTimeout(() => reject(new Error(`A worker did not start within ${patience} ms.`)), patience);
      worker.onReady(resolve);
      worker.onError((error) => {
        reject(error);
        onError(error);
      });
      worker.post(shared);
    });
  } catch (error) {
    await worker.terminate();
    throw error;
  } finally {
    clearTimeout(timer);
  }
  worker.detach();
  return {
    place: (place) => worker.post(place),
    terminate: () => worker.terminate(),
  };
}

/** Node itself, not a runtime that resembles it. A global `Worker` tells nothing: packages define one in Node. */
function isNode(): boolean {
  return (
    typeof process !== "undefined" &&
    process.release?.name === "node" &&
    !("Deno" in globalThis) &&
    !("Bun" in globalThis)
  );
}

interface RawWorker {
  post(message: unknown): void;
  onReady(callback: () => void): void;
  onError(callback: (error: Error) => void): void;
  /** Lets the process end although the worker still waits. */
  detach(): void;
  terminate(): Promise<void>;
}

const TEXT = { type: "text/javascript" };

function webWorker(fileUrl: string | URL | undefined): RawWorker {
  const textUrl = isPage() ? undefined : URL.createObjectURL(new Blob([`(${threadMain})(self)`], TEXT));
  const worker = textUrl
    ? new Worker(textUrl, { type: "module" })
    : fileUrl
      ? new Worker(fileUrl, { type: "module" })
      : // Bundlers find the file by these words.
        new Worker(new URL("./thread-worker.js", import.meta.url), { type: "module" });
  return {
    post: (message) => worker.postMessage(message),
    onReady: (callback) => worker.addEventListener("message", callback, { once: true }),
    onError(callback) {
      worker.addEventListener("error", ({ message }) => {
        callback(new Error(message ?? "thread-worker.js could not be loaded"));
      });
    },
    detach: () => (worker as { unref?: () => void }).unref?.(),
    async terminate() {
      worker.terminate();
      if (textUrl) URL.revokeObjectURL(textUrl);
    },
  };
}

/** Whether this is a browser: Deno and Bun have the web's `Worker` too. */
function isPage(): boolean {
  return !("Deno" in globalThis) && !("Bun" in globalThis);
}

function nodeWorker(): RawWorker {
  const { Worker } = process.getBuiltinModule("node:worker_threads");
  const worker = new Worker(`(${threadMain})(require("node:worker_threads").parentPort)`, { eval: true });
  let ended = false;
  return {
    post: (message) => worker.postMessage(message),
    onReady: (callback) => void worker.once("message", callback),
    onError(callback) {
      worker.on("error", callback);
      worker.on("exit", (code) => {
        if (!ended) callback(new Error(`a worker exited with code ${code}`));
      });
    },
    detach: () => worker.unref(),
    async terminate() {
      ended = true;
      await worker.terminate();
    },
  };
}

/** Cores that this process may use. */
export function coreCount(): number {
  const node = typeof process === "undefined" ? undefined : process.getBuiltinModule?.("node:os");
  return node?.availableParallelism() ?? globalThis.navigator?.hardwareConcurrency ?? 1;
}

/** How many cores may compute: all of them, but in a browser one fewer, so that the page goes on drawing and answering. */
export function computingCores(): number {
  const cores = coreCount();
  return isNode() || !isPage() ? cores : Math.max(1, cores - 1);
}

/** Whether this thread may wait on shared memory; a page's main thread may not. */
export function canBlock(): boolean {
  try {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 0);
    return true;
  } catch {
    return false;
  }
}
