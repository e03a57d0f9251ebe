/**
 * A team of threads that denoise: this one and its helpers, which are workers. Each thread has its own instance of the
 * core, and takes the next window when it is free. Rows travel in messages, so that no memory has to be shared. Which
 * thread computes a window does not show in the result, nor do the places where pictures are cut.
 *
 * If a helper dies, the others begin its unfinished windows anew.
 */
import { UnsupportedRuntimeError } from "../errors.ts";
import { isPage, type RawWorker } from "../wasm/raw-worker.ts";
import type { ConvStream } from "./conv-stream.ts";
import { type Crew, disposedOf, type Find, type Lane, laneOf, type Run } from "./crew.ts";
import { type Helper, helperWorker, isFindTask, startHelper, type Task, type WindowTask } from "./helper.ts";
import { type FoundNoise, findNoise } from "./sigma.ts";
import { windowsOf } from "./windows.ts";

/** For how many milliseconds this thread runs the network before it looks at what the helpers have sent. */
const PATIENCE = 4;
/** What feeding the threads takes of this one: so much of its share of a picture for each thread, itself included. */
const FEEDING = 0.075;
/** No picture is cut into windows of fewer pixels than this just to give each thread one. */
const LEAST_PIXELS = 2 ** 14;
/** To find its noise, a picture of up to this many values is sent to another thread. In any, it takes about as long. */
const MOST_VALUES_SENT = 2 ** 20;

/**
 * Starts `threads - 1` helpers. If some of them do not start, the team is smaller.
 * @param workers in a page, `threads - 1` workers that run `helperMain`
 * @throws UnsupportedRuntimeError in a page without such workers
 */
export async function startTeam(
  module: WebAssembly.Module,
  streams: readonly ConvStream[],
  threads: number,
  workers: readonly RawWorker[] | undefined,
): Promise<Crew> {
  if (isPage() && !workers) {
    throw new UnsupportedRuntimeError(
      "More threads cannot be started here. In a page, use createDenoiser of denoise-wasm/browser, and do not switch " +
        "`worker` off; elsewhere leave `threads` out.",
    );
  }
  const team = new Team(streams);
  const starts = Array.from({ length: threads - 1 }, async (_, index) =>
    startHelper(workers?.[index] ?? helperWorker(), module, streams, team.pump, team.lose),
  );
  for (const start of await Promise.allSettled(starts)) {
    if (start.status === "fulfilled") team.add(start.value);
  }
  return team;
}

class Team implements Crew {
  /** Undefined once the team was disposed of. */
  #lane: Lane | undefined;
  /** Whether this thread works on a window. */
  #isWorking = false;
  #helpers: Helper[] = [];
  /** Pictures whose turn has not come: what begins each. */
  readonly #calls: (() => void)[] = [];
  /** What no thread has taken. */
  #waiting: Task[] = [];
  /** What ends each unfinished `run` and `find`. */
  readonly #failing = new Set<(error: Error) => void>();

  constructor(private readonly streams: readonly ConvStream[]) {
    this.#lane = laneOf(streams, PATIENCE);
  }

  get threads(): number {
    return 1 + this.#helpers.length;
  }

  add(helper: Helper): void {
    this.#helpers.push(helper);
  }

