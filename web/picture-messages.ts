/** Messages between the page and the worker that computes with pictures. Every question has an id, which its answer repeats. */
import type { FoundNoise } from "../src/denoiser/sigma.ts";

/** Noise that the page can add: none, a camera's in poor light, or white noise of a standard deviation in grey levels. */
export type AddedNoise = "none" | "camera" | number;

/** A picture as it was given to the denoiser, what came of it, and how much of the difference is taken, from 0 to 1. */
export interface Outcome {
  readonly before: ImageData;
  readonly after: ImageData;
  readonly strength: number;
}

/** The largest change, in grey levels, that the histogram of what was taken away tells from others. */
export const MOST_CHANGE = 64;

export type PictureTask =
  /** Reads a picture file in any format that the browser decodes. */
  | { readonly type: "read"; readonly file: Blob; readonly maxPixels: number }
  /** Finds the level of the noise of the picture that was read, or that noise was added to, by the question of this id. */
  | { readonly type: "find"; readonly picture: number }
  /** Adds noise to a clean picture, which later measurements compare with. */
  | { readonly type: "add"; readonly image: ImageData; readonly noise: Exclude<AddedNoise, "none"> }
  /** Measures how far an outcome is from the clean picture. `given`: the id of the question that added the noise. */
  | ({ readonly type: "measure"; readonly given: number } & Outcome)
  /** Draws what was taken away, four times as strong, around mid grey. */
  | ({ readonly type: "difference" } & Outcome)
  /** Writes an outcome as a file: JPEG if `file` is one, else PNG, with the Exif data of `file`. */
  | ({ readonly type: "encode"; readonly file: Blob | undefined } & Outcome);

/** How far a picture is from the clean one. */
export interface PictureQuality {
  /** In dB, over red, green and blue of all pixels. */
  readonly psnr: number;
  /** SSIM of the luma; undefined if the picture is smaller than SSIM's window. */
  readonly ssim: number | undefined;
}

/** What is answered to each task. */
export interface PictureAnswers {
  readonly read: ImageData;
  readonly find: FoundNoise;
  readonly add: { readonly image: ImageData; readonly quality: PictureQuality };
  readonly measure: PictureQuality;
  readonly difference: {
    readonly image: ImageData;
    /** How many values changed by how many grey levels, from −MOST_CHANGE to MOST_CHANGE, those beyond at the ends. */
    readonly changes: readonly number[];
  };
  readonly encode: Blob;
}

export type ToPictureWorker = PictureTask & { readonly id: number };

export type FromPictureWorker = { readonly id: number } & (
  | { readonly answer: PictureAnswers[keyof PictureAnswers] }
  | { readonly failed: string }
);
