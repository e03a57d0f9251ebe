/**
 * Workers in each runtime. They are made from text, so that no file has to be found: bundlers move scripts away from the
 * files beside them. Where a page's content security policy forbids that, as `script-src 'self'` does, they run a file.
 * Node's workers are reached through
 * `process.getBuiltinModule`, so that bundlers see no import of `node:worker_threads`.
 */

export interface RawWorker {
  post(message: unknown, transfer?: (ArrayBuffer | MessagePort)[]): void;
  /** The callback hears of every message of the worker. */
  onMessage(callback: (message: unknown) => void): void;
  /** The callback hears of every error of the worker, and if it ends by itself. */
  onError(callback: (error: Error) => void): void;
  /** Says whether the process has to live as long as the worker does. At first it has to; Deno cannot change that. */
  hold(isHeld: boolean): void;
  terminate(): Promise<void>;
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

/** Whether this is a browser: neither Node, nor Deno or Bun, which have the web's `Worker` too. */
export function isPage(): boolean {
  return !isNode() && !("Deno" in globalThis) && !("Bun" in globalThis);
}

/**
 * Makes a worker from text.
 * @param main an expression of a function that is called with the worker's port, which has `postMessage` and `onmessage`
 * @param name the worker's name, for those of the web's kind
 */
export function workerFromText(main: string, name = ""): RawWorker {
  if (isNode()) return nodeWorker(main);
  const url = URL.createObjectURL(new Blob([`(${main})(self)`], { type: "text/javascript" }));
  return workerOf(new Worker(url, { type: "module", name }), () => URL.revokeObjectURL(url));
}

/** @param onEnd called when the worker has been terminated */
export function workerOf(worker: Worker, onEnd?: () => void): RawWorker {
  return {
    post: (message, transfer = []) => worker.postMessage(message, transfer),
    onMessage: (callback) => worker.addEventListener("message", ({ data }) => callback(data)),
    onError(callback) {
      worker.addEventListener("error", (event) => {
        // Deno ends the whole process on an error of a worker that nobody has handled.
        event.preventDefault();
        callback(new Error(event.message || "the worker's script could not be loaded"));
      });
    },
    hold(isHeld) {
      (worker as { ref?(): void; unref?(): void })[isHeld ? "ref" : "unref"]?.();
    },
    async terminate() {
      worker.terminate();
      onEnd?.();
    },
  };
}

function nodeWorker(main: string): RawWorker {
  const { Worker } = process.getBuiltinModule("node:worker_threads");
  const worker = new Worker(`(${main})(require("node:worker_threads").parentPort)`, { eval: true });
  let ended = false;
  return {
    post: (message, transfer = []) => worker.postMessage(message, transfer as ArrayBuffer[]),
    onMessage: (callback) => void worker.on("message", callback),
    onError(callback) {
      worker.on("error", callback);
      worker.on("exit", (code) => {
        if (!ended) callback(new Error(`a worker exited with code ${code}`));
      });
    },
    hold(isHeld) {
      worker[isHeld ? "ref" : "unref"]();
    },
    async terminate() {
      ended = true;
      await worker.terminate();
    },
  };
}

/**
 * Sends a worker its first message and waits for its first answer. If it fails, the worker is terminated.
 * @param patience how many milliseconds that may take
 * @param onError called with every error of the worker, also after it has started
 */
export async function started(
  worker: RawWorker,
  message: unknown,
  patience: number,
  onError: (error: Error) => void,
): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  try {
    await new Promise<unknown>((resolve, reject) => {
      timer = setTimeout(() => reject(new Error(`A worker did not start within ${patience} ms.`)), patience);
      worker.onMessage(resolve);
      worker.onError((error) => {
        reject(error);
        onError(error);
      });
      worker.post(message);
    });
  } catch (error) {
    await worker.terminate();
    throw error;
  } finally {
    clearTimeout(timer);
  }
  worker.hold(false);
}
