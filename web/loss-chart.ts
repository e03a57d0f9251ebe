/** The chart of a training's loss. It is redrawn for each new epoch, for each size of its element, and for the pointer. */
import { lossChart } from "../src/report/loss-chart.ts";

export interface LossPoint {
  readonly training: number;
  /** Left out if it was not measured. */
  readonly test?: number;
}

export class LossChart {
  /** The points of epochs 1, 2, … */
  #points: readonly LossPoint[] = [];
  #epochs = 1;
  /** How many pixels the pointer is from the left edge. */
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

  /** @param epochs how many the whole training has */
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
