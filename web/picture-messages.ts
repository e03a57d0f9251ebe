/** What the page and the worker that denoises pictures say to each other. */

export type ToPictureWorker =
  /** A new picture; its noisy twin comes back where `added`, a standard deviation in grey levels, is above 0. */
  | { readonly type: "picture"; readonly image: ImageData; readonly added: number }
  /** Denoises the picture that was given last. `strength` multiplies the noise level; 1 is as found. */
  | { readonly type: "denoise"; readonly sigma: number | "auto"; readonly strength: number }
  | { readonly type: "cancel" };

/** How far a picture is from the clean one. */
export interface PictureQuality {
  /** Over the colours of all pixels, in dB. */
  readonly psnr: number;
  /** Of the luma; undefined where the picture is smaller than SSIM's window. */
  readonly ssim: number | undefined;
}

export type FromPictureWorker =
  | { readonly type: "noisy"; readonly image: ImageData; readonly quality: PictureQuality }
  /** From 0 to 1. */
  | { readonly type: "progress"; readonly done: number }
  | {
      readonly type: "denoised";
      readonly image: ImageData;
      /** The noise level that was taken out, before `strength`. */
      readonly sigma: number;
      readonly seconds: number;
      /** Only where noise was added. */
      readonly quality?: PictureQuality;
    }
  | { readonly type: "cancelled" }
  | { readonly type: "failed"; readonly message: string };
