/** What a remote denoiser and its worker say to each other; an answer has the id of what it answers. */

import type { Picture, PictureValues } from "../pictures/picture.ts";
import type { Variant } from "../wasm/detect.ts";
import type { Denoised, DenoiseOptions, DenoiserOptions } from "./denoiser.ts";

export type ToDenoiserWorker = { readonly id: number } & (
  | { readonly type: "create"; readonly options: DenoiserOptions }
  | {
      readonly type: "denoise";
      readonly picture: Picture;
      readonly options: Pick<DenoiseOptions, "sigma" | "strength">;
    }
  | { readonly type: "abort" }
);

export type FromDenoiserWorker = { readonly id: number } & (
  | { readonly type: "created"; readonly variant: Variant }
  | { readonly type: "progress"; readonly done: number }
  | { readonly type: "denoised"; readonly result: Denoised<PictureValues> }
  /** `name`: the error's class. */
  | { readonly type: "failed"; readonly name: string; readonly message: string }
);
