/** A part of the picture, chosen on a small copy of it: by the pointer, or by two sliders that only the keyboard sees. */
import { byId, canvas, input } from "./dom.ts";
import { greyOf, isGrey } from "./grey.ts";

/** The largest width and height of a part, and what they are multiples of, in pixels. */
const SIDE = 96;
const MULTIPLE = 8;
/** The largest width or height of the small copy. */
const COPY = 480;

export class PartChoice {
  #picture: ImageData | undefined;
  #isGrey = false;
  /** The middle of the part where the picture varies most. */
  #busiest = { x: 0, y: 0 };
  readonly #frame = byId("part-frame", HTMLElement);
  readonly #x = input("part-x");
  readonly #y = input("part-y");

  constructor(private readonly onChange: () => void) {
    for (const slider of [this.#x, this.#y]) slider.addEventListener("input", () => this.#move());
    const place = byId("part-place", HTMLElement);
    const follow = ({ clientX, clientY }: PointerEvent) => {
      const { left, top, width, height } = place.getBoundingClientRect();
      const { width: across, height: down } = this.#picture!;
      this.#put({ x: ((clientX - left) / width) * across, y: ((clientY - top) / height) * down });
      this.#move();
    };
    place.addEventListener("pointerdown", (event) => {
      if (!this.#picture) return;
      place.setPointerCapture(event.pointerId);
      follow(event);
    });
    place.addEventListener("pointermove", (event) => {
      if (place.hasPointerCapture(event.pointerId)) follow(event);
    });
  }

  /** Shows another picture. @param middle where its part is; if left out, where the picture varies most */
  async show(picture: ImageData, middle?: { readonly x: number; readonly y: number }): Promise<void> {
    if (picture !== this.#picture) {
      this.#picture = picture;
      await this.#copy(picture);
    }
    const { width, height } = picture;
    this.#x.max = `${width - this.#size.width}`;
    this.#y.max = `${height - this.#size.height}`;
    for (const slider of [this.#x, this.#y])
      slider.step = `${Math.max(1, Math.round(Number(slider.max) / 50))}`;
    this.#put(middle ?? this.#busiest);
    this.#lay();
  }

  /** Whether the picture has no colours. */
  get isGrey(): boolean {
    return this.#isGrey;
  }

  /** Undefined where the picture is too small to have a part. */
  get part(): ImageData | undefined {
    const { width, height } = this.#size;
    if (!this.#picture || width === 0 || height === 0) return undefined;
    const { data, width: across } = this.#picture;
    const [left, top] = [this.#x.valueAsNumber, this.#y.valueAsNumber];
    const part = new ImageData(width, height);
    for (let y = 0; y < height; y++) {
      const from = 4 * ((top + y) * across + left);
      part.data.set(data.subarray(from, from + 4 * width), 4 * y * width);
    }
    return part;
  }

  get #size() {
    const { width = 0, height = 0 } = this.#picture ?? {};
    const side = (length: number) => MULTIPLE * Math.floor(Math.min(SIDE, length) / MULTIPLE);
    return { width: side(width), height: side(height) };
  }

  async #copy(picture: ImageData): Promise<void> {
    const scale = Math.min(1, COPY / Math.max(picture.width, picture.height));
    const resizeWidth = Math.max(1, Math.round(picture.width * scale));
    const resizeHeight = Math.max(1, Math.round(picture.height * scale));
    const small = await createImageBitmap(picture, { resizeWidth, resizeHeight, resizeQuality: "medium" });
    const target = canvas("part-copy");
    Object.assign(target, { width: resizeWidth, height: resizeHeight });
    const context = target.getContext("2d", { willReadFrequently: true })!;
    context.drawImage(small, 0, 0);
    small.close();
    const copy = context.getImageData(0, 0, resizeWidth, resizeHeight);
    this.#isGrey = isGrey(copy.data);
    const { x, y } = busiest(copy, SIDE * scale);
    this.#busiest = { x: x / scale, y: y / scale };
  }

  #put({ x, y }: { readonly x: number; readonly y: number }): void {
    this.#x.valueAsNumber = Math.round(x - this.#size.width / 2);
    this.#y.valueAsNumber = Math.round(y - this.#size.height / 2);
  }

  #move(): void {
    this.#lay();
    this.onChange();
  }

  #lay(): void {
    const { width, height } = this.#picture!;
    const percent = (part: number, whole: number) => `${(100 * part) / whole}%`;
    Object.assign(this.#frame.style, {
      left: percent(this.#x.valueAsNumber, width),
      top: percent(this.#y.valueAsNumber, height),
      width: percent(this.#size.width, width),
      height: percent(this.#size.height, height),
    });
  }
}

/** The middle of the square of a side, on a grid of half its size, in which values differ most from their mean. */
function busiest(picture: ImageData, side: number): { x: number; y: number } {
  const { width, height } = picture;
  const grey = greyOf(picture);
  let found = { x: width / 2, y: height / 2, variance: -1 };
  for (let top = 0; top + side <= height; top += side / 2) {
    for (let left = 0; left + side <= width; left += side / 2) {
      let [count, sum, squares] = [0, 0, 0];
      for (let y = Math.floor(top); y < top + side; y++) {
        for (const value of grey.subarray(
          y * width + Math.floor(left),
          y * width + Math.floor(left + side),
        )) {
          count++;
          sum += value;
          squares += value * value;
        }
      }
      const variance = squares / count - (sum / count) ** 2;
      if (variance > found.variance) found = { x: left + side / 2, y: top + side / 2, variance };
    }
  }
  return found;
}
