/** Node's worker threads, in the hands of a test. */
import { Worker } from "node:worker_threads";
import { vi } from "vitest";

/** Every worker that was started since `watchWorkers` was called. */
export const workers: Worker[] = [];
const builtin = process.getBuiltinModule;

/** Keeps a list of all workers that are started from now on, until mocks are restored. */
export function watchWorkers(Kind: typeof Worker = Worker): void {
  workers.length = 0;
  vi.spyOn(process, "getBuiltinModule").mockImplementation(((name: string) => {
    if (name !== "node:worker_threads") return builtin(name);
    return {
      Worker: class extends Kind {
        constructor(...parameters: ConstructorParameters<typeof Worker>) {
          super(...parameters);
          workers.push(this);
        }
      },
    };
  }) as typeof process.getBuiltinModule);
}

/** How many of them run. A worker that has ended has the thread id −1. */
export const running = () => workers.filter((worker) => worker.threadId !== -1).length;
