/** Charts of what was learned, and words for them: the noise at each brightness, and the error while a network learns. */
import { type Calibration, noiseLevels, sureKnots } from "../src/learning/calibration.ts";
import { element, round } from "../src/report/markup.ts";
import { byId, setText } from "./dom.ts";

const [WIDTH, HEIGHT] = [324, 96];
const [FIRST, LAST] = sureKnots;

export function showNoise(calibration: Calibration): void {
  const values = calibration.places.slice(FIRST, LAST + 1);
  const levels = noiseLevels(calibration, values);
  const [dark, middle, light] = [levels[0]!, levels[levels.length >> 1]!, levels.at(-1)!].map((level) =>
    level.toFixed(1),
  );
  draw("The noise at each brightness, from dark to light", values, levels, 0);
  setText(
    "learned-words",
    `The noise was learned: σ ${dark} in the dark, ${middle} between, ${light} in the light. ${
      calibration.spread
        ? "That of neighbouring pixels goes together, as cameras and JPEG files leave it; without calibration, more of it may be found."
        : "It serves for other pictures of the same source, too."
    }`,
  );
}

/** @param errors mean squared errors, from the first steps to the newest; none before the first of them */
export function showErrors(errors: readonly number[], isDone: boolean): void {
  const roots = errors.map(Math.sqrt);
  draw(
    "The error of the network’s predictions, from the first step to the newest",
    roots.map((_, index) => index),
    roots,
    Math.min(...roots),
  );
  const [first, last] = [roots[0], roots.at(-1)].map((root) => root?.toFixed(1));
  setText(
    "learned-words",
    isDone
      ? `A small network learned from this picture alone. The error of its predictions fell from ${first} to ${last} grey levels; the rest is noise, which cannot be predicted. It serves for other pictures of the same kind and noise, too.`
      : "A small network learns from this picture alone. The curve is the error of its predictions: it falls as long as there is something to learn.",
  );
}

/** @param least the value at the bottom of the chart */
function draw(label: string, places: readonly number[], values: readonly number[], least: number): void {
  const [first, last] = [places[0]!, places.at(-1)!];
  const most = Math.max(...values);
  const x = (place: number) => round((WIDTH * (place - first)) / (last - first || 1));
  const y = (value: number) => round(HEIGHT - 2 - ((value - least) / (most - least || 1)) * (HEIGHT - 4));
  const points = values.map((value, i) => `${i ? "L" : "M"}${x(places[i]!)},${y(value)}`);
  byId("learned-chart", HTMLElement).innerHTML = element(
    "svg",
    { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": label },
    element("path", { class: "normal", d: points.join("") }),
  );
}
