/** Who runs the network over pictures: this thread alone, or a team of threads (team.ts). */
import { DenoiseError } from "../errors.ts";
import type { PictureValues } from "../pictures/picture.ts";
import { yieldToEventLoop } from "../wasm/event-loop.ts";
import type { ConvStream, StreamedRows } from "./conv-stream.ts";
import { denoisePicture, type Run } from "./denoise-picture.ts";
import type { Denoised } from "./denoiser.ts";
import type { Request } from "./request.ts";
import { windowsOf } from "./windows.ts";

export interface Crew {
  /** The number of threads that compute. */
  readonly threads: number;
  /** Denoises a picture when its turn has come. @throws DenoiseError if the crew was disposed of before it ended */
  denoise<Values extends PictureValues>(request: Request<Values>): Promise<Denoised<Values>>;
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
  const models = streams.map(({ model }) => model);
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
    denoise(request) {
      const result = turn.then(() => denoisePicture(present() && run, models, request));
      turn = result.catch(() => {});
      return result;
    },
    dispose() {
      lane = undefined;
    },
  };
}
