/**
 * Threads for one core: workers that share its memory. They take work from each program that is opened there
 * (assembly/program/threads.ts), so that no message passes while one runs; leader.ts opens them.
 */
import { ThreadError } from "../errors.ts";
import { Leader, type ThreadExports } from "./leader.ts";
import { canBlock, computingCores, coreCount, startWorker, type ThreadWorker } from "./workers.ts";

/** Milliseconds for a worker to start. */
const START_PATIENCE = 10_000;

export interface ThreadPool {
  /** Threads that run, this one among them. */
  readonly count: number;
  /** Runs the program at an address on all threads. @throws ThreadError when one is lost */
  run(program: number): void;
  /** Ends the workers; resolves when they are gone. */
  dispose(): Promise<void>;
}

/**
 * How many threads to use for a call of `flop` floating-point operations: one for each core, in a browser one fewer, but no
 * more than one for every 4 million operations. One where threads cannot share memory, as in a page that is not
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
 * Starts `threads − 1` workers on a module whose memory is shared. Where some do not start, the pool is smaller:
 * see `count`.
 * @param sync address of the block where threads meet
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
