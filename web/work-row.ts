/** The row below the picture that shows how far the work on it is: progress, the time left, and a button that cancels it. */
import { button, byId, clock, input, setDisabled, setText } from "./dom.ts";

/** The time left is shown after so many milliseconds, when it can be told. */
const TOLD_AFTER = 1500;

const bar = () => byId("work-progress", HTMLProgressElement);
let began = 0;
let cancel = () => {};

export function startWorkRow(): void {
  button("work-cancel").addEventListener("click", () => cancel());
}

/**
 * Shows that work begins, in place of other work that may be under way.
 * @param what the name of its progress for screen readers
 * @param onCancel called when the button is pressed
 */
export function beginWork(what: string, onCancel: () => void): void {
  began = performance.now();
  cancel = onCancel;
  bar().value = 0;
  bar().setAttribute("aria-label", what);
  setText("work-left", "");
  show(true);
}

/** @param done the part of the work that is done, from 0 to 1 */
export function showWork(done: number): void {
  bar().value = done;
  const elapsed = performance.now() - began;
  if (elapsed > TOLD_AFTER && done > 0)
    setText("work-left", `${clock((elapsed * (1 - done)) / done / 1000)} left`);
}

export function endWork(): void {
  show(false);
}

function show(isBusy: boolean): void {
  byId("stage", HTMLElement).setAttribute("aria-busy", String(isBusy));
  setDisabled(button("work-cancel"), !isBusy, input("split"));
}
