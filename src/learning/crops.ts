/** Crops of noisy pictures, of which some pixels are hidden. */
import type { Random } from "../noise/rng.ts";
import type { CheckedPicture, Picture } from "../pictures/picture.ts";
import type { Scale } from "./calibration.ts";

/** One pixel in so many is hidden, in each direction. */
const PERIOD = 4;

/** A picture from which crops are taken. */
export type Source = Picture & CheckedPicture;

/** Crops for a network of `channels` channels. */
export class Crops {
  /** The values of the crop: [side, side, channels]. */
  readonly values: Float64Array;
  /** The indexes of the values that are hidden from the network. None is at the crop's edge. */
  readonly hidden: number[] = [];

  /**
   * @param side height and width of a crop, in its own pixels
   * @param stride how far these are from each other in the picture
   */
  constructor(
    readonly side: number,
    readonly stride: 1 | 2,
    readonly channels: 1 | 3,
  ) {
    this.values = new Float64Array(side * side * channels);
  }

  /** Takes a crop at a random place, brings its values to a scale, and hides pixels of it. */
  take(picture: Source, scale: Scale, random: Random): void {
    const { side, stride, channels, values } = this;
    const { data, width, height, distinct, channels: depth } = picture;
    const step = picture.step * scale.step;
    const black = picture.black + picture.step * scale.black;
    const below = (count: number) => Math.floor(count * random.uniform());
    const extent = (side - 1) * stride + 1;
    const top = below(height - extent + 1);
    const left = below(width - extent + 1);
    // A network for grey pictures sees one colour at a time.
    const color = channels < distinct ? below(distinct) : 0;
    const spread = distinct === 3 && channels === 3 ? 1 : 0;
    for (let y = 0, i = 0; y < side; y++) {
      let at = ((top + y * stride) * width + left) * depth + color;
      for (let x = 0; x < side; x++, at += stride * depth)
        for (let c = 0; c < channels; c++, i++) values[i] = (data[at + c * spread]! - black) / step;
    }
    const { hidden } = this;
    hidden.length = 0;
    let [down, right] = [0, 0];
    for (let c = 0; c < channels; c++) {
      // Equal colours are hidden together: else they would be seen after all.
      if (c * spread === c) [down, right] = [below(PERIOD), below(PERIOD)];
      for (let y = down || PERIOD; y < side - 1; y += PERIOD)
        for (let x = right || PERIOD; x < side - 1; x += PERIOD) hidden.push((y * side + x) * channels + c);
    }
  }

  /** The indexes of the four values around a hidden one. */
  around(index: number): readonly [number, number, number, number] {
    const { side, channels } = this;
    return [index - side * channels, index + side * channels, index - channels, index + channels];
  }
}
