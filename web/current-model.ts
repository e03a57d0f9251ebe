/** The model that the page shows: the one in training, or one from a file. */
import type { Model } from "../src/model/model.ts";
import { decodeModel } from "../src/model/model-file.ts";

export interface ShownModel {
  /** Its file. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** "the training in this page", or the file's name. */
  readonly from: string;
  readonly model: Model;
}

const changes = new EventTarget();
let current: ShownModel | undefined;

export function currentModel(): ShownModel | undefined {
  return current;
}

/** Decodes the model when it is looked at, which in training it is not after each epoch. */
export function setCurrentModel(bytes: Uint8Array<ArrayBuffer>, from: string): void {
  let model: Model | undefined;
  current = {
    bytes,
    from,
    get model() {
      model ??= decodeModel(bytes, from);
      return model;
    },
  };
  changes.dispatchEvent(new Event("change"));
}

export function onModelChange(callback: () => void): void {
  changes.addEventListener("change", callback);
}
