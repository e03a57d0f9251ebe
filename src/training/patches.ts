/** The views of pictures that a network is trained on: a whole picture or a patch of it, turned and mirrored. */
import type { Photos } from "../data/images.ts";
import type { Random } from "../noise/rng.ts";
import type { Picture } from "../pictures/picture.ts";
import type { Recipe } from "./recipe.ts";

/** Where a patch lies in a picture, and how it is turned and then mirrored. */
export interface View<Values extends Uint8Array | Float32Array = Uint8Array> {
  readonly photo: Required<Picture<Values>>;
  readonly top: number;
  readonly left: number;
  /** Quarter turns clockwise, 0 to 3. Only square patches are turned. */
  readonly turns: number;
  /** Whether the patch is mirrored left to right. */
  readonly mirrored: boolean;
}

/** Fills `out` with the patch of `height` × `width` pixels that a view shows. */
export function copyView<Values extends Uint8Array | Float32Array>(
  out: Values,
  { photo, top, left, turns, mirrored }: View<Uint8Array | Values>,
  height: number,
  width: number,
): void {
  const { data, width: stride, channels } = photo;
  // The pixel of the picture that the patch's first pixel comes from, and the steps through the picture, in pixels, from
  // one row of the patch to the next and from one column to the next.
  let start = top * stride + left;
  let [down, right] = [stride, 1];
  if (turns === 1) {
    start += (height - 1) * stride;
    [down, right] = [1, -stride];
  } else if (turns === 2) {
    start += (height - 1) * stride + width - 1;
    [down, right] = [-stride, -1];
  } else if (turns === 3) {
    start += width - 1;
    [down, right] = [-1, stride];
  }
  if (mirrored) {
    start += (width - 1) * right;
    right = -right;
  }
  if (down === stride && right === 1 && stride === width) {
    out.set(data.subarray(start * channels, (start + height * width) * channels));
    return;
  }
  let to = 0;
  for (let row = 0; row < height; row++) {
    let from = (start + row * down) * channels;
    const step = right * channels;
    for (let column = 0; column < width; column++, from += step) {
      out[to++] = data[from]!;
      for (let c = 1; c < channels; c++) out[to++] = data[from + c]!;
    }
  }
}

/** Draws patches at random. Every patch in the set has the same chance. */
export class PatchSource<Values extends Uint8Array | Float32Array = Uint8Array> {
  readonly #photos: Photos<Values>["photos"];
  /** For each picture, the number of patches in it and all pictures before it. */
  readonly #counts: Float64Array;
  readonly #size: { readonly height: number; readonly width: number };

  /** @param size the size of the patches; no picture may be smaller */
  constructor(pictures: Photos<Values>, size: { readonly height: number; readonly width: number }) {
    this.#photos = pictures.photos;
    this.#size = size;
    let count = 0;
    this.#counts = Float64Array.from(this.#photos, ({ height, width }) => {
      count += (height - size.height + 1) * (width - size.width + 1);
      return count;
    });
  }

  draw(random: Random): Pick<View<Values>, "photo" | "top" | "left"> {
    const at = random.uniform() * this.#counts.at(-1)!;
    let [first, last] = [0, this.#counts.length - 1];
    while (first < last) {
      const middle = (first + last) >> 1;
      if (this.#counts[middle]! > at) last = middle;
      else first = middle + 1;
    }
    const photo = this.#photos[first]!;
    const { height, width } = this.#size;
    return {
      photo,
      top: Math.floor(random.uniform() * (photo.height - height + 1)),
      left: Math.floor(random.uniform() * (photo.width - width + 1)),
    };
  }
}

/** Draws how a picture is turned and mirrored before the network sees it, as the recipe allows. */
export function drawOrientation(
  { flips, rotations }: Recipe,
  random: Random,
): Pick<View, "turns" | "mirrored"> {
  return {
    mirrored: flips === true && random.bits() < 0,
    turns: rotations === true ? random.bits() >>> 30 : 0,
  };
}
