/**
 * A picture in the page, drawn on canvases that lie below each other: of a large one only those are copied again for the screen
 * that have changed. That takes a browser without a graphics card milliseconds for each, so that one is drawn in a frame.
 */

/** A picture of up to this many pixels has one canvas. */
const ONE_CANVAS = 1e6;
/** About how many pixels a canvas of a larger one has. */
const PIXELS = 2.5e5;
/** Each covers the beginning of the next, so that no seam is seen where a picture is made smaller. */
const OVERLAP = 2;

interface Tile {
  readonly canvas: HTMLCanvasElement;
  readonly from: number;
  readonly to: number;
}

/** Rows that are to be drawn; `image` begins in the row `top` of the picture. */
interface Rows {
  readonly image: ImageData;
  readonly top: number;
  readonly from: number;
  readonly to: number;
}

export class PictureLayer {
  #width = 0;
  #height = 0;
  #tiles: readonly Tile[] = [];
  /** The tiles that wait for their turn, with what is drawn on each then, one after the other. */
  readonly #waiting = new Map<Tile, Rows[]>();

  /** @param onDrawn called when what is shown has changed */
  constructor(
    private readonly element: HTMLElement,
    private readonly onDrawn: () => void,
  ) {}

  /** Shows nothing, and takes no memory. */
  clear(): void {
    this.#waiting.clear();
    for (const { canvas } of this.#tiles) Object.assign(canvas, { width: 0, height: 0 });
    this.#tiles = [];
    this.element.replaceChildren();
    this.#height = 0;
  }

  /** Draws a picture, of which the first tile is there at once. */
  draw(image: ImageData): void {
    this.#lay(image);
    this.#waiting.clear();
    this.drawRows(image, 0, image.height);
    this.#drawNext();
  }

  /**
   * Draws rows of a picture of the same size over what is shown, or about to be, as soon as there is time.
   * @param top the row in which `image` begins, if it is a part of the picture
   */
  drawRows(image: ImageData, from: number, to: number, top = 0): void {
    for (const tile of this.#tiles) {
      const rows = { image, top, from: Math.max(from, tile.from), to: Math.min(to, tile.to) };
      if (rows.from >= rows.to) continue;
      const isWhole = rows.to - rows.from === tile.to - tile.from;
      this.#waiting.set(tile, isWhole ? [rows] : [...(this.#waiting.get(tile) ?? []), rows]);
    }
    this.#drawRest();
  }

  /** Draws one of the tiles that wait. @returns whether others still do */
  #drawNext(): boolean {
    for (const [tile, all] of this.#waiting) {
      this.#waiting.delete(tile);
      for (const rows of all) put(tile, rows);
      this.onDrawn();
      break;
    }
    return this.#waiting.size > 0;
  }

  /** The layers of which tiles wait, the next one first. */
  static readonly #queue = new Set<PictureLayer>();

  static #drawFrame(): void {
    const queue = PictureLayer.#queue;
    const [layer] = queue;
    if (!layer) return;
    queue.delete(layer);
    if (layer.#drawNext()) queue.add(layer);
    if (queue.size > 0) requestAnimationFrame(PictureLayer.#drawFrame);
  }

  /** Draws the tiles that wait one by one, in turns with those of other layers. */
  #drawRest(): void {
    const isIdle = PictureLayer.#queue.size === 0;
    PictureLayer.#queue.add(this);
    if (isIdle) requestAnimationFrame(PictureLayer.#drawFrame);
  }

  /** Draws what is shown on another canvas, whose unit is then a pixel of the picture. */
  paint(context: CanvasRenderingContext2D): void {
    for (const { canvas, from } of this.#tiles)
      if (canvas.width === this.#width) context.drawImage(canvas, 0, from);
  }

  #lay({ width, height }: ImageData): void {
    if (width === this.#width && height === this.#height) return;
    this.clear();
    [this.#width, this.#height] = [width, height];
    const rows = width * height <= ONE_CANVAS ? height : Math.ceil(PIXELS / width);
    this.#tiles = Array.from({ length: Math.ceil(height / rows) }, (_, index) => {
      const canvas = document.createElement("canvas");
      const from = index * rows;
      const to = Math.min(height, from + rows + OVERLAP);
      Object.assign(canvas.style, {
        top: `${(100 * from) / height}%`,
        height: `${(100 * (to - from)) / height}%`,
      });
      return { canvas, from, to };
    });
    this.element.replaceChildren(...this.#tiles.map(({ canvas }) => canvas));
  }
}

function put({ canvas, from: start, to: end }: Tile, { image, top, from, to }: Rows): void {
  const { width } = image;
  // A canvas takes its memory when something is first drawn on it.
  if (canvas.width !== width || canvas.height !== end - start)
    Object.assign(canvas, { width, height: end - start });
  canvas.getContext("2d")!.putImageData(image, 0, top - start, 0, from - top, width, to - from);
}
