/** Who runs the network over pictures: this thread alone, or a team of threads (team.ts). */
import { DenoiseError } from "../errors.ts";
import type { CheckedPicture, Picture } from "../pictures/picture.ts";
import { yieldToEventLoop } from "../wasm/event-loop.ts";
import type { ConvStream, StreamedRows } from "./conv-stream.ts";
import { type FoundNoise, findNoise } from "./sigma.ts";
import { type Window, windowsOf } from "./windows.ts";

/**
 * Cuts a picture of this size into windows, and runs the network of a number over what `rowsOf` gives for each: in any
 * order, and on several windows at a time. `onProgress` is called from time to time with the part of the work that is done, below 1.
 * The promise is rejected if the network, a callback or the signal says so, and no callback is called after that.
 */
export type Run = (
  network: number,
  width: number,
  height: number,
  rowsOf: (window: Window) => StreamedRows[],
  signal: AbortSignal | undefined,
  onProgress: (part: number) => void,
) => Promise<void>;

/** Finds the level of a picture's noise (`findNoise`), perhaps on another thread. */
export type Find = (picture: Picture, checked: CheckedPicture) => FoundNoise | Promise<FoundNoise>;

export interface Crew {
  /** The number of threads that compute. */
  readonly threads: number;
  /** Begins some work on a picture when its turn has come. @throws DenoiseError if the crew was disposed of before it ended */
  schedule<Result>(work: (run: Run, find: Find) => Promise<Result>): Promise<Result>;
  dispose(): void;
}

/** Runs the network of a number over some rows on this thread. `step` is told the number of finished rows after each turn of the event loop. */
export type Lane = (network: number, rows: StreamedRows, step: (done: number) => void) => Promise<void>;

/** @param patience for how many milliseconds the network runs before the event loop gets its next turn */
export function laneOf(streams: readonly ConvStream[], patience: number): Lane {
  let resumed = 0;
  return async (network, rows, step) => {
    for (const done of streams[network]!.run(rows)) {
      if (performance.now() - resumed < patience) continue;
      await yieldToEventLoop();
      step(done);
      resumed = performance.now();
    }
  };
}

export const disposedOf = () => new DenoiseError("The denoiser was disposed of. Create another one.");

/** A crew of this thread alone, which takes pictures one after the other. */
export function alone(streams: readonly ConvStream[]): Crew {
  let turn: Promise<unknown> = Promise.resolve();
  let lane: Lane | undefined = laneOf(streams, 20);
  const present = () => {
    if (!lane) throw disposedOf();
    return lane;
  };
  const run: Run = async (network, width, height, rowsOf, signal, onProgress) => {
    const { reach, multiple } = streams[network]!.model;
    const all = windowsOf(width, reach, multiple).flatMap(rowsOf);
    for (const [index, rows] of all.entries()) {
      await present()(network, rows, (done) => {
        onProgress((index + done / height) / all.length);
        signal?.throwIfAborted();
        present();
      });
    }
  };
  return {
    threads: 1,
    schedule(work) {
      const result = turn.then(() => work(present() && run, findNoise));
      turn = result.catch(() => {});
      return result;
    },
    dispose() {
      lane = undefined;
    },
  };
}
