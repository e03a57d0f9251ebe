/** Saves the model that the page shows, loads one from a file, and takes it from one part of the page to another. */
import { decodeModel } from "../src/model/model-file.ts";
import { isConvolutional } from "../src/network/spec.ts";
import { currentModel, onModelChange, type ShownModel, setCurrentModel } from "./current-model.ts";
import { decodedModel } from "./decoded-model.ts";
import { button, byId, download, onFile, select, setText } from "./dom.ts";
import { modelFileName, modelSummary } from "./model-text.ts";

export function startModelControls(): void {
  const show = () => {
    const shown = currentModel();
    button("save-model").disabled = shown === undefined;
    button("use-model").disabled = !shown?.denoises;
  };
  onModelChange(show);
  show();
  button("save-model").addEventListener("click", () => {
    const shown = currentModel()!;
    download(new Blob([shown.bytes]), modelFileName(decodedModel(shown)));
  });
  button("use-model").addEventListener("click", () => {
    chooseOwnModel();
    location.hash = "denoise";
    byId("tab-denoise", HTMLElement).focus();
  });
  for (const part of ["train", "inside"]) onFile(`${part}-load`, `${part}-message`, loadModel);
}

/** Has the tab "Denoise" use the model of the page. */
export function chooseOwnModel(): void {
  const choice = select("model");
  choice.value = "own";
  choice.dispatchEvent(new Event("change"));
}

/** Takes a model file as the model of the page. @throws ModelFileError if it is none */
export function loadModel(name: string, bytes: Uint8Array<ArrayBuffer>): ShownModel {
  const model = decodeModel(bytes, name);
  setText("model-facts", modelSummary(model, name));
  const shown = { bytes, from: name, denoises: isConvolutional(model.spec) };
  setCurrentModel(shown);
  return shown;
}
