/** Other strengths of denoising without another run of the network. */
import { DataError, requireOption } from "../errors.ts";
import { channelsOf, copyOf, kindOf, type Picture, type PictureValues, type SameKind } from "./picture.ts";

/**
 * Takes away a part of the noise only: the result is picture + strength · (denoised − picture), as of `denoise` with that
 * `strength`, without another run of the network. Integers are rounded, and since `denoised` has been rounded too, they may
 * differ by 1 from what `denoise` gives.
 *
 * @param picture the picture before it was denoised
 * @param denoised what `denoise` made of it
 * @param strength from 0, which gives a copy of `picture`, to 1, which gives the values of `denoised`
 * @throws DataError if one of them is no picture, or they differ in size, channels or kind of array
 * @throws SpecError if `strength` is not a number from 0 to 1
 */
export function blend<Values extends PictureValues>(
  picture: Picture<Values>,
  denoised: Picture,
  strength: number,
): Required<Picture<SameKind<Values>>> {
  requireStrength(strength);
  const channels = channelsOf(picture);
  const { width, height } = picture;
  const isLike = channels === channelsOf(denoised) && width === denoised.width && height === denoised.height;
  if (!isLike || kindOf(picture.data) !== kindOf(denoised.data))
    throw new DataError(
      "The two pictures differ in size, channels or kind of array. Give one and what became of it.",
    );
  const data = copyOf(picture.data);
  // What these arrays round down is rounded to the nearest.
  const half = ["Uint8Array", "Uint16Array"].includes(kindOf(data)) ? 0.5 : 0;
  for (let i = 0; strength > 0 && i < data.length; i++)
    data[i] = half + (1 - strength) * picture.data[i]! + strength * denoised.data[i]!;
  return { data, width, height, channels };
}

/** @throws SpecError if `strength` is not a number from 0 to 1 */
export function requireStrength(strength: number): void {
  const isPart = Number.isFinite(strength) && strength >= 0 && strength <= 1;
  requireOption("strength", strength, isPart, "a number from 0 to 1");
}
