/** The settings of the tab "Denoise", as its fields hold and show them. */
import { byId, input, select, setText } from "./dom.ts";
import type { Learned } from "./learning-messages.ts";
import type { AddedNoise } from "./picture-messages.ts";

/** Shows the values of sliders, and only the fields that count. @param learned what pictures are denoised by, if anything was learned */
export function showSettings(learned: Learned | undefined): void {
  const isWhite = select("noise-kind").value === "white";
  byId("added-field", HTMLElement).hidden = !isWhite;
  setText("added-value", `σ ${input("added").value}`);
  const isAuto = input("auto").checked;
  input("auto").disabled = learned !== undefined;
  input("sigma").disabled = isAuto || learned !== undefined;
  select("model").disabled = learned?.network !== undefined;
  if (learned) setText("sigma-value", "learned");
  else if (!isAuto) setText("sigma-value", `σ ${Number(input("sigma").value).toFixed(0)}`);
  setText("strength-value", `${input("strength").value} %`);
}

/** The part of the noise that is taken away, from 0 to 1. */
export function chosenStrength(): number {
  return input("strength").valueAsNumber / 100;
}

export function chosenLevel(): number | "auto" {
  return input("auto").checked ? "auto" : input("sigma").valueAsNumber;
}

export function addedNoise(): AddedNoise {
  const { value } = select("noise-kind");
  return value === "white" ? input("added").valueAsNumber : (value as "none" | "camera");
}
