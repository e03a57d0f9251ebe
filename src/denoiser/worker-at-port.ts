import type { RawWorker } from "../wasm/raw-worker.ts";

/** A worker that another thread has started and speaks with through a message port. The page ends it. */
export class WorkerAtPort implements RawWorker {
  readonly #onError: ((error: Error) => void)[] = [];
  #lost: Error | undefined;

  constructor(private readonly port: MessagePort) {}

  post(message: unknown, transfer: (ArrayBuffer | MessagePort)[] = []): void {
    this.port.postMessage(message, transfer);
  }

  onMessage(callback: (message: unknown) => void): void {
    this.port.addEventListener("message", ({ data }) => callback(data));
    this.port.start();
  }

  onError(callback: (error: Error) => void): void {
    this.#onError.push(callback);
    if (this.#lost) callback(this.#lost);
  }

  /** Called when the page hears that the worker has died. */
  lose(error: Error): void {
    this.#lost = error;
    for (const callback of this.#onError) callback(error);
  }

  hold(): void {}

  async terminate(): Promise<void> {
    this.port.close();
  }
}
