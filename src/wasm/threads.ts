/**
 * Threads for one core: workers that share its memory and wait inside wasm (assembly/program/threads.ts), so that no
 * message passes while a program runs.
 */
import { ThreadError } from "../errors.ts";
import { canBlock, computingCores, coreCount, startWorker, type ThreadWorker } from "./workers.ts";

/** Byte offsets in the block where threads meet; assembly/program/threads.ts says what they are. */
const BEGUN = 0;
const FAILED = 192;
const PROGRAM = 256;
const SPINS = 260;
const PATIENCE = 264;

/** Looks at a word before sleeping: some 100 µs. */
const SPINS_BEFORE_SLEEP = 50_000;
/** Milliseconds for a worker to start. */
const START_PATIENCE = 10_000;
/** Milliseconds that a thread waits for the others. */
const MEETING_PATIENCE = 30_000;

/** What the builds with threads export beside `run`. */
export interface ThreadExports {
  lead(program: number, sync: number, threads: number): number;
}

export interface ThreadPool {
  /** Threads that run, this one among them. */
  readonly count: number;
  /** Runs the program at an address on all threads. @throws ThreadError when one is lost */
  run(program: number): void;
  /** Ends the workers; resolves when they are gone. */
  dispose(): Promise<void>;
}

/**
 * How many threads to use for `flop` operations a call: the machine's cores (in a browser but one), as long as each
 * has 4 million of them to do; 1 where threads cannot share memory, as in a page that is not cross-origin isolated.
 */
export function defaultThreads(flop: number): number {
  if (!canShareMemory()) return 1;
  return Math.max(1, Math.min(computingCores(), Math.floor(flop / 4e6)));
}

/** Whether this thread may share memory with workers and wait for them. */
export function canShareMemory(): boolean {
  if (typeof SharedArrayBuffer === "undefined") return false;
  const isolated = (globalThis as { crossOriginIsolated?: boolean }).crossOriginIsolated;
  return isolated !== false && canBlock();
}

/**
 * Starts `threads − 1` workers on a module whose memory is shared. Where some do not start, the pool is smaller:
 * see `count`.
 * @param workerUrl of `thread-worker.js` in a page that has it elsewhere than beside the script that starts threads
 */
export async function startThreads(
  module: WebAssembly.Module,
  memory: WebAssembly.Memory,
  exports: ThreadExports,
  sync: number,
  threads: number,
  workerUrl?: string | URL,
): Promise<ThreadPool> {
  let lost: Error | undefined;
  const onError = (error: Error) => {
    lost ??= error;
    Atomics.store(new Int32Array(memory.buffer), (sync + FAILED) >> 2, 1);
  };
  const started = await Promise.allSettled(
    Array.from({ length: threads - 1 }, () =>
      startWorker({ module, memory }, workerUrl, START_PATIENCE, onError),
    ),
  );
  const workers = started.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
  lost = undefined;
  const count = workers.length + 1;
  const words = new Int32Array(memory.buffer, sync);
  words[FAILED >> 2] = 0;
  words[SPINS >> 2] = count <= coreCount() ? SPINS_BEFORE_SLEEP : 0;
  words[PATIENCE >> 2] = MEETING_PATIENCE;
  workers.forEach((worker, index) => {
    worker.place({ sync, thread: index + 1, threads: count });
  });
  return {
    count,
    run(program) {
      if (!lost && exports.lead(program, sync, count)) return;
      throw new ThreadError(
        `A worker thread was lost${lost ? ` (${lost.message})` : ""}; the network's state is undefined. ` +
          "Start again, with fewer threads if it happens again.",
      );
    },
    async dispose() {
      words[PROGRAM >> 2] = 0;
      Atomics.add(words, BEGUN >> 2, 1);
      Atomics.notify(words, BEGUN >> 2);
      await Promise.all(workers.map((worker: ThreadWorker) => worker.terminate()));
    },
  };
}
