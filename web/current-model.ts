/** The model that the page shows: the one in training after its last epoch, or one from a file. */
import type { Model } from "../src/model.ts";

export interface ShownModel {
  readonly model: Model;
  /** "epoch 3 of this training", or the file's name. */
  readonly from: string;
}

const changes = new EventTarget();
let current: ShownModel | undefined;

export function currentModel(): ShownModel | undefined {
  return current;
}

export function setCurrentModel(shown: ShownModel): void {
  current = shown;
  changes.dispatchEvent(new Event("change"));
}

export function onModelChange(callback: () => void): void {
  changes.addEventListener("change", callback);
}
