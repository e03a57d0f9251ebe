/** The worker that adds noise to a picture, and compares pictures with the clean one. Built as `picture-worker.js`. */

import { Purpose, Random } from "../src/noise/rng.ts";
import { mse, psnrOfMse, ssim } from "../src/quality/metrics.ts";
import { messageOf } from "./dom.ts";
import { greyOf, isGrey } from "./grey.ts";
import type { FromPictureWorker, PictureQuality, ToPictureWorker } from "./picture-messages.ts";

const SMALLEST_FOR_SSIM = 11;

let clean: ImageData;

function say(message: FromPictureWorker): void {
  self.postMessage(message);
}

self.onmessage = ({ data }: MessageEvent<ToPictureWorker>) => {
  try {
    if (data.type === "add") clean = data.image;
    const image = data.type === "add" ? withNoise(clean, data.added) : data.image;
    say({ type: "measured", image, quality: qualityOf(image, clean) });
  } catch (error) {
    say({ type: "failed", message: messageOf(error) });
  }
};

/** Adds Gaussian noise to red, green and blue, the same to all three if the picture is grey. Values are rounded and clipped to 0..255. */
function withNoise(image: ImageData, sigma: number): ImageData {
  const { data, width, height } = image;
  const pixels = width * height;
  const colors = isGrey(data) ? 1 : 3;
  const noise = new Float32Array(pixels * colors);
  new Random(1, Purpose.testNoise).fillNormal(noise, sigma);
  const noisy = data.slice();
  for (let pixel = 0; pixel < pixels; pixel++) {
    for (let c = 0; c < 3; c++) {
      noisy[4 * pixel + c] = data[4 * pixel + c]! + noise[colors * pixel + (c % colors)]!;
    }
  }
  return new ImageData(noisy, width, height);
}

function qualityOf(image: ImageData, reference: ImageData): PictureQuality {
  const { width, height } = image;
  const colors = ({ data }: ImageData) => data.filter((_, index) => index % 4 < 3);
  const measurable = Math.min(width, height) >= SMALLEST_FOR_SSIM;
  return {
    psnr: psnrOfMse(mse(colors(image), colors(reference))),
    ssim: measurable ? ssim(greyOf(image), greyOf(reference), { width, height }) : undefined,
  };
}
