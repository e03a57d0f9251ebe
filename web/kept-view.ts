/** The trainings that the browser keeps, in the tab "Train": each can go on, or be thrown away. */
import { button, byId, input, messageOf, select, setMessage } from "./dom.ts";
import { FieldError } from "./form-fields.ts";
import { keptNames, readKept, throwAway } from "./kept-files.ts";
import { filesAmong, filesInWords, type KeptTraining, sourceOfFiles } from "./kept-training.ts";
import { choosePictures, chosenPictures } from "./picture-choice.ts";
import { requestFromCheckpoint } from "./recipe-form.ts";
import { running } from "./training-lock.ts";
import type { TrainingRequest } from "./training-messages.ts";

export class KeptView {
  readonly #element = byId("kept", HTMLElement);

  /** @param goOn called with the training that the user chose */
  constructor(private readonly goOn: (request: TrainingRequest) => void) {}

  hide(): void {
    this.#element.hidden = true;
  }

  /** Shows what is kept and does not run, here or in another tab. */
  async show(): Promise<void> {
    const names = await keptNames();
    const busy = await running(names, () => void this.#showIfIdle());
    const rows = await Promise.all(
      names.filter((name) => !busy.includes(name)).map((name) => this.#row(name)),
    );
    byId("kept-list", HTMLElement).replaceChildren(...rows);
    this.#element.hidden = rows.length === 0;
  }

  #showIfIdle(): void {
    if (!button("start").disabled) void this.show();
  }

  async #row(name: number): Promise<HTMLElement> {
    const kept = await readKept(name).catch(() => undefined);
    const date = new Date(name).toLocaleString("en", {
      dateStyle: "medium",
      timeStyle: "short",
      hour12: false,
    });
    const row = document.createElement("li");
    const words = document.createElement("p");
    const buttons = document.createElement("div");
    buttons.className = "buttons";
    if (kept) {
      const { recipe, position, seed } = kept.from;
      words.textContent =
        `${recipe.name}, seed ${seed}, of ${date}: epoch ${position.epoch} of ${recipe.epochs}.` +
        (kept.data ? "" : ` Choose its pictures again first: ${filesInWords(kept.about)}.`);
      const label = `Go on with the training of ${date} (epoch ${position.epoch} of ${recipe.epochs})`;
      buttons.append(pressable("Go on", label, "primary", () => this.#begin(kept)));
    } else words.textContent = `The training of ${date} is damaged: it cannot go on.`;
    const away = `Throw away the training of ${date}`;
    buttons.append(pressable("Throw away", away, "", () => this.#drop(name, date)));
    row.append(words, buttons);
    return row;
  }

  #begin(training: KeptTraining): void {
    setMessage("train-message");
    try {
      this.goOn(requestOf(training));
    } catch (error) {
      setMessage("train-message", messageOf(error));
      if (error instanceof FieldError) input(error.field).focus();
    }
  }

  async #drop(name: number, date: string): Promise<void> {
    if (!confirm(`Throw away the training of ${date}? It cannot be brought back.`)) return;
    await throwAway(name).catch((error: unknown) => setMessage("train-message", messageOf(error)));
    await this.show();
    (this.#element.querySelector("button") ?? button("start")).focus();
  }
}

/** @throws FieldError where the user has to choose the training's files again */
function requestOf({ kept, about, from, base, data: keptData }: KeptTraining): TrainingRequest {
  const { threads, kind } = about;
  const data = keptData ?? sourceOfFiles(kind, chosenFiles(about));
  const request = requestFromCheckpoint(from, {
    ...(threads !== undefined && { threads }),
    ...(base !== undefined && { base }),
    data,
    kept,
    isKept: true,
  });
  if (data.kind === "pictures") choosePictures(data.files);
  return request;
}

function chosenFiles(about: KeptTraining["about"]): readonly File[] {
  const isIdx = about.kind === "idx";
  const chosen = isIdx ? [...input("idx-files").files!] : chosenPictures();
  const files = filesAmong(about, chosen);
  if (files) return files;
  select("data").value = about.kind;
  select("data").dispatchEvent(new Event("change"));
  throw new FieldError(
    isIdx ? "idx-files" : "training-pictures",
    `Choose the files again that this training is on, then go on: ${filesInWords(about)}.`,
  );
}

function pressable(text: string, label: string, className: string, press: () => void): HTMLButtonElement {
  const pressed = document.createElement("button");
  Object.assign(pressed, { type: "button", textContent: text, className, ariaLabel: label });
  pressed.addEventListener("click", press);
  return pressed;
}
