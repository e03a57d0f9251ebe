import { type Images, pixelsOf, valuesAt } from "../data/images.ts";
import { meanSsim, mse, psnrOfMse } from "./metrics.ts";

/** How near a set of pictures, neither rounded nor clipped, is to the clean pictures. */
export interface Quality {
  /** The mean squared error over all values of all pictures, in squared grey levels. */
  readonly mse: number;
  /** The peak signal-to-noise ratio, 10·log₁₀(255² / mse), in decibels. */
  readonly psnr: number;
  /** The structural similarity, as the mean over all channels of all pictures. It is 1 for equal pictures. */
  readonly ssim: number;
}

/** Quality before and after denoising, over the same pictures. */
export interface Evaluation {
  /** The number of pictures. */
  readonly images: number;
  /** The quality of the noisy pictures. */
  readonly noisy: Quality;
  /** The quality of the denoised pictures. */
  readonly denoised: Quality;
}

/** Measures the noisy pictures and `denoised`, [count, pixels], against the clean pictures. */
export function evaluate(
  { images, noisy }: { images: Images; noisy: Float32Array },
  denoised: Float32Array,
): Evaluation {
  return { images: images.count, noisy: quality(images, noisy), denoised: quality(images, denoised) };
}

/** Measures `pictures`, [count, pixels], against the clean pictures. */
export function quality(images: Images, pictures: Float32Array): Quality {
  const size = pixelsOf(images);
  const error = mse(pictures, images.data);
  let similarity = 0;
  for (let index = 0; index < images.count; index++) {
    const picture = pictures.subarray(index * size, (index + 1) * size);
    similarity += meanSsim(picture, valuesAt(images, index), images);
  }
  return { mse: error, psnr: psnrOfMse(error), ssim: similarity / images.count };
}
