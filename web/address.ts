/**
 * What the page's address holds: the part that is shown and, of "Denoise" and "Inside", what was chosen there, as in
 * `#denoise&sample=window&model=photo-tiny&level=12&strength=80&view=taken&zoom=200`. What is as usual is left out.
 */
import { button, byId, input, select } from "./dom.ts";

export const usualSample = "parrots";
const usual = { sample: usualSample, model: "photo", strength: "100" };
/** The parts that have such an address, and where each has its model. */
const models: Readonly<Record<string, string>> = { denoise: "model", inside: "inside-choice" };

export function partOfAddress(): string {
  return location.hash.slice(1).split("&")[0]!;
}

/**
 * Sets the fields of "Denoise" as the address says. A model of one's own, which no address can name, stays.
 * @returns the sample that it names
 */
export function readAddress(): string | undefined {
  const state = new URLSearchParams(location.hash.slice(1));
  const options = [...select("model").options].filter(({ disabled }) => !disabled);
  const named = options.find(({ value }) => value === state.get("model"));
  if (named) named.selected = true;
  else if (select("model").value !== "own") select("model").value = usual.model;
  const level = numberIn(state, "level", input("sigma"));
  input("auto").checked = level === undefined;
  if (level !== undefined) input("sigma").valueAsNumber = level;
  input("strength").valueAsNumber = numberIn(state, "strength", input("strength")) ?? Number(usual.strength);
  button("difference").setAttribute("aria-pressed", String(state.get("view") === "taken"));
  const sample = state.get("sample");
  return sample && document.querySelector(`[data-sample="${CSS.escape(sample)}"]`) ? sample : undefined;
}

/** The button for the zoom that the address says. It can be pressed when the picture is there. */
export function zoomOfAddress(): HTMLElement | null {
  const zoom = new URLSearchParams(location.hash.slice(1)).get("zoom");
  return document.getElementById(`zoom-${zoom}`);
}

function numberIn(state: URLSearchParams, key: string, { min, max }: HTMLInputElement): number | undefined {
  const text = state.get(key);
  const value = Number(text);
  return text !== null && text !== "" && value >= Number(min) && value <= Number(max) ? value : undefined;
}

export function shownSample(): string | undefined {
  return document.querySelector<HTMLElement>("[data-sample][aria-pressed=true]")?.dataset.sample;
}

/** The address of what is shown, in a part that has one. */
function currentAddress(part: string): string {
  const model = select(models[part]!).value;
  const state: Record<string, string | undefined> = {
    sample: shownSample(),
    // A model of one's own is nowhere else.
    model: model === "own" ? undefined : model,
    level: input("auto").checked ? undefined : input("sigma").value,
    strength: input("strength").value,
    view: button("difference").getAttribute("aria-pressed") === "true" ? "taken" : undefined,
    zoom: ["100", "200"].find((zoom) => button(`zoom-${zoom}`).getAttribute("aria-pressed") === "true"),
  };
  const told = Object.entries(state).filter(
    ([key, value]) => value !== undefined && value !== (usual as Record<string, string>)[key],
  );
  return [`#${part}`, ...told.map(([key, value]) => `${key}=${encodeURIComponent(value!)}`)].join("&");
}

/** Keeps the address in step with what is shown, once a picture is. */
export function writeAddress(): void {
  const part = partOfAddress() || "denoise";
  if (!models[part] || byId("compare", HTMLElement).hidden) return;
  const address = currentAddress(part);
  if (address !== (location.hash || "#denoise")) history.replaceState(null, "", address);
}

/** @param onEntered called when an address that says something else is entered in the open page */
export function followAddress(onEntered: () => void): void {
  addEventListener("hashchange", () => {
    const part = partOfAddress();
    const saysMore = location.hash.includes("&");
    if (models[part] && saysMore && location.hash !== currentAddress(part)) onEntered();
  });
  for (const part of Object.keys(models))
    for (const type of ["change", "click", "keyup"])
      byId(part, HTMLElement).addEventListener(type, writeAddress);
  document.addEventListener("part", writeAddress);
}
