/** Messages between the page and the worker that adds noise. Each message gets one answer; answers keep the messages' order. */

export type ToPictureWorker =
  /** Asks for a clean picture with noise. `added`: the noise's standard deviation in grey levels. */
  | { readonly type: "add"; readonly image: ImageData; readonly added: number }
  /** Asks how far a picture is from the last clean one. */
  | { readonly type: "measure"; readonly image: ImageData };

/** How far a picture is from the clean one. */
export interface PictureQuality {
  /** In dB, over red, green and blue of all pixels. */
  readonly psnr: number;
  /** SSIM of the luma; undefined if the picture is smaller than SSIM's window. */
  readonly ssim: number | undefined;
}

export type FromPictureWorker =
  /** The noisy picture, or the one that was measured, and how far it is from the clean one. */
  | { readonly type: "measured"; readonly image: ImageData; readonly quality: PictureQuality }
  | { readonly type: "failed"; readonly message: string };
