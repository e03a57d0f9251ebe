/** The worker that learns from a picture, so that the page stays free. Built as `learn-worker.js`. */
import { CALIBRATED_LEVEL } from "../src/learning/calibration.ts";
import { messageOf } from "./dom.ts";
import type { FromLearnWorker, Learned, LearningTask } from "./learning-messages.ts";

const say = (message: FromLearnWorker, transfer: Transferable[] = []) =>
  self.postMessage(message, { transfer });

self.onmessage = async ({ data: task }: MessageEvent<LearningTask>) => {
  try {
    say({ learned: await learn(task) });
  } catch (error) {
    say({ failed: messageOf(error) });
  }
};

/** Each way of learning is loaded when it is first used. */
async function learn(task: LearningTask): Promise<Learned> {
  if (task.type === "network") return (await import("./learn-network.ts")).learnNetworkOf(task, say);
  const [{ calibrate }, { decodeWeights }] = await Promise.all([
    import("../src/learning/calibrate.ts"),
    import("../src/model/model-file.ts"),
  ]);
  const networks = task.models.map((bytes) => decodeWeights(new Uint8Array(bytes), "the model"));
  const calibration = await calibrate(networks, [task.image], { onProgress: (done) => say({ done }) });
  return { level: CALIBRATED_LEVEL, calibration };
}
