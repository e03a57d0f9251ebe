/**
 * `denoise-wasm/browser`: all of `denoise-wasm`, and for web pages: denoising off the main thread, and conversion from
 * and to the browser's own pictures.
 */
import type { Denoiser, DenoiserOptions } from "./denoiser/denoiser.ts";
import { createDenoiser as createLocalDenoiser } from "./denoiser/photo.ts";
import { photoModels } from "./denoiser/photo-models.ts";
import { createRemoteDenoiser, type WorkerPlace } from "./denoiser/remote-denoiser.ts";
import { optionsFrom } from "./errors.ts";
import { isPage } from "./wasm/raw-worker.ts";

export type { WorkerPlace } from "./denoiser/remote-denoiser.ts";
export { ThreadError } from "./errors.ts";
export * from "./index.ts";
export {
  type ImageSource,
  type ReadImageOptions,
  readImage,
  type ToImageDataOptions,
  toImageData,
} from "./pictures/browser-image.ts";

/** What a denoiser in a web page is built from. */
export interface BrowserDenoiserOptions extends DenoiserOptions {
  /**
   * Runs the denoiser in a worker of its own, so that the page's main thread stays free. With `true` the worker is made from
   * a text, and where a content security policy forbids that, from the file `denoiser-worker.js` beside the script that
   * holds this code. An address says where the package's `denoiser-worker.js` is; nothing else is then tried. Default: no
   * worker, but `true` if `threads` asks for more than one in a page: the others are workers that this worker starts from
   * the same script.
   */
  worker?: WorkerPlace | false | undefined;
}

/**
 * Builds a denoiser, in a worker of its own if `worker` asks for one.
 * @throws UnsupportedRuntimeError if the worker cannot be started; also everything that `createDenoiser` of
 * `denoise-wasm` throws
 */
export async function createDenoiser(options?: BrowserDenoiserOptions): Promise<Denoiser> {
  const { worker, ...others } = optionsFrom(options);
  const isRemote = worker === undefined ? isPage() && (others.threads ?? 1) > 1 : worker !== false;
  return isRemote
    ? createRemoteDenoiser(worker === undefined ? true : (worker as WorkerPlace), photoModels, others)
    : createLocalDenoiser(others);
}
