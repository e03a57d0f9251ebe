/**
 * Threads for one core: workers that share its memory. They take work from each program that is opened there
 * (assembly/program/threads.ts), so that no message passes while one runs, and sleep here, in JavaScript.
 */
import {
  CAME,
  CAME_BYTES,
  CLAIM,
  ENDED,
  HOME,
  PATIENCE,
  SLEEPERS,
  SPINS,
  TURN,
  TURN_OVER,
} from "../../assembly/program/layout.ts";
import { ThreadError } from "../errors.ts";
import { canBlock, computingCores, coreCount, startWorker, type ThreadWorker } from "./workers.ts";

/** Looks for something to do before a thread goes to sleep, where cores are free for all threads: some 100 µs. */
const SPINS_BEFORE_SLEEP = 50_000;
/**
 * The same where other processes run beside them. A thread that has been stopped with items of its own gets on as soon as
 * the one that waits for them leaves a core to it.
 */
const SPINS_IN_A_CROWD = 10_000;
/** How often a worker takes items there before it sleeps for a moment: half a millisecond of work, less than the system's time slice. */
const TURN_IN_A_CROWD = 32;
/** For so many programs after one in which this thread had to sleep, the machine counts as crowded. */
const CROWDED = 64;
/** Milliseconds for a worker to start. */
const START_PATIENCE = 10_000;
/** Milliseconds that a thread may keep what it has taken, or stay away while others work. */
const WORK_PATIENCE = 30_000;
/** The most milliseconds that count at once, since a process that is stopped for a while, as by a lid that is closed, loses no thread. */
const SLICE = 1000;

/** What every build of the training core exports. */
export interface WalkerExports {
  /** Runs the program at an address on this thread. */
  run(program: number): void;
}

/** What the builds with threads export beside that. */
export interface ThreadExports extends WalkerExports {
  begin(program: number, sync: number): void;
  work(sync: number, thread: number): number;
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
  const words = new Int32Array(memory.buffer);
  const wordAt = (offset: number) => (sync + offset) >> 2;
  /** The upper half of CLAIM: what threads sleep on. */
  const phase = wordAt(CLAIM + 4);
  const sleepers = wordAt(SLEEPERS);
  const home = wordAt(HOME);
  const spins = count <= coreCount() ? SPINS_BEFORE_SLEEP : 0;
  words[wordAt(SPINS)] = spins;
  words[wordAt(PATIENCE)] = WORK_PATIENCE;
  workers.forEach((worker, index) => {
    worker.place({ sync, thread: index + 1, phase, sleepers, home, turnOver: TURN_OVER });
  });

  /** Sleeps until another thread opens a phase. @returns whether one did */
  const sleep = (seen: number): boolean => {
    Atomics.add(words, sleepers, 1);
    const outcome = Atomics.wait(words, phase, seen, SLICE);
    Atomics.sub(words, sleepers, 1);
    return outcome !== "timed-out";
  };
  /** Works on a program until it has ended. @returns false when another thread keeps what it has taken */
  const lead = (program: number): boolean => {
    exports.begin(program, sync);
    for (let left = words[wordAt(PATIENCE)]!; left > 0; ) {
      const seen = Atomics.load(words, phase);
      if (exports.work(sync, 0) === ENDED) return true;
      setCrowded(CROWDED);
      if (sleep(seen)) left = words[wordAt(PATIENCE)]!;
      else left -= SLICE;
    }
    return false;
  };
  let crowded = 0;
  /** Tells threads for how many programs more the machine counts as crowded. */
  const setCrowded = (programs: number): void => {
    crowded = programs;
    words[wordAt(SPINS)] = Math.min(spins, crowded ? SPINS_IN_A_CROWD : spins);
    words[wordAt(TURN)] = crowded ? TURN_IN_A_CROWD : 0;
  };
  const attendance = workers.map(
    (_, index) => new Attendance(words, wordAt(CAME + CAME_BYTES * (index + 1))),
  );
  return {
    count,
    run(program) {
      if (lost === undefined) {
        const start = performance.now();
        // Where a kernel fails, others may still be at the program.
        lost = "a program failed";
        lost = lead(program) ? undefined : "it did not finish what it had taken";
        if (crowded > 0) setCrowded(crowded - 1);
        const elapsed = Math.min(SLICE, performance.now() - start);
        const patience = words[wordAt(PATIENCE)]!;
        if (attendance.some((one) => one.absence(elapsed) > patience)) lost ??= "it no longer comes to work";
      }
      if (lost === undefined) return;
      throw new ThreadError(
        `A worker thread was lost (${lost}); the network's state is undefined. ` +
          "Start again, with fewer threads if it happens again.",
      );
    },
    async dispose() {
      Atomics.store(words, home, 1);
      Atomics.notify(words, phase);
      await Promise.all(workers.map((worker: ThreadWorker) => worker.terminate()));
    },
  };
}

/** How long a worker has stayed away while others worked, told by the word that counts how often it came. */
class Attendance {
  #absence = 0;
  #came = 0;

  constructor(
    private readonly words: Int32Array,
    private readonly word: number,
  ) {}

  /** @param elapsed milliseconds that others worked. @returns those since it came last */
  absence(elapsed: number): number {
    const came = Atomics.load(this.words, this.word);
    this.#absence = came === this.#came ? this.#absence + elapsed : 0;
    this.#came = came;
    return this.#absence;
  }
}
