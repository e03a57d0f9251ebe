import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { loadCheckpoint, saveCheckpoint } from "../node.ts";
import type { Checkpoint } from "../training/checkpoint.ts";
import type { Training } from "../training/trainer.ts";

/** The checkpoint in a run folder: written every so often, and there until the run is complete. */
export class RunCheckpoint {
  readonly #path: string;
  /** When it was written last. */
  #written = performance.now();

  /** @param minutes from one time that it is written to the next */
  constructor(
    readonly folder: string,
    private readonly minutes = Infinity,
  ) {
    this.#path = join(folder, "checkpoint.safetensors");
  }

  get exists(): boolean {
    return existsSync(this.#path);
  }

  /** In words, how to go on from it. */
  get remedy(): string {
    const folder = /\s/.test(this.folder) ? `"${this.folder}"` : this.folder;
    return `go on with: denoise-wasm train --resume ${folder}`;
  }

  /** @throws ModelFileError */
  load(): Promise<Checkpoint> {
    return loadCheckpoint(this.#path);
  }

  /** @throws OutputError where it cannot be written, DivergenceError; an older one is kept then */
  async write(training: Training): Promise<void> {
    await saveCheckpoint(training.checkpoint(), this.#path);
    this.#written = performance.now();
  }

  async writeWhenDue(training: Training): Promise<void> {
    if (performance.now() - this.#written >= 60_000 * this.minutes) await this.write(training);
  }

  remove(): Promise<void> {
    return rm(this.#path, { force: true });
  }
}
