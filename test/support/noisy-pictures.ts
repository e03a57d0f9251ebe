/** Pictures of the sample of Fashion-MNIST in data/ with noise, as bytes and as PNG files. */
import { loadFashionMnistFrom } from "../../src/data/fashion-mnist.node.ts";
import { valuesAt } from "../../src/data/images.ts";
import { addNoise } from "../../src/noise/noise.ts";
import { pngBytes } from "./png-bytes.ts";

export interface NoisyPicture {
  readonly width: number;
  readonly height: number;
  readonly clean: Uint8Array;
  readonly noisy: Uint8Array;
  /** `noisy` as a PNG file, grey, 8 bits. */
  readonly png: Uint8Array;
}

/** The first test pictures with Gaussian noise of `sigma`, rounded and cut off at 0 and 255. */
export async function noisyPictures(count: number, sigma: number): Promise<NoisyPicture[]> {
  const { test } = await loadFashionMnistFrom("data");
  const { width, height } = test;
  const size = width * height;
  const images = { ...test, data: test.data.subarray(0, count * size), count };
  const values = Uint8ClampedArray.from(addNoise(images, { model: "gaussian", sigma }, 1, 0));
  return Array.from({ length: count }, (_, index) => {
    const noisy = new Uint8Array(values.buffer, index * size, size);
    return {
      width,
      height,
      clean: valuesAt(images, index),
      noisy,
      png: pngBytes({ width, height, colorType: 0, values: noisy }),
    };
  });
}
