/** `denoise-wasm/tiny`: the same as `denoise-wasm` with small and fast models. */

export { createDenoiser } from "./denoiser/photo-tiny.ts";
export * from "./denoising.ts";
