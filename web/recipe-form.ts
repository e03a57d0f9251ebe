/** The form for a training: what is trained, on which pictures, and the values of its recipe that the user may change. */

import type { Spec } from "../src/network/spec.ts";
import { cameraNoise } from "../src/noise/camera.ts";
import type { Noise } from "../src/noise/noise.ts";
import type { Checkpoint } from "../src/training/checkpoint.ts";
import { fineTuning } from "../src/training/fine-tuning.ts";
import { parseRecipe, type Recipe, recipes } from "../src/training/recipes.ts";
import { currentModel, onModelChange } from "./current-model.ts";
import { idxFilesOf } from "./dataset.ts";
import { decodedModel } from "./decoded-model.ts";
import { byId, input, messageOf, select, setDisabled, setText, tell } from "./dom.ts";
import { FieldError, numberFrom, sigmaFrom } from "./form-fields.ts";
import { chosenPictures } from "./picture-choice.ts";
import type { DataSource, TrainingRequest } from "./training-messages.ts";

/** Patches of an epoch where a recipe for whole pictures is trained on photographs. */
const PATCHES = 2000;

/** A model of the package as the recipe for going on with it, without its weights. */
const tuned = (name: "photo" | "photo-tiny" | "photo-large"): Recipe =>
  fineTuning({ spec: recipes[name].spec as Spec, provenance: { recipe: name } } as Parameters<
    typeof fineTuning
  >[0]);

/** What the form offers: going on with a model of the package, and beginning with nothing. */
const offered: Readonly<Record<string, { readonly recipe: Recipe; readonly base?: string }>> = {
  photo: { recipe: tuned("photo"), base: "photo" },
  "photo-tiny": { recipe: tuned("photo-tiny"), base: "photo-tiny" },
  "photo-large": { recipe: tuned("photo-large"), base: "photo-large" },
  "fashion-autoencoder": { recipe: recipes["fashion-autoencoder"] },
  "fashion-conv": { recipe: recipes["fashion-conv"] },
};

type Choice = Pick<TrainingRequest, "recipe" | "base">;

/** Fills the form, and updates the fields that depend on a choice whenever it changes. */
export function startRecipeForm(): void {
  select("recipe").addEventListener("change", () =>
    tell("train-message", () => {
      try {
        showChoice();
      } catch (error) {
        select("recipe").value = "photo";
        showChoice();
        throw error;
      }
    }),
  );
  select("train-noise").addEventListener("change", showNoise);
  select("data").addEventListener("change", showSource);
  select("mode").addEventListener("change", showMode);
  onModelChange(showOwnModel);
  showOwnModel();
  showChoice();
  showMode();
}

/** The recipe that is chosen. */
export function chosenRecipe(): Recipe {
  return chosen().recipe;
}

/** Locks the form while a training runs; the focus, if it was in the form, goes to `next`. */
export function lockRecipeForm(locked: boolean, next: HTMLElement): void {
  setDisabled(byId("recipe-fields", HTMLFieldSetElement), locked, next);
}

/** The training that the form describes. @throws FieldError, SpecError, DataError if something in it is not possible */
export function requestFromForm(): TrainingRequest {
  const { recipe: basis, base } = chosen();
  const surroundings = surroundingsFromForm();
  const { data } = surroundings;
  const isWhole = basis.patchesPerEpoch === undefined && basis.order === "shuffled";
  const recipe = parseRecipe(
    {
      ...basis,
      noise: noiseFrom(basis),
      optimizer: { ...basis.optimizer, learningRate: numberFrom("learning-rate") },
      epochs: numberFrom("epochs"),
      batch: numberFrom("batch"),
      ...(data.kind === "pictures" && isWhole && { patchesPerEpoch: PATCHES }),
    },
    "The form",
  );
  return {
    recipe,
    seed: numberFrom("seed"),
    mode: select("mode").value === "fast" ? "fast" : "reproducible",
    kept: Date.now(),
    ...surroundings,
    ...(base !== undefined && { base }),
  };
}

/** What a checkpoint does not contain. */
export type Surroundings = Pick<TrainingRequest, "threads" | "data" | "base" | "kept" | "isKept">;

/**
 * A training that goes on from a checkpoint. The form then shows the checkpoint's recipe.
 * @param given what the checkpoint does not contain; if left out, the form says it
 * @throws FieldError, DataError
 */
