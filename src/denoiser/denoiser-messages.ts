/**
 * The messages between a remote denoiser and its worker. An answer has the `id` of the request that it answers, and
 * `abort` that of the request that it aborts.
 */

import type { Picture, PictureValues } from "../pictures/picture.ts";
import type { Denoised, DenoiserOptions } from "./denoiser.ts";
import type { Request } from "./request.ts";

/** The name of a worker of a remote denoiser by which its script knows that it is a helper. */
export const HELPER_NAME = "helper";

/** What a helper is sent by the page: through this port it hears of the denoiser's worker, and answers it. */
export interface HelperPlace {
  readonly port: MessagePort;
}

export type ToDenoiserWorker = { readonly id: number } /** `model` and `wasm` are given. */ & (
  | { readonly type: "create"; readonly options: DenoiserOptions; readonly helpers: readonly MessagePort[] }
  /** The helper with this place in `helpers` has died of an error. */
  | { readonly type: "lost"; readonly helper: number; readonly message: string }
  | {
      readonly type: "denoise";
      readonly picture: Picture;
      readonly options: Pick<Request<PictureValues>, "sigma" | "strength" | "quality" | "range">;
    }
  | { readonly type: "abort" }
);

export type FromDenoiserWorker = { readonly id: number } & (
  | { readonly type: "created"; readonly threads: number }
  | { readonly type: "progress"; readonly done: number }
  | { readonly type: "denoised"; readonly result: Denoised<PictureValues> }
  /** `name` is the name of the error's class. */
  | { readonly type: "failed"; readonly name: string; readonly message: string }
);
