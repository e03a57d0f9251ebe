/** The worker that adds noise, compares pictures and writes files, so that the page stays free. Built as `picture-worker.js`. */

import { findNoise } from "../src/denoiser/sigma.ts";
import { blend } from "../src/pictures/blend.ts";
import { readImage } from "../src/pictures/browser-image.ts";
import { checkPicture } from "../src/pictures/picture.ts";
import { mse, psnrOfMse, ssim } from "../src/quality/metrics.ts";
import { withNoise } from "./added-noise.ts";
import { ONE_BAND } from "./bands.ts";
import { difference } from "./difference.ts";
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

/** The clean picture that noise was added to last, and the id of that question. */
let clean: { readonly id: number; readonly image: ImageData };
/** A copy of the large picture that was answered last, whose noise may have to be found. */
let kept: { readonly id: number; readonly image: ImageData } | undefined;

self.onmessage = async ({ data }: MessageEvent<ToPictureWorker>) => {
  const { id } = data;
  try {
    const answer = await answerTo(data, id);
    const image = "image" in answer ? answer.image : answer;
    if (!(image instanceof ImageData)) return say({ id, answer });
    // The browser would copy an ImageData; its pixels travel as they are.
    const { data: pixels, width, height } = image;
    const bare = { data: pixels, width, height } as ImageData;
    say({ id, answer: "image" in answer ? { ...answer, image: bare } : bare }, [pixels.buffer]);
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
      return keep(id, await readImage(task.file, { maxPixels: task.maxPixels }));
    case "find": {
      if (kept?.id !== task.picture) throw new Error("Another picture has come meanwhile.");
      const { image } = kept;
      kept = undefined;
      return findNoise(image, checkPicture(image));
    }
    case "add": {
      clean = { id, image: task.image };
      const image = keep(id, withNoise(task.image, task.noise));
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

function keep(id: number, image: ImageData): ImageData {
  const { data, width, height } = image;
  kept = width * height > ONE_BAND ? { id, image: new ImageData(data.slice(), width, height) } : undefined;
  return image;
}

function blended({ before, after, strength }: Outcome): ImageData {
  const { data, width, height } = blend(before, after, strength);
  return new ImageData(data as Uint8ClampedArray<ArrayBuffer>, width, height);
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
