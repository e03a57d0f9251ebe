/** `denoise-wasm/browser`: what `denoise-wasm` has, for pages: off the main thread, with a browser's own pictures. */
import {
  createDenoiser as createLocalDenoiser,
  type Denoiser,
  type DenoiserOptions,
} from "./denoiser/denoiser.ts";
import { createRemoteDenoiser, type WorkerPlace } from "./denoiser/remote-denoiser.ts";

export type { WorkerPlace } from "./denoiser/remote-denoiser.ts";
export { ThreadError } from "./errors.ts";
export * from "./index.ts";
export { type ReadImageOptions, readImage, toImageData } from "./pictures/browser-image.ts";

/** What a denoiser in a page is built of. */
export interface BrowserDenoiserOptions extends DenoiserOptions {
  /**
   * Works in a worker of its own, so that the page's thread stays free. A URL says where the package's
   * `denoiser-worker.js` is; `true`: beside the script that holds this code.
   */
  worker?: WorkerPlace | false | undefined;
}

/**
 * Builds a denoiser, in a worker where one is asked for.
 * @throws UnsupportedRuntimeError where the worker cannot be started; and as the `createDenoiser` of `denoise-wasm`
 */
export function createDenoiser({ worker, ...options }: BrowserDenoiserOptions = {}): Promise<Denoiser> {
  return worker ? createRemoteDenoiser(worker, options) : createLocalDenoiser(options);
}
