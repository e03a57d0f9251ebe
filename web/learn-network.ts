/** Trains a network on one picture alone, in a worker, and shows now and then what it makes of the picture. */
import { createWith } from "../src/denoiser/create.ts";
import { lessonOf } from "../src/learning/learn-from-picture.ts";
import { runningFrom, type SoFar } from "../src/learning/learn-options.ts";
import { levelOfCurve } from "../src/learning/noise-curve.ts";
import { learnNetwork } from "../src/learning/small-network.ts";
import { encodeModel } from "../src/model/model-file.ts";
import type { FromLearnWorker, Learned, NetworkTask } from "./learning-messages.ts";

/** The least milliseconds between two reports of progress, and between two looks at the picture. */
const REPORT_EVERY = 250;
const LOOK_EVERY = 1000;
/** For a look, training waits; this many times as long it then goes on without one. */
const REST_AFTER_LOOK = 6;
/** About how many pixels, in the middle of the picture, are looked at. */
const LOOKED_AT = 4e5;

/**
 * @param say tells the page how far the training is, and what the network makes of the picture
 * @throws DataError if the picture is too small, no noise is found, or that of neighbouring pixels goes together
 */
export async function learnNetworkOf(
  { image, level }: NetworkTask,
  say: (message: FromLearnWorker, transfer?: Transferable[]) => void,
): Promise<Learned> {
  const { set, noise } = lessonOf(image, level === "auto" ? level : { gain: 0, sigma: level });
  let [reported, due] = [performance.now(), performance.now() + LOOK_EVERY];
  /** The losses since the last report. */
  let losses: number[] = [];
  const onProgress = async (done: number, soFar?: SoFar) => {
    losses.push(soFar!.loss);
    if (performance.now() - reported < REPORT_EVERY) return;
    reported = performance.now();
    say({ done, loss: losses.reduce((sum, loss) => sum + loss) / losses.length });
    losses = [];
    if (performance.now() < due) return;
    const begin = performance.now();
    const look = await lookAt(image, soFar!);
    say(look, [look.pixels.buffer]);
    const took = performance.now() - begin;
    due = performance.now() + Math.max(LOOK_EVERY, REST_AFTER_LOOK * took);
  };
  const running = runningFrom({
    mode: "fast",
    threadWorkerUrl: new URL("./thread-worker.js", import.meta.url),
    onProgress,
  });
  const { model } = await learnNetwork(set, noise, running);
  return { level: levelOfCurve(noise), network: encodeModel(model) as Uint8Array<ArrayBuffer> };
}

/** Denoises the rows in the middle of the picture, or all of a small one. */
async function lookAt({ data, width, height }: ImageData, soFar: SoFar) {
  const rows = Math.min(height, Math.ceil(LOOKED_AT / width));
  const from = (height - rows) >> 1;
  const part = { data: data.subarray(4 * width * from, 4 * width * (from + rows)), width, height: rows };
  using denoiser = await createWith([], { model: soFar.model(), mode: "fast" });
  // The network is not told the level, but for one of 0 nothing would be taken away.
  const { data: pixels } = await denoiser.denoise(part, { sigma: 1 });
  return { pixels: pixels as Uint8ClampedArray<ArrayBuffer>, width, from };
}
