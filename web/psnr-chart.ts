/** The chart of a training: PSNR on some of the pictures it is trained on, and on test pictures. Redrawn for each new epoch, for each size of its element, and for the pointer. */
import { lossChart } from "../src/report/loss-chart.ts";
import type { TrainingCurve } from "./training-curve.ts";

export class PsnrChart {
  #curve: TrainingCurve | undefined;
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
  show(curve: TrainingCurve | undefined, epochs: number): void {
    this.#curve = curve;
    this.#epochs = epochs;
    this.#draw();
  }

  #draw(): void {
    const { clientWidth: width, clientHeight: height } = this.element;
    if (width === 0) return;
    const { points = [], noisy, before } = this.#curve ?? {};
    this.element.innerHTML = lossChart({
      title: "PSNR over the epochs, in dB",
      unit: "PSNR",
      losses: points.map(({ psnr }) => psnr?.training ?? Number.NaN),
      test: points.flatMap(({ psnr }, index) => (psnr ? { epoch: index + 1, value: psnr.test } : [])),
      reference: [
        // Of a model that denoises already, the noisy pictures are so far off that nothing could be told from the curves.
        ...(noisy === undefined || before ? [] : [{ label: "noisy", value: noisy }]),
        ...(before ? [{ label: "test, before", value: before.test }] : []),
      ],
      epochs: this.#epochs,
      page: { width, height, pointer: this.#pointer },
    });
  }
}
