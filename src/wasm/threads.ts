/**
 * Threads for one core: workers that share its memory. They take work from each program that leader.ts opens there
 * (assembly/program/threads.ts), so no messages are sent while a program runs.
 */
import { ThreadError } from "../errors.ts";
import { Leader, type ThreadExports } from "./leader.ts";
import { canBlock, computingCores, coreCount, startWorker, type ThreadWorker } from "./workers.ts";

/** How many milliseconds a worker may take to start. */
const START_PATIENCE = 10_000;

export interface ThreadPool {
  /** The number of threads that run, this one included. */
  readonly count: number;
  /** Runs the program at an address on all threads. @throws ThreadError if one is lost */
  run(program: number): void;
  /** Ends the workers; resolves when they are gone. */
  dispose(): Promise<void>;
}

/**
 * How many threads to use for a call of `flop` floating-point operations: one for each core (in a browser, one fewer),
 * but at most one for every 4 million operations. It is 1 if threads cannot share memory, as in a page that is not
 * cross-origin isolated.
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
 * Starts `threads − 1` workers on a module whose memory is shared. If some of them do not start, the pool is smaller: see
 * `count`.
 * @param sync address of the block in memory by which threads synchronise
 * @param workerUrl the URL of `thread-worker.js`: see `startWorker`
 */
export async function startThreads(
  module: WebAssembly.Module,
  memory: WebAssembly.Memory,
  exports: ThreadExports,
  sync: number,
  threads: number,
  workerUrl?: string | URL,
): Promise<ThreadPool> {
  let lost: string | undefined;
  const onError = ({ message }: Error) => {
    lost ??= message;
  };
  const started = await Promise.allSettled(
    Array.from({ length: threads - 1 }, () =>
      startWorker({ module, memory }, workerUrl, START_PATIENCE, onError),
    ),
  );
  const workers = started.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
  lost = undefined;
  const count = workers.length + 1;
  const leader = new Leader(exports, memory, sync, count <= coreCount());
  workers.forEach((worker, index) => {
    worker.place(leader.placeOf(index + 1));
  });
  return {
    count,
    run(program) {
      lost ??= leader.run(program);
      if (lost === undefined) return;
      throw new ThreadError(
        `A worker thread was lost (${lost}); the network's state is undefined. ` +
          "Start again, with fewer threads if it happens again.",
      );
    },
    async dispose() {
      leader.sendHome();
      await Promise.all(workers.map((worker: ThreadWorker) => worker.terminate()));
    },
  };
}