export function requestFromCheckpoint(from: Checkpoint, given?: Surroundings): TrainingRequest {
  const { recipe, seed, mode } = from;
  const name = recipe.name.replace(/-tuned$/, "");
  const source = select("data").value;
  if (Object.hasOwn(offered, name) && select("recipe").value !== name) {
    select("recipe").value = name;
    showChoice();
    // What the training began with may be other pictures than the recipe's usual ones: those that were chosen.
    if (isChosen(source)) select("data").value = source;
  }
  if (given) select("data").value = given.data.kind;
  showSource();
  const surroundings = given ?? { ...surroundingsFromForm(), kept: Date.now() };
  showRecipe(recipe);
  input("seed").value = String(seed);
  select("mode").value = mode;
  showMode();
  return { recipe, seed, mode, ...surroundings, from };
}

function chosen(): Choice {
  const { value } = select("recipe");
  if (value !== "own") return offered[value]!;
  const shown = currentModel()!;
  try {
    return { recipe: fineTuning(decodedModel(shown)), base: shown.bytes };
  } catch (error) {
    const words = "This page cannot train it further; the command can, by train --from with a --recipe.";
    throw new Error(messageOf(error).replace(/Name a recipe.*/, words), { cause: error });
  }
}

/** Offers the model that the page shows, if it can be trained further. */
function showOwnModel(): void {
  const shown = currentModel();
  const option = byId("tune-own", HTMLOptionElement);
  option.disabled = !shown?.denoises;
  if (shown) option.textContent = shown.from;
}

function surroundingsFromForm(): Pick<TrainingRequest, "threads" | "data"> {
  const threads = input("threads").value === "" ? undefined : numberFrom("threads");
  return { ...(threads !== undefined && { threads }), data: sourceFrom() };
}

function showChoice(): void {
  const { recipe, base } = chosen();
  showRecipe(recipe);
  const isTuning = base !== undefined;
  for (const option of select("data").options)
    option.disabled = isTuning && recipe.spec.input.channels === 3 && option.value !== "pictures";
  select("data").value = isTuning ? "pictures" : "sample";
  byId("noise-own", HTMLOptionElement).disabled = recipe.noise.model === "gaussian";
  showSource();
}

function showRecipe({ epochs, batch, optimizer, noise }: Recipe): void {
  input("epochs").value = String(epochs);
  input("batch").value = String(batch);
  input("learning-rate").value = String(optimizer.learningRate);
  const kind = { gaussian: "white", camera: "camera" }[noise.model as string] ?? "own";
  select("train-noise").value = kind;
  const sigma = noise.model === "gaussian" ? noise.sigma : [0, 55];
  input("noise-sigma").value = Array.isArray(sigma) ? sigma.join(" to ") : String(sigma);
  showNoise();
}

function noiseFrom({ noise }: Recipe): Noise {
  const { drawn } = noise;
  switch (select("train-noise").value) {
    case "white":
      return { model: "gaussian", sigma: sigmaFrom("noise-sigma"), drawn };
    case "camera":
      return { ...cameraNoise, drawn };
    default:
      return noise;
  }
}

const dataHints: Readonly<Record<string, string>> = {
  sample: "4,000 to train on, 1,000 others to test on.",
  idx: "Fashion-MNIST’s four files, or others of the same format, gzipped or not.",
  pictures: "As clean as you have them: noise is added to patches of them. One of ten is kept to test on.",
};
const modeHints: Readonly<Record<string, string>> = {
  reproducible: "The same bytes in every browser and in Node.",
  fast: "Fused multiply-add where the browser has it.",
};

function showMode(): void {
  setText("mode-hint", modeHints[select("mode").value]!);
}

function showNoise(): void {
  input("noise-sigma").disabled = select("train-noise").value !== "white";
}

/** Shows the fields for where pictures come from. */
export function showSource(): void {
  const kind = select("data").value;
  setText("data-hint", dataHints[kind]!);
  byId("idx-label", HTMLElement).hidden = kind !== "idx";
  byId("pictures-choice", HTMLElement).hidden = kind !== "pictures";
}

/** Whether the user has given the files that a source consists of. */
function isChosen(source: string): boolean {
  if (source === "pictures") return chosenPictures().length > 0;
  return source === "idx" && input("idx-files").files!.length > 0;
}

function sourceFrom(): DataSource {
  switch (select("data").value) {
    case "idx":
      return { kind: "idx", files: idxFilesOf([...input("idx-files").files!]) };
    case "pictures":
      if (chosenPictures().length === 0)
        throw new FieldError("training-pictures", "Choose the pictures to train on, or drop them here.");
      return { kind: "pictures", files: chosenPictures() };
    default:
      return { kind: "sample" };
  }
}
