/** The worker that learns the noise of a picture, so that the page stays free. Built as `calibrate-worker.js`. */
import { calibrate } from "../src/learning/calibrate.ts";
import { decodeWeights } from "../src/model/model-file.ts";
import type { CalibrateTask, FromCalibrateWorker } from "./calibrating.ts";
import { messageOf } from "./dom.ts";

const say = (message: FromCalibrateWorker) => self.postMessage(message);

self.onmessage = async ({ data: { image, models } }: MessageEvent<CalibrateTask>) => {
  try {
    const networks = models.map((bytes) => decodeWeights(new Uint8Array(bytes), "the model"));
    say({ calibration: await calibrate(networks, [image], { onProgress: (done) => say({ done }) }) });
  } catch (error) {
    say({ failed: messageOf(error) });
  }
};
