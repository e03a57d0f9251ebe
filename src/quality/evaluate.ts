import { type Images, pixelsOf, valuesAt } from "../data/images.ts";
import { mse, psnrOfMse, ssim } from "./metrics.ts";

/** Quality over a set of pictures, neither rounded nor clipped. */
export interface Quality {
  /** Mean over all pixels of all pictures of the squared error, in squared grey levels. */
  readonly mse: number;
  /** 10·log₁₀(255² / mse), in decibels. */
  readonly psnr: number;
  /** Mean over the pictures, and over their channels; 1 is identical. */
  readonly ssim: number;
}

/** Quality before and after denoising, over the same pictures. */
export interface Evaluation {
  readonly images: number;
  readonly noisy: Quality;
  readonly denoised: Quality;
}

/** How far the noisy pictures and `denoised` are from the clean ones. */
export function evaluate(
  { images, noisy }: { images: Images; noisy: Float32Array },
  denoised: Float32Array,
): Evaluation {
  return { images: images.count, noisy: quality(images, noisy), denoised: quality(images, denoised) };
}

/** How far `pictures`, [count, pixels], are from the clean ones. */
export function quality(images: Images, pictures: Float32Array): Quality {
  const size = pixelsOf(images);
  const error = mse(pictures, images.data);
  const { count, channels } = images;
  let similarity = 0;
  for (let index = 0; index < count; index++) {
    const picture = pictures.subarray(index * size, (index + 1) * size);
    for (let channel = 0; channel < channels; channel++) {
      const plane = (values: Float32Array | Uint8Array) => planeOf(values, channel, channels);
      similarity += ssim(plane(picture), plane(valuesAt(images, index)), images);
    }
  }
  return { mse: error, psnr: psnrOfMse(error), ssim: similarity / (count * channels) };
}

/** One channel of a picture. */
function planeOf(values: Float32Array | Uint8Array, channel: number, channels: number): ArrayLike<number> {
  return channels === 1 ? values : values.filter((_, index) => index % channels === channel);
}
