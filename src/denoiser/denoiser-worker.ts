/**
 * The script of a remote denoiser's worker and of its helpers, which the page starts, all of them: built as `denoiser-worker.js`, and
 * as a text in the page's own script. It holds neither the core nor models, which the page sends.
 */
import { createWith } from "./create.ts";
import type { Denoiser } from "./denoiser.ts";
import {
  type FromDenoiserWorker,
  HELPER_NAME,
  type HelperPlace,
  type ToDenoiserWorker,
} from "./denoiser-messages.ts";
import { helperMain } from "./helper-main.ts";
import { WorkerAtPort } from "./worker-at-port.ts";

let denoiser: Denoiser;
let helpers: WorkerAtPort[];
const running = new Map<number, AbortController>();

function say(message: FromDenoiserWorker, transfer: Transferable[] = []): void {
  self.postMessage(message, { transfer });
}

const onMessage = async ({ data }: MessageEvent<ToDenoiserWorker>) => {
  const { id } = data;
  try {
    switch (data.type) {
      case "create":
        helpers = data.helpers.map((port) => new WorkerAtPort(port));
        denoiser = await createWith([], data.options, helpers);
        say({ id, type: "created", threads: denoiser.threads });
        break;
      case "denoise": {
        const control = new AbortController();
        running.set(id, control);
        const result = await denoiser.denoise(data.picture, {
          ...data.options,
          transfer: true,
          signal: control.signal,
          onProgress: (done) => say({ id, type: "progress", done }),
        });
        say({ id, type: "denoised", result }, [result.data.buffer as ArrayBuffer]);
        break;
      }
      case "abort":
        running.get(id)?.abort();
        break;
      case "lost":
        helpers[data.helper]!.lose(new Error(data.message));
    }
  } catch (error) {
    const { name, message } = error as Error;
    say({ id, type: "failed", name, message });
  } finally {
    if (data.type === "denoise") running.delete(id);
  }
};

if (self.name === HELPER_NAME)
  self.onmessage = ({ data }: MessageEvent<HelperPlace>) => helperMain(data.port as never);
else self.onmessage = onMessage;
