/** `denoise-wasm/png`: PNG files in and out, for runtimes without a decoder of their own. */

import type { DenoiseOptions, Denoiser } from "./denoiser/denoiser.ts";
import type { DecodeOptions } from "./pictures/decoding.ts";
import { decodePng, encodePng } from "./pictures/png.ts";

export type { Denoised, DenoiseOptions, Denoiser } from "./denoiser/denoiser.ts";
export type { DecodedValues, DecodeOptions } from "./pictures/decoding.ts";
export type { Picture, PictureValues, SameKind } from "./pictures/picture.ts";
export { decodePng, encodePng } from "./pictures/png.ts";
export type { Variant } from "./wasm/detect.ts";

/** How a PNG file is denoised. */
export interface DenoisePngOptions extends Omit<DenoiseOptions, "transfer"> {
  /** Most pixels the picture may have: 2²² (4 megapixels) if left out, since what is unpacked has to fit into a worker's 128 MB. */
  maxPixels?: DecodeOptions["maxPixels"];
}

/**
 * A PNG file denoised: the same size, colours and bits (a palette becomes RGB or RGBA, fewer than 8 bits become 8).
 * @throws DataError if it is no PNG, broken, of a kind that `decodePng` refuses, or larger than allowed
 * @throws SpecError if an option is out of range
 */
export async function denoisePng(
  denoiser: Pick<Denoiser, "denoise">,
  bytes: Uint8Array | ArrayBuffer,
  { maxPixels = 2 ** 22, ...options }: DenoisePngOptions = {},
): Promise<Uint8Array<ArrayBuffer>> {
  const file = bytes instanceof Uint8Array ? bytes : new Uint8Array(bytes);
  const picture = await decodePng(file, "The picture", { maxPixels });
  return encodePng(await denoiser.denoise(picture, options));
}
