/**
 * The chart of a training: PSNR on some of the pictures it is trained on and on test pictures, or its loss; with the curves of earlier
 * trainings. Redrawn for each new epoch, for each size of its element, for the pointer, and for the keys of the slider that lies over it.
 */
import { lossChart } from "../src/report/loss-chart.ts";
import { byId, input, select, setText } from "./dom.ts";
import { EarlierRuns } from "./earlier-runs.ts";
import { type Line, lineOf, type Run, smoothed, type TrainingCurve, tableOf } from "./training-curve.ts";

interface View {
  readonly title: string;
  readonly lines: readonly Line[];
  readonly axis: "linear" | "logarithmic";
}

/** What can be shown, by the values of the choice. */
const views: Readonly<Record<string, View>> = {
  psnr: { title: "PSNR in dB", lines: ["training", "test"], axis: "linear" },
  loss: { title: "Training loss", lines: ["loss"], axis: "linear" },
  "log-loss": { title: "Training loss, logarithmic", lines: ["loss"], axis: "logarithmic" },
};
/** How many epochs to each side go into a mean, by the values of the choice. */
const reaches: Readonly<Record<string, number>> = { none: 0, some: 2, much: 7 };

export class CurveChart {
  readonly #element = byId("psnr-chart", HTMLElement);
  readonly #slider = input("chart-epoch");
  readonly #earlier = new EarlierRuns(() => this.#draw());
  #run: Run | undefined;
  #epochs = 1;
  /** How many pixels the pointer is from the left edge. */
  #pointer: number | undefined;

  constructor() {
    new ResizeObserver(() => this.#draw()).observe(this.#element);
    this.#element.addEventListener("pointermove", ({ clientX }) => {
      this.#pointer = clientX - this.#element.getBoundingClientRect().left;
      this.#draw();
    });
    this.#element.addEventListener("pointerleave", () => {
      this.#pointer = undefined;
      this.#draw();
    });
    for (const type of ["input", "focus", "blur"]) this.#slider.addEventListener(type, () => this.#draw());
    for (const id of ["curve-what", "curve-smoothing"])
      select(id).addEventListener("change", () => this.#draw());
  }

  /**
   * Shows a training. One that was shown before stays as an earlier one, unless it is the same that goes on.
   * @param epochs how many the whole training has
   */
  show(run: Run | undefined, epochs: number): void {
    const before = this.#run;
    if (before && run && before.kept !== run.kept && before.curve.points.length > 0)
      this.#earlier.add(before);
    this.#run = run;
    this.#epochs = epochs;
    this.#draw();
  }

  /** All trainings that are shown as a table that spreadsheets read (CSV). */
  table(): string {
    return tableOf([...this.#earlier.runs, ...(this.#run ? [this.#run] : [])]);
  }

  #draw(): void {
    const { clientWidth: width, clientHeight: height } = this.#element;
    if (width === 0) return;
    const view = views[select("curve-what").value]!;
    const reach = reaches[select("curve-smoothing").value]!;
    const curve: TrainingCurve = this.#run?.curve ?? { points: [] };
    const measured = view.lines.map((line) => lineOf(curve, line));
    const [training, test = []] = measured.map((values) => smoothed(values, reach)) as [number[], number[]?];
    const isRead = this.#slider.matches(":focus") && this.#pointer === undefined;
    if (!isRead) this.#earlier.read(undefined, "loss");
    this.#element.innerHTML = lossChart({
      title: `${view.title} over the epochs`,
      unit: view.lines.length > 1 ? "PSNR" : "loss",
      axis: view.axis,
      losses: training,
      test: test.flatMap((value, index) => (Number.isFinite(value) ? { epoch: index + 1, value } : [])),
      reference: view.lines.length > 1 ? referencesOf(curve) : [],
      more: [
        ...(reach === 0
          ? []
          : measured.map((values, index) => ({ kind: `raw ${view.lines[index]}`, values }))),
        ...this.#earlier.runs.map(({ curve, number }) => ({
          kind: "earlier",
          label: `${number}`,
          values: smoothed(lineOf(curve, view.lines.at(-1)!), reach),
        })),
      ],
      epochs: this.#epochs,
      page: {
        width,
        height,
        pointer: this.#pointer,
        epoch: isRead ? this.#slider.valueAsNumber : undefined,
        readout: (epoch) => {
          this.#earlier.read(epoch, view.lines.at(-1)!);
          return inWords(epoch, measured);
        },
      },
    });
    this.#tell(view, reach, measured);
  }

  /** The heading, the legend, and the slider's words. */
  #tell({ title, lines }: View, reach: number, measured: readonly (readonly number[])[]): void {
    setText("chart-title", title);
    byId("key-test", HTMLElement).hidden = lines.length === 1;
    setText("smoothing-words", reach === 0 ? "" : `mean of ${2 * reach + 1} epochs; thin: as measured`);
    const { length } = this.#run?.curve.points ?? [];
    this.#slider.disabled = length === 0;
    this.#slider.max = `${Math.max(1, length)}`;
    if (!this.#slider.matches(":focus")) this.#slider.value = this.#slider.max;
    const epoch = this.#slider.valueAsNumber;
    if (length > 0) this.#slider.ariaValueText = `epoch ${epoch}: ${inWords(epoch, measured)}`;
  }
}

/** What was measured at an epoch. The earlier trainings say theirs in their list. */
function inWords(epoch: number, measured: readonly (readonly number[])[]): string {
  return measured.map((values) => figureOf(values[epoch - 1])).join(" · test ");
}

function figureOf(value = Number.NaN): string {
  if (Number.isNaN(value)) return "–";
  return Math.abs(value) < 100 ? value.toFixed(2) : value.toLocaleString("en", { maximumFractionDigits: 0 });
}

function referencesOf({ noisy, before }: TrainingCurve) {
  return [
    // Of a model that denoises already, the noisy pictures are so far off that nothing could be told from the curves.
    ...(noisy === undefined || before ? [] : [{ label: "noisy", value: noisy }]),
    ...(before ? [{ label: "test, before", value: before.test }] : []),
  ];
}
