/** Saves the model that the page shows, loads one from a file, and takes it from one part of the page to another. */
import { decodeModel } from "../src/model/model-file.ts";
import { isConvolutional } from "../src/network/spec.ts";
import { partOfAddress } from "./address.ts";
import { currentModel, onModelChange, type ShownModel, setCurrentModel, usedModel } from "./current-model.ts";
import { decodedModel } from "./decoded-model.ts";
import { button, byId, download, onFile, select, setMessage, setText } from "./dom.ts";
import { modelFileName, modelSummary } from "./model-text.ts";

export function startModelControls(): void {
  const show = () => {
    const shown = currentModel();
    button("save-model").disabled = shown === undefined;
    button("use-model").disabled = !shown?.denoises;
    if (shown) setText("model-facts", `From ${shown.from}.`);
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
  document.addEventListener("part", chooseRecipe);
  for (const part of ["train", "inside"]) onFile(`${part}-load`, `${part}-message`, loadModel);
}

/** Has the tab "Denoise" use the model of the page. */
export function chooseOwnModel(): void {
  const choice = select("model");
  choice.value = "own";
  choice.dispatchEvent(new Event("change"));
}

/** Has the tab "Train" go on with the model that its address names, as in `#train&recipe=own`: with the one that Denoise uses. */
function chooseRecipe(): void {
  const name = new URLSearchParams(location.hash.slice(1)).get("recipe");
  if (partOfAddress() !== "train" || !name) return;
  history.replaceState(null, "", "#train");
  if (byId("recipe-fields", HTMLFieldSetElement).disabled) {
    setMessage("train-message", "A training is under way: stop it before you go on with another model.");
    return;
  }
  const used = usedModel();
  if (name === "own" && used && used !== currentModel()) setCurrentModel(used);
  const choice = select("recipe");
  const option = [...choice.options].find(({ value, disabled }) => value === name && !disabled);
  if (!option) return;
  option.selected = true;
  choice.dispatchEvent(new Event("change"));
  choice.focus();
}

/** Takes a model file as the model of the page. @throws ModelFileError if it is none */
export function loadModel(name: string, bytes: Uint8Array<ArrayBuffer>): ShownModel {
  const model = decodeModel(bytes, name);
  const shown = { bytes, from: name, denoises: isConvolutional(model.spec) };
  setCurrentModel(shown);
  setText("model-facts", modelSummary(model, name));
  return shown;
}
