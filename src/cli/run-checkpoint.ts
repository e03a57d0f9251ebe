import { existsSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { loadCheckpoint, saveCheckpoint } from "../node.ts";
import type { Checkpoint } from "../training/checkpoint.ts";
import type { Training } from "../training/trainer.ts";

/** The checkpoint in a run folder. It is written every so many minutes, and removed when the run is complete. */
export class RunCheckpoint {
  readonly #path: string;
  /** When it was last written, or else when this object was made. */
  #written = performance.now();

  /** @param minutes the time between two checkpoints */
  constructor(
    readonly folder: string,
    private readonly minutes = Infinity,
  ) {
    this.#path = join(folder, "checkpoint.safetensors");
  }

  get exists(): boolean {
    return existsSync(this.#path);
  }

  /** A phrase that says how to go on from the checkpoint. */
  get remedy(): string {
    const folder = /\s/.test(this.folder) ? `"${this.folder}"` : this.folder;
    return `go on with: denoise-wasm train --resume ${folder}`;
  }

  /** @throws ModelFileError if it cannot be read or is not a checkpoint */
  load(): Promise<Checkpoint> {
    return loadCheckpoint(this.#path);
  }

  /**
   * Writes the checkpoint. If that fails, an older one is kept.
   * @throws OutputError if it cannot be written; SpecError or DivergenceError if the training has no state to go on from
   */
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
