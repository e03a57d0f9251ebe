/** The tabs "Train" and "Inside", which are loaded when one of them is first opened. */
import { startInside } from "./inside.ts";
import { startModelControls } from "./model-controls.ts";
import { startTrain } from "./train.ts";

export async function startTrainingParts(): Promise<void> {
  startInside();
  startModelControls();
  await startTrain();
}
