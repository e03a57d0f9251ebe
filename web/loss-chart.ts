/** The loss of a training as it grows: a chart that follows its element's width and the pointer. */
import { lossChart } from "../src/report/loss-chart.ts";

export interface LossPoint {
  readonly training: number;
  /** Left out where it was not measured. */
  readonly test?: number;
}

export class LossChart {
  /** Of epoch 1, 2, … */
  #points: readonly LossPoint[] = [];
  #epochs = 1;
  /** Where the pointer is, in pixels from the left. */
  #pointer: number | undefined;

  constructor(private readonly element: HTMLElement) {
    new ResizeObserver(() => this.#draw()).observe(element);
    element.addEventListener("pointermove", ({ clientX }) => {
      this.#pointer = clientX - element.getBoundingClientRect().left;
      this.#draw();
    });
    element.addEventListener("pointerleave", () => {
      this.#pointer = undefined;
      this.#draw();
    });
  }

  /** @param epochs of the whole training */
  show(points: readonly LossPoint[], epochs: number): void {
    this.#points = points;
    this.#epochs = epochs;
    this.#draw();
  }

  #draw(): void {
    const { clientWidth: width, clientHeight: height } = this.element;
    if (width === 0) return;
    this.element.innerHTML = lossChart({
      title: "Loss over the epochs",
      losses: this.#points.map(({ training }) => training),
      test: this.#points.flatMap(({ test }, index) =>
        test === undefined ? [] : { epoch: index + 1, mse: test },
      ),
      epochs: this.#epochs,
      page: { width, height, pointer: this.#pointer },
    });
  }
}
