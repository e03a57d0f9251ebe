/** What the page and the worker that adds noise say to each other; each message has one answer, in their order. */

export type ToPictureWorker =
  /** A clean picture, whose noisy twin is asked for; `added`: the noise's standard deviation in grey levels. */
  | { readonly type: "add"; readonly image: ImageData; readonly added: number }
  /** A picture to compare with the clean one that came last. */
  | { readonly type: "measure"; readonly image: ImageData };

/** How far a picture is from the clean one. */
export interface PictureQuality {
  /** Over the colours of all pixels, in dB. */
  readonly psnr: number;
  /** Of the luma; undefined where the picture is smaller than SSIM's window. */
  readonly ssim: number | undefined;
}

export type FromPictureWorker =
  /** The noisy picture, or the one that was measured, and how far it is from the clean one. */
  | { readonly type: "measured"; readonly image: ImageData; readonly quality: PictureQuality }
  | { readonly type: "failed"; readonly message: string };
