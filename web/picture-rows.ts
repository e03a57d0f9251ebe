/** Rows of small pictures, one canvas a row. */
import { byId, imageDataOf } from "./dom.ts";
import type { PictureColumns, PictureRow } from "./training-messages.ts";

/** Pixels between pictures. */
const gap = 2;

export class PictureRows {
  readonly #element = byId("picture-rows", HTMLElement);
  readonly #canvases = new Map<string, HTMLCanvasElement>();
  #columns: PictureColumns = { width: 28, height: 28, channels: 1, labels: Array(10).fill("") };

  /** Empty rows, so that nothing moves when the pictures come. */
  constructor(labels: readonly string[]) {
    this.#lay(labels);
  }

  begin(columns: PictureColumns, rows: readonly PictureRow[], more: readonly string[]): void {
    this.#columns = columns;
    this.#lay([...rows.map(({ label }) => label), ...more]);
    rows.forEach((row) => {
      this.draw(row);
    });
  }

  draw({ label, pictures }: PictureRow): void {
    const { width, height, labels } = this.#columns;
    const context = this.#canvases.get(label)!.getContext("2d")!;
    const size = width * height;
    labels.forEach((_, column) => {
      const picture = pictures.subarray(column * size, (column + 1) * size);
      context.putImageData(imageDataOf(picture, width, height), column * (width + gap), 0);
    });
  }

  #lay(rowLabels: readonly string[]): void {
    const { width, height, labels } = this.#columns;
    this.#canvases.clear();
    this.#element.replaceChildren();
    for (const label of rowLabels) {
      const canvas = document.createElement("canvas");
      canvas.width = labels.length * (width + gap) - gap;
      canvas.height = height;
      canvas.setAttribute("role", "img");
      canvas.setAttribute("aria-label", `${label}: ${labels.join(", ")}`);
      this.#canvases.set(label, canvas);
      this.#element.append(div("label", label), canvas);
    }
    const names = div("names", "");
    names.append(...labels.map((name) => div("", name)));
    names.setAttribute("aria-hidden", "true");
    this.#element.append(names);
  }
}

function div(className: string, text: string): HTMLElement {
  const element = document.createElement("div");
  element.className = className;
  element.textContent = text;
  return element;
}
