/** Shows a picture's way through a network: a row for each scale, with the channels of each layer as tiles. */
import type { Spec } from "../src/network/spec.ts";
import { byId, canvas, setText } from "./dom.ts";
import type { LayerOutput, Way } from "./way.ts";
import { endInWords, layerTitle, wayRows } from "./way-words.ts";

/** About how many CSS pixels a tile is wide, and the fewest tiles side by side. Where there are many, twice as many have room. */
const TILE = 60;
const FEWEST = 6;
const MANY = 30;
/** By how much what is taken away is made stronger, so that it can be seen. */
const STRONGER = 4;

export class WayView {
  readonly #rows = byId("way-rows", HTMLElement);
  /** The canvases of the layers, in their order, and the spec that they were made for. */
  #canvases: HTMLCanvasElement[] = [];
  #spec = "";
  #way: Way | undefined;
  #columns = 0;
  /** The number of the newest drawing. */
  #drawing = 0;

  constructor() {
    new ResizeObserver(() => {
      if (this.#way && this.#columnsNow() !== this.#columns) void this.#draw(this.#way);
    }).observe(this.#rows);
  }

  show(spec: Spec, way: Way, part: ImageData): Promise<void> {
    const text = JSON.stringify(spec);
    if (text !== this.#spec) this.#lay(spec);
    this.#spec = text;
    this.#way = way;
    const { width, height } = part;
    const put = (id: string, pixels: (value: number) => number, values: ArrayLike<number>) =>
      drawPicture(canvas(id), { width, height }, Array.from(values, pixels), way.channels);
    drawPicture(canvas("way-noisy"), part, part.data, 4);
    put("way-taken", (value) => 128 + STRONGER * value, way.taken);
    put("way-denoised", (value) => value, way.denoised);
    return this.#draw(way);
  }

  #lay(spec: Spec): void {
    this.#canvases = [];
    const rows = wayRows(spec).map(({ title, words, formulas, layers }) => {
      const row = element("section", "card way-row");
      const told = element("div", "way-words");
      told.append(element("h2", "", title), element("p", "small", words));
      for (const formula of formulas) {
        const line = element("p", "formula");
        line.innerHTML = formula;
        told.append(line);
      }
      const shown = element("div", "way-layers");
      for (const { number, layer } of layers) {
        const figure = element("figure", "");
        const tiles = document.createElement("canvas");
        const name = layerTitle(number, layer);
        tiles.setAttribute("role", "img");
        tiles.setAttribute("aria-label", `The channels of layer ${name}`);
        figure.append(element("figcaption", "soft small", name), tiles);
        shown.append(figure);
        this.#canvases.push(tiles);
      }
      row.append(told, shown);
      return row;
    });
    this.#rows.replaceChildren(...rows);
    setText("way-end-words", endInWords(spec));
  }

  #columnsNow(): number {
    const width = this.#rows.querySelector(".way-layers")?.clientWidth ?? 0;
    return Math.max(FEWEST, Math.floor(width / TILE));
  }

  /** Draws layer by layer, and lets other work come between them. */
  async #draw({ layers }: Way): Promise<void> {
    const drawing = ++this.#drawing;
    const columns = this.#columnsNow();
    this.#columns = columns;
    for (const [index, output] of layers.entries()) {
      const isMany = output.layer.outputs > MANY;
      drawTiles(this.#canvases[index]!, output, isMany ? 2 * columns : columns);
      if (index % 4 === 3) await new Promise((resolve) => setTimeout(resolve));
      if (drawing !== this.#drawing) return;
    }
  }
}

/** Draws each channel as a tile: black is 0 and white the largest value or, with values below 0, grey is 0. */
function drawTiles(target: HTMLCanvasElement, { width, height, values }: LayerOutput, columns: number): void {
  const size = width * height;
  const count = values.length / size;
  const used = Math.min(columns, count);
  const gap = Math.max(1, Math.round(width / 24));
  target.width = used * (width + gap) - gap;
  target.height = Math.ceil(count / used) * (height + gap) - gap;
  target.style.width = `${(100 * used) / columns}%`;
  target.classList.toggle("enlarged", width < TILE);
  const context = target.getContext("2d")!;
  for (let channel = 0; channel < count; channel++) {
    const tile = values.subarray(channel * size, (channel + 1) * size);
    const [least, most] = tile.reduce(([a, b], value) => [Math.min(a, value), Math.max(b, value)], [0, 0]);
    const [zero, scale] = least < 0 ? [127.5, 127.5 / Math.max(-least, most)] : [0, 255 / (most || 1)];
    const image = context.createImageData(width, height);
    tile.forEach((value, i) => {
      image.data.fill(zero + scale * value, 4 * i, 4 * i + 3);
      image.data[4 * i + 3] = 255;
    });
    context.putImageData(
      image,
      (channel % used) * (width + gap),
      Math.floor(channel / used) * (height + gap),
    );
  }
}

/** Draws a picture of 1, 3 or 4 values a pixel, 0 to 255. */
function drawPicture(
  target: HTMLCanvasElement,
  { width, height }: Pick<ImageData, "width" | "height">,
  values: ArrayLike<number>,
  channels: number,
): void {
  const image = new ImageData(width, height);
  for (let pixel = 0; pixel < width * height; pixel++) {
    for (let c = 0; c < 3; c++)
      image.data[4 * pixel + c] = values[channels * pixel + (channels === 1 ? 0 : c)]!;
    image.data[4 * pixel + 3] = 255;
  }
  Object.assign(target, { width, height });
  target.getContext("2d")!.putImageData(image, 0, 0);
}

function element(name: string, className: string, text = ""): HTMLElement {
  const made = document.createElement(name);
  made.className = className;
  made.textContent = text;
  return made;
}
