import { grey } from "../../build/models/fashion-conv.js";
import { pixelsOf } from "../data/images.ts";
import { createDenoiser } from "../denoiser/photo.ts";
import type { Pairs } from "../training/batches.ts";
import { bytesOf } from "../wasm/inlined.ts";

/** Denoises pictures of clothes by the model fashion-conv, which is given their noise levels: [count, pixels]. */
export async function denoiseByConvolutions({ images, noisy, sigma }: Pairs): Promise<Float32Array> {
  const { width, height, channels } = images;
  const size = pixelsOf(images);
  const denoised = new Float32Array(noisy.length);
  using denoiser = await createDenoiser({ model: bytesOf(grey!) });
  for (let index = 0; index < images.count; index++) {
    const data = noisy.subarray(index * size, (index + 1) * size);
    const picture = await denoiser.denoise({ data, width, height, channels }, { sigma: sigma![index]! });
    denoised.set(picture.data, index * size);
  }
  return denoised;
}
