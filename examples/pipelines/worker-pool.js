// Denoises many pictures in a page, several at a time, each in a worker of its own.
import { createDenoiser } from "denoise-wasm/browser";

/**
 * `const pool = await workerPool(); await Promise.all(pictures.map((picture) => pool.denoise(picture)))`: pictures wait for their turn.
 * @param {number} [count] how many workers; each takes some tens of megabytes, and more for large pictures
 * @param {import("denoise-wasm/browser").CreateDenoiserOptions} [options]
 */
export async function workerPool(count = Math.max(1, navigator.hardwareConcurrency - 1), options = {}) {
  const made = await Promise.allSettled(
    Array.from({ length: count }, () => createDenoiser({ ...options, worker: true })),
  );
  const denoisers = made.flatMap(({ value }) => value ?? []);
  const dispose = () => {
    for (const denoiser of denoisers) denoiser.dispose();
  };
  const failed = made.find(({ status }) => status === "rejected");
  if (failed) {
    dispose();
    throw failed.reason;
  }
  const free = [...denoisers];
  const waiting = new Set();

  /** The next denoiser that is free, in the order of the calls. */
  const turn = (signal) =>
    new Promise((resolve, reject) => {
      const leave = () => {
        waiting.delete(take);
        reject(signal.reason);
      };
      const take = (denoiser) => {
        waiting.delete(take);
        signal?.removeEventListener("abort", leave);
        resolve(denoiser);
      };
      signal?.addEventListener("abort", leave, { once: true });
      waiting.add(take);
    });

  return {
    /** As `denoise` of a denoiser; by `options.signal`, a picture that waits leaves the queue. */
    async denoise(picture, options = {}) {
      options.signal?.throwIfAborted();
      const denoiser = free.pop() ?? (await turn(options.signal));
      try {
        return await denoiser.denoise(picture, options);
      } finally {
        const [next] = waiting;
        if (next) next(denoiser);
        else free.push(denoiser);
      }
    },
    /** Ends all workers; what is denoised or waits is refused. */
    dispose,
  };
}
