/** Adds noise to a clean picture, so that one can see and measure what denoising does. */

import { addNoise, type NoiseModel } from "../src/noise/noise.ts";
import { Purpose } from "../src/noise/rng.ts";
import { isGrey } from "./grey.ts";
import type { AddedNoise } from "./picture-messages.ts";

/** The noise of a small camera in poor light; src/noise/camera.ts says what the numbers mean. */
const poorLight: NoiseModel = {
  model: "camera",
  gain: 0.016,
  readNoise: 3,
  whiteBalance: 1.8,
  toneCurve: { gamma: 2.2, contrast: 0.5 },
  mosaic: 1,
  chroma: 1.3,
  smoothing: { share: 1, luma: 0.5, chroma: 1.5 },
  jpeg: { share: 1, quality: 92, subsampled: 1 },
};

/** Always draws the same noise. Grey pictures stay grey. Values are rounded and clipped to 0..255; alpha is kept. */
export function withNoise(image: ImageData, noise: Exclude<AddedNoise, "none">): ImageData {
  const { width, height } = image;
  const channels = isGrey(image.data) ? 1 : 3;
  const clean = image.data.filter((_, index) => index % 4 < channels);
  const pictures = { data: new Uint8Array(clean.buffer), count: 1, width, height, channels };
  const model: NoiseModel = noise === "camera" ? poorLight : { model: "gaussian", sigma: noise };
  const noisy = addNoise(pictures, model, 1, Purpose.testNoise);
  const data = image.data.slice();
  for (let pixel = 0; pixel < width * height; pixel++)
    for (let c = 0; c < 3; c++) data[4 * pixel + c] = noisy[channels * pixel + (c % channels)]!;
  return new ImageData(data, width, height);
}
