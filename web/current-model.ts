/** The model that the page shows: of its training, or from a file. */
import type { Model } from "../src/model/model.ts";
import { decodeModel } from "../src/model/model-file.ts";

export interface ShownModel {
  /** The bytes of its file. */
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

/** Sets the model that is shown. It is decoded only when it is first used: during training most models never are. */
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
