/** The tab "Train": its form, its buttons, and the files that it takes. */
import { decodeCheckpoint } from "../src/training/checkpoint.ts";
import { button, byId, input, messageOf, onFile, setMessage } from "./dom.ts";
import { FieldError } from "./form-fields.ts";
import { KeptView } from "./kept-view.ts";
import { startPictureChoice } from "./picture-choice.ts";
import { requestFromCheckpoint, requestFromForm, showSource, startRecipeForm } from "./recipe-form.ts";
import { TrainView } from "./train-view.ts";
import type { TrainingRequest } from "./training-messages.ts";

/** Resolves when it is known which trainings the browser keeps, so that nothing moves after that. */
export async function startTrain(): Promise<void> {
  startRecipeForm();
  const view = new TrainView(() => void kept.show());
  const start = (request: TrainingRequest) => {
    kept.hide();
    view.start(request);
  };
  const kept = new KeptView(start);
  byId("recipe-form", HTMLFormElement).addEventListener("submit", (event) => {
    event.preventDefault();
    begin(start);
  });
  startPictureChoice(showSource, (reason) => setMessage("train-message", reason));
  button("pause").addEventListener("click", () => view.pauseOrGoOn());
  button("step").addEventListener("click", () => view.step());
  button("stop").addEventListener("click", () => view.stop());
  button("save-curve").addEventListener("click", () => view.saveCurve());
  button("save-figure").addEventListener("click", () => view.saveFigure());
  button("save-checkpoint").addEventListener("click", () => view.saveCheckpoint());
  onFile("load-checkpoint", "train-message", async (name, bytes) =>
    start(requestFromCheckpoint(await decodeCheckpoint(bytes, name))),
  );
  await kept.show();
}

/** Begins the training that the form describes. If a field is wrong, it gets the focus. */
function begin(start: (request: TrainingRequest) => void): void {
  for (const field of document.querySelectorAll("#recipe-form [aria-invalid]"))
    field.removeAttribute("aria-invalid");
  setMessage("train-message");
  try {
    start(requestFromForm());
  } catch (error) {
    setMessage("train-message", messageOf(error));
    if (!(error instanceof FieldError)) return;
    const field = input(error.field);
    field.setAttribute("aria-invalid", "true");
    field.closest("details")?.setAttribute("open", "");
    field.focus();
  }
}
