/** The histogram of what was taken away, beside what noise of that strength would give, and words for it. */
import { element, round } from "../src/report/markup.ts";
import { byId, setText } from "./dom.ts";
import { MOST_CHANGE, type PictureAnswers } from "./picture-messages.ts";

const [WIDTH, HEIGHT] = [324, 96];
const BINS = 2 * MOST_CHANGE + 1;

export function showChanges({ changes }: PictureAnswers["difference"]): void {
  const count = changes.reduce((sum, one) => sum + one, 0);
  const moment = (power: number, around: number) =>
    changes.reduce((sum, one, bin) => sum + one * (bin - MOST_CHANGE - around) ** power, 0) / count;
  const mean = moment(1, 0);
  const deviation = Math.sqrt(moment(2, mean));
  const normal = changes.map((_, bin) => {
    const distance = (bin - MOST_CHANGE - mean) / (deviation || 1);
    return (count * Math.exp(-distance * distance * 0.5)) / ((deviation || 1) * Math.sqrt(2 * Math.PI));
  });
  const most = Math.max(...changes, ...normal);
  const x = (bin: number) => (bin / BINS) * WIDTH;
  const y = (value: number) => HEIGHT - (value / most) * (HEIGHT - 4);
  const bars = changes.map(
    (value, bin) => `M${round(x(bin))},${HEIGHT}V${round(y(value))}h${round(WIDTH / BINS - 0.5)}V${HEIGHT}z`,
  );
  const line = normal.map((value, bin) => `${bin ? "L" : "M"}${round(x(bin + 0.5))},${round(y(value))}`);
  const words = wordsOf(deviation);
  byId("changes-chart", HTMLElement).innerHTML = element(
    "svg",
    { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": `How much was taken away. ${words}` },
    element("path", { class: "bars", d: bars.join("") }) +
      element("path", { class: "normal", d: line.join("") }),
  );
  setText("changes-words", words);
}

function wordsOf(deviation: number): string {
  return (
    `Values changed by ${deviation.toFixed(1)} grey levels (standard deviation); the line is Gaussian noise of that strength. ` +
    "Where forms of the picture can be seen in what was taken away, texture went with the noise."
  );
}
