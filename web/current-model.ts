/** The models that the page has beside those of the package: of its training, or from files. */

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
let used: ShownModel | undefined;

/** The newest. */
export function currentModel(): ShownModel | undefined {
  return current;
}

export function setCurrentModel(model: ShownModel): void {
  current = model;
  changes.dispatchEvent(new Event("change"));
}

/** The one that "Denoise" uses, or would if it was chosen there: it denoises pictures of any size. */
export function usedModel(): ShownModel | undefined {
  return used;
}

export function setUsedModel(model: ShownModel): void {
  used = model;
}

export function onModelChange(callback: () => void): void {
  changes.addEventListener("change", callback);
}
