/** The model that the page shows in all its parts: of its training, or from a file. */

export interface ShownModel {
  /** The bytes of its file. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** "the training in this page", or the file's name. */
  readonly from: string;
  /** Whether it denoises pictures of any size: whether it is made of convolutions. */
  readonly denoises: boolean;
}

const changes = new EventTarget();
let current: ShownModel | undefined;

export function currentModel(): ShownModel | undefined {
  return current;
}

export function setCurrentModel(model: ShownModel): void {
  current = model;
  changes.dispatchEvent(new Event("change"));
}

export function onModelChange(callback: () => void): void {
  changes.addEventListener("change", callback);
}
