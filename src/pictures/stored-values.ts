import { type CheckedPicture, kindOf, type Picture } from "./picture.ts";

/** A picture's values as files hold them: a byte each, or two with the upper one first if they are deep. */
export function storedValues(
  { data }: Pick<Picture, "data">,
  { black, step }: CheckedPicture,
  deep: boolean,
): Uint8Array | Uint8ClampedArray {
  if (!deep && black === 0 && step === 1 && kindOf(data) !== "Float32Array")
    return data as Uint8Array | Uint8ClampedArray;
  const white = deep ? 65_535 : 255;
  const samples = new Uint8Array((deep ? 2 : 1) * data.length);
  const view = new DataView(samples.buffer);
  for (let i = 0; i < data.length; i++) {
    const value = Math.round(((data[i]! - black) * (white / 255)) / step);
    const clamped = Math.min(white, Math.max(0, value));
    if (deep) view.setUint16(2 * i, clamped);
    else samples[i] = clamped;
  }
  return samples;
}
