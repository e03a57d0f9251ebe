/**
 * Starts worker threads in each runtime. In a web page, a worker runs the file `thread-worker.js`, which a content
 * security policy of `script-src 'self'` allows. Elsewhere it is made from text, so that no file has to be found or
 * permitted. Node's workers are reached through `process.getBuiltinModule`, so that bundlers see no import of
 * `node:worker_threads`.
 */
import { type Place, type Shared, threadMain } from "./thread-main.ts";

export interface ThreadWorker {
  /** Gives the worker its place. From then on it works on the leader's programs until the leader sends it home. */
  place(place: Place): void;
  terminate(): Promise<void>;
}

/**
 * Starts a worker and waits until it has an instance of the module.
 * @param url the URL of `thread-worker.js`, for a page where it does not lie beside the script that starts threads
 * @param patience how many milliseconds the worker may take to start
 * @param onError called with every error of the worker, also after it has started
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

/**
 * Whether this is Node itself, and not a runtime that resembles it. Whether there is a global `Worker` cannot tell it,
 * since some packages define one in Node.
 */
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
  /** Lets the process end even while the worker still waits. */
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
      : // Bundlers recognise exactly this expression, and bundle the file.
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

/** The number of cores that this process may use. */
export function coreCount(): number {
  const node = typeof process === "undefined" ? undefined : process.getBuiltinModule?.("node:os");
  return node?.availableParallelism() ?? globalThis.navigator?.hardwareConcurrency ?? 1;
}

/** How many cores may compute: all of them, or in a browser one fewer, so that the page stays responsive. */
export function computingCores(): number {
  const cores = coreCount();
  return isNode() || !isPage() ? cores : Math.max(1, cores - 1);
}

/** Whether this thread may wait on shared memory. A page's main thread may not. */
export function canBlock(): boolean {
  try {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 0);
    return true;
  } catch {
    return false;
  }
}
