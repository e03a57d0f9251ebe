/**
 * A worker thread in each runtime: the web's `Worker` (browsers, Deno, Bun) or Node's. Node's is reached through
 * `process.getBuiltinModule`, so that no bundler meets an import of `node:worker_threads`.
 */

export interface ThreadWorker {
  /** Gives the worker its place; from then on it follows the leader until it is sent home. */
  place(place: Place): void;
  terminate(): Promise<void>;
}

interface Shared {
  module: WebAssembly.Module;
  memory: WebAssembly.Memory;
}

/** Where threads meet, which of them this is, and how many there are. */
export interface Place {
  sync: number;
  thread: number;
  threads: number;
}

/** What the runtimes' workers have in common. */
interface Port {
  postMessage(message: unknown): void;
  onmessage: ((event: { data: unknown }) => void) | null;
}

/**
 * The worker's whole program. It is turned into text, so it may use nothing from outside itself. First message:
 * the module and its memory, answered when there is an instance. Second message: its place; it then follows the
 * leader from program to program (assembly/threads.ts) until it is sent home or a thread is lost.
 *
 * It waits in JavaScript, since a wasm function that never returns stays in V8's baseline compiler, which in
 * Node 20 gets such a loop wrong (docs/experiments.md).
 */
function threadMain(port: Port): void {
  let follow: (sync: number, thread: number, threads: number) => number;
  let words: Int32Array;
  port.onmessage = ({ data }) => {
    const { module, memory } = data as Shared;
    if (module) {
      follow = new WebAssembly.Instance(module, { env: { memory } }).exports.follow as typeof follow;
      words = new Int32Array(memory.buffer);
      port.postMessage("ready");
      return;
    }
    const { sync, thread, threads } = data as Place;
    const begunAt = sync >> 2;
    const programAt = (sync + 256) >> 2;
    const spins = words[(sync + 260) >> 2]!;
    for (let begun = 0; ; begun = (begun + 1) | 0) {
      for (let spin = 0; spin < spins && Atomics.load(words, begunAt) === begun; spin++);
      while (Atomics.load(words, begunAt) === begun) Atomics.wait(words, begunAt, begun);
      if (words[programAt] === 0 || !follow(sync, thread, threads)) return;
    }
  };
}

/**
 * Starts a worker and waits until it has an instance of the module.
 * @param onError called with what ends the worker after it has started
 */
export async function startWorker(
  shared: Shared,
  patience: number,
  onError: (error: Error) => void,
): Promise<ThreadWorker> {
  const worker = isNode() ? nodeWorker() : webWorker();
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

function webWorker(): RawWorker {
  const url = URL.createObjectURL(new Blob([`(${threadMain})(self)`], { type: "text/javascript" }));
  const worker = new Worker(url, { type: "module" });
  return {
    post: (message) => worker.postMessage(message),
    onReady: (callback) => worker.addEventListener("message", callback, { once: true }),
    onError: (callback) => {
      worker.addEventListener("error", (event) => callback(new Error(event.message)));
    },
    detach: () => (worker as { unref?: () => void }).unref?.(),
    async terminate() {
      worker.terminate();
      URL.revokeObjectURL(url);
    },
  };
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

/** Whether this thread may wait on shared memory; a page's main thread may not. */
export function canBlock(): boolean {
  try {
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 0);
    return true;
  } catch {
    return false;
  }
}
