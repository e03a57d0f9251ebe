/** `denoise-wasm`: denoises pictures in any JavaScript runtime. It holds no code for training. */

export { createDenoiser } from "./denoiser/photo.ts";
export * from "./denoising.ts";
