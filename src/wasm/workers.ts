/** Starts the worker threads of a network (threads.ts). */
import { isPage, type RawWorker, started, workerFromText, workerOf } from "./raw-worker.ts";
import { type Place, type Shared, threadMain } from "./thread-main.ts";

export interface ThreadWorker {
  /** Gives the worker its place. From then on it works on the leader's programs until the leader sends it home. */
  place(place: Place): void;
  terminate(): Promise<void>;
}

/**
 * Starts a worker and waits until it has an instance of the module.
 * @param url the URL of `thread-worker.js`, for a page whose content security policy forbids workers that are made from text.
 * By default these are tried, and then the file beside the script that starts threads
 * @param patience how many milliseconds the worker may take to start
 * @param onError called with every error of the worker, also after it has started
 */
export async function startWorker(
  shared: Shared,
  url: string | URL | undefined,
  patience: number,
  onError: (error: Error) => void,
): Promise<ThreadWorker> {
  const start = async (worker: RawWorker): Promise<ThreadWorker> => {
    await started(worker, shared, patience, onError);
    return {
      place: (place) => worker.post(place),
      terminate: () => worker.terminate(),
    };
  };
  if (isPage() && url) return start(workerOf(new Worker(url, { type: "module" })));
  try {
    return await start(workerFromText(`${threadMain}`));
  } catch (error) {
    if (!isPage()) throw error;
    // Bundlers recognise exactly this expression, and bundle the file.
    return start(workerOf(new Worker(new URL("./thread-worker.js", import.meta.url), { type: "module" })));
  }
}

/** The number of cores that this process may use. */
export function coreCount(): number {
  const node = typeof process === "undefined" ? undefined : process.getBuiltinModule?.("node:os");
  return node?.availableParallelism() ?? globalThis.navigator?.hardwareConcurrency ?? 1;
}

/** How many cores may compute: all of them; in a browser one fewer, so that the page stays responsive; in Firefox one. */
export function computingCores(): number {
  const cores = coreCount();
  if (!isPage()) return cores;
  // There, `new Worker` in a worker sometimes never returns (docs/experiments.md).
  if (/\bFirefox\//.test(navigator.userAgent)) return 1;
  return Math.max(1, cores - 1);
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
