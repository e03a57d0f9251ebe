/**
 * A picture in the page, drawn on canvases that lie below each other: of a large one only those are copied again for the screen
 * that have changed, and other work gets its turn between them.
 */

/** About how many pixels a canvas has. */
const PIXELS = 1e6;
/** Each covers the beginning of the next, so that no seam is seen where a picture is made smaller. */
const OVERLAP = 2;

interface Tile {
  readonly canvas: HTMLCanvasElement;
  readonly from: number;
  readonly to: number;
}

export class PictureLayer {
  #width = 0;
  #height = 0;
  #tiles: readonly Tile[] = [];
  /** Draws the tiles that wait for their turn. */
  #rest: { go(): void; readonly timer: ReturnType<typeof setTimeout> } | undefined;

  constructor(private readonly element: HTMLElement) {}

  /** Shows nothing, and takes no memory. */
  clear(): void {
    clearTimeout(this.#rest?.timer);
    this.#rest = undefined;
    for (const { canvas } of this.#tiles) Object.assign(canvas, { width: 0, height: 0 });
    this.#tiles = [];
    this.element.replaceChildren();
    this.#height = 0;
  }

  /** Draws a picture, of which the first tile is there at once. */
  draw(image: ImageData): void {
    this.#lay(image);
    const drawFrom = (index: number) => {
      clearTimeout(this.#rest?.timer);
      this.#rest = undefined;
      const tile = this.#tiles[index]!;
      put(tile, image, tile.from, tile.to);
      if (index + 1 === this.#tiles.length) return;
      const go = () => drawFrom(index + 1);
      this.#rest = { go, timer: setTimeout(go) };
    };
    drawFrom(0);
  }

  /**
   * Draws rows of a picture of the same size over what is shown, or about to be.
   * @param top the row in which `image` begins, if it is a part of the picture
   */
  drawRows(image: ImageData, from: number, to: number, top = 0): void {
    while (this.#rest) this.#rest.go();
    for (const tile of this.#tiles) put(tile, image, Math.max(from, tile.from), Math.min(to, tile.to), top);
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
    const rows = Math.ceil(PIXELS / width);
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

function put(
  { canvas, from: top, to: bottom }: Tile,
  image: ImageData,
  from: number,
  to: number,
  at = 0,
): void {
  if (from >= to) return;
  const { width } = image;
  // A canvas takes its memory when something is first drawn on it.
  if (canvas.width !== width || canvas.height !== bottom - top)
    Object.assign(canvas, { width, height: bottom - top });
  canvas.getContext("2d")!.putImageData(image, 0, at - top, 0, from - at, width, to - from);
}
