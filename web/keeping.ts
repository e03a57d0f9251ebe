/** Keeps a training that runs in the browser, so that it can go on after a reload. Used by the training worker. */
import { encodeCheckpoint } from "../src/training/checkpoint.ts";
import type { Training } from "../src/training/trainer.ts";
import { keepBeginning, keepCheckpoint, throwAway } from "./kept-files.ts";
import type { FromWorker, TrainingRequest } from "./training-messages.ts";

/** Milliseconds from one checkpoint to the next: so much of a training is lost at most. */
const EVERY = 60_000;

export class Keeping {
  #last = performance.now();
  /** Whether the files are there that the checkpoints belong to. */
  #begun: boolean;
  /** What is being written. */
  #work: Promise<void> = Promise.resolve();

  constructor(
    private readonly request: TrainingRequest,
    private readonly say: (message: FromWorker) => void,
  ) {
    this.#begun = request.isKept === true;
  }

  /** Keeps the training as it is now, if it was last kept a minute ago. */
  soon(training: Training): void {
    if (performance.now() - this.#last >= EVERY) void this.now(training);
  }

  /** Keeps the training as it is now. Resolves when that is done, or has failed. */
  now(training: Training): Promise<void> {
    this.#last = performance.now();
    this.#work = this.#work.then(() => this.#write(training));
    return this.#work;
  }

  /** Throws away what was kept, once the training is complete. */
  async end(): Promise<void> {
    await this.#work;
    if (this.#begun) await throwAway(this.request.kept).catch(() => {});
  }

  async #write(training: Training): Promise<void> {
    try {
      const bytes = await encodeCheckpoint(training.checkpoint());
      if (!this.#begun) await keepBeginning(this.request);
      this.#begun = true;
      await keepCheckpoint(this.request.kept, bytes);
      this.say({ type: "kept", isKept: true });
    } catch {
      // There is no room for it, or none for any file: the training goes on all the same.
      if (!this.#begun) await throwAway(this.request.kept).catch(() => {});
      this.say({ type: "kept", isKept: false });
    }
  }
}
