/** The worker that adds noise to a picture, denoises it and measures both. Built as `picture-worker.js`. */

import { createDenoiser, type Denoiser } from "../src/denoiser/denoiser.ts";
import { Purpose, Random } from "../src/noise/rng.ts";
import { toImageData } from "../src/pictures/browser-image.ts";
import { mse, psnrOfMse, ssim } from "../src/quality/metrics.ts";
import { greyOf, isGrey } from "./grey.ts";
import type { FromPictureWorker, PictureQuality, ToPictureWorker } from "./picture-messages.ts";

const SMALLEST_FOR_SSIM = 11;

let denoiser = load();
let clean: ImageData | undefined;
/** The picture to denoise: with noise added, or as it came. */
let given: ImageData | undefined;
let running: AbortController | undefined;

function say(message: FromPictureWorker): void {
  self.postMessage(message);
}

self.onmessage = async ({ data }: MessageEvent<ToPictureWorker>) => {
  try {
    if (data.type === "picture") takePicture(data.image, data.added);
    else if (data.type === "cancel") running?.abort();
    else await denoise(data.sigma, data.strength);
  } catch (error) {
    say({ type: "failed", message: error instanceof Error ? error.message : String(error) });
  }
};

/** Begins before there is a picture. */
function load(): Promise<Denoiser> {
  const loading = createDenoiser({ mode: "fast" });
  loading.catch(() => {});
  return loading;
}

function takePicture(image: ImageData, added: number): void {
  running?.abort();
  clean = added > 0 ? image : undefined;
  given = added > 0 ? withNoise(image, added) : image;
  if (clean) say({ type: "noisy", image: given, quality: qualityOf(given, clean) });
}

async function denoise(sigma: number | "auto", strength: number): Promise<void> {
  running?.abort();
  const control = new AbortController();
  running = control;
  const [picture, reference] = [given!, clean];
  const ready = await denoiser.catch((error: unknown) => {
    denoiser = load();
    throw error;
  });
  const start = performance.now();
  try {
    const result = await ready.denoise(picture, {
      sigma,
      strength,
      signal: control.signal,
      onProgress: (done) => say({ type: "progress", done }),
    });
    const seconds = (performance.now() - start) / 1000;
    const image = toImageData(result);
    const quality = reference && { quality: qualityOf(image, reference) };
    say({ type: "denoised", image, sigma: result.sigma, seconds, ...quality });
  } catch (error) {
    if (!control.signal.aborted) throw error;
    if (running === control) say({ type: "cancelled" });
  }
}

/** Gaussian noise on the colours, the same in each of a grey pixel; rounded and cut off at 0 and 255. */
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
