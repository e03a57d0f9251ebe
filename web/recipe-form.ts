/** The form for a training: the values of a recipe, which the user may change. */

import { SpecError } from "../src/errors.ts";
import type { Checkpoint } from "../src/training/checkpoint.ts";
import { parseRecipe, type Recipe, recipes } from "../src/training/recipes.ts";
import { idxFilesOf } from "./dataset.ts";
import { byId, input, select, setText } from "./dom.ts";
import type { DataSource, TrainingRequest } from "./training-messages.ts";

/** The recipes that the form offers: it has a field for Gaussian noise only. */
const named: Readonly<Record<string, Recipe>> = Object.fromEntries(
  Object.entries(recipes).filter(([, { noise }]) => noise.model === "gaussian"),
);

/** Fills the form, and updates the fields that depend on a choice whenever it changes. */
export function startRecipeForm(): void {
  const choice = select("recipe");
  for (const name of Object.keys(named)) choice.append(new Option(name));
  const showChoice = () => showRecipe(named[choice.value]!);
  choice.addEventListener("change", showChoice);
  select("data").addEventListener("change", showSource);
  select("mode").addEventListener("change", showMode);
  showChoice();
  showSource();
  showMode();
}

/** Locks the form while a training runs. */
export function lockRecipeForm(locked: boolean): void {
  byId("recipe-fields", HTMLFieldSetElement).disabled = locked;
}

/** The training that the form describes. @throws SpecError, DataError if something in it is not possible */
export function requestFromForm(): TrainingRequest {
  const base = named[select("recipe").value]!;
  const recipe = parseRecipe(
    {
      ...base,
      noise: { ...base.noise, sigma: sigmaFrom(input("noise-sigma").value) },
      optimizer: { ...base.optimizer, learningRate: numberFrom("learning-rate") },
      epochs: numberFrom("epochs"),
      batch: numberFrom("batch"),
    },
    "The form",
  );
  return {
    recipe,
    seed: numberFrom("seed"),
    mode: select("mode").value === "fast" ? "fast" : "reproducible",
    ...surroundingsFromForm(),
  };
}

/** A training that goes on from a checkpoint. The form then shows the checkpoint's recipe. @throws SpecError, DataError */
export function requestFromCheckpoint(from: Checkpoint): TrainingRequest {
  const { recipe, seed, mode } = from;
  const surroundings = surroundingsFromForm();
  if (Object.hasOwn(named, recipe.name)) select("recipe").value = recipe.name;
  showRecipe(recipe);
  input("seed").value = String(seed);
  select("mode").value = mode;
  showMode();
  return { recipe, seed, mode, ...surroundings, from };
}

/** The settings that a checkpoint does not contain. */
function surroundingsFromForm(): Pick<TrainingRequest, "threads" | "data"> {
  const threads = input("threads").value === "" ? undefined : numberFrom("threads");
  return { ...(threads !== undefined && { threads }), data: sourceFrom() };
}

function showRecipe({ epochs, batch, optimizer, noise }: Recipe): void {
  input("epochs").value = String(epochs);
  input("batch").value = String(batch);
  input("learning-rate").value = String(optimizer.learningRate);
  const sigma = noise.model === "gaussian" ? noise.sigma : "";
  input("noise-sigma").value = Array.isArray(sigma) ? sigma.join(" to ") : String(sigma);
}

const dataHints: Readonly<Record<string, string>> = {
  sample: "4,000 to train on, 1,000 others to test on.",
  idx: "Fashion-MNIST’s four files, or others of the same format, gzipped or not.",
  pictures: "Each is cropped, scaled to the network’s size and made grey; one of ten is kept to test on.",
};
const modeHints: Readonly<Record<string, string>> = {
  reproducible: "The same bytes in every browser and in Node.",
  fast: "Fused multiply-add where the browser has it.",
};

function showMode(): void {
  setText("mode-hint", modeHints[select("mode").value]!);
}

function showSource(): void {
  const kind = select("data").value;
  setText("data-hint", dataHints[kind]!);
  byId("idx-label", HTMLElement).hidden = kind !== "idx";
  byId("folder-label", HTMLElement).hidden = kind !== "pictures";
}

function sourceFrom(): DataSource {
  switch (select("data").value) {
    case "idx":
      return { kind: "idx", files: idxFilesOf([...input("idx-files").files!]) };
    case "pictures":
      return { kind: "pictures", files: [...input("folder-files").files!] };
    default:
      return { kind: "sample" };
  }
}

/** Reads "25" as a number and "0 to 55" as a range. */
function sigmaFrom(text: string): unknown {
  const numbers = text.split("to").map((part) => (part.trim() === "" ? Number.NaN : Number(part)));
  return numbers.length === 2 ? numbers : numbers[0];
}

function numberFrom(id: string): number {
  const field = input(id);
  const value = field.valueAsNumber;
  if (!Number.isNaN(value)) return value;
  throw new SpecError(`${field.closest("label")!.firstChild!.textContent!.trim()} has to be a number.`);
}
