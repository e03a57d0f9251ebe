/** Saves the model that the page shows, and loads one from a file. */
import { decodeModel } from "../src/model/model-file.ts";
import { currentModel, onModelChange, setCurrentModel } from "./current-model.ts";
import { button, download, onFile, setText } from "./dom.ts";
import { modelFileName, modelSummary } from "./model-text.ts";

export function startModelControls(): void {
  onModelChange(() => {
    button("save-model").disabled = false;
  });
  button("save-model").addEventListener("click", () => {
    const { bytes, model } = currentModel()!;
    download(new Blob([bytes]), modelFileName(model));
  });
  for (const part of ["train", "inside"]) onFile(`${part}-load`, `${part}-message`, load);
}

function load(name: string, bytes: Uint8Array<ArrayBuffer>): void {
  setText("model-facts", modelSummary(decodeModel(bytes, name), name));
  setCurrentModel(bytes, name);
}
