/**
 * A team of threads that denoise: this one and its helpers, which are workers. Each thread has its own instance of the
 * core, and takes the next window when it is free. Rows travel in messages, so that no memory has to be shared. Of many small
 * pictures, each thread takes some whole. Which thread computes a window does not show in the result, nor do the places
 * where pictures are cut.
 *
 * If a helper dies, the others begin its unfinished windows and pictures anew.
 */
import { UnsupportedRuntimeError } from "../errors.ts";
import type { ConvModel } from "../model/conv-model.ts";
import { likeOf, type PictureValues, type SameKind } from "../pictures/picture.ts";
import { isPage, type RawWorker } from "../wasm/raw-worker.ts";
import type { ConvStream } from "./conv-stream.ts";
import { type Crew, disposedOf, type Lane, laneOf } from "./crew.ts";
import { denoisePicture, type Run } from "./denoise-picture.ts";
import type { Denoised } from "./denoiser.ts";
import {
  type Helper,
  helperWorker,
  isPictureTask,
  type PictureTask,
  startHelper,
  type Task,
  type WindowTask,
} from "./helper.ts";
import type { Request } from "./request.ts";
import { windowsOf } from "./windows.ts";

/** For how many milliseconds this thread runs the network before it looks at what the helpers have sent. */
const PATIENCE = 4;
/** What feeding the threads takes of this one: so much of its share of a picture for each thread, itself included. */
const FEEDING = 0.075;
/** No picture is cut into windows of fewer pixels than this just to give each thread one. */
const LEAST_PIXELS = 2 ** 14;
/** A picture of up to this many values, counted for each orientation, is denoised by one thread alone if others wait too. */
const MOST_VALUES_WHOLE = 2 ** 22;

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
  readonly #models: readonly ConvModel[];
  /** Undefined once the team was disposed of. */
  #lane: Lane | undefined;
  /** Whether this thread works on a window. */
  #isWorking = false;
  #helpers: Helper[] = [];
  /** Pictures whose turn has not come. */
  #calls: PictureTask[] = [];
  /** How many pictures this thread has begun that have not ended. */
  #begun = 0;
  /** What no thread has taken. */
  #waiting: Task[] = [];
  /** Pictures that are not denoised yet. */
  readonly #unfinished = new Set<PictureTask>();

  constructor(private readonly streams: readonly ConvStream[]) {
    this.#models = streams.map(({ model }) => model);
    this.#lane = laneOf(streams, PATIENCE);
  }

  get threads(): number {
    return 1 + this.#helpers.length;
  }

  add(helper: Helper): void {
    this.#helpers.push(helper);
  }

  denoise<Values extends PictureValues>(request: Request<Values>): Promise<Denoised<Values>> {
    return new Promise((resolve, reject) => {
      if (!this.#lane) return reject(disposedOf());
      const task = this.#pictureTask(request, resolve, reject);
      this.#unfinished.add(task);
      this.#calls.push(task);
      // Calls that are made one directly after the other are all known before the first begins.
      queueMicrotask(this.pump);
    });
  }

  readonly dispose = (): void => {
    this.#lane = undefined;
    for (const helper of this.#helpers) helper.end();
    for (const task of this.#unfinished) task.fail(disposedOf());
  };

  readonly lose = (helper: Helper, left: Task[]): void => {
    this.#helpers = this.#helpers.filter((other) => other !== helper);
    this.#waiting.unshift(...left);
    this.pump();
  };

  #pictureTask<Values extends PictureValues>(
    request: Request<Values>,
    resolve: (result: Denoised<Values>) => void,
    reject: (error: unknown) => void,
  ): PictureTask {
    const { picture, signal, onProgress } = request;
    let isBegun = false;
    const end = (settle: () => void) => {
      if (!this.#unfinished.delete(task)) return;
      signal?.removeEventListener("abort", abort);
      if (isBegun) this.#begun--;
      settle();
      queueMicrotask(this.pump);
    };
    const fail = (error: unknown) => end(() => reject(error));
    const abort = () => fail(signal!.reason);
    signal?.addEventListener("abort", abort);
    const task: PictureTask = {
      request,
      isOver: () => !this.#unfinished.has(task),
      fail,
      begin: () => {
        isBegun = true;
        this.#begun++;
        const run: Run = (...picture) => this.#run(task, ...picture);
        denoisePicture(run, this.#models, request).then((result) => end(() => resolve(result)), fail);
      },
      denoised: (result) => {
        if (task.isOver()) return;
        // This thread finds out what the error is.
        if (!result) return task.begin();
        try {
          onProgress?.(1);
          const data = likeOf(result.data, picture.data) as PictureValues as SameKind<Values>;
          end(() => resolve({ ...result, data }));
        } catch (error) {
          fail(error);
        }
      },
    };
    return task;
  }

  /** Takes windows of a picture through a network. If the picture's task fails, the promise stays as it is. */
  #run(
    picture: PictureTask,
    ...[network, width, height, rowsOf, , onProgress]: Parameters<Run>
  ): Promise<void> {
    return new Promise((resolve) => {
      const { reach, multiple } = this.streams[network]!.model;
      const { isOver, fail } = picture;
      const tasks: WindowTask[] = [];
      let reported = 0;
      const report = () => {
        if (isOver()) return;
        const rows = tasks.reduce((sum, task) => sum + task.done, 0) / tasks.length;
        reported = Math.max(reported, rows / height);
        if (rows === height) resolve();
        else onProgress(reported);
      };
      // This thread takes the first window. If that is so much narrower, all threads end at about the same time.
      const lighter = Math.min(0.9, FEEDING * this.threads);
      const most = this.#most(network, width, height, lighter);
      for (const rows of windowsOf(width, reach, multiple, most, most && lighter).flatMap(rowsOf))
        tasks.push({ network, rows, done: 0, isOver, report, fail });
      this.#waiting.push(...tasks);
      queueMicrotask(this.pump);
    });
  }

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
   * Gives threads that are free what waits, and begins pictures until a window waits for each helper. As long as large pictures
   * are to be begun, this thread takes only windows beyond these: nobody else can begin such pictures, read and write files.
   */
  readonly pump = (): void => {
    this.#calls = this.#calls.filter((task) => !task.isOver());
    this.#waiting = this.#waiting.filter((task) => !task.isOver());
    while (this.#lane) {
      const own = this.#isWorking || !this.#isEnough ? undefined : this.#waiting.shift();
      for (const helper of this.#helpers) helper.feed(() => this.#waiting.shift() ?? this.#wholePicture());
      if (own) void this.#work(this.#lane, own);
      if (this.#isEnough) return;
      this.#calls.shift()!.begin();
    }
  };

  /** Whether no more pictures have to be begun here for all threads to have work. */
  get #isEnough(): boolean {
    const [next] = this.#calls;
    return !next || this.#waiting.length > this.#helpers.length || (this.#begun > 0 && isSmall(next));
  }

  /** A picture for a helper, if one is left for this thread too. */
  #wholePicture(): PictureTask | undefined {
    const isLeft = this.#begun > 0 || this.#calls.length > 1;
    return isLeft && this.#calls[0] && isSmall(this.#calls[0]) ? this.#calls.shift() : undefined;
  }

  /** Takes a task on this thread. It begins when the helpers have got theirs. */
  async #work(lane: Lane, task: Task): Promise<void> {
    if (isPictureTask(task)) return task.begin();
    this.#isWorking = true;
    await undefined;
    try {
      await runWindow(lane, task);
    } catch (error) {
      task.fail(error);
    }
    this.#isWorking = false;
    this.pump();
  }
}

function isSmall({ request: { picture, quality } }: PictureTask): boolean {
  return picture.data.length * (quality === "best" ? 8 : 1) <= MOST_VALUES_WHOLE;
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
