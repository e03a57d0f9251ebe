/** Rows of small pictures; each row is one canvas. */

import { toImageData } from "../src/browser.ts";
import { pictureRows } from "../src/report/figures.ts";
import { byId, pngOf } from "./dom.ts";
import type { PictureColumns, PictureRow } from "./training-messages.ts";

/** Pixels between pictures. */
const gap = 2;

export class PictureRows {
  readonly #element = byId("picture-rows", HTMLElement);
  readonly #canvases = new Map<string, HTMLCanvasElement>();
  /** The rows that are shown now, by their labels. */
  readonly #shown = new Map<string, PictureRow>();
  #columns: PictureColumns = { width: 1, height: 1, channels: 1, labels: [] };

  /** Makes new rows. Those without pictures have their full size all the same, so that nothing moves when these come. */
  begin(labels: readonly string[], columns: PictureColumns, rows: readonly PictureRow[]): void {
    this.#columns = columns;
    this.#lay(labels);
    rows.forEach((row) => {
      this.draw(row);
    });
  }

  draw(row: PictureRow): void {
    const { label, pictures } = row;
    this.#shown.set(label, row);
    const { width, height, channels, labels } = this.#columns;
    const canvas = this.#canvases.get(label)!;
    const context = canvas.getContext("2d")!;
    canvas.setAttribute("aria-label", `${label}: ${labels.join(", ")}`);
    const size = width * height * channels;
    labels.forEach((_, column) => {
      const data = pictures.subarray(column * size, (column + 1) * size);
      context.putImageData(toImageData({ data, width, height, channels }), column * (width + gap), 0);
    });
  }

  /** All rows with their labels as one PNG file, laid out like the figure that `denoise-wasm train` writes. */
  figure(): Promise<Blob> {
    const { width, height, channels, labels } = this.#columns;
    const size = width * height * channels;
    const drawn = [...this.#canvases.keys()].flatMap((label) => this.#shown.get(label) ?? []);
    const rows = drawn.map(({ label, pictures }) => ({
      label: label.replace("-", "-\n"),
      pictures: labels.map((_, column) => pictures.subarray(column * size, (column + 1) * size)),
    }));
    const image = toImageData(pictureRows(rows, { width, height, channels, columnLabels: labels }));
    const canvas = document.createElement("canvas");
    canvas.width = image.width;
    canvas.height = image.height;
    canvas.getContext("2d")!.putImageData(image, 0, 0);
    return pngOf(canvas);
  }

  #lay(rowLabels: readonly string[]): void {
    const { width, height, labels } = this.#columns;
    this.#canvases.clear();
    this.#shown.clear();
    this.#element.replaceChildren();
    const names = div("names", "");
    names.append(...labels.map((name) => div("", name)));
    names.setAttribute("aria-hidden", "true");
    this.#element.append(names);
    for (const label of rowLabels) {
      const canvas = document.createElement("canvas");
      canvas.width = labels.length * (width + gap) - gap;
      canvas.height = height;
      canvas.setAttribute("role", "img");
      canvas.setAttribute("aria-label", `${label}: nothing yet`);
      this.#canvases.set(label, canvas);
      this.#element.append(div("label", label), canvas);
    }
  }
}

function div(className: string, text: string): HTMLElement {
  const element = document.createElement("div");
  element.className = className;
  element.textContent = text;
  return element;
}
