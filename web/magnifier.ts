/** A glass over the picture that shows a place of it larger: on its left as it was before, on its right as it is after. */
import { canvas } from "./dom.ts";
import type { Place } from "./stage-gestures.ts";

/** The fewest screen pixels for a pixel of the picture, and how many times as large as on the stage it is at least. */
const LEAST_SCALE = 3;
const LEAST_TIMES = 2;
/** How far a finger is from the edge of the glass, and the glass from that of the window, in CSS pixels. */
const FINGER = 28;
const MARGIN = 4;

/** The picture that is magnified. */
interface Magnified {
  /** Draws one side of it. */
  paint(side: "before" | "after", context: CanvasRenderingContext2D): void;
  /** Where a place of the picture is in the window. */
  windowOf(place: Place): Place;
  /** CSS pixels for a pixel of the picture. */
  zoom(): number;
}

export class Magnifier {
  readonly #glass = canvas("glass");
  /** What the glass shows, in pixels of the picture. */
  #place: Place = { x: 0, y: 0 };
  #isAboveFinger = false;
  #frame = 0;

  constructor(private readonly picture: Magnified) {}

  get isShown(): boolean {
    return !this.#glass.hidden;
  }

  /** Shows a place of the picture: there, or above the finger that points to it. */
  show(place: Place, isAboveFinger: boolean): void {
    this.#place = place;
    this.#isAboveFinger = isAboveFinger;
    this.#glass.hidden = false;
    this.refresh();
  }

  hide(): void {
    this.#glass.hidden = true;
  }

  /** Draws anew, before the browser's next frame, what has changed below the glass. */
  refresh(): void {
    if (!this.isShown || this.#frame) return;
    this.#frame = requestAnimationFrame(() => {
      this.#frame = 0;
      if (!this.isShown) return;
      this.#lay();
      this.#draw();
    });
  }

  #lay(): void {
    const radius = this.#glass.offsetWidth / 2;
    const at = this.picture.windowOf(this.#place);
    const inside = (middle: number, room: number) =>
      Math.min(room - radius - MARGIN, Math.max(radius + MARGIN, middle));
    let { x, y } = at;
    if (this.#isAboveFinger) {
      y = at.y - FINGER - radius;
      const isCut = y < radius + MARGIN;
      if (isCut) x += (at.x > innerWidth / 2 ? -1 : 1) * (FINGER + radius);
    }
    const frame = this.#glass.offsetParent!;
    const { left, top } = frame.getBoundingClientRect();
    this.#glass.style.left = `${inside(x, innerWidth) - left - frame.clientLeft - radius}px`;
    this.#glass.style.top = `${inside(y, innerHeight) - top - frame.clientTop - radius}px`;
  }

  #draw(): void {
    const glass = this.#glass;
    const side = Math.round(glass.clientWidth * devicePixelRatio);
    if (glass.width !== side) Object.assign(glass, { width: side, height: side });
    const context = glass.getContext("2d")!;
    const scale = Math.max(LEAST_SCALE, LEAST_TIMES * this.picture.zoom() * devicePixelRatio);
    const middle = side / 2;
    const { x, y } = this.#place;
    context.clearRect(0, 0, side, side);
    context.save();
    context.imageSmoothingEnabled = false;
    context.setTransform(scale, 0, 0, scale, middle - scale * x, middle - scale * y);
    this.picture.paint("before", context);
    context.beginPath();
    context.rect(x, y - middle / scale, middle / scale, side / scale);
    context.clip();
    this.picture.paint("after", context);
    context.restore();
    context.fillStyle = "#fff";
    context.fillRect(middle, 0, Math.ceil(devicePixelRatio), side);
  }
}
