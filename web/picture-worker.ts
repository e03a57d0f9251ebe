/** The worker that adds noise, compares pictures and writes files, so that the page stays free. Built as `picture-worker.js`. */

import { blend } from "../src/pictures/blend.ts";
import { readImage } from "../src/pictures/browser-image.ts";
import { mse, psnrOfMse, ssim } from "../src/quality/metrics.ts";
import { withNoise } from "./added-noise.ts";
import { messageOf } from "./dom.ts";
import { greyOf } from "./grey.ts";
import type {
  FromPictureWorker,
  Outcome,
  PictureAnswers,
  PictureQuality,
  PictureTask,
  ToPictureWorker,
} from "./picture-messages.ts";

const SMALLEST_FOR_SSIM = 11;
/** How many times stronger the noise is shown than it is. */
const AMPLIFIED = 4;

/** The clean picture that noise was added to last, and the id of that question. */
let clean: { readonly id: number; readonly image: ImageData };

self.onmessage = async ({ data }: MessageEvent<ToPictureWorker>) => {
  const { id } = data;
  try {
    const answer = await answerTo(data, id);
    const image = "image" in answer ? answer.image : answer;
    const transfer = image instanceof ImageData ? [image.data.buffer] : [];
    say({ id, answer }, transfer);
  } catch (error) {
    say({ id, failed: messageOf(error) });
  }
};

function say(message: FromPictureWorker, transfer: Transferable[] = []): void {
  self.postMessage(message, { transfer });
}

async function answerTo(task: PictureTask, id: number): Promise<PictureAnswers[PictureTask["type"]]> {
  switch (task.type) {
    case "read":
      return readImage(task.file, { maxPixels: task.maxPixels });
    case "add": {
      clean = { id, image: task.image };
      const image = withNoise(task.image, task.noise);
      return { image, quality: qualityOf(image, task.image) };
    }
    case "measure":
      if (clean?.id !== task.given) throw new Error("Another picture has come meanwhile.");
      return qualityOf(blended(task), clean.image);
    case "difference":
      return difference(task);
    case "encode": {
      // What writes files is loaded only when a file is saved.
      const { fileOf } = await import("./picture-file.ts");
      return fileOf(blended(task), task.file);
    }
  }
}

function blended({ before, after, strength }: Outcome): ImageData {
  const { data, width, height } = blend(before, after, strength);
  return new ImageData(data as Uint8ClampedArray<ArrayBuffer>, width, height);
}

function difference({ before, after, strength }: Outcome): ImageData {
  const taken = new ImageData(before.width, before.height);
  const { data } = taken;
  const factor = AMPLIFIED * strength;
  for (let i = 0; i < data.length; i += 4) {
    for (let c = i; c < i + 3; c++) data[c] = 128 + factor * (before.data[c]! - after.data[c]!);
    data[i + 3] = 255;
  }
  return taken;
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
