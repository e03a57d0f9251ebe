/** A helper as the team sees it: a worker (helper-main.ts) that is sent windows row by row, and small pictures. */

import text from "../../build/workers/helper.js";
import { copyOf, type PictureValues } from "../pictures/picture.ts";
import { type RawWorker, started, workerFromText } from "../wasm/raw-worker.ts";
import { type ConvStream, insideOf, type StreamedRows } from "./conv-stream.ts";
import type { Denoised } from "./denoiser.ts";
import type { HelperSetup, SomeDenoised, SomeOutput, SomePicture, SomeRows } from "./helper-main.ts";
import type { Request } from "./request.ts";

/** What a thread does for somebody. */
interface Job {
  /** Whether nobody needs the result any more. */
  isOver(): boolean;
  fail(error: unknown): void;
}

/** A picture that one thread denoises. */
export interface PictureTask extends Job {
  readonly request: Request<PictureValues>;
  /** Begins it on this thread. */
  begin(): void;
  /** Takes what a helper has made of it: nothing if that failed. */
  denoised(result: Denoised | undefined): void;
}

/** A window that some thread takes. */
export interface WindowTask extends Job {
  /** The number of the network that it goes through. */
  readonly network: number;
  readonly rows: StreamedRows;
  /** How many rows have come out. */
  done: number;
  /** Called after some rows have come out; what it throws goes to `fail`. */
  report(): void;
}

export type Task = WindowTask | PictureTask;

export const isPictureTask = (task: Task): task is PictureTask => "request" in task;

/** How many milliseconds a worker may take to start. */
const START_PATIENCE = 10_000;
/** A helper is sent about this many pixels at a time, */
const PIXELS_SENT = 2 ** 15;
/** and is not sent more while this many are under way to it or have not been answered. */
const MOST_UNANSWERED = 2 ** 17;
/** It gets another window when it has fewer than this left of the one before, so that small windows do not wait for it. */
const FEW_UNANSWERED = 2 ** 15;

/** Starts a worker that is to become a helper, where a thread may start workers of its own. */
export const helperWorker = (): RawWorker =>
  workerFromText(`(port) => { ${text}; helper.helperMain(port); }`);

/**
 * Makes a worker a helper.
 * @param onAnswer called after each answer
 * @param onLost called with the tasks that it has not finished, if it dies
 */
export async function startHelper(
  worker: RawWorker,
  module: WebAssembly.Module,
  streams: readonly ConvStream[],
  onAnswer: () => void,
  onLost: (helper: Helper, left: Task[]) => void,
): Promise<Helper> {
  let helper: Helper | undefined;
  const setup: HelperSetup = { module, models: streams.map(({ model }) => model) };
  await started(worker, setup, START_PATIENCE, () => helper && onLost(helper, helper.end()));
  helper = new Helper(worker, streams);
  worker.onMessage((answer) => {
    helper.hear(answer as SomeOutput | SomeDenoised);
    onAnswer();
  });
  return helper;
}

export class Helper {
  /** The window whose rows are being sent, and the next of them. */
  #task: WindowTask | undefined;
  #row = 0;
  /** What was sent and has not been answered, in that order. */
  readonly #sent: { readonly task: Task; readonly pixels: number }[] = [];
  #unanswered = 0;
  /** Buffers that can be used again. */
  readonly #forRows: Float32Array<ArrayBuffer>[] = [];
  readonly #forOutput: Float32Array<ArrayBuffer>[] = [];

  constructor(
    private readonly worker: RawWorker,
    private readonly streams: readonly ConvStream[],
  ) {}

  /** Whether it would take another task. A second one lies ready while it denoises a picture. */
  get #hasRoom(): boolean {
    if (this.#task) return false;
    const [first, second] = this.#sent;
    return this.#unanswered < FEW_UNANSWERED || (!second && isPictureTask(first!.task));
  }

  /** Sends it as much as it has room for. `take` gives the next task. */
  feed(take: () => Task | undefined): void {
    while (this.#unanswered < MOST_UNANSWERED) {
      if (this.#task?.isOver()) this.#task = undefined;
      const next = this.#hasRoom ? take() : undefined;
      if (next && isPictureTask(next)) {
        this.#sendPicture(next);
        continue;
      }
      if (next) {
        this.#task = next;
        next.done = 0;
        this.#row = 0;
      }
      if (!this.#task) break;
      this.#send(this.#task);
    }
    this.worker.hold(this.#sent.length > 0);
  }

  /** The picture is kept here too, in case that the helper dies. */
  #sendPicture(task: PictureTask): void {
    const { picture, sigma, strength, quality, range } = task.request;
    const data = copyOf(picture.data);
    const pixels = picture.width * picture.height;
    this.#sent.push({ task, pixels });
    this.#unanswered += pixels;
    const message: SomePicture = {
      request: { picture: { ...picture, data }, sigma, strength, quality, range },
    };
    this.worker.post(message, [data.buffer as ArrayBuffer]);
  }

  #send(task: WindowTask): void {
    const { network } = task;
    const { window, height, level, write } = task.rows;
    const width = window.end - window.start;
    const { model, inputRows } = this.streams[network]!;
    const total = inputRows(height);
    const begin = this.#row === 0 ? { network, window, height: total, level } : undefined;
    const count = Math.min(total - this.#row, Math.ceil(PIXELS_SENT / width));
    const size = model.channels * width;
    const length = count * size;
    const old = this.#forRows.pop();
    const values = old && old.length >= length ? old : new Float32Array(length);
    for (let i = 0; i < count; i++, this.#row++) write(insideOf(this.#row, height), values, i * size, width);
    const pixels = count * width;
    this.#sent.push({ task, pixels });
    this.#unanswered += pixels;
    if (this.#row === total) this.#task = undefined;
    const spare = this.#forOutput.pop();
    const message: SomeRows = { begin, rows: { values, length }, spare };
    this.worker.post(message, spare ? [values.buffer, spare.buffer] : [values.buffer]);
  }

  /** Takes an answer, which belongs to the oldest of what was sent. */
  hear(answer: SomeOutput | SomeDenoised): void {
    const { task, pixels } = this.#sent.shift()!;
    this.#unanswered -= pixels;
    if (isPictureTask(task)) task.denoised((answer as SomeDenoised).denoised);
    else this.#readRows(task, answer as SomeOutput);
  }

  #readRows(task: WindowTask, { output: { values, length }, spare }: SomeOutput): void {
    this.#forRows.push(spare);
    this.#forOutput.push(values);
    if (task.isOver()) return;
    const { window, height, read } = task.rows;
    const width = window.end - window.start;
    const size = this.streams[task.network]!.model.channels * width;
    for (let at = 0; at < length && task.done < height; at += size, task.done++)
      read(task.done, values, at, width);
    try {
      task.report();
    } catch (error) {
      task.fail(error);
    }
  }

  /** Ends the worker. @returns the tasks that it has not finished */
  end(): Task[] {
    void this.worker.terminate();
    const tasks: Task[] = this.#sent.map(({ task }) => task);
    if (this.#task) tasks.push(this.#task);
    return [...new Set(tasks)].filter((task) => !task.isOver());
  }
}