  schedule<Result>(work: (run: Run, find: Find) => Promise<Result>): Promise<Result> {
    return new Promise((resolve, reject) => {
      this.#calls.push(() => {
        if (this.#lane) work(this.#run, this.#find).then(resolve, reject);
        else reject(disposedOf());
      });
      // Calls that are made one directly after the other are all known before the first begins.
      queueMicrotask(this.pump);
    });
  }

  readonly dispose = (): void => {
    this.#lane = undefined;
    for (const helper of this.#helpers) helper.end();
    for (const fail of this.#failing) fail(disposedOf());
    this.pump();
  };

  readonly lose = (helper: Helper, left: Task[]): void => {
    this.#helpers = this.#helpers.filter((other) => other !== helper);
    this.#waiting.unshift(...left);
    this.pump();
  };

  readonly #find: Find = (picture, checked) => {
    if (picture.data.length > MOST_VALUES_SENT) return findNoise(picture, checked);
    return new Promise((resolve, reject) => {
      if (!this.#lane) return reject(disposedOf());
      let isOver = false;
      const end = (settle: () => void) => {
        isOver = true;
        this.#failing.delete(fail);
        settle();
      };
      const fail = (error: unknown) => end(() => reject(error));
      const found = (noise: FoundNoise) => end(() => resolve(noise));
      this.#failing.add(fail);
      this.#waiting.push({ picture, checked, found, isOver: () => isOver, fail });
      queueMicrotask(this.pump);
    });
  };

  readonly #run: Run = (network, width, height, rowsOf, signal, onProgress) =>
    new Promise((resolve, reject) => {
      const { reach, multiple } = this.streams[network]!.model;
      const tasks: WindowTask[] = [];
      let isOver = false;
      let reported = 0;
      const end = (settle: () => void) => {
        if (isOver) return;
        isOver = true;
        this.#failing.delete(fail);
        signal?.removeEventListener("abort", abort);
        this.#waiting = this.#waiting.filter((task) => !task.isOver());
        settle();
      };
      const fail = (error: unknown) => end(() => reject(error));
      const abort = () => fail(signal!.reason);
      const report = () => {
        const rows = tasks.reduce((sum, task) => sum + task.done, 0) / tasks.length;
        if (rows === height) end(resolve);
        reported = Math.max(reported, rows / height);
        if (!isOver) onProgress(reported);
      };
      // This thread takes the first window. If that is so much narrower, all threads end at about the same time.
      const lighter = Math.min(0.9, FEEDING * this.threads);
      const most = this.#most(network, width, height, lighter);
      for (const rows of windowsOf(width, reach, multiple, most, most && lighter).flatMap(rowsOf))
        tasks.push({ network, rows, done: 0, isOver: () => isOver, report, fail });
      this.#failing.add(fail);
      signal?.addEventListener("abort", abort);
      if (!this.#lane) return fail(disposedOf());
      if (signal?.aborted) return abort();
      this.#waiting.push(...tasks);
      queueMicrotask(this.pump);
    });

  /** How many columns the windows of a picture may have, so that there are as many for each thread. */
  #most(network: number, width: number, height: number, lighter: number): number | undefined {
    const { reach, multiple } = this.streams[network]!.model;
    const { threads } = this;
    // Neighbouring windows overlap by 2 · reach columns: wasted work, which pays only where threads would have none.
    const least = Math.max((this.#calls.length > 0 ? 16 : 2) * reach, LEAST_PIXELS / height);
    const needed = windowsOf(width, reach, multiple).length;
    const wanted = Math.ceil(needed / threads) * threads;
    const count = Math.min(wanted, Math.floor((width - 2 * reach) / least));
    return count > needed ? Math.ceil((width - 2 * reach) / (count - lighter)) + 2 * reach : undefined;
  }

  /**
   * Gives threads that are free what waits, and begins pictures until a window waits for each helper. As long as pictures
   * are to be begun, this thread takes only windows beyond these: nobody else can begin pictures, read and write files.
   */
  readonly pump = (): void => {
    if (!this.#lane) for (const begin of this.#calls.splice(0)) begin();
    while (this.#lane) {
      const isEnough = () => this.#calls.length === 0 || this.#waiting.length > this.#helpers.length;
      const own = this.#isWorking || !isEnough() ? undefined : this.#waiting.shift();
      for (const helper of this.#helpers) helper.feed(() => this.#waiting.shift());
      if (own) void this.#work(this.#lane, own);
      if (isEnough()) return;
      this.#calls.shift()!();
    }
  };

  /** Takes a task on this thread. It begins when the helpers have got theirs. */
  async #work(lane: Lane, task: Task): Promise<void> {
    this.#isWorking = true;
    await undefined;
    try {
      if (isFindTask(task)) task.found(findNoise(task.picture, task.checked));
      else await runWindow(lane, task);
    } catch (error) {
      task.fail(error);
    }
    this.#isWorking = false;
    this.pump();
  }
}

async function runWindow(lane: Lane, task: WindowTask): Promise<void> {
  task.done = 0;
  await lane(task.network, task.rows, (done) => {
    task.done = done;
    task.report();
    if (task.isOver()) throw new Error("nobody needs it");
  });
  task.done = task.rows.height;
  task.report();
}
