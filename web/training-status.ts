/** The figures of a training, and the buttons that it can be steered by. */
import { batchCount } from "../src/training/batches.ts";
import type { Recipe } from "../src/training/recipes.ts";
import type { Epoch, Progress } from "../src/training/train-options.ts";
import { button, byId, clock, input, setDisabled, setText, whole } from "./dom.ts";
import { lockRecipeForm } from "./recipe-form.ts";

export type TrainingState = "idle" | "running" | "paused";

const loading = "loading";
const willKeep = "Kept in this browser about once a minute, so that it can go on after a reload.";

export function clearStatus(): void {
  for (const id of ["epoch", "loss", "test", "rate", "left", "build"]) setText(`status-${id}`, "–");
  setText("status-epoch", loading);
  setText("batch-now", "");
  setText("kept-state", willKeep);
}

/** Says how a training has ended, and what is kept of it. */
export function showEnd(how: "done" | "stopped" | "failed"): void {
  setText("status-left", how);
  const { textContent: epoch } = byId("status-epoch", HTMLElement);
  if (epoch === loading) setText("status-epoch", "–");
  const { textContent: kept } = byId("kept-state", HTMLElement);
  if (how === "done")
    setText("kept-state", "Complete, so it is not kept for a reload any more: save the model.");
  else if (kept === willKeep)
    setText("kept-state", "It has ended, and nothing new of it is kept in this browser.");
}

export function showProgress(
  { epoch, images, imagesPerEpoch, loss, imagesPerSecond }: Progress,
  { epochs, batch }: Recipe,
): void {
  const done = images / imagesPerEpoch;
  byId("epoch-progress", HTMLProgressElement).value = done;
  setText("batch-now", `Batch ${Math.ceil(images / batch)} of ${batchCount(imagesPerEpoch, batch)}`);
  setText("status-epoch", `${epoch} of ${epochs}`);
  setText("status-loss", loss.toFixed(1));
  setText("status-rate", whole(imagesPerSecond));
  setText("status-left", clock(((epochs - epoch + 1 - done) * imagesPerEpoch) / imagesPerSecond));
}

/** @param seconds what the epochs so far took */
export function showEpoch(
  { number, loss, imagesPerSecond }: Epoch,
  testPsnr: number,
  { epochs }: Recipe,
  seconds: number,
): void {
  byId("epoch-progress", HTMLProgressElement).value = 1;
  setText("batch-now", "");
  setText("status-epoch", `${number} of ${epochs}`);
  setText("status-loss", loss.toFixed(1));
  setText("status-test", `${testPsnr.toFixed(2)} dB`);
  setText("status-rate", whole(imagesPerSecond));
  setText("status-left", clock((seconds / number) * (epochs - number)));
}

/** Says until when a training is kept in the browser. */
export function showKept(isKept: boolean): void {
  const time = new Date().toLocaleTimeString("en", { timeStyle: "short", hour12: false });
  setText(
    "kept-state",
    isKept
      ? `Kept in this browser at ${time}: it can go on from there after a reload.`
      : "This browser has no room to keep the training: save a checkpoint before you leave.",
  );
}

/** Enables what can be done in a state, and only that. */
export function showState(state: TrainingState): void {
  const isIdle = state === "idle";
  // What is about to be enabled, so that it can take the focus of what is disabled.
  const next = button(isIdle ? "start" : "pause");
  next.disabled = false;
  lockRecipeForm(!isIdle, next);
  setDisabled(button("start"), !isIdle, next);
  setDisabled(input("load-checkpoint"), !isIdle, next);
  setDisabled(button("pause"), isIdle, next);
  setDisabled(button("step"), state !== "paused", next);
  setDisabled(button("stop"), isIdle, next);
  setText("pause", state === "paused" ? "Go on" : "Pause");
}
