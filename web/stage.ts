/** The picture before and after, side by side at a divider: zoom, pan, divider, magnifier, and the view of what was taken away. */
import { button, byId, input, setText } from "./dom.ts";
import { Magnifier } from "./magnifier.ts";
import { PictureLayer } from "./picture-layer.ts";
import { see, seeAround } from "./seen-picture.ts";
import { type Place, StageGestures } from "./stage-gestures.ts";

/** The most screen pixels for a pixel of the picture. */
const LARGEST_ZOOM = 32;

type Layer = "before" | "after" | "taken";
const layers: readonly Layer[] = ["before", "after", "taken"];

export class Stage {
  readonly #stage = byId("stage", HTMLElement);
  readonly #compare = byId("compare", HTMLElement);
  #width = 0;
  #height = 0;
  /** CSS pixels for a pixel of the picture, where it is not made to fit. */
  #zoom: number | undefined;
  /** The point of the picture that is in the middle of the stage. */
  #middle = { x: 0, y: 0 };
  readonly #layers = {
    before: this.#layerOf("before"),
    after: this.#layerOf("after"),
    taken: this.#layerOf("taken"),
  };
  readonly #magnifier = new Magnifier({
    paint: (side, context) => this.#paint(side, context),
    windowOf: ({ x, y }) => {
      const { left, top } = byId("before", HTMLElement).getBoundingClientRect();
      return { x: left + x * this.#scale, y: top + y * this.#scale };
    },
    zoom: () => this.#scale,
  });

  constructor() {
    input("split").addEventListener("input", () => this.#split());
    for (const [id, zoom] of Object.entries({ "zoom-fit": 0, "zoom-100": 1, "zoom-200": 2 }))
      button(id).addEventListener("click", () => this.#zoomTo(zoom / devicePixelRatio));
    this.#stage.addEventListener("keydown", (event) => this.#press(event));
    new StageGestures(this.#stage, {
      split: (x) => this.#splitAt(x),
      pan: (dx, dy) => this.#pan(dx, dy),
      zoom: (factor, x, y) => this.#zoomBy(factor, x, y),
      isZoomed: () => this.#zoom !== undefined,
      magnify: (x, y, isFinger) => {
        if (isFinger || this.#isMagnifierOn) this.#magnifier.show(this.#placeAt(x, y), isFinger);
      },
      stopMagnifying: () => this.#showMagnifier(),
      divider: () => byId("divider", HTMLElement).getBoundingClientRect().left,
    });
    button("magnifier").addEventListener("click", () => this.#toggleMagnifier());
    new ResizeObserver(() => this.#lay()).observe(this.#stage);
    this.#split();
  }

  /** Shows a new picture on both sides, as large as there is room. */
  show(image: ImageData): void {
    this.#width = image.width;
    this.#height = image.height;
    this.#zoom = undefined;
    // What was taken away has no memory until it is drawn.
    this.#layers.taken.clear();
    this.draw("before", image);
    this.draw("after", image);
    this.#compare.hidden = false;
    this.#lay();
  }

  draw(layer: Layer, image: ImageData): void {
    this.#layers[layer].draw(image);
    if (layer === "before") see(image);
  }

  /** Draws rows of a picture over what the layer shows, or is about to show: see `PictureLayer.drawRows`. */
  drawRows(layer: Layer, image: ImageData, from: number, to: number, top?: number): void {
    this.#layers[layer].drawRows(image, from, to, top);
  }

  #layerOf(id: string): PictureLayer {
    return new PictureLayer(byId(id, HTMLElement), () => this.#magnifier.refresh());
  }

  /** Blends: the picture before shows through the one after. */
  setStrength(strength: number): void {
    byId("after", HTMLElement).style.opacity = String(strength);
    this.#magnifier.refresh();
  }

  /** Shows what was taken away in place of the picture after. */
  setDifference(shown: boolean): void {
    byId("taken", HTMLElement).hidden = !shown;
    this.#magnifier.refresh();
  }

  get #isMagnifierOn(): boolean {
    return button("magnifier").getAttribute("aria-pressed") === "true";
  }

  #toggleMagnifier(): void {
    button("magnifier").setAttribute("aria-pressed", String(!this.#isMagnifierOn));
    this.#showMagnifier();
  }

  /** Shows the magnifier at the divider if it is on, where no finger or mouse says another place. */
  #showMagnifier(): void {
    if (!this.#isMagnifierOn) {
      this.#magnifier.hide();
      return;
    }
    const { top, height } = this.#compare.getBoundingClientRect();
    const { left } = byId("divider", HTMLElement).getBoundingClientRect();
    this.#magnifier.show(this.#placeAt(left, top + height / 2), false);
  }

  #paint(side: "before" | "after", context: CanvasRenderingContext2D): void {
    const layer = side === "after" && !byId("taken", HTMLElement).hidden ? "taken" : side;
    if (layer === "after") context.globalAlpha = Number(byId("after", HTMLElement).style.opacity || 1);
    this.#layers[layer].paint(context);
  }

  /** The place of the picture that is at a place of the window, or the nearest to it. */
  #placeAt(clientX: number, clientY: number): Place {
    const { left, top } = byId("before", HTMLElement).getBoundingClientRect();
    const within = (value: number, size: number) => Math.min(size, Math.max(0, value / this.#scale));
    return { x: within(clientX - left, this.#width), y: within(clientY - top, this.#height) };
  }

  #split(): void {
    const { value } = input("split");
    this.#compare.style.setProperty("--split", `${value}%`);
    const only = { 0: "after", 100: "before" }[Number(value)] ?? "";
    this.#stage.dataset.only = only;
    input("split").setAttribute("aria-valuetext", `${value} % before`);
    if (this.#isMagnifierOn) this.#showMagnifier();
  }

  #splitAt(clientX: number): void {
    const { left, width } = this.#compare.getBoundingClientRect();
    input("split").valueAsNumber = (100 * (clientX - left)) / width;
    input("split").focus({ preventScroll: true });
    this.#split();
  }

  #press(event: KeyboardEvent): void {
    const { key, shiftKey } = event;
    const step = this.#stage.clientWidth / 8;
    const pans: Record<string, [number, number]> = {
      ArrowLeft: [step, 0],
      ArrowRight: [-step, 0],
      ArrowUp: [0, step],
      ArrowDown: [0, -step],
    };
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (key === "+" || key === "=") this.#zoomBy(1.5);
    else if (key === "-") this.#zoomBy(1 / 1.5);
    else if (["0", "1", "2"].includes(key)) this.#zoomTo(Number(key) / devicePixelRatio);
    else if (key.toLowerCase() === "m") this.#toggleMagnifier();
    else if (shiftKey && pans[key]) this.#pan(...pans[key]);
    else return;
    event.preventDefault();
  }

  /** CSS pixels for a pixel of the picture. */
  get #scale(): number {
    return this.#zoom ?? this.#fitting;
  }

  /** CSS pixels for a pixel of a picture that fits. A small picture's pixel becomes a whole number of screen pixels. */
  get #fitting(): number {
    const { clientWidth, clientHeight } = this.#stage;
    const scale = Math.min(clientWidth / this.#width, clientHeight / this.#height);
    return scale > 2 ? Math.floor(scale * devicePixelRatio) / devicePixelRatio : scale;
  }

  /** @param zoom CSS pixels for a pixel of the picture; 0 to make it fit */
  #zoomTo(zoom: number): void {
    if (this.#zoom === undefined) this.#middle = { x: this.#width / 2, y: this.#height / 2 };
    this.#zoom = zoom || undefined;
    this.#lay();
  }

  /** Zooms so that the point of the picture at a place of the window, or in the middle of the stage, stays there. */
  #zoomBy(factor: number, clientX?: number, clientY?: number): boolean {
    const old = this.#scale;
    const fitting = this.#fitting;
    const zoom = Math.min(old * factor, LARGEST_ZOOM / devicePixelRatio);
    if (this.#zoom === undefined) {
      if (zoom <= fitting) return false;
      this.#middle = { x: this.#width / 2, y: this.#height / 2 };
    }
    const { left, top, width, height } = this.#stage.getBoundingClientRect();
    const dx = (clientX ?? left + width / 2) - left - width / 2;
    const dy = (clientY ?? top + height / 2) - top - height / 2;
    this.#middle.x += dx / old - dx / zoom;
    this.#middle.y += dy / old - dy / zoom;
    this.#zoom = zoom <= fitting ? undefined : zoom;
    this.#lay();
    return true;
  }

  #pan(dx: number, dy: number): void {
    if (this.#zoom === undefined) return;
    this.#middle.x -= dx / this.#zoom;
    this.#middle.y -= dy / this.#zoom;
    this.#lay();
  }

  /** Places all layers, so that both sides always show the same part of the picture. */
  #lay(): void {
    if (this.#width === 0) return;
    const { clientWidth, clientHeight } = this.#stage;
    const zoom = this.#scale;
    const [width, height] = [this.#width * zoom, this.#height * zoom];
    const inside = (middle: number, size: number, room: number) =>
      size <= room ? size / 2 : Math.min(size - room / 2, Math.max(room / 2, middle));
    const x = inside(this.#middle.x * zoom, width, clientWidth);
    const y = inside(this.#middle.y * zoom, height, clientHeight);
    if (this.#zoom !== undefined) this.#middle = { x: x / zoom, y: y / zoom };
    const box = { width: Math.min(width, clientWidth), height: Math.min(height, clientHeight) };
    Object.assign(this.#compare.style, { width: `${box.width}px`, height: `${box.height}px` });
    for (const layer of layers) {
      const target = byId(layer, HTMLElement);
      Object.assign(target.style, {
        width: `${width}px`,
        height: `${height}px`,
        left: `${box.width / 2 - x}px`,
        top: `${box.height / 2 - y}px`,
      });
      target.classList.toggle("enlarged", zoom * devicePixelRatio >= 2);
    }
    this.#stage.classList.toggle("zoomed", this.#zoom !== undefined);
    seeAround(this.#zoom === undefined ? undefined : this.#middle);
    const percent = zoom * devicePixelRatio;
    setText("zoom-now", `${Math.round(100 * percent)} %`);
    for (const [id, isOn] of Object.entries({
      "zoom-fit": this.#zoom === undefined,
      "zoom-100": this.#zoom !== undefined && percent === 1,
      "zoom-200": this.#zoom !== undefined && percent === 2,
    }))
      button(id).setAttribute("aria-pressed", String(isOn));
    this.#magnifier.refresh();
  }
}
