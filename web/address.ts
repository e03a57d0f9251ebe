/**
 * What the page's address holds: the part that is shown and, of "Denoise", what was chosen there, as in
 * `#denoise&sample=window&model=photo-tiny&level=12&strength=80&view=taken`. What is as usual is left out.
 */
import { button, input, select } from "./dom.ts";

const usual = { sample: "parrots", model: "photo", strength: "100" };

export function partOfAddress(): string {
  return location.hash.slice(1).split("&")[0]!;
}

/** Sets the fields of "Denoise" as the address says. @returns the sample that it names, or the usual one */
export function readAddress(): string {
  const state = new URLSearchParams(location.hash.slice(1));
  const model = [...select("model").options].find(({ value }) => value === state.get("model"));
  if (model && !model.disabled) model.selected = true;
  const level = numberIn(state, "level", input("sigma"));
  if (level !== undefined) {
    input("auto").checked = false;
    input("sigma").valueAsNumber = level;
  }
  const strength = numberIn(state, "strength", input("strength"));
  if (strength !== undefined) input("strength").valueAsNumber = strength;
  button("difference").setAttribute("aria-pressed", String(state.get("view") === "taken"));
  const sample = state.get("sample");
  return sample && document.querySelector(`[data-sample="${CSS.escape(sample)}"]`) ? sample : usual.sample;
}

function numberIn(state: URLSearchParams, key: string, { min, max }: HTMLInputElement): number | undefined {
  const text = state.get(key);
  const value = Number(text);
  return text !== null && text !== "" && value >= Number(min) && value <= Number(max) ? value : undefined;
}

/** Keeps the address in step with the fields of "Denoise". */
export function followAddress(): void {
  const write = () => {
    if (!["", "denoise"].includes(partOfAddress())) return;
    const sample = document.querySelector<HTMLElement>("[data-sample][aria-pressed=true]")?.dataset.sample;
    const state: Record<string, string | undefined> = {
      sample,
      // A model of one's own is nowhere else.
      model: select("model").value === "own" ? undefined : select("model").value,
      level: input("auto").checked ? undefined : input("sigma").value,
      strength: input("strength").value,
      view: button("difference").getAttribute("aria-pressed") === "true" ? "taken" : undefined,
    };
    const told = Object.entries(state).filter(
      ([key, value]) => value !== undefined && value !== (usual as Record<string, string>)[key],
    );
    const address = ["#denoise", ...told.map(([key, value]) => `${key}=${encodeURIComponent(value!)}`)].join(
      "&",
    );
    if (address !== (location.hash || "#denoise")) history.replaceState(null, "", address);
  };
  const part = document.getElementById("denoise")!;
  for (const type of ["change", "click"]) part.addEventListener(type, write);
  document.addEventListener("part", write);
}
